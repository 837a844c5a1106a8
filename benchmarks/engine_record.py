"""What engine.py knows of one model on one board, and whether it is what it must be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Layer:
    """One step of the generated C; `estimate` is the cost model's, in instructions."""

    name: str
    operator: str
    kernel: str
    macs: int
    instructions: int
    estimate: int


@dataclass(frozen=True, slots=True)
class Record:
    """Instructions are of one inference, exact counts in QEMU; sizes in bytes of the bare program
    (bare.py). `model_macs` are those of the model file, `macs` those that the C computes: channels
    that no input changes are left out of it. `portable` are the instructions with the portable
    kernels alone, 0 where they were not counted; `ram_budget` are the bytes that the model was
    converted for, 0 without a limit."""

    board: str
    model: str
    instructions: int
    macs: int
    model_macs: int
    outputs_equal: int
    outputs_checked: int
    arena: int
    ram: int
    flash: int
    weights: int
    code: int
    engine: int
    layers: tuple[Layer, ...] = ()
    baseline: Mapping[str, int] = field(default_factory=dict)
    must: Mapping[str, float] = field(default_factory=dict)
    portable: int = 0
    ram_budget: int = 0

    @property
    def per_mac(self) -> float | None:
        """Instructions per multiply-accumulate that is computed."""
        return self.instructions / self.macs if self.macs else None

    @property
    def exact(self) -> bool:
        """Whether every output equalled the reference."""
        return self.outputs_equal == self.outputs_checked > 0

    def ratio(self, what: str) -> float | None:
        """The figure over that of TFLM + CMSIS-NN; None where that was not measured."""
        base = self.baseline.get(what)
        value: int = getattr(self, what)
        return value / base if base else None

    def found(self, what: str) -> float | None:
        """What a must is held against: a ratio, or the bytes of `code`."""
        return float(self.code) if what == "code" else self.ratio(what)

    def met(self, what: str) -> bool | None:
        """Whether the figure is what it must be; None where nothing is asked."""
        found = self.found(what)
        return None if what not in self.must or found is None else found <= self.must[what]

    def missed(self) -> list[str]:
        """A line for each must that is not met, and for outputs that differ."""
        lines = [
            f"{self.board} {self.model}: {what} {_number(self.found(what))}, must be at most "
            f"{_number(self.must[what])}"
            for what in self.must
            if self.met(what) is False
        ]
        if not self.exact:
            equal = f"{self.outputs_equal} of {self.outputs_checked}"
            lines.append(f"{self.board} {self.model}: {equal} outputs equal the reference")
        return lines

    def by_operator(self) -> dict[str, tuple[int, int]]:
        """Operator -> (instructions, MACs), in the order of the model."""
        sums: dict[str, tuple[int, int]] = {}
        for layer in self.layers:
            counted, macs = sums.get(layer.operator, (0, 0))
            sums[layer.operator] = (counted + layer.instructions, macs + layer.macs)
        return sums

    def as_dict(self) -> dict[str, Any]:
        """Everything for JSON, ratios and verdicts included."""
        names = ("instructions", "ram", "code")
        return asdict(self) | {
            "per_mac": self.per_mac,
            "ratio": {name: self.ratio(name) for name in names},
            "met": {name: self.met(name) for name in names},
            "by_operator": {
                name: {"instructions": counted, "macs": macs}
                for name, (counted, macs) in self.by_operator().items()
            },
        }


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value > 10 else f"{value:.3f}"
