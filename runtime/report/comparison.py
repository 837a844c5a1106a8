"""Several reports side by side: every metric ranked among figures of like conditions only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from string import ascii_uppercase
from typing import Any

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
from edgekit.runtime.report.text import figure_text


@dataclass(frozen=True, slots=True)
class Ranked:
    """An entry's place in its group, from 1; `tied` when its interval and that of the place before
    overlap, so that the order of the two is not certain."""

    entry: Entry
    rank: int
    tied: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Figures that may be ranked together. `crossed` are conditions in which they differ all the
    same, because that was asked for."""

    letter: str
    conditions: dict[str, str]
    ranked: tuple[Ranked, ...]
    crossed: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Column:
    """One metric: its groups, the conditions that tell them apart, with their values."""

    metric: Metric
    groups: tuple[Group, ...]
    apart: dict[str, tuple[str, ...]]

    def ranked(self, report: int) -> tuple[Group, Ranked] | None:
        """Where the report stands, None when it has no such figure."""
        return next(
            (
                (group, row)
                for group in self.groups
                for row in group.ranked
                if row.entry.report == report
            ),
            None,
        )


@dataclass(frozen=True, slots=True)
class Comparison:
    """`names` are those of the reports, each different."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def unlike(self) -> tuple[str, ...]:
        """What is not ranked together, and why: one sentence a metric."""
        return tuple(
            f"{column.metric.title}: {len(column.groups)} groups, which differ in "
            + "; ".join(f"{name} ({', '.join(values)})" for name, values in column.apart.items())
            for column in self.columns
            if len(column.groups) > 1
        )

    @property
    def spreads(self) -> tuple[str, ...]:
        """Where figures that are ranked together have spreads of unlike kinds: a sentence each."""
        return tuple(
            f"{column.metric.title}: {told}"
            for column in self.columns
            for group in column.groups
            if (told := unlike_spreads([row.entry for row in group.ranked], self.names))
        )

    @property
    def crossed(self) -> tuple[str, ...]:
        """What is ranked together although it differs: one sentence a metric."""
        found: dict[str, dict[str, tuple[str, ...]]] = {}
        for column in self.columns:
            for group in column.groups:
                if group.crossed:
                    found.setdefault(column.metric.title, {}).update(group.crossed)
        return tuple(
            f"{title}: ranked across "
            + "; ".join(f"{name} ({', '.join(values)})" for name, values in crossed.items())
            for title, crossed in found.items()
        )

    def record(self) -> dict[str, Any]:
        """The comparison as plain values, for JSON."""
        return {
            "reports": list(self.names),
            "metrics": [_record(column, self.names) for column in self.columns],
            "unlike": list(self.unlike),
            "crossed": list(self.crossed),
            "spreads": list(self.spreads),
        }


def compare(
    reports: Sequence[Report], names: Sequence[str], *, across: Sequence[str] = ()
) -> Comparison:
    """Every metric that at least one report has, in the order of METRICS.

    `across` names conditions that are not to keep figures apart.
    """
    columns = tuple(
        _column(reports, metric, across) for metric in METRICS.values() if entries(reports, metric)
    )
    return Comparison(tuple(names), columns)


def _column(reports: Sequence[Report], metric: Metric, across: Sequence[str]) -> Column:
    found = entries(reports, metric)
    groups = sorted(like(found, across).items(), key=lambda pair: -len(pair[1]))
    made = tuple(
        Group(_letter(number), dict(key), _ranked(held, metric), differences(held))
        for number, (key, held) in enumerate(groups)
    )
    several = differences(found)
    apart = {name: values for name, values in several.items() if name not in across}
    return Column(metric, made, apart)


def _letter(number: int) -> str:
    letters = len(ascii_uppercase)
    return ascii_uppercase[number % letters] * (1 + number // letters)


def _ranked(held: list[Entry], metric: Metric) -> tuple[Ranked, ...]:
    sign = -1 if metric.more_is_better else 1
    ordered = sorted(held, key=lambda entry: sign * entry.figure.value)
    ties = [False, *(_overlap(before, after) for before, after in pairwise(ordered))]
    ranks = [
        1 + sum(sign * other.figure.value < sign * entry.figure.value for other in held)
        for entry in ordered
    ]
    rows = zip(ordered, ranks, ties, strict=True)
    return tuple(Ranked(entry, rank, tied) for entry, rank, tied in rows)


def _overlap(one: Entry, other: Entry) -> bool:
    """Whether the intervals of two figures overlap; equal ones have the same rank anyway, and those
    of unlike kinds tell nothing about each other."""
    a, b = one.figure, other.figure
    if a.value == b.value or a.spread != b.spread:
        return False
    if a.low is None or a.high is None or b.low is None or b.high is None:
        return False
    return a.low <= b.high and b.low <= a.high


def _record(column: Column, names: Sequence[str]) -> dict[str, Any]:
    return {
        "metric": column.metric.name,
        "better": "more" if column.metric.more_is_better else "less",
        "apart": column.apart,
        "groups": [
            {
                "group": group.letter,
                "conditions": group.conditions,
                "crossed": group.crossed,
                "ranking": [
                    {
                        "report": names[row.entry.report],
                        "rank": row.rank,
                        "tied_with_the_one_before": row.tied,
                        "figure": row.entry.name,
                        **asdict(row.entry.figure),
                    }
                    for row in group.ranked
                ],
            }
            for group in column.groups
        ],
    }


def conditions_text(group: Group) -> str:
    """The conditions of a group in words: "measured, LPM01A, 3.3 V, 120 MHz"."""
    return ", ".join(value for value in group.conditions.values() if value not in NO_CONDITION)


NO_CONDITION = ("none", "board")
"""What a condition says where it does not apply."""


def cell(found: tuple[Group, Ranked] | None, groups: int) -> str:
    """A figure with its rank: "3.38 mJ  A1"; without the letter where all are alike."""
    if found is None:
        return "-"
    group, row = found
    rank = f"{'~' if row.tied else ''}{row.rank}"
    place = f"{group.letter}{rank}" if groups > 1 else rank
    return f"{figure_text(row.entry.figure)}  {place}"
