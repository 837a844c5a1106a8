"""A power trace in the terminal and as PNG."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from edgekit.artifacts.power import PowerTrace
from edgekit.runtime.power.trace_parts import summarize
from edgekit.runtime.report.trace_picture import BAND, PIN, png, terminal_plot
from tests.helpers.power_traces import Plan, make_trace, trace_of


def steps() -> PowerTrace:
    t = np.arange(4000) / 10_000
    return trace_of(t, np.where(t < 0.2, 0.0, 1.0))


def test_the_terminal_shows_the_shape() -> None:
    *rows, words = terminal_plot(steps(), width=20, height=4).split("\n")
    assert len(rows) == 4
    assert rows[0].strip("\u2800") == rows[0][10:]  # high in the right half only
    assert rows[0].startswith("\u2800" * 10)
    assert rows[-1].startswith("\u28c0" * 9)  # a line at the bottom on the left
    assert words == "0 to 1.00 W, mean 500 mW, over 400 ms"


def test_a_single_peak_is_seen() -> None:
    watts = np.zeros(100_000)
    watts[54_321] = 2.0
    first = terminal_plot(trace_of(np.arange(100_000) / 1e5, watts), width=40).split("\n")[0]
    assert len(first) == 22


def test_nothing_drawn_is_a_picture_too() -> None:
    assert "0 to" in terminal_plot(trace_of(np.arange(10) / 1e4, np.zeros(10)))


def test_png_shows_band_and_marks() -> None:
    trace, _ = make_trace(Plan(windows=2, noise=0.2))
    halves = [replace(trace, t=trace.t[part], volts=trace.volts[part], amps=trace.amps[part])
              for part in (slice(0, 3000), slice(3000, None))]  # fmt: skip
    halves[1] = replace(halves[1], marks=())
    picture = png(lambda: iter(halves), summarize(halves), 600, 200)
    assert picture == png(lambda: iter((trace,)), summarize((trace,)), 600, 200)
    image = Image.open(io.BytesIO(picture))
    assert image.size == (600, 200)
    colours = {colour for _, colour in image.getcolors(1 << 16) or []}
    wanted = {tuple(bytes.fromhex(text[1:])) for text in (BAND, PIN)}
    assert wanted <= colours
