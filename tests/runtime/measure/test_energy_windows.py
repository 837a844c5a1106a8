"""Finding windows of inference in a trace."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.power import Mark
from edgekit.runtime.measure.windows import (
    Windows,
    find_windows,
    mark_spans,
    plateau_spans,
    trigger_spans,
)
from tests.helpers.power_traces import RATE, Plan, make_trace, trace_of


def edges(*times: tuple[float, str]) -> tuple[Mark, ...]:
    return tuple(Mark(t, f"trigger-{kind}") for t, kind in times)


def flat(seconds: float = 2.0) -> np.ndarray:
    return np.arange(round(seconds * RATE)) / RATE


def test_low_periods_are_windows() -> None:
    trace, _ = make_trace(Plan(windows=3))
    found = find_windows(trace)
    assert found.source == "trigger"
    assert [span.seconds for span in found.spans] == pytest.approx([0.5] * 3)
    assert [span.start_s for span in found.spans] == pytest.approx([0.2, 0.9, 1.6])
    assert [span.uncertain_s for span in found.spans] == pytest.approx([2 / RATE] * 3)


def test_an_edge_in_a_gap_is_uncertain_by_the_gap() -> None:
    level = np.ones(2000, bool)
    level[500:1500] = False
    kept = np.ones(2000, bool)
    kept[480:510] = False
    t = np.arange(2000) / RATE
    span = trigger_spans(trace_of(t[kept], np.ones(1970), level[kept]))[0]
    assert span.uncertain_s == pytest.approx(32 / RATE)


def test_pairs_of_falls_as_mlperf_tiny_pulses() -> None:
    base = trace_of(flat(), np.ones(20_000))
    pulses = [(0.05, "fall"), (0.06, "rise")]  # The one at boot.
    for start in (0.1, 0.8):
        pulses += [(start, "fall"), (start + 0.01, "rise")]
        pulses += [(start + 0.5, "fall"), (start + 0.51, "rise")]
    trace = replace(base, marks=edges(*pulses))
    spans = trigger_spans(trace, "falls")
    assert [(span.start_s, span.end_s) for span in spans] == [(0.1, 0.6), (0.8, 1.3)]


def test_a_window_cut_off_by_the_end_is_none() -> None:
    trace = replace(trace_of(flat(), np.ones(20_000)), marks=edges((0.5, "rise"), (1.0, "fall")))
    assert trigger_spans(trace) == ()


def test_unknown_trigger_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match='"low" or "falls"'):
        find_windows(make_trace(Plan())[0], trigger="high")


def test_host_marks_come_second() -> None:
    trace, _ = make_trace(Plan(windows=2, edges=False))
    marks = (
        Mark(0.2, "host", "window-start 0"), Mark(0.7, "host", "window-end 0"),
        Mark(0.8, "host", "note"), Mark(0.9, "host", "window-start 1"),
        Mark(1.4, "host", "window-end 1"),
    )  # fmt: skip
    found = find_windows(replace(trace, marks=marks))
    assert found.source == "marks"
    assert [(span.start_s, span.end_s) for span in found.spans] == [(0.2, 0.7), (0.9, 1.4)]
    assert mark_spans(trace) == ()


@given(
    windows=st.integers(1, 6),
    window_s=st.floats(0.05, 0.6),
    idle_s=st.floats(0.05, 0.3),
    contrast=st.floats(1.5, 20),
    noise=st.floats(0, 0.05),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_plateaus_are_found_to_the_sample(
    windows: int, window_s: float, idle_s: float, contrast: float, noise: float, seed: int
) -> None:
    plan = Plan(
        windows=windows, window_s=window_s, idle_s=idle_s, active_w=0.01 * contrast,
        idle_w=0.01, noise=noise, edges=False,
    )  # fmt: skip
    spans = plateau_spans(make_trace(plan, seed)[0])
    exact = find_windows(make_trace(replace(plan, edges=True), seed)[0]).spans
    assert [s.start_s for s in spans] == pytest.approx([s.start_s for s in exact], abs=3 / RATE)
    assert [s.end_s for s in spans] == pytest.approx([s.end_s for s in exact], abs=3 / RATE)


@pytest.mark.parametrize("noise", [0.0, 1e-6, 0.05, 0.5])
def test_no_plateau_in_a_flat_trace(noise: float) -> None:
    rng = np.random.default_rng(0)
    trace = trace_of(flat(), 0.05 * (1 + noise * rng.standard_normal(20_000)))
    assert find_windows(trace) == Windows((), "")


def test_no_plateau_in_a_ramp_or_in_next_to_nothing() -> None:
    assert plateau_spans(trace_of(flat(), np.linspace(0.01, 0.05, 20_000))) == ()
    assert plateau_spans(trace_of(flat()[:5], np.ones(5))) == ()


def test_a_plateau_that_began_before_the_recording_is_left_out() -> None:
    watts = np.full(20_000, 0.01)
    watts[:3000] = watts[8000:12_000] = watts[18_000:] = 0.05
    spans = plateau_spans(trace_of(flat(), watts))
    assert [(s.start_s, s.end_s) for s in spans] == [(0.8, 1.2)]
