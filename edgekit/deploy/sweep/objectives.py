"""What a sweep weighs, what it may limit, and which figure of a report each is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgekit.artifacts.figures import Figure
from edgekit.errors import EdgeKitError, UsageError
from edgekit.units import bytes_text, count_text, percent, si

Figures = Mapping[str, Figure]
"""By name of an objective; "accuracy_before" besides."""

BEFORE = "accuracy_before"


@dataclass(frozen=True, slots=True)
class Objective:
    """Something to get large (`more`) or small. `figures` are names in a report, the first that is
    there counts."""

    name: str
    title: str
    unit: str
    figures: tuple[str, ...]
    more: bool = False

    def text(self, value: float) -> str:
        """A value of it as people read it."""
        if self.unit == "fraction":
            return percent(value)
        if self.unit == "B":
            return bytes_text(round(value))
        if self.unit == "instructions":
            return count_text(value)
        return si(value, self.unit)


OBJECTIVES = {
    row.name: row
    for row in (
        Objective("accuracy", "accuracy", "fraction", ("accuracy",), more=True),
        Objective("flash", "flash", "B", ("flash",)),
        Objective("ram", "RAM", "B", ("ram",)),
        Objective("size", "model.tflite", "B", ("model_size",)),
        Objective(
            "instructions",
            "instructions",
            "instructions",
            ("instructions", "estimated_instructions"),
        ),
        Objective("latency", "latency", "s", ("latency", "estimated_latency")),
        Objective("energy", "energy", "J", ("estimated_energy",)),
    )
}
DROP = "drop"


def parse_objectives(names: Sequence[str]) -> tuple[Objective, ...]:
    """The rows of these names, in this order. Raises UsageError."""
    for name in names:
        if name not in OBJECTIVES:
            raise UsageError(
                "--objectives",
                f"no objective {name!r}",
                allowed=", ".join(OBJECTIVES),
                hint="docs/sweep.md#objectives-and-limits has what each is",
                code="sweep-objective",
            )
    if not names or len(set(names)) < len(names):
        raise UsageError(
            "--objectives",
            "one is named twice" if names else "none is named",
            allowed="each at most once, and one at least",
            hint="leave --objectives out for the usual ones",
            code="sweep-objective",
        )
    return tuple(OBJECTIVES[name] for name in names)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is tolerated; None: no limit. Bytes, bytes, seconds, joules, and of accuracy
    the fraction that may be lost."""

    flash: int | None = None
    ram: int | None = None
    latency: float | None = None
    energy: float | None = None
    drop: float | None = None

    @property
    def given(self) -> dict[str, float]:
        """Those that are set, by the name of what they limit."""
        pairs = ((name, getattr(self, name)) for name in LIMIT_FLAGS)
        return {name: value for name, value in pairs if value is not None}

    def needed(self) -> tuple[str, ...]:
        """Names of the figures that they are held against."""
        found = [name for name in self.given if name != DROP]
        return (*found, *(("accuracy", BEFORE) if self.drop is not None else ()))


LIMIT_FLAGS = {
    "flash": "--max-flash",
    "ram": "--max-ram",
    "latency": "--max-ms",
    "energy": "--max-uj",
    DROP: "--max-drop",
}


@dataclass(frozen=True, slots=True)
class Violation:
    """A limit that a trial breaks; `excess` is the share by which, where the limit is not 0."""

    limit: str
    value: float
    allowed: float

    @property
    def excess(self) -> float:
        """What is too much, as a share of what is allowed; of accuracy in units of a point."""
        scale = 0.01 if self.limit == DROP else abs(self.allowed)
        return (self.value - self.allowed) / (scale or 1.0)

    @property
    def text(self) -> str:
        """The limit in words: "flash 61.0 KiB of at most 50.0 KiB"."""
        if self.limit == DROP:
            return f"drop {100 * self.value:.2f} points of at most {100 * self.allowed:.2f}"
        row = OBJECTIVES[self.limit]
        return f"{row.title} {row.text(self.value)} of at most {row.text(self.allowed)}"


def margins(figures: Figures, limits: Limits) -> tuple[Violation, ...]:
    """Every limit with the value that is held against it, broken or not."""
    return tuple(
        Violation(name, _value(name, figures), allowed) for name, allowed in limits.given.items()
    )


def violations(figures: Figures, limits: Limits) -> tuple[Violation, ...]:
    """The limits that are broken."""
    return tuple(row for row in margins(figures, limits) if row.value > row.allowed + 1e-12)


def _value(name: str, figures: Figures) -> float:
    if name == DROP:
        return figures[BEFORE].value - figures["accuracy"].value
    return figures[name].value


def require(figures: Figures, names: Sequence[str], subject: str) -> None:
    """Raise EdgeKitError for a figure that a trial has not got."""
    missing = [name for name in dict.fromkeys(names) if name not in figures]
    if missing:
        raise EdgeKitError(
            subject,
            f"there is no figure for {', '.join(missing)}",
            allowed=f"here there are {', '.join(name for name in figures if name != BEFORE)}",
            hint="give --eval or --data for accuracy; choose other --objectives for this target",
            code="sweep-no-figure",
        )
