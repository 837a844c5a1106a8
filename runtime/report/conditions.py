"""What figures of several reports must have in common to be ranked together.

A metric is a row of METRICS: the figures it may be had from, which way is better, and the names of
the conditions it depends on. A condition is a row of CONDITIONS: a name and how a report states
it. Figures whose conditions are equal form a group; what differs between groups has a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgekit.artifacts.figures import Figure
from edgekit.artifacts.report import Report
from edgekit.runtime.report.text import plural
from edgekit.units import si

FULL_WINDOW_S = 10.0
"""Windows as long as MLPerf Tiny asks for."""
UNKNOWN = "not told"
PERCENTILES = "p5..p95"
"""How the names of spreads begin that are percentiles of samples."""


@dataclass(frozen=True, slots=True)
class Metric:
    """`figures` are tried in their order; `conditions` are names of CONDITIONS."""

    name: str
    title: str
    figures: tuple[str, ...]
    conditions: tuple[str, ...]
    more_is_better: bool = False


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "energy",
            "Energy",
            ("energy_gross", "estimated_energy"),
            ("provenance", "meter", "voltage", "clock", "windows", "machine"),
        ),
        Metric(
            "net",
            "Net energy",
            ("energy_net",),
            ("provenance", "meter", "voltage", "clock", "windows", "machine"),
        ),
        Metric(
            "latency",
            "Latency",
            ("latency", "estimated_latency"),
            ("provenance", "clock", "windows", "machine", "threads"),
        ),
        Metric(
            "instructions",
            "Instructions",
            ("instructions", "estimated_instructions"),
            ("provenance", "architecture"),
        ),
        Metric("flash", "Flash", ("flash",), ("provenance", "architecture")),
        Metric("ram", "RAM", ("ram",), ("provenance", "architecture")),
        Metric("model", "Model file", ("model_size",), ("provenance",)),
        Metric("accuracy", "Accuracy", ("accuracy",), ("data",), more_is_better=True),
    )
}


def figure_of(report: Report, metric: Metric) -> tuple[str, Figure] | None:
    """The name and the figure that `report` has for `metric`, None when it has none."""
    return next(
        ((name, report.figures[name]) for name in metric.figures if name in report.figures), None
    )


def _meter(report: Report, figure: Figure) -> str:
    """The kind of the meter, without its place."""
    if report.energy is None or figure.provenance == "estimated":
        return "none"
    return report.energy.meter.partition(",")[0].partition(" at ")[0] or UNKNOWN


def _voltage(report: Report, figure: Figure) -> str:
    """To a tenth of a volt: a supply read back is not exact."""
    if report.energy is None or figure.provenance == "estimated":
        return "of the profile"
    volts = report.energy.supply_v
    return UNKNOWN if volts is None else f"{volts:.1f} V"


def _clock(report: Report, figure: Figure) -> str:
    return si(report.target.clock_hz, "Hz") if report.target.clock_hz else UNKNOWN


def _windows(report: Report, figure: Figure) -> str:
    """How long was measured: windows of energy, or those of a board's own clock."""
    if figure.provenance == "estimated":
        return "none"
    seconds: list[float] = []
    if figure.unit == "J" and report.energy is not None:
        seconds = [window.end_s - window.start_s for window in report.energy.windows]
    elif report.runs and report.runs[0].windows:
        seconds = [window.seconds for window in report.runs[0].windows]
    if seconds:
        shortest = min(seconds)
        return f"windows of {'10 s' if shortest >= FULL_WINDOW_S else f'{shortest:.1g} s only'}"
    effort = report.environment.get("effort", "")
    return f"{effort} run" if effort else UNKNOWN


def _machine(report: Report, figure: Figure) -> str:
    """The computer, where it is what was measured: boards are what is compared."""
    on_host = report.target.flash_bytes == 0 and bool(report.runs)
    return report.runs[0].device if on_host else "board"


def _threads(report: Report, figure: Figure) -> str:
    return plural(report.runs[0].threads if report.runs else 1, "thread")


def _data(report: Report, figure: Figure) -> str:
    return figure.basis or UNKNOWN


def _architecture(report: Report, figure: Figure) -> str:
    """Code of other instruction sets has another size."""
    return report.target.cpu


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition's name, what it is in words, and how a report states it."""

    name: str
    sentence: str
    of: Callable[[Report, Figure], str]


CONDITIONS: Mapping[str, Condition] = {
    condition.name: condition
    for condition in (
        Condition(
            "provenance",
            "measured, simulated or estimated",
            lambda report, figure: str(figure.provenance),
        ),
        Condition("meter", "the kind of power meter", _meter),
        Condition("voltage", "the supply, to a tenth of a volt", _voltage),
        Condition("clock", "the target's clock", _clock),
        Condition("windows", "how long was measured", _windows),
        Condition("machine", "the computer, for what ran on one", _machine),
        Condition("threads", "threads of the interpreter", _threads),
        Condition("data", "the data and the measure of accuracy", _data),
        Condition("architecture", "the processor that code is for", _architecture),
    )
}


@dataclass(frozen=True, slots=True)
class Entry:
    """The figure of one report for a metric, and the conditions it was had under, by name."""

    report: int
    name: str
    figure: Figure
    conditions: dict[str, str]


def entries(reports: Sequence[Report], metric: Metric) -> tuple[Entry, ...]:
    """The figures there are for `metric`; `report` is the place of its report."""
    found = []
    for place, report in enumerate(reports):
        had = figure_of(report, metric)
        if had is not None:
            key, figure = had
            states = {name: CONDITIONS[name].of(report, figure) for name in metric.conditions}
            found.append(Entry(place, key, figure, states))
    return tuple(found)


def like(
    found: Iterable[Entry], across: Iterable[str] = ()
) -> dict[tuple[tuple[str, str], ...], list[Entry]]:
    """Groups of entries whose conditions are equal, but for those named in `across`."""
    ignored = set(across)
    groups: dict[tuple[tuple[str, str], ...], list[Entry]] = {}
    for entry in found:
        key = tuple(pair for pair in entry.conditions.items() if pair[0] not in ignored)
        groups.setdefault(key, []).append(entry)
    return groups


def differences(found: Sequence[Entry]) -> dict[str, tuple[str, ...]]:
    """Condition -> its values, where there is more than one."""
    names = list(found[0].conditions) if found else []
    values = {
        name: tuple(dict.fromkeys(entry.conditions[name] for entry in found)) for name in names
    }
    return {name: several for name, several in values.items() if len(several) > 1}


def unlike_spreads(found: Sequence[Entry], names: Sequence[str]) -> str:
    """That the spreads of figures with a median are not of one kind, and whose are which; "" where
    they are. `names` are those of the reports."""
    kinds: dict[str, list[str]] = {}
    for entry in found:
        if entry.figure.spread.startswith(PERCENTILES):
            kinds.setdefault(entry.figure.spread, []).append(names[entry.report])
    if len(kinds) < 2:
        return ""
    told = "; ".join(f"{kind} of {', '.join(those)}" for kind, those in kinds.items())
    return f"medians compare, percentiles and spreads do not ({told})"
