"""Order statistics, bootstrap interval, notes: properties, and a naive bootstrap beside ours."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.runtime.measure import stats

SAMPLES = st.lists(st.floats(1e-9, 1e3), min_size=1, max_size=60)


@given(SAMPLES)
def test_the_summary_is_ordered(samples: list[float]) -> None:
    summary = stats.summarize(samples)
    order = [summary.minimum, summary.p5, summary.median, summary.p95, summary.p99, summary.maximum]
    slack = 1e-9 * summary.maximum
    assert all(a <= b + slack for a, b in pairwise(order))
    assert summary.low <= summary.median <= summary.high
    assert summary.minimum - slack <= summary.low
    assert summary.high <= summary.maximum + slack
    assert 0 <= summary.outliers <= summary.count == len(samples)


@given(SAMPLES, st.floats(0.01, 100))
def test_the_summary_scales_with_its_unit(samples: list[float], factor: float) -> None:
    one, scaled = stats.summarize(samples), stats.summarize([factor * x for x in samples])
    for name in ("median", "low", "high", "p5", "p99", "mad"):
        assert getattr(scaled, name) == pytest.approx(
            factor * getattr(one, name), rel=1e-9, abs=1e-9
        )


@given(SAMPLES)
def test_the_order_of_samples_does_not_matter(samples: list[float]) -> None:
    assert stats.summarize(samples) == stats.summarize(samples[::-1])


@pytest.mark.parametrize("count", [1, 2, 5, 6, 31, 40])
def test_the_interval_is_that_of_a_naive_bootstrap(count: int) -> None:
    random = np.random.default_rng(5)
    samples = random.lognormal(size=count)
    draws = random.choice(samples, size=(40_000, count))
    naive = np.percentile(np.median(draws, axis=1), [2.5, 97.5])
    ours = stats.median_interval(samples, resamples=40_000)
    np.testing.assert_allclose(ours, naive, rtol=0.06)


def test_the_interval_covers_the_true_median_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    hits = 0
    for seed in range(400):
        low, high = stats.median_interval(random.exponential(size=50), resamples=500, seed=seed)
        hits += low <= np.log(2) <= high
    assert 0.90 <= hits / 400 <= 0.99


def test_known_values() -> None:
    summary = stats.summarize(range(1, 102))
    assert (summary.median, summary.p5, summary.p95, summary.p99) == (51, 6, 96, 100)
    assert stats.mad([1, 1, 2, 2, 4, 6, 9]) == 1


def test_a_far_sample_is_an_outlier_and_equal_samples_have_none() -> None:
    assert stats.summarize([1.0, 1.1, 0.9, 1.05, 0.95, 30.0]).outliers == 1
    assert stats.summarize([2.0] * 10).outliers == 0
    assert stats.summarize([2.0] * 20 + [50.0]).outliers == 1


@pytest.mark.parametrize("samples", [[], [1.0, float("nan")], [float("inf")]])
def test_what_has_no_statistics_is_refused(samples: list[float]) -> None:
    with pytest.raises(ValueError, match="sample"):
        stats.summarize(samples)


def _codes(samples: object) -> list[str]:
    return [note.code for note in stats.notes(np.asarray(samples), subject="latency")]


def test_quiet_samples_bring_no_note() -> None:
    assert _codes(np.random.default_rng(1).normal(1, 0.01, 300)) == []


def test_few_samples_are_noted() -> None:
    assert _codes([1.0, 1.01, 0.99]) == ["few-timings"]


def test_many_slow_samples_are_noted_and_a_few_are_not() -> None:
    samples = np.random.default_rng(1).normal(1, 0.01, 300)
    samples[::25] = 5
    assert _codes(samples) == ["outliers"]
    samples[25:] = 1
    assert "outliers" not in _codes(samples)


@pytest.mark.parametrize(("end", "word"), [(1.2, "rose by"), (0.8, "fell by")])
def test_drift_is_noted_with_its_direction(end: float, word: str) -> None:
    samples = np.linspace(1, end, 120) + np.random.default_rng(1).normal(0, 0.005, 120)
    (note,) = stats.notes(samples, subject="latency")
    assert note.code == "drift"
    assert word in note.message


def test_noise_is_not_drift() -> None:
    assert "drift" not in _codes(np.random.default_rng(3).normal(1, 0.3, 30).clip(0.1))
    assert stats.drift([1, 2, 3]) == 0
