"""Timing a call on this machine: how long to warm up, how many samples to take, one loop."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
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
MOST_SHARE, WANTED_SHARE = 0.01, 0.003
"""Of a call's time that reading the clock may take, and what is aimed at beyond that."""
READINGS, READING_TRIES = 100, 20


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


def reading_s() -> float:
    """Seconds that a sample takes whose call does nothing: two clock readings, the loop, and
    keeping the difference. The fastest of some tries, as undisturbed as any."""
    tries = []
    for _ in range(READING_TRIES):
        began = perf_counter_ns()
        timed(_nothing, READINGS)
        tries.append(perf_counter_ns() - began)
    return min(tries) / READINGS / 1e9


def calls_per_sample(seconds_per_call: float, reading: float) -> int:
    """How many calls a sample is the mean of: one, but for calls so short that `reading` (see
    `reading_s`) would take more than MOST_SHARE of them; of those as many as make it WANTED_SHARE.
    """
    seconds = max(seconds_per_call, 1e-9)
    return 1 if reading <= MOST_SHARE * seconds else ceil(reading / (WANTED_SHARE * seconds))


def take_samples(
    call: Callable[[], object], count: int, *, per_sample: int = 1
) -> tuple[float, ...]:
    """`timed` with the collector off meanwhile."""
    enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        return timed(call, count, per_sample)
    finally:
        if enabled:
            gc.enable()


def timed(call: Callable[[], object], count: int, per_sample: int = 1) -> tuple[float, ...]:
    """Wall time of a call, in seconds, `count` times in order, each the mean of `per_sample` calls
    back to back."""
    times = _each(call, count) if per_sample == 1 else _means(call, count, per_sample)
    unit = per_sample * 1e9
    return tuple([time / unit for time in times])  # a list is faster than a generator


def _each(call: Callable[[], object], count: int) -> list[int]:
    times = [0] * count
    for index in range(count):
        start = perf_counter_ns()
        call()
        times[index] = perf_counter_ns() - start
    return times


def _means(call: Callable[[], object], count: int, per_sample: int) -> list[int]:
    times = [0] * count
    for index in range(count):
        start = perf_counter_ns()
        for _ in range(per_sample):
            call()
        times[index] = perf_counter_ns() - start
    return times


def _nothing() -> None:
    pass
