"""A comparison as a picture of its own: bars of one metric, each group under its own heading."""

from __future__ import annotations

from edgekit.runtime.report.comparison import (
    Column,
    Comparison,
    Group,
    Ranked,
    conditions_text,
)
from edgekit.runtime.report.svg_file import FAINT, document, label, shortened
from edgekit.runtime.report.text import figure_text

WIDTH, RIGHT = 860, 130
NAMES, LETTER = 50, 7
"""Letters of a name that are shown at most, and pixels that one takes, about."""
ROW, HEADING, TOP, BOTTOM = 26, 46, 40, 16
BAR, LINE = "#5b86c4", "#1f3f70"


def svg_comparison(comparison: Comparison, column: Column) -> str:
    """The bars of one metric from 0, with intervals where there are any. Groups have scales of
    their own: what must not be compared cannot be read off one."""
    per = " per inference" if column.metric.name in ("energy", "net", "latency") else ""
    y, parts = TOP, [label(10, 28, f"{column.metric.title}{per}", size=18)]
    names = [shortened(name, NAMES) for name in comparison.names]
    left = max(250, LETTER * max(map(len, names)) + 40)
    for group in column.groups:
        parts.append(_heading(group, y, alone=len(column.groups) == 1))
        y += HEADING
        most = max(_end(row) for row in group.ranked) or 1.0
        for row in group.ranked:
            parts.append(_bar(row, names[row.entry.report], (left, y), most))
            y += ROW
    return document(WIDTH, y + BOTTOM, *parts)


def _end(row: Ranked) -> float:
    figure = row.entry.figure
    return max(figure.value, figure.high if figure.high is not None else 0.0)


def _heading(group: Group, y: int, *, alone: bool) -> str:
    name = "" if alone else f"{group.letter}: "
    first = label(10, y + 26, name + conditions_text(group), size=13, bold=True)
    if not group.crossed:
        return first
    several = "; ".join(f"{key} ({', '.join(values)})" for key, values in group.crossed.items())
    return first + "\n" + label(10, y + 41, f"unlike: {several}", size=11, colour=FAINT)


def _bar(row: Ranked, name: str, place: tuple[int, int], most: float) -> str:
    """A row of the picture whose bar begins at `place`."""
    figure, (left, y) = row.entry.figure, place
    space = WIDTH - left - RIGHT
    length = space * max(figure.value, 0.0) / most
    middle = y + ROW / 2
    parts = [
        label(left - 8, middle + 4, f"{name}  {'~' if row.tied else ''}{row.rank}", anchor="end"),
        f'<rect x="{left}" y="{y + 4}" width="{length:.1f}" height="{ROW - 9}" fill="{BAR}"/>',
        label(left + space * _end(row) / most + 8, middle + 4, figure_text(figure)),
    ]
    if figure.low is not None and figure.high is not None:
        low, high = (left + space * max(value, 0.0) / most for value in (figure.low, figure.high))
        parts.append(
            f'<path d="M{low:.1f} {middle - 4}V{middle + 4}M{low:.1f} {middle}H{high:.1f}'
            f'M{high:.1f} {middle - 4}V{middle + 4}" stroke="{LINE}" fill="none"/>'
        )
    return "\n".join(parts)
