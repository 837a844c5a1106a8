"""What a page keeps of a power recording: nothing invented, no peak lost, a bounded size."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.power import EnergyResult, EnergyWindow, PowerTrace
from edgekit.runtime.report import zoom
from edgekit.runtime.report.envelope import envelope
from edgekit.runtime.report.zoom import (
    Stretch,
    zoom_json,
    zoom_of,
    zoom_of_envelope,
    zoom_text,
)
from tests.helpers import sample_report as sample
from tests.helpers.power_traces import trace_of

RATE = 1e5


def stretches(trace: PowerTrace, energy: EnergyResult | None = None) -> tuple[Stretch, ...]:
    return zoom_of((trace,), (float(trace.t[0]), float(trace.t[-1])), len(trace.t), energy)


def windows(*spans: tuple[float, float, float]) -> EnergyResult:
    """Windows from, to, and joules of ten inferences."""
    rows = tuple(EnergyWindow(start, end, joules, 10, "trigger") for start, end, joules in spans)
    return replace(sample.energy(), windows=rows)


def test_a_short_recording_keeps_every_sample_and_its_gaps() -> None:
    trace = sample.trace()
    (only,) = stretches(trace)
    assert (only.samples, only.times) == (1, None)
    assert only.step_s == pytest.approx(1e-4, rel=1e-3)
    held = only.mean[~np.isnan(only.mean)]
    np.testing.assert_array_equal(held, trace.volts * trace.amps)
    assert np.isnan(only.mean).sum() == 200, "what was lost is none, not 0"
    assert zoom_text((only,)) == "Zoomed in, every sample is shown."


def test_samples_that_are_not_evenly_spaced_keep_their_times() -> None:
    t = np.cumsum(np.random.default_rng(1).uniform(0.05, 0.3, 500))
    (only,) = stretches(trace_of(t, np.arange(500.0)))
    assert only.times is not None
    np.testing.assert_array_equal(only.times, t)
    raw = json.loads(zoom_json((only,), envelope(trace_of(t, np.arange(500.0))), None))
    (written,) = raw["stretches"]
    ticks = np.frombuffer(base64.b64decode(written["times"]), "<u4")
    np.testing.assert_allclose(
        written["start"] + ticks * written["step"] / 1024, t, atol=written["step"] / 1024
    )


def test_samples_of_one_time_are_columns() -> None:
    (only,) = zoom_of((trace_of(np.zeros(5), np.arange(5.0)),), (0.0, 0.0), 5)
    assert (only.samples, only.low[0], only.high[0]) == (5, 0, 4)


@settings(max_examples=30, deadline=None)
@given(st.integers(17, 400), st.integers(0, 2**32))
def test_columns_hold_every_sample_they_stand_for(count: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    watts = random.normal(1, 1, count)
    t = np.cumsum(random.uniform(0.5, 1.5, count)) / RATE
    trace = trace_of(t, watts)
    found = zoom._columns(t, watts, (t[0], t[-1]), 16)
    column = np.clip(((t - t[0]) / found.step_s).astype(int), 0, 15)
    assert (found.low[column] <= watts).all()
    assert (found.high[column] >= watts).all()
    assert found.samples == np.bincount(column).max()
    raw = json.loads(zoom_json((found,), envelope(trace), None))
    powers = np.frombuffer(base64.b64decode(raw["stretches"][0]["powers"]), "<u2").reshape(3, 16)
    low, mean, high = raw["bottom"] + powers * raw["quantum"]
    slack = 1e-9 * max(1, abs(watts).max())
    assert (low[column] <= watts + slack).all(), "rounding never makes a band narrower"
    assert (high[column] >= watts - slack).all()
    held = ~np.isnan(found.mean)
    assert (powers[0, ~held] == 65_535).all()
    np.testing.assert_allclose(mean[held], found.mean[held], atol=raw["quantum"])


def long_parts(count: int) -> list[PowerTrace]:
    """A recording with one peak of a single sample, in parts of different lengths."""
    watts = 0.02 + 0.001 * np.sin(np.arange(count) / 50)
    watts[count // 2] = 0.5
    t = np.arange(count) / RATE
    cuts = [0, count // 3, count // 3 + 1, count]
    return [trace_of(t[a:b], watts[a:b]) for a, b in pairwise(cuts)]


def test_of_a_long_recording_windows_keep_their_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoom, "BASE", 500)
    monkeypatch.setattr(zoom, "DETAIL", 5_000)
    parts, span = long_parts(100_000), (0.0, 0.99999)
    energy = windows((0.1, 0.12, 3), (0.3, 0.32, 1), (0.5, 0.52, 2), (0.7, 0.75, 9))
    base, *details = zoom_of(parts, span, 100_000, energy)
    assert (len(base.low), base.samples) == (500, 200)
    assert base.high.max() == 0.5, "a peak survives however narrow it is"
    # the median one of 3 J; then the largest, of 9 J, does not fit; the smallest does
    assert [round(one.start_s, 2) for one in details] == [0.1, 0.3]
    whole = np.concatenate([part.volts * part.amps for part in parts])
    for one in details:
        first = round((one.start_s + one.step_s / 2) * RATE)
        np.testing.assert_array_equal(one.mean, whole[first : first + len(one.mean)])
        assert len(one.mean) == pytest.approx(2_080, abs=2)
    assert "200 samples, within 2 inference windows every sample" in zoom_text((base, *details))


def test_a_window_that_is_too_long_keeps_its_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zoom, "DETAIL", 5_000)
    _, only = zoom_of(long_parts(100_000), (0.0, 0.99999), 100_000, windows((0.2, 0.9, 1)))
    assert only.start_s == pytest.approx(0.2 - zoom.MARGIN * 0.7, abs=1e-4)
    assert len(only.mean) == pytest.approx(5_000, abs=2)


def test_a_page_grows_by_little_however_long_the_recording_is() -> None:
    count = 1_500_000
    parts = long_parts(count)
    energy = windows(*((k, k + 0.8, 1.0 + k) for k in range(14)))
    found = zoom_of(parts, (0.0, (count - 1) / RATE), count, energy)
    assert len(found) == 1 + 3, "windows of 83,202 samples"
    assert len(zoom_json(found, envelope(parts[0]), energy)) < 1_350_000


def test_without_the_recording_there_is_the_envelope() -> None:
    trace = sample.board_report().trace
    assert trace is not None
    (only,) = zoom_of_envelope(trace)
    assert (only.samples, len(only.low)) == (17, 1200)
    assert np.isnan(only.low).sum() == sum(value is None for value in trace.low_w) > 0
    assert "17 samples" in zoom_text((only,))
