"""A metric over the commits of a history, as a picture of its own: one panel for each series."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from edgekit.runtime.report.svg import Axis, axis
from edgekit.runtime.report.svg_file import FAINT, document, label
from edgekit.runtime.report.text import value_text
from edgekit.runtime.report.trend import Point, Series

WIDTH, LEFT, RIGHT = 860, 110, 40
PANEL, HEADING, BELOW = 170, 34, 34
LINE, DOT, BAND = "#1f3f70", "#5b86c4", "#b9cbe6"
EDGE = 60
"""Pixels from either side in which words go inwards from their point."""
LABELS = 9
"""At most so many records are named below a panel."""


def svg_trend(series: Sequence[Series], title: str) -> str:
    """The panels one below the other; each has a scale of its own, which need not begin at 0."""
    y, parts = 44, [label(10, 28, title, size=18)]
    for row in series:
        parts.append(_panel(row, y))
        y += HEADING + PANEL + BELOW
    return document(WIDTH, y + 10, *parts, title=title)


def _panel(series: Series, y: int) -> str:
    top, bottom = y + HEADING, y + HEADING + PANEL
    scale = _scale(series)
    places = [_x(number, len(series.points)) for number in range(len(series.points))]

    def height(value: float) -> float:
        return bottom - PANEL * scale.place(value)

    parts = [label(10, y + 20, series.name, bold=True)]
    for tick in scale.ticks:
        at = height(tick)
        parts.append(f'<path d="M{LEFT} {at:.1f}H{WIDTH - RIGHT}" stroke="#dddddd"/>')
        parts.append(label(LEFT - 8, at + 4, scale.form(tick), size=11, anchor="end"))
    line = "L".join(
        f"{x:.1f} {height(p.figure.value):.1f}" for x, p in zip(places, series.points, strict=True)
    )
    parts.append(f'<path d="M{line}" fill="none" stroke="{LINE}" stroke-width="2"/>')
    for x, point in zip(places, series.points, strict=True):
        parts += _mark(point, x, height(point.figure.value), _ends(point, height))
    parts += _labels(series.points, places, bottom)
    parts.append(f'<path d="M{LEFT} {top}V{bottom}H{WIDTH - RIGHT}" fill="none" stroke="#888888"/>')
    return "\n".join(parts)


def _scale(series: Series) -> Axis:
    ends = [
        value
        for point in series.points
        for value in (point.figure.value, point.figure.low, point.figure.high)
        if value is not None
    ]
    low, high = min(ends), max(ends)
    room = 0.1 * (high - low) or 0.05 * abs(high) or 1.0
    unit = series.points[0].figure.unit
    return axis(low - room, high + room, lambda value: value_text(value, unit))


def _x(number: int, count: int) -> float:
    return LEFT + 20 + (WIDTH - LEFT - RIGHT - 40) * (number / (count - 1) if count > 1 else 0.5)


def _ends(point: Point, height: Callable[[float], float]) -> tuple[float, float] | None:
    figure = point.figure
    if figure.low is None or figure.high is None:
        return None
    return height(figure.low), height(figure.high)


def _mark(point: Point, x: float, y: float, ends: tuple[float, float] | None) -> list[str]:
    spread = (
        f'<path d="M{x:.1f} {ends[0]:.1f}V{ends[1]:.1f}" stroke="{BAND}" stroke-width="6"/>'
        if ends
        else ""
    )
    dot = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{DOT}" stroke="{LINE}"/>'
    tags = ", ".join(point.record.tags)
    anchor = "start" if x < LEFT + EDGE else "end" if x > WIDTH - RIGHT - EDGE else "middle"
    return [spread, dot, label(x, y - 10, tags, size=11, anchor=anchor, over=True) if tags else ""]


def _labels(points: Sequence[Point], places: Sequence[float], bottom: int) -> list[str]:
    """Commit, or number of the record, and the day; every so many where there are many."""
    step = -(-len(points) // LABELS)
    parts = []
    for point, x in list(zip(points, places, strict=True))[::step]:
        name = point.record.short_commit or f"record {point.record.id}"
        parts.append(label(x, bottom + 14, name, size=11, anchor="middle"))
        day = point.record.date[:10]
        parts.append(label(x, bottom + 27, day, size=10, anchor="middle", colour=FAINT))
    return parts
