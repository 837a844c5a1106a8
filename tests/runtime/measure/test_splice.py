"""Recordings of one measurement that was interrupted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.measure.splice import PAUSE_S, completed, spliced
from edgekit.runtime.measure.windows import find_windows
from tests.helpers.power_traces import Plan, make_trace


def cut(trace: PowerTrace, end_s: float) -> PowerTrace:
    """The trace as it was when it broke off."""
    size = int(np.searchsorted(trace.t, end_s))
    marks = tuple(mark for mark in trace.marks if mark.t < end_s)
    arrays = (array[:size] for array in (trace.t, trace.volts, trace.amps))
    t, volts, amps = arrays
    return replace(trace, t=t, volts=volts, amps=amps, marks=marks)


@pytest.mark.parametrize("edges", [True, False])
def test_what_was_completed_is_kept_up_to_the_window_that_was_not(edges: bool) -> None:
    trace, _ = make_trace(Plan(windows=5, edges=edges))  # windows at 0.2, 0.9, 1.6, ...
    if not edges:
        marks = [
            Mark(0.2 + 0.7 * k + 0.5 * end, "host", ("window-start", "window-end")[end])
            for k in range(5)
            for end in (0, 1)
        ]
        trace = replace(trace, marks=tuple(marks))
    kept, count = completed(cut(trace, 1.9), 2)
    assert count == 2
    assert 1.55 < kept.t[-1] < 1.6
    assert find_windows(kept).spans == find_windows(trace).spans[:2]
    none, count = completed(cut(trace, 0.5), 0)
    assert count == 0
    assert len(none.t)


def test_a_pin_that_rose_when_the_board_reset_makes_no_window() -> None:
    trace, _ = make_trace(Plan(windows=5))
    broken = cut(trace, 1.9)
    broken = replace(broken, marks=(*broken.marks, Mark(1.85, "trigger-rise")))
    kept, count = completed(broken, 2)
    assert (count, len(find_windows(kept).spans)) == (2, 2)


def test_fewer_windows_than_were_run_are_kept_as_they_are() -> None:
    trace, _ = make_trace(Plan(windows=2))
    assert completed(trace, 3) == (trace, 2)


def test_energy_of_two_parts_is_that_of_the_whole() -> None:
    plan = Plan(windows=5, noise=0.02, scatter=0.01, lost=0.01)
    trace, _ = make_trace(plan, 4)
    kept, count = completed(cut(trace, 1.9), 2)
    tail = int(np.searchsorted(trace.t, 1.5))
    rest = replace(
        trace,
        t=trace.t[tail:] - trace.t[tail],
        volts=trace.volts[tail:],
        amps=trace.amps[tail:],
        marks=tuple(replace(m, t=m.t - float(trace.t[tail])) for m in trace.marks if m.t > 1.5),
    )
    both = spliced(kept, rest)
    assert both.t[len(kept.t)] - both.t[len(kept.t) - 1] == pytest.approx(PAUSE_S)
    assert np.all(np.diff(both.t) > 0)
    found = energy_per_inference(both, [10] * 5)
    whole = energy_per_inference(trace, [10] * 5)
    assert count == 2
    assert found.gross_j == pytest.approx(whole.gross_j, rel=1e-9)
    assert found.low_j == pytest.approx(whole.low_j, rel=1e-6)
    assert found.net_j == pytest.approx(whole.net_j, rel=1e-2)
    assert both.lost_samples == kept.lost_samples + rest.lost_samples
