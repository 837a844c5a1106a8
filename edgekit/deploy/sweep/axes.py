"""What a sweep can vary about a conversion: one row for each option of `ConvertOptions`.

A row is all that a new option of `convert` needs to become an axis: its flag on the command line
and its place in the search follow from it. Values are texts, so that a study can store them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edgekit.errors import UsageError

Point = Mapping[str, str]
"""One combination: the value of each axis by the axis's name."""

MODEL, TARGET = "model", "target"
"""The two axes that are no options."""
NONE = "none"


def _never(point: Point) -> bool:
    return False


def _in_float(point: Point) -> bool:
    from edgekit.converter.options import FLOAT_ACTIVATIONS

    return point.get("precision") in FLOAT_ACTIVATIONS


def _unclustered(point: Point) -> bool:
    return point.get("cluster", NONE) == NONE


def _whole(point: Point) -> bool:
    return _pruning(point.get("prune", NONE)) is None


def _pruning(text: str) -> str | None:
    return None if text in (NONE, "0") else text


def _optional(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda text: None if text == NONE else parse(text)


def _switch(text: str) -> bool:
    return {"on": True, "off": False}[text]


def _size(text: str) -> int | None:
    from edgekit.converter.options import size

    return size("--ram-budget", text)


@dataclass(frozen=True, slots=True)
class Axis:
    """An option by its field of `ConvertOptions`.

    `parse` makes the option's value of a text and raises ValueError or KeyError for one it does
    not know; what the option allows it checks itself. `word` stands before the value in a trial's
    name, where the value alone says too little. `idle` says of a combination that the option has no
    effect in it, so that the combination is tried once, not for each of its values. `late` ones
    change the generated C alone: trials that differ in nothing else share the rest.
    """

    field: str
    parse: Callable[[str], Any]
    example: str
    word: str = ""
    idle: Callable[[Point], bool] = _never
    late: bool = False

    @property
    def flag(self) -> str:
        """How the command line spells it."""
        return "--" + self.field.replace("_", "-")

    def value(self, text: str) -> Any:
        """A text as the option's value. Raises UsageError."""
        from edgekit.converter.options import ConvertOptions

        try:
            value = self.parse(text)
        except (ValueError, KeyError):
            raise UsageError(
                self.flag,
                f"not understood: {text!r}",
                allowed=f"values such as {self.example}",
                hint="docs/sweep.md#axes has those of every axis",
                code="sweep-value",
            ) from None
        ConvertOptions(**{self.field: value})
        return value


AXES = (
    Axis("precision", str, "int8,int4,int16,float16,float32"),
    Axis("ranges", str, "minmax,percentile,mse,entropy", idle=_in_float),
    Axis("rounding", str, "nearest,gptq,adaround", idle=_in_float),
    Axis("bias_correction", _switch, "on,off", "biases", _in_float),
    Axis("cluster", _optional(int), "none,32,16", "cluster"),
    Axis("cluster_per", str, "tensor,channel", "per", _unclustered),
    Axis("prune", _pruning, "none,0.5,2:4,channels:0.5", "prune"),
    Axis("prune_by", str, "auto,magnitude,data", "by", _whole),
    Axis("calibration_samples", int, "64,256", "samples", _in_float),
    Axis("compress_weights", _optional(str), "none,layer,boot", "coded", late=True),
    Axis("ram_budget", _optional(_size), "none,48K", "RAM", late=True),
    Axis("arena", str, "auto,single,fast", "arena", late=True),
)
BY_NAME = {axis.field: axis for axis in AXES}
LATE = {TARGET, *(axis.field for axis in AXES if axis.late)}
"""Axes that change the generated C alone; formats chosen by layer depend on the target, though."""
