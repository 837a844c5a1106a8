"""The combinations of a sweep: networks, options of the conversion, targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

from edgekit.converter.options import ConvertOptions
from edgekit.deploy.sweep.axes import BY_NAME, LATE, MODEL, NONE, TARGET, Point
from edgekit.errors import UsageError


@dataclass(frozen=True, slots=True)
class Space:
    """Each axis with its values, those that change the generated C alone last, so that trials that
    share the rest follow one another."""

    axes: Mapping[str, tuple[str, ...]]

    @property
    def size(self) -> int:
        """Combinations, those that come to the same counted apart."""
        count = 1
        for values in self.axes.values():
            count *= len(values)
        return count

    def points(self) -> tuple[Point, ...]:
        """Every combination that is another conversion, in a fixed order."""
        found = (dict(zip(self.axes, values, strict=True)) for values in product(*self._values))
        return tuple({key(point): point for point in map(self.canonical, found)}.values())

    @property
    def _values(self) -> Iterable[tuple[str, ...]]:
        return self.axes.values()

    def canonical(self, point: Point) -> Point:
        """The combination with the first value on every axis that has no effect in it."""
        idle = [name for name in self.axes if name in BY_NAME and BY_NAME[name].idle(point)]
        return {**point, **{name: self.axes[name][0] for name in idle}}

    def label(self, point: Point) -> str:
        """What tells it from the others: "int4 gptq cluster 16"; options left out are left out."""
        words = [_word(name, point[name]) for name in self.varied() if self._works(name, point)]
        return " ".join(filter(None, words)) or "plain"

    def varied(self) -> list[str]:
        """Axes with several values."""
        return [name for name, values in self.axes.items() if len(values) > 1]

    def _works(self, name: str, point: Point) -> bool:
        return name not in BY_NAME or not BY_NAME[name].idle(point)


def _word(name: str, value: str) -> str:
    axis = BY_NAME.get(name)
    if axis is None:
        return value
    return "" if value == NONE else f"{axis.word} {value}".strip()


def key(point: Point) -> tuple[str, ...]:
    """What is equal for equal combinations of one space."""
    return tuple(point.values())


def method(point: Point) -> tuple[str, ...]:
    """What is equal for combinations whose generated C alone may differ."""
    return tuple(value for name, value in point.items() if name not in LATE)


def options_of(point: Point, base: ConvertOptions) -> ConvertOptions:
    """The conversion's options: the base with the values of the axes that have an effect. Raises
    UsageError."""
    chosen: dict[str, Any] = {
        name: BY_NAME[name].value(text)
        for name, text in point.items()
        if name in BY_NAME and not BY_NAME[name].idle(point)
    }
    return replace(base, **chosen)


def make_space(
    models: Sequence[str], axes: Mapping[str, Sequence[str]], targets: Sequence[str]
) -> Space:
    """The space of these values. Raises UsageError for an axis or a value that is not known, that
    is named twice, or an axis without one."""
    for name in axes:
        if name not in BY_NAME:
            raise UsageError(
                f"axis {name!r}",
                "not known",
                allowed=", ".join(BY_NAME),
                hint="docs/sweep.md#axes has what each varies",
                code="sweep-axis",
            )
    given = [name for name in BY_NAME if name in axes]
    ordered = {name: tuple(axes[name]) for name in sorted(given, key=lambda name: name in LATE)}
    named = {MODEL: tuple(models), **ordered, TARGET: tuple(targets)}
    for name, values in named.items():
        flag = BY_NAME[name].flag if name in BY_NAME else name
        if not values or len(set(values)) < len(values):
            raise UsageError(
                flag,
                f"{', '.join(values)}: one is named twice" if values else "has no value",
                allowed="values apart from one another, with commas between them",
                hint="name each once",
                code="sweep-axis",
            )
    for name, values in ordered.items():
        for text in values:
            BY_NAME[name].value(text)
    return Space(named)
