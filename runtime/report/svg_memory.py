"""The memory plan: time (steps) to the right, addresses of the arena upwards."""

from __future__ import annotations

from edgekit.artifacts.bundle import CascadeInfo, MemorySummary, PlacedBuffer
from edgekit.runtime.report import svg
from edgekit.units import bytes_text

KINDS = {"input": "input", "output": "output", "activation": "activation", "scratch": "scratch"}
"""Colour classes of buffers and their names in the legend."""

_PAGE, _LETTER = 800, 7
"""Pixels of the picture for which names are judged to fit, and of a letter."""


def memory_plan(memory: MemorySummary, steps: int = 0) -> str:
    """One box per buffer: its bytes by the steps it lives; "" without buffers.

    `memory` is an arena of one block, or a part of one; `steps` are those of the whole.
    """
    if not memory.buffers:
        return ""
    frame = svg.Frame(top=18, height=220)
    steps = max(steps, 1 + max(buffer.last for buffer in memory.buffers))
    vertical = svg.axis(0.0, memory.arena_bytes * 1.04, lambda v: bytes_text(round(v)))
    vertical = svg.Axis(0.0, vertical.high, byte_ticks(memory.arena_bytes), vertical.form)
    horizontal = svg.axis(0.0, float(steps), lambda value: f"{value:.0f}", count=min(8, steps))
    return svg.picture(
        frame,
        "Memory plan",
        f"{len(memory.buffers)} buffers over {steps} steps in an arena of {memory.arena_bytes:,} "
        f"bytes; the largest live set, a lower bound, is {memory.lower_bound:,} bytes.",
        *(_band(cascade, steps, frame) for cascade in memory.cascades),
        *(_box(buffer, steps, vertical, frame) for buffer in memory.buffers),
        _line(memory.arena_bytes, "arena", vertical, frame),
        _steps(horizontal, frame),
        vertical=vertical,
    )


def _band(cascade: CascadeInfo, steps: int, frame: svg.Frame) -> str:
    """A shaded column behind the steps that run stripe by stripe."""
    words = (
        f"steps {cascade.first} to {cascade.last} run in {cascade.stripes} stripes of "
        f"{cascade.rows} rows"
    )
    x, width = cascade.first / steps, (cascade.last + 1 - cascade.first) / steps
    return svg.element(
        "svg",
        svg.tip(words),
        svg.element("rect", width="100%", height="100%", class_="stripes"),
        x=svg.percent(x), y=frame.top, width=svg.percent(width), height=frame.height,
    )  # fmt: skip


def byte_ticks(arena: int) -> tuple[float, ...]:
    """Three to six multiples of a power of two."""
    step = 1
    while arena / step > 5:
        step *= 2
    return tuple(float(tick) for tick in range(0, arena, step))


def _box(buffer: PlacedBuffer, steps: int, vertical: svg.Axis, frame: svg.Frame) -> str:
    """Named where the name has room on a page of 800 pixels; an inner svg clips it on less."""
    x, width = buffer.first / steps, (buffer.last + 1 - buffer.first) / steps
    top = frame.bottom - vertical.place(buffer.offset + buffer.size) * frame.height
    tall = vertical.place(buffer.size) * frame.height
    words = (
        f"{buffer.name}: {buffer.size:,} bytes at {buffer.offset:,}, "
        f"steps {buffer.first} to {buffer.last}"
    )
    named = width * _PAGE >= _LETTER * len(buffer.name) + 10 and tall >= 16
    label = svg.text(buffer.name, 0, tall / 2 + 4, class_="inside") if named else ""
    return svg.element(
        "svg",
        svg.tip(words),
        svg.element("rect", width="100%", height="100%", class_=f"box {_kind(buffer)}"),
        svg.element("g", label, transform="translate(5 0)") if label else "",
        x=svg.percent(x), y=top, width=svg.percent(width), height=max(tall, 1.0),
    )  # fmt: skip


def _kind(buffer: PlacedBuffer) -> str:
    return buffer.kind if buffer.kind in KINDS else "activation"


def _line(size: int, label: str, vertical: svg.Axis, frame: svg.Frame) -> str:
    y = frame.bottom - vertical.place(size) * frame.height
    line = svg.element("line", x1=0, x2="100%", y1=y, y2=y, class_="marker")
    return line + svg.text(f"{label} {size:,} B", 1, y - 4, anchor="end", class_="label")


def _steps(horizontal: svg.Axis, frame: svg.Frame) -> str:
    base = svg.element("line", x1=0, x2="100%", y1=frame.bottom, y2=frame.bottom, class_="base")
    return base + svg.scale(frame, horizontal)
