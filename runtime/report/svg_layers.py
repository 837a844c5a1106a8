"""Columns, one per layer, in the order of execution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from edgekit.runtime.report import svg
from edgekit.runtime.report.layers import LayerRow

KINDS = {"conv": "convolution", "depth": "depthwise", "dense": "fully connected", "other": "other"}
"""Colour classes of operators and their names in the legend."""

_NUMBERED = 24
"""Up to so many layers each column gets its number."""


def kind(operator: str) -> str:
    """The colour class of an operator."""
    if operator.startswith("DEPTHWISE"):
        return "depth"
    if operator == "FULLY_CONNECTED":
        return "dense"
    return "conv" if "CONV" in operator else "other"


def columns(
    rows: Sequence[LayerRow],
    values: Sequence[float | None],
    *,
    name: str,
    form: Callable[[float], str],
    height: int = 130,
    mark: Sequence[int] = (),
    ticks: tuple[float, ...] | None = None,
) -> str:
    """One column per layer; layers whose position is in `mark` carry their value.

    `form` writes a value with its unit; `ticks` are those of the vertical axis, round numbers
    without. "" when no layer has a value.
    """
    known = [value for value in values if value is not None]
    if not known or max(known) <= 0:
        return ""
    frame = svg.Frame(top=18, height=height)
    vertical = svg.axis(0.0, max(known) * 1.05, form, count=3)
    vertical = replace(vertical, ticks=vertical.ticks if ticks is None else ticks)
    bars = [
        _bar(i, len(rows), row, value, vertical, frame, form)
        for i, (row, value) in enumerate(zip(rows, values, strict=True))
        if value is not None
    ]
    labels = [_mark(i, len(rows), values[i], vertical, frame, form) for i in mark]
    return svg.picture(
        frame,
        name,
        f"{len(known)} columns in the order of execution; the largest is {form(max(known))}.",
        svg.plot(frame, *bars),
        *labels,
        _numbers(rows, frame),
        vertical=vertical,
    )


def _bar(
    place: int,
    count: int,
    row: LayerRow,
    value: float,
    vertical: svg.Axis,
    frame: svg.Frame,
    form: Callable[[float], str],
) -> str:
    width = svg.VIEW / count
    tall = vertical.place(value) * frame.height
    tip = svg.tip(f"{row.index} {row.name}: {form(value)}")
    return svg.element(
        "rect", tip, x=(place + 0.08) * width, y=frame.height - tall, width=0.84 * width,
        height=max(tall, 0.5), class_=f"bar {kind(row.operator)}",
    )  # fmt: skip


def _mark(
    place: int,
    count: int,
    value: float | None,
    vertical: svg.Axis,
    frame: svg.Frame,
    form: Callable[[float], str],
) -> str:
    x = (place + 0.5) / count
    y = frame.bottom - vertical.place(value or 0.0) * frame.height - 4
    anchor = "start" if x < 0.06 else "end" if x > 0.94 else "middle"
    return svg.text(form(value or 0.0), x, y, anchor=anchor, class_="label")


def _numbers(rows: Sequence[LayerRow], frame: svg.Frame) -> str:
    """Layer numbers below: all of them, or about eight when there are many."""
    count = len(rows)
    step = 1 if count <= _NUMBERED else max(1, round(count / 8))
    places = range(0, count, step)
    labels = (
        svg.text(
            str(rows[i].index), (i + 0.5) / count, frame.bottom + 14, anchor="middle", class_="tick"
        )
        for i in places
    )
    base = svg.element("line", x1=0, x2="100%", y1=frame.bottom, y2=frame.bottom, class_="base")
    return base + "".join(labels)
