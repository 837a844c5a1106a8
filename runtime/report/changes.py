"""What changed from one report to another: each metric and each layer, with the noise of both.

A change is told beyond noise when the 95 % interval of the ratio of medians leaves out 1. Counts,
sizes and figures of a simulator repeat exactly: any difference is one. What was had under unlike
conditions is never judged, unless they are let differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.artifacts.report import Report
from edgekit.runtime.measure.stats import median_ratio_interval
from edgekit.runtime.report.conditions import (
    METRICS,
    Entry,
    Metric,
    differences,
    entries,
    unlike_spreads,
)
from edgekit.runtime.report.few_answers import few_answers
from edgekit.runtime.report.layers import LayerRow, Layers, layers
from edgekit.runtime.report.text import RESOLUTION


class Finding(StrEnum):
    """What a change amounts to."""

    BETTER = "better"
    WORSE = "worse"
    EQUAL = "equal"
    NOISE = "within noise"
    UNSURE = "noise not known"
    UNLIKE = "unlike conditions"


@dataclass(frozen=True, slots=True)
class Change:
    """One quantity before and after, in `unit`.

    `low` and `high` bound the 95 % interval of after / before; None where it repeats exactly, or
    where `doubt` says that one sample tells nothing of its noise. `samples` are those behind the
    two values. `unlike` says which conditions differ: "clock (120 MHz, 480 MHz)".
    """

    subject: str
    """A metric ("latency"), or "layer:NAME.QUANTITY"."""
    title: str
    unit: str
    before: float
    after: float
    more_is_better: bool = False
    samples: tuple[int, int] = (1, 1)
    low: float | None = None
    high: float | None = None
    doubt: bool = False
    unlike: tuple[str, ...] = ()

    @property
    def delta(self) -> float:
        """after - before, in `unit`."""
        return self.after - self.before

    @property
    def relative(self) -> float | None:
        """after / before - 1; None where there is nothing to divide by."""
        return self.after / self.before - 1 if self.before else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95 % interval of `relative`."""
        return None if self.low is None or self.high is None else (self.low - 1, self.high - 1)

    @property
    def finding(self) -> Finding:
        """What the change amounts to."""
        if self.unlike:
            return Finding.UNLIKE
        if self.interval is not None and self.interval[0] <= 0 <= self.interval[1]:
            return Finding.NOISE
        if self.before == self.after:
            return Finding.EQUAL
        if self.doubt:
            return Finding.UNSURE
        return Finding.BETTER if (self.delta > 0) == self.more_is_better else Finding.WORSE


@dataclass(frozen=True, slots=True)
class Changes:
    """From the report `before` to `after`. Layers of the same name are paired; `only_before` and
    `only_after` name those without a partner. `besides` says what else differs, and what of it may
    be chance."""

    before: str
    after: str
    metrics: tuple[Change, ...]
    layers: tuple[Change, ...]
    only_before: tuple[str, ...] = ()
    only_after: tuple[str, ...] = ()
    besides: tuple[str, ...] = ()

    def named(self, subject: str) -> Change | None:
        """The change of a metric or of a layer's quantity."""
        return next((row for row in (*self.metrics, *self.layers) if row.subject == subject), None)


QUANTITIES = ("instructions", "cycles", "time", "estimate", "macs", "weights", "sqnr")
"""What can be told of a layer; the first three come from a run that told its steps apart."""
_COSTS = {"instructions": "instructions", "cycles": "cycles", "s": "time"}


def changes(
    before: Report, after: Report, names: tuple[str, str], *, across: Sequence[str] = ()
) -> Changes:
    """Every metric and layer that both reports tell. `across` names conditions let differ."""
    pair = (before, after)
    found = [change for m in METRICS.values() if (change := _metric(pair, m, across)) is not None]
    first, second = layers(before), layers(after)
    theirs = {row.name: row for row in second.rows}
    ours = {row.name for row in first.rows}
    rows = [
        change
        for row in first.rows
        if row.name in theirs
        for change in _layer(row, theirs[row.name], _unlike_costs(pair, first, second, across))
    ]
    return Changes(
        *names,
        tuple(found),
        tuple(rows),
        tuple(row.name for row in first.rows if row.name not in theirs),
        tuple(row.name for row in second.rows if row.name not in ours),
        (*_besides(before, after), *_unlike_spreads(pair, names)),
    )


def _unlike_spreads(pair: tuple[Report, Report], names: tuple[str, str]) -> Iterator[str]:
    for metric in METRICS.values():
        told = unlike_spreads(entries(pair, metric), names)
        if told:
            yield f"{metric.title}: {told}"


