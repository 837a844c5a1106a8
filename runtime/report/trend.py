"""A metric over the records of a history: one series for each model, target and device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgekit.artifacts.figures import Figure
from edgekit.runtime.lab.history import History, Record, Wanted
from edgekit.runtime.report.conditions import METRICS


@dataclass(frozen=True, slots=True)
class Point:
    """A record and its figure."""

    record: Record
    figure: Figure


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one model on one target and device, all measured, simulated or estimated, in one
    unit, in the order they were measured."""

    name: str
    points: tuple[Point, ...]


def figures_of(metric: str) -> tuple[str, ...]:
    """The figures a metric of `compare` may be had from; any other name is that of a figure."""
    return METRICS[metric].figures if metric in METRICS else (metric,)


def title_of(metric: str) -> str:
    """What to call it."""
    return METRICS[metric].title if metric in METRICS else metric.replace("_", " ").capitalize()


def figures_by_record(history: History, metric: str) -> dict[int, Figure]:
    """The metric of every record that has it, by the record's number; the first of the figures it
    may be had from counts."""
    found: dict[int, Figure] = {}
    for name in reversed(figures_of(metric)):
        found |= history.figures(name)
    return found


def trends(history: History, wanted: Wanted, metric: str) -> tuple[Series, ...]:
    """The series of a metric among the records wanted; those without it are left out."""
    known = figures_by_record(history, metric)
    rows: dict[str, list[Point]] = {}
    for record in history.records(wanted):
        figure = known.get(record.id)
        if figure is not None:
            rows.setdefault(_name(record, figure), []).append(Point(record, figure))
    return tuple(Series(name, tuple(points)) for name, points in rows.items())


def change(points: Sequence[Point], place: int) -> float | None:
    """How much the value at `place` is above that before, as a share; None for the first."""
    if place == 0 or not points[place - 1].figure.value:
        return None
    return points[place].figure.value / points[place - 1].figure.value - 1


def _name(record: Record, figure: Figure) -> str:
    where = record.device or record.target
    return f"{record.name} on {where}, {figure.provenance}, {figure.unit}"


def record_of(series: Sequence[Series]) -> list[Mapping[str, object]]:
    """The series as plain values, for JSON."""
    return [
        {
            "series": row.name,
            "points": [
                {
                    "id": point.record.id,
                    "created": point.record.created,
                    "commit": point.record.commit,
                    "tags": list(point.record.tags),
                    "value": point.figure.value,
                    "low": point.figure.low,
                    "high": point.figure.high,
                    "unit": point.figure.unit,
                    "provenance": str(point.figure.provenance),
                }
                for point in row.points
            ],
        }
        for row in series
    ]
