"""Recordings of one measurement that was interrupted, put one after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.artifacts.power import PowerTrace
from edgekit.runtime.measure.idle import GUARD_S
from edgekit.runtime.measure.windows import WINDOW_START, find_windows

PAUSE_S = 10.0
"""Time set between two recordings: how long it was in truth is not known, and does not matter."""


def completed(trace: PowerTrace, count: int) -> tuple[PowerTrace, int]:
    """`trace` up to where a window began that was not completed, and how many of the first `count`
    windows are in it."""
    spans = find_windows(trace).spans[:count]
    end = spans[-1].end_s if spans else 0.0
    begun = [
        mark.t
        for mark in trace.marks
        if mark.t > end and (mark.kind == "trigger-fall" or mark.label.startswith(WINDOW_START))
    ]
    if not begun:
        return trace, len(spans)
    return _until(trace, min(begun) - GUARD_S), len(spans)


def _until(trace: PowerTrace, end_s: float) -> PowerTrace:
    size = int(np.searchsorted(trace.t, end_s))
    return replace(
        trace,
        t=trace.t[:size],
        volts=trace.volts[:size],
        amps=trace.amps[:size],
        marks=tuple(mark for mark in trace.marks if mark.t < end_s),
    )


def spliced(first: PowerTrace, second: PowerTrace) -> PowerTrace:
    """One trace of both, the second PAUSE_S after the end of the first."""
    shift = float(first.t[-1]) + PAUSE_S - float(second.t[0])
    t = np.concatenate((first.t, second.t + shift))
    volts = np.concatenate((first.volts, second.volts))
    amps = np.concatenate((first.amps, second.amps))
    for array in (t, volts, amps):
        array.setflags(write=False)
    return replace(
        second,
        t=t,
        volts=volts,
        amps=amps,
        marks=(*first.marks, *(replace(mark, t=mark.t + shift) for mark in second.marks)),
        lost_samples=first.lost_samples + second.lost_samples,
        saturated_samples=first.saturated_samples + second.saturated_samples,
        warnings=tuple(dict.fromkeys((*first.warnings, *second.warnings))),
    )
