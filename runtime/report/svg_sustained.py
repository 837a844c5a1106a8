"""Inferences per second over the time of a sustained run."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.artifacts.run import SustainedWindow
from edgekit.runtime.report import svg
from edgekit.runtime.report.text import value_text


def sustained(windows: Sequence[SustainedWindow]) -> str:
    """Each window as a level from its start to its end; "" below two windows."""
    if len(windows) < 2:
        return ""
    rates = [window.rate for window in windows]
    ends = [window.start_s + window.seconds for window in windows]
    frame = svg.Frame(top=16, height=120)
    vertical = svg.axis(0.0, max(rates) * 1.05, lambda rate: value_text(rate, "1/s"), count=3)
    horizontal = svg.axis(0.0, ends[-1], lambda seconds: f"{seconds:g} s", count=5)
    points = [
        (svg.VIEW * horizontal.place(at), frame.height * (1 - vertical.place(window.rate)))
        for window, end in zip(windows, ends, strict=True)
        for at in (window.start_s, end)
    ]
    return svg.picture(
        frame,
        "Throughput over time",
        f"{len(windows)} windows, from {value_text(rates[0], '1/s')} in the first to "
        f"{value_text(rates[-1], '1/s')} in the last.",
        svg.plot(frame, svg.element("path", d=svg.path(points), class_="curve")),
        svg.scale(frame, horizontal),
        vertical=vertical,
    )
