"""Timing a call on this machine: how long to warm up, how many samples to take, one loop."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter_ns


@dataclass(frozen=True, slots=True)
class Effort:
    """How much time a measurement may take: seconds of warm-up and of sampling.

    The number of samples follows from the time one call takes, within `fewest` and `most`; a
    slow model is measured `fewest` times whatever that costs.
    """

    warmup_s: float
    seconds: float
    fewest: int
    most: int


QUICK = Effort(warmup_s=0.2, seconds=1.0, fewest=3, most=2_000)
NORMAL = Effort(warmup_s=1.0, seconds=5.0, fewest=9, most=10_000)


def warm_up(call: Callable[[], object], effort: Effort) -> tuple[int, float]:
    """Call until `warmup_s` has passed, at least once: (calls, seconds of the fastest one)."""
    calls, fastest = 0, float("inf")
    end = perf_counter_ns() + int(effort.warmup_s * 1e9)
    while not calls or perf_counter_ns() < end:
        start = perf_counter_ns()
        call()
        fastest = min(fastest, (perf_counter_ns() - start) / 1e9)
        calls += 1
    return calls, fastest


def sample_count(effort: Effort, seconds_per_call: float) -> int:
    """How many samples fill `effort.seconds`, within its limits."""
    wanted = int(effort.seconds / max(seconds_per_call, 1e-9))
    return min(max(wanted, effort.fewest), effort.most)


def take_samples(call: Callable[[], object], count: int) -> tuple[float, ...]:
    """Wall time of each of `count` calls, in seconds, in order; the collector is off meanwhile."""
    times = [0] * count
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        for index in range(count):
            start = perf_counter_ns()
            call()
            times[index] = perf_counter_ns() - start
    finally:
        if enabled:
            gc.enable()
    return tuple(time / 1e9 for time in times)
