"""Idle power around the windows of a trace, and how well it is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import PowerTrace
from edgekit.runtime.measure.stats import student_t
from edgekit.runtime.measure.windows import Span

Floats = NDArray[np.float64]

GUARD_S = 0.005
"""Kept away from edges when idling is measured: capacitors charge, the UART is still talking."""
NEAR_S = 1.0
"""Idling is looked for this close to the windows: further off a board may be loading data."""
MIN_IDLE_S = 0.02
PARTS = 20
"""Parts into which a lone stretch is cut to see how its power varies."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Mean power while idle, watts; `doubt_w` is half its 95 % interval, from how the stretches
    before, between and after the windows differ."""

    watts: float
    doubt_w: float = 0.0


def spacing(trace: PowerTrace) -> float:
    """Seconds between samples."""
    if trace.sample_rate_hz:
        return 1 / trace.sample_rate_hz
    return float(np.median(np.diff(trace.t)))


def measure_idle(
    trace: PowerTrace, watts: Floats, spans: Sequence[Span], busy: Sequence[Span]
) -> Idle | None:
    """Idling next to `spans` and outside `busy`; None with less than MIN_IDLE_S of it."""
    idle = np.zeros(len(trace.t), np.bool_)
    for span in spans:
        idle |= _within(trace.t, span, NEAR_S)
    for span in busy:
        idle &= ~_within(trace.t, span, GUARD_S)
    place = np.flatnonzero(idle)
    if len(place) * spacing(trace) < MIN_IDLE_S:
        return None
    stretches = np.split(watts[place], np.flatnonzero(np.diff(place) > 1) + 1)
    return Idle(float(watts[place].mean()), _doubt(stretches))


def _doubt(stretches: list[Floats]) -> float:
    """Half the 95 % interval of the mean of all samples, by the scatter of stretches of some
    length; samples next to one another are no independent witnesses."""
    longest = max(len(stretch) for stretch in stretches)
    long = [stretch for stretch in stretches if 4 * len(stretch) >= longest]
    if len(long) == 1:
        long = [part for part in np.array_split(long[0], PARTS) if len(part)]
    if len(long) < 2:
        return 0.0
    means = np.array([stretch.mean() for stretch in long])
    weights = np.array([len(stretch) for stretch in long], np.float64)
    weights /= weights.sum()
    off = weights * (means - weights @ means)
    error = math.sqrt(float(off @ off) * len(long) / (len(long) - 1))
    return student_t(len(long) - 1) * error


def idle_change(
    trace: PowerTrace, watts: Floats, spans: Sequence[Span], busy: Sequence[Span]
) -> float:
    """Idle power after the windows minus that before them, watts; 0 where it is within the noise
    (four standard errors) or not known."""
    idle = np.ones(len(trace.t), np.bool_)
    for span in busy:
        idle &= ~_within(trace.t, span, GUARD_S)
    first, last = spans[0].start_s, spans[-1].end_s
    before = watts[idle & (trace.t < first) & (trace.t > first - NEAR_S)]
    after = watts[idle & (trace.t > last) & (trace.t < last + NEAR_S)]
    if min(len(before), len(after)) * spacing(trace) < MIN_IDLE_S:
        return 0.0
    error = math.sqrt(before.var() / len(before) + after.var() / len(after))
    change = float(after.mean() - before.mean())
    return change if abs(change) > 4 * error else 0.0


def _within(t: Floats, span: Span, around_s: float) -> NDArray[np.bool_]:
    """Whether each time is in `span`, widened by `around_s` on both sides."""
    return (t > span.start_s - around_s) & (t < span.end_s + around_s)
