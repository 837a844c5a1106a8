"""Accuracy against what it costs, over several reports: the Pareto front, and for every report that
is not on it which one dominates it and by how much.

Figures stand against each other only where their conditions are equal (see `conditions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgekit.artifacts.figures import Figure
from edgekit.artifacts.report import Report
from edgekit.runtime.report.conditions import (
    METRICS,
    Entry,
    Metric,
    differences,
    entries,
    like,
    unlike_spreads,
)
from edgekit.runtime.report.svg_tradeoff import Point, Words, svg_tradeoff
from edgekit.runtime.report.text import figure_text, value_text

COSTS = ("latency", "energy", "flash", "ram")
"""Metrics that accuracy is set against; less of each is better."""
_BASE = {"latency": ("ms", 1e3), "energy": ("mJ", 1e3), "flash": ("KiB", 1 / 1024),
         "ram": ("KiB", 1 / 1024)}  # fmt: skip
"""Metric -> unit of the picture's axis, and the factor to it."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A report with its two figures; `dominated_by` is the name of one that is at least as good in
    both, "" on the front; `why` says by how much."""

    name: str
    accuracy: Figure
    cost: Figure
    dominated_by: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class TradeOff:
    """Reports of like conditions, the cheapest first; `crossed` are conditions in which they differ
    all the same, because that was asked for."""

    metric: Metric
    conditions: dict[str, str]
    standings: tuple[Standing, ...]
    crossed: dict[str, tuple[str, ...]]
    spreads: str = ""
    """What must not be compared of the costs: see `unlike_spreads`."""

    @property
    def front(self) -> tuple[Standing, ...]:
        """The reports that none dominates."""
        return tuple(row for row in self.standings if not row.dominated_by)

    def record(self) -> dict[str, Any]:
        """As plain values, for JSON."""
        return {
            "metric": self.metric.name,
            "conditions": self.conditions,
            "crossed": self.crossed,
            "spreads": self.spreads,
            "reports": [
                {**asdict(row), "on_front": not row.dominated_by} for row in self.standings
            ],
        }


def trade_offs(
    reports: Sequence[Report],
    names: Sequence[str],
    metric: Metric,
    *,
    across: Sequence[str] = (),
) -> tuple[TradeOff, ...]:
    """Accuracy against `metric`: one for each group of like conditions, the largest first.

    Reports that lack one of the two figures are left out.
    """
    accuracy = {entry.report: entry for entry in entries(reports, METRICS["accuracy"])}
    both = [
        Entry(cost.report, cost.name, cost.figure,
              {**cost.conditions, **accuracy[cost.report].conditions})
        for cost in entries(reports, metric)
        if cost.report in accuracy
    ]  # fmt: skip
    groups = sorted(like(both, across).items(), key=lambda pair: -len(pair[1]))
    return tuple(
        TradeOff(
            metric,
            dict(key),
            _standings(held, accuracy, names),
            differences(held),
            unlike_spreads(held, names),
        )
        for key, held in groups
    )


def _standings(
    held: Sequence[Entry], accuracy: dict[int, Entry], names: Sequence[str]
) -> tuple[Standing, ...]:
    rows = [Standing(names[e.report], accuracy[e.report].figure, e.figure) for e in held]
    rows.sort(key=lambda row: (row.cost.value, -row.accuracy.value))
    return tuple(_judged(row, rows) for row in rows)


def _judged(row: Standing, rows: Sequence[Standing]) -> Standing:
    """The row with the one that dominates it: of several the most accurate, then the cheapest."""
    better = [other for other in rows if _dominates(other, row)]
    if not better:
        return row
    best = min(better, key=lambda other: (-other.accuracy.value, other.cost.value))
    return Standing(row.name, row.accuracy, row.cost, best.name, _why(row, best))


def _dominates(one: Standing, other: Standing) -> bool:
    """At least as good in both and better in one."""
    mine, its = (one.accuracy.value, -one.cost.value), (other.accuracy.value, -other.cost.value)
    return mine[0] >= its[0] and mine[1] >= its[1] and mine != its


def _why(row: Standing, best: Standing) -> str:
    """By how much: "2.10 points more accurate and 38 % cheaper (1.2 ms less)"."""
    points = 100 * (best.accuracy.value - row.accuracy.value)
    more = f"{points:.2f} points more accurate" if points else "as accurate"
    less = row.cost.value - best.cost.value
    if not less:
        return f"{more} at the same cost"
    share = 100 * less / row.cost.value
    return f"{more} and {share:.3g} % cheaper ({value_text(less, row.cost.unit)} less)"


def tradeoff_svg(found: TradeOff) -> str:
    """The picture with the front drawn. Raises ValueError where a cost is 0."""
    unit, factor = _BASE[found.metric.name]
    points = [
        Point(row.name, row.cost.value * factor, 100 * row.accuracy.value)
        for row in found.standings
    ]
    provenance = found.standings[0].cost.provenance
    cost = found.metric.title
    title = f"Accuracy against {cost if cost.isupper() else cost.lower()}, {provenance}"
    words = Words(title, f"{found.metric.title} ({unit}, logarithmic)", "Accuracy (%)")
    return svg_tradeoff(points, words)


def tradeoff_rows(found: TradeOff) -> list[tuple[str, ...]]:
    """Name, accuracy, cost, and "front" or why not: what a table shows."""
    return [
        (
            row.name,
            figure_text(row.accuracy),
            figure_text(row.cost),
            f"below {row.dominated_by}: {row.why}" if row.dominated_by else "front",
        )
        for row in found.standings
    ]
