"""A comparison as a picture of its own: bars of one metric, each group under its own heading."""

from __future__ import annotations

from edgekit.runtime.report.comparison import (
    Column,
    Comparison,
    Group,
    Ranked,
    conditions_text,
)
from edgekit.runtime.report.svg_file import FAINT, document, label
from edgekit.runtime.report.text import figure_text

WIDTH, LEFT, RIGHT = 860, 250, 130
ROW, HEADING, TOP, BOTTOM = 26, 46, 40, 16
BAR, LINE = "#5b86c4", "#1f3f70"


def svg_comparison(comparison: Comparison, column: Column) -> str:
    """The bars of one metric from 0, with intervals where there are any. Groups have scales of
    their own: what must not be compared cannot be read off one."""
    y, parts = TOP, [label(LEFT - 240, 28, column.metric.title + " per inference", size=18)]
    if column.metric.name not in ("energy", "net", "latency"):
        parts = [label(LEFT - 240, 28, column.metric.title, size=18)]
    for group in column.groups:
        parts.append(_heading(group, y, alone=len(column.groups) == 1))
        y += HEADING
        most = max(_end(row) for row in group.ranked) or 1.0
        for row in group.ranked:
            parts.append(_bar(row, comparison.names[row.entry.report], y, most))
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


def _bar(row: Ranked, name: str, y: int, most: float) -> str:
    figure = row.entry.figure
    space = WIDTH - LEFT - RIGHT
    length = space * max(figure.value, 0.0) / most
    middle = y + ROW / 2
    parts = [
        label(LEFT - 8, middle + 4, f"{name}  {'~' if row.tied else ''}{row.rank}", anchor="end"),
        f'<rect x="{LEFT}" y="{y + 4}" width="{length:.1f}" height="{ROW - 9}" fill="{BAR}"/>',
        label(LEFT + space * _end(row) / most + 8, middle + 4, figure_text(figure)),
    ]
    if figure.low is not None and figure.high is not None:
        low, high = (LEFT + space * max(value, 0.0) / most for value in (figure.low, figure.high))
        parts.append(
            f'<path d="M{low:.1f} {middle - 4}V{middle + 4}M{low:.1f} {middle}H{high:.1f}'
            f'M{high:.1f} {middle - 4}V{middle + 4}" stroke="{LINE}" fill="none"/>'
        )
    return "\n".join(parts)
