"""The sampling loop: counts and limits, with no assertion on real time."""

from __future__ import annotations

import gc

import pytest

from edgekit.runtime.measure.timing import (
    Effort,
    calls_per_sample,
    reading_s,
    sample_count,
    take_samples,
    warm_up,
)

EFFORT = Effort(warmup_s=0.0, seconds=2.0, fewest=5, most=100)


@pytest.mark.parametrize(("per_call", "count"), [(1.0, 5), (0.1, 20), (1e-6, 100), (0.0, 100)])
def test_the_number_of_samples_fits_the_time_within_limits(per_call: float, count: int) -> None:
    assert sample_count(EFFORT, per_call) == count


def test_warm_up_calls_at_least_once() -> None:
    calls: list[int] = []
    count, fastest = warm_up(lambda: calls.append(1), EFFORT)
    assert count == len(calls) == 1
    assert fastest >= 0


def test_one_positive_sample_per_call_with_the_collector_off() -> None:
    states: list[bool] = []
    samples = take_samples(lambda: states.append(gc.isenabled()), 7)
    assert len(samples) == len(states) == 7
    assert all(sample > 0 for sample in samples)
    assert not any(states)
    assert gc.isenabled()


def test_samples_of_several_calls() -> None:
    calls: list[int] = []
    samples = take_samples(lambda: calls.append(1), 3, per_sample=5)
    assert (len(samples), len(calls)) == (3, 15)
    assert all(sample > 0 for sample in samples)


@pytest.mark.parametrize(
    ("seconds", "calls"),
    [(1.0, 1), (10e-6, 1), (9.9e-6, 4), (2e-6, 17), (1e-6, 34), (0.0, 33_334)],
)
def test_a_sample_is_so_long_that_reading_the_clock_does_not_count(
    seconds: float, calls: int
) -> None:
    assert calls_per_sample(seconds, 100e-9) == calls


def test_reading_the_clock_takes_time() -> None:
    assert reading_s() > 0


def test_the_collector_comes_back_after_a_failure() -> None:
    with pytest.raises(ZeroDivisionError):
        take_samples(lambda: 1 / 0, 3)
    assert gc.isenabled()