def _metric(pair: tuple[Report, Report], metric: Metric, across: Sequence[str]) -> Change | None:
    had = entries(pair, metric)
    if len(had) < 2 or had[0].figure.unit != had[1].figure.unit:
        return None
    apart = {name: both for name, both in differences(had).items() if name not in across}
    one, other = had
    low, high, doubt = _noise(pair, one, other)
    return Change(
        metric.name,
        metric.title,
        one.figure.unit,
        one.figure.value,
        other.figure.value,
        metric.more_is_better,
        (one.figure.runs, other.figure.runs),
        low,
        high,
        doubt,
        tuple(f"{name} ({', '.join(both)})" for name, both in apart.items()),
    )


def _noise(
    pair: tuple[Report, Report], one: Entry, other: Entry
) -> tuple[float | None, float | None, bool]:
    """The interval of the ratio, and whether noise there is remains unknown."""
    samples = [_samples(pair[entry.report], entry) for entry in (one, other)]
    if all(len(values) > 1 and min(values) > 0 for values in samples):
        return (*median_ratio_interval(*samples), False)
    a, b = one.figure, other.figure
    if _spread(a) and a.spread == b.spread and a.low and b.low and a.high and b.high and a.low > 0:
        return b.low / a.high, b.high / a.low, False
    return None, None, not (_repeats(a) and _repeats(b))


def _samples(report: Report, entry: Entry) -> Sequence[float]:
    """What the figure is the median of; empty for figures that are no medians."""
    if entry.name == "latency":
        return next((run.latency_s for run in report.runs if run.latency_s), ())
    if entry.name == "energy_gross" and report.energy is not None:
        return [window.joules / window.inferences for window in report.energy.windows]
    return ()


def _spread(figure: Figure) -> bool:
    return figure.low is not None and figure.spread != RESOLUTION


def _repeats(figure: Figure) -> bool:
    """Whether having the figure again gives the same: sizes, accuracies on the same data, counts of
    a simulator and what is computed from them."""
    exact = figure.unit in ("B", "fraction", "MAC")
    return exact or figure.provenance is not Provenance.MEASURED


def _layer(one: LayerRow, other: LayerRow, costs: dict[str, tuple[str, ...]]) -> list[Change]:
    rows = [
        (_COSTS[unit], unit, one.cost, other.cost, unlike)
        for unit, unlike in costs.items()
        if unit in _COSTS
    ]
    rows += [
        ("estimate", "instructions", one.estimate or None, other.estimate or None, ()),
        ("macs", "MAC", one.macs, other.macs, ()),
        ("weights", "B", one.weight_bytes, other.weight_bytes, ()),
        ("sqnr", "dB", one.sqnr_db, other.sqnr_db, ()),
    ]
    return [
        Change(
            f"layer:{one.name}.{quantity}",
            f"{one.name} {quantity}",
            unit,
            float(a),
            float(b),
            more_is_better=quantity == "sqnr",
            doubt=quantity == "time",
            unlike=unlike,
        )
        for quantity, unit, a, b, unlike in rows
        if a is not None and b is not None
    ]


def _unlike_costs(
    pair: tuple[Report, Report], first: Layers, second: Layers, across: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    """The unit of both runs' costs, and which conditions of theirs differ; empty for two units."""
    if not first.unit or first.unit != second.unit:
        return {}
    stated = (
        ("provenance", str(first.provenance), str(second.provenance)),
        ("architecture", pair[0].target.cpu, pair[1].target.cpu),
    )
    return {
        first.unit: tuple(
            f"{name} ({a}, {b})" for name, a, b in stated if a != b and name not in across
        )
    }


def _besides(before: Report, after: Report) -> tuple[str, ...]:
    """What differs and keeps nothing apart but may be the cause, and what may be chance."""
    one, other = _circumstances(before), _circumstances(after)
    if one["target"] != other["target"]:  # which says as much
        other |= {"profile": "", "run on": ""}
    names = [name for name in one if one[name] and other[name] and one[name] != other[name]]
    apart = (f"{name}: {one[name]}, then {other[name]}" for name in names)
    return (*apart, *filter(None, [few_answers(before, after)]))


def _circumstances(report: Report) -> dict[str, str]:
    """What figures may depend on besides their conditions; "" where the record does not tell."""
    run = report.runs[0] if report.runs else None
    built = run.environment if run is not None else {}
    return {
        "target": report.target.name,
        "profile": report.target.profile_sha256[:12],
        "run on": run.device if run is not None else "",
        "kernel set": run.engine if run is not None else "",
        "compiler": built.get("toolchain", ""),
        "optimization": built.get("optimization", ""),
        "precision": report.bundle.precision,
        "tool": report.tool,
    }
