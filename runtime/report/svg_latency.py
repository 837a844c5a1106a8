"""The distribution of latency samples, and the same samples in the order of time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgekit.runtime.measure.stats import Summary, summarize
from edgekit.runtime.report import svg
from edgekit.units import si

PEAK = 3.0
"""Latencies above this many medians are cut off in the picture over time."""

_BEYOND = 3.0
"""The histogram ends at most this many times p95 - p5 after p95, however far samples lie."""


def histogram(samples: Sequence[float], name: str = "Latency distribution") -> str:
    """Histogram of seconds with p5, median, p95 and p99 marked; "" without samples."""
    if not samples:
        return ""
    values = np.asarray(samples, dtype=np.float64)
    summary = summarize(values)
    horizontal = svg.axis(summary.minimum, _end(summary), _seconds, count=5)
    shown = values[values <= horizontal.high]
    limits = (horizontal.low, horizontal.high)
    counts, _ = np.histogram(shown, _bins(values, limits), limits)
    frame = svg.Frame(top=62, height=150)
    beyond = len(values) - len(shown)
    return svg.picture(
        frame,
        name,
        f"Histogram of {len(values)} samples: median {si(summary.median, 's')}, "
        f"p5 {si(summary.p5, 's')}, p95 {si(summary.p95, 's')}, p99 {si(summary.p99, 's')}; "
        f"{beyond} slower samples are beyond the right edge.",
        svg.plot(frame, *_bars(counts, frame.height)),
        svg.element("line", x1=0, x2="100%", y1=frame.bottom, y2=frame.bottom, class_="base"),
        *(
            _marker(frame, row, horizontal.place(value), f"{name} {si(value, 's')}")
            for row, (name, value) in enumerate(
                [("p5", summary.p5), ("median", summary.median),
                 ("p95", summary.p95), ("p99", summary.p99)]
            )
        ),
        svg.scale(frame, horizontal),
        _slower(beyond, summary.maximum),
    )  # fmt: skip


def _slower(count: int, largest: float) -> str:
    if not count:
        return ""
    words = f"{count} slower, up to {si(largest, 's')} →"
    return svg.text(words, 1, 12, anchor="end", class_="label")


def sequence(samples: Sequence[float], *, columns: int = 300) -> str:
    """Smallest to largest latency along the run, which shows drift and bursts; "" below 30.

    Cut off at PEAK medians, so that one interruption does not flatten all the rest.
    """
    if len(samples) < 30:
        return ""
    parts = np.array_split(np.asarray(samples), min(columns, len(samples)))
    low, high = [float(p.min()) for p in parts], [float(p.max()) for p in parts]
    middle = [float(np.median(p)) for p in parts]
    frame = svg.Frame(top=16, height=90)
    top = min(max(high) * 1.02, PEAK * float(np.median(middle)))
    vertical = svg.axis(0.0, top, _seconds, count=3)
    horizontal = svg.axis(0.0, float(len(samples)), lambda value: f"{value:,.0f}", count=4)
    band = svg.path([*_points(high, vertical, frame), *_points(low, vertical, frame)[::-1]])
    return svg.picture(
        frame,
        "Latency in the order of the samples",
        f"Range and median of {len(parts)} consecutive groups of samples.",
        svg.plot(
            frame,
            svg.element("path", d=band + "Z", class_="band"),
            svg.element("path", d=svg.path(_points(middle, vertical, frame)), class_="curve"),
        ),
        svg.scale(frame, horizontal),
        vertical=vertical,
    )


def _points(
    values: Sequence[float], vertical: svg.Axis, frame: svg.Frame
) -> list[tuple[float, float]]:
    step = svg.VIEW / max(len(values) - 1, 1)
    return [(i * step, frame.height * (1 - vertical.place(v))) for i, v in enumerate(values)]


def _end(summary: Summary) -> float:
    """Where the histogram ends: a little after p99, so that the bulk is not squeezed."""
    wanted = summary.p99 + 0.15 * (summary.p99 - summary.p5)
    limit = summary.p95 + _BEYOND * (summary.p95 - summary.p5)
    return min(summary.maximum, wanted, limit)


def _bins(values: NDArray[np.float64], limits: tuple[float, float]) -> int:
    """Freedman and Diaconis (1981), within limits that suit a picture."""
    q1, q3 = np.percentile(values, [25, 75])
    width = 2 * (q3 - q1) / len(values) ** (1 / 3)
    return int(np.clip((limits[1] - limits[0]) / width if width > 0 else 10, 10, 80))


def _bars(counts: NDArray[np.int64], height: int) -> list[str]:
    width = svg.VIEW / len(counts)
    unit = (height - 4) / max(int(counts.max()), 1)
    return [
        svg.element(
            "rect", x=i * width + width * 0.06, y=height - n * unit, width=width * 0.88,
            height=n * unit, class_="bar",
        )
        for i, n in enumerate(counts)
        if n
    ]  # fmt: skip


def _marker(frame: svg.Frame, row: int, x: float, label: str) -> str:
    """A line at `x`; each label has its own row, so that close ones do not collide."""
    y = 12 + 14 * row
    if x > 1:
        return svg.text(f"{label} →", 1, y, anchor="end", class_="label")
    anchor, shift = ("end", -0.008) if x > 0.5 else ("start", 0.008)
    line = svg.element(
        "line", x1=svg.percent(x), x2=svg.percent(x), y1=y - 8, y2=frame.bottom, class_="marker"
    )
    return line + svg.text(label, x + shift, y, anchor=anchor, class_="label")


def _seconds(value: float) -> str:
    return si(value, "s") if value else "0"
