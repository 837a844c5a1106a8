"""Power over time: the envelope of the recording, its mean, and the inference windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edgekit.artifacts.power import EnergyResult
from edgekit.artifacts.report import TraceEnvelope
from edgekit.runtime.report import svg
from edgekit.units import si

TICKS = 6
"""Labels of time, about."""


def power_trace(trace: TraceEnvelope, energy: EnergyResult | None) -> str:
    """The picture of a recording; windows shaded and numbered, idle power dashed."""
    high = [value for value in trace.high_w if value is not None]
    if not high:
        return ""
    frame = svg.Frame(top=20, height=200)
    end = trace.start_s + trace.step_s * len(trace.high_w)
    horizontal = svg.axis(trace.start_s, end, _seconds, count=TICKS)
    vertical = svg.axis(0.0, max(high) * 1.05, _watts, count=4)
    windows = energy.windows if energy else ()
    return svg.picture(
        frame,
        "Power over time",
        f"{trace.samples} samples by {trace.meter}; power from {si(_least(trace), 'W')} to "
        f"{si(max(high), 'W')}; {len(windows)} inference windows are shaded.",
        _windows(energy, horizontal, frame),
        svg.plot(frame, *_shapes(trace, vertical, frame)),
        _idle(energy, vertical, frame),
        svg.scale(frame, horizontal),
        vertical=vertical,
        zooms=True,
    )


def _least(trace: TraceEnvelope) -> float:
    return min(value for value in trace.low_w if value is not None)


def _windows(energy: EnergyResult | None, horizontal: svg.Axis, frame: svg.Frame) -> str:
    """Shaded spans; numbers only where there is room for them."""
    rows = []
    windows = energy.windows if energy else ()
    for number, window in enumerate(windows, 1):
        x, width = horizontal.place(window.start_s), horizontal.place(window.end_s)
        width -= x
        words = f"window {number}: {window.inferences} inferences, {si(window.joules, 'J')}"
        rows.append(
            svg.element(
                "rect", svg.tip(words), x=svg.percent(x), y=frame.top - 16,
                width=svg.percent(width), height=frame.height + 16, class_="window",
            )
        )  # fmt: skip
        if width > 0.04:
            rows.append(svg.text(str(number), x + width / 2, frame.top - 5, anchor="middle"))
    return "".join(rows)


def _shapes(trace: TraceEnvelope, vertical: svg.Axis, frame: svg.Frame) -> Iterator[str]:
    """Band and mean line, interrupted where samples are missing."""
    step = svg.VIEW / len(trace.high_w)
    for first, last in _runs(trace.high_w):
        span = range(first, last)
        # A column is as wide as its time: both its edges are drawn, so one column is visible.
        xs = [x for i in span for x in (i * step, (i + 1) * step)]
        high, low, mean = (
            [_y(values[i], vertical, frame) for i in span for _ in (0, 1)]
            for values in (trace.high_w, trace.low_w, trace.mean_w)
        )
        outline = [*zip(xs, high, strict=True), *list(zip(xs, low, strict=True))[::-1]]
        yield svg.element("path", d=svg.path(outline, closed=True), class_="band")
        middles = [((i + 0.5) * step, mean[2 * (i - first)]) for i in span]
        yield svg.element("path", d=svg.path(middles), class_="curve")


def _y(value: float | None, vertical: svg.Axis, frame: svg.Frame) -> float:
    return frame.height * (1 - vertical.place(value or 0.0))


def _runs(values: Sequence[float | None]) -> Iterator[tuple[int, int]]:
    """(first, one past last) of each stretch without None."""
    start: int | None = None
    for index, value in enumerate([*values, None]):
        if value is not None and start is None:
            start = index
        elif value is None and start is not None:
            yield start, index
            start = None


def _idle(energy: EnergyResult | None, vertical: svg.Axis, frame: svg.Frame) -> str:
    if energy is None or energy.idle_w is None or not 0 < vertical.place(energy.idle_w) < 1:
        return ""
    y = frame.bottom - vertical.place(energy.idle_w) * frame.height
    line = svg.element("line", x1=0, x2="100%", y1=y, y2=y, class_="marker")
    return line + svg.text(f"idle {si(energy.idle_w, 'W')}", 1, y - 4, anchor="end", class_="label")


def _seconds(value: float) -> str:
    return f"{value:g} s" if value >= 1000 or not value else si(value, "s")


def _watts(value: float) -> str:
    return si(value, "W") if value else "0"
