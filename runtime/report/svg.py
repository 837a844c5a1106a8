"""The few pieces the pictures are made of: elements, ticks, a plot that keeps its text size.

A picture fills the width it is given while its text stays readable: its `svg` has no viewBox, so
labels keep their pixels and are placed in per cent; shapes live in an inner `svg` that is
stretched, with strokes that do not scale. Labels of the vertical axis have a narrow `svg` of
their own to the left, because a margin in pixels cannot be had inside one that is laid out in
per cent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

VIEW = 1000.0
"""Width of the inner coordinate system."""


def element(name: str, *children: str, **attributes: object) -> str:
    """`<name ...>children</name>`; attribute `class_` is `class`, `_` becomes `-`.

    Attribute values are escaped; children are markup already (see `text`).
    """
    words = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = "".join(children)
    return f"<{name}{words}>{inside}</{name}>" if inside else f"<{name}{words}/>"


def text(content: str, x: float, y: float, *, anchor: str = "start", class_: str = "") -> str:
    """A label at `x` (0..1 of the width) and `y` (pixels)."""
    return element(
        "text", escape(content), x=percent(x), y=y, text_anchor=anchor, class_=class_ or None
    )


def tip(content: str) -> str:
    """What a shape says when the pointer rests on it."""
    return element("title", escape(content))


def percent(share: float) -> str:
    """0.125 -> '12.5%'."""
    return f"{_number(round(100 * share, 3))}%"


def path(points: Sequence[tuple[float, float]], *, closed: bool = False) -> str:
    """The `d` of a polyline through `points`."""
    body = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f"M{body}{'Z' if closed else ''}" if points else ""


@dataclass(frozen=True, slots=True)
class Axis:
    """Values from `low` to `high`, ticks inside, and how a tick is written."""

    low: float
    high: float
    ticks: tuple[float, ...]
    form: Callable[[float], str]

    def place(self, value: float) -> float:
        """Where `value` lies: 0 at `low`, 1 at `high`."""
        return (value - self.low) / (self.high - self.low)


def axis(low: float, high: float, form: Callable[[float], str], *, count: int = 4) -> Axis:
    """An axis over [low, high], widened when empty, with about `count` round ticks."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    return Axis(low, high, ticks(low, high, count), form)


def ticks(low: float, high: float, count: int) -> tuple[float, ...]:
    """Multiples of 1, 2 or 5 times a power of ten within [low, high]."""
    raw = (high - low) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = min((m * power for m in (1, 2, 5, 10)), key=lambda step: abs(math.log(step / raw)))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return tuple(round(i * step, 12) for i in range(first, last + 1))


@dataclass(frozen=True, slots=True)
class Frame:
    """The plot area: `top` and `height` in pixels, with room for labels below."""

    top: int
    height: int
    below: int = 20

    @property
    def bottom(self) -> int:
        """y of the base line."""
        return self.top + self.height

    @property
    def total(self) -> int:
        """Height of the whole picture."""
        return self.bottom + self.below


def picture(
    frame: Frame,
    name: str,
    description: str,
    *content: str,
    vertical: Axis | None = None,
    zooms: bool = False,
) -> str:
    """The whole picture, with a title and a description for those who cannot see it.

    `vertical` adds grid lines behind the content and labels to the left; with `zooms` the
    drawing can be reached by the keyboard.
    """
    identity = "".join(c if c.isalnum() else "-" for c in name.lower())
    drawing = element(
        "svg",
        element("title", escape(name), id=f"{identity}-title"),
        element("desc", escape(description), id=f"{identity}-desc"),
        _grid(frame, vertical) if vertical else "",
        *content,
        class_="drawing",
        width="100%",
        height=frame.total,
        role="img",
        aria_labelledby=f"{identity}-title {identity}-desc",
    )
    gutter = _gutter(frame, vertical) if vertical else ""
    reached = {"tabindex": 0, "role": "group", "aria_label": name} if zooms else {}
    return element("div", gutter, element("div", drawing, **reached), class_="picture")


def _grid(frame: Frame, vertical: Axis) -> str:
    heights = (frame.bottom - vertical.place(tick) * frame.height for tick in vertical.ticks)
    return "".join(element("line", x1=0, x2="100%", y1=y, y2=y, class_="grid") for y in heights)


def _gutter(frame: Frame, vertical: Axis) -> str:
    """Tick labels, flush right; of one width, so that pictures above one another line up."""
    labels = [vertical.form(tick) for tick in vertical.ticks]
    width = max(66, 10 + 7 * max(map(len, labels), default=0))
    rows = (
        element(
            "text", escape(label), x=width - 7, text_anchor="end", class_="tick",
            y=frame.bottom - vertical.place(tick) * frame.height + 4,
        )
        for tick, label in zip(vertical.ticks, labels, strict=True)
    )  # fmt: skip
    return element("svg", *rows, width=width, height=frame.total, aria_hidden="true")


def plot(frame: Frame, *shapes: str) -> str:
    """The stretched inner `svg`: x from 0 to VIEW, y from 0 to the frame's height."""
    return element(
        "svg",
        *shapes,
        x=0,
        y=frame.top,
        width="100%",
        height=frame.height,
        viewBox=f"0 0 {_number(VIEW)} {frame.height}",
        preserveAspectRatio="none",
    )


def scale(frame: Frame, horizontal: Axis) -> str:
    """Labels under the plot, kept inside it at both ends."""
    rows = []
    for tick in horizontal.ticks:
        x = horizontal.place(tick)
        anchor = "start" if x < 0.04 else "end" if x > 0.96 else "middle"
        rows.append(text(horizontal.form(tick), x, frame.bottom + 14, anchor=anchor, class_="tick"))
    return "".join(rows)


def _number(value: object) -> str:
    """Short numbers keep a page of ten thousand shapes small."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
