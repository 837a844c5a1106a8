"""Percentile, mean-square and entropy ranges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.quantize.calibrate import calibrate
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.observers import (
    BINS,
    divergence,
    entropy_range,
    mse_range,
    narrowed,
    percentile_range,
)
from edgekit.converter.quantize.scheme import INT8_ACTIVATION
from tests.helpers.float_graphs import classifier, samples


def _histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.histogram(values, BINS, (values.min(), values.max()))


def test_a_percentile_leaves_a_lone_value_out() -> None:
    values = np.append(np.linspace(0, 1, 50_000), 100.0)
    low, high = percentile_range(*_histogram(values))
    assert low == 0
    assert 1 <= high < 1.2


def _error(values: np.ndarray, ends: tuple[float, float]) -> float:
    low, high = min(ends[0], 0.0), max(ends[1], 0.0)
    step = (high - low) / 255
    return float(np.square(np.rint(np.clip(values, low, high) / step) * step - values).mean())


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 999), st.floats(1, 40))
def test_the_mean_square_range_is_no_worse_than_the_whole(seed: int, far: float) -> None:
    values = np.append(np.random.default_rng(seed).normal(0, 1, 20_000), far)
    count, edges = _histogram(values)
    seen = (float(values.min()), float(values.max()))
    found = mse_range(count, (edges[:-1] + edges[1:]) / 2, seen, INT8_ACTIVATION)
    assert seen[0] <= found[0] <= found[1] <= seen[1]
    assert _error(values, found) <= 1.05 * _error(values, seen)


def test_the_entropy_range_gives_a_lone_value_up_and_keeps_an_even_spread() -> None:
    rng = np.random.default_rng(0)
    far = np.append(rng.normal(0, 1, 50_000), 60.0)
    count, edges = _histogram(far)
    low, high = entropy_range(count, edges, INT8_ACTIVATION)
    assert (low, high) != (float(edges[0]), float(edges[-1]))
    assert 4 < high < 30
    count, edges = _histogram(rng.uniform(-1, 1, 50_000))
    assert entropy_range(count, edges, INT8_ACTIVATION) == (float(edges[0]), float(edges[-1]))


def test_the_many_zeros_of_a_relu_do_not_decide() -> None:
    rng = np.random.default_rng(1)
    half = np.maximum(rng.normal(0, 1, 50_000), 0)
    positive = half[half > 0]
    ends = (0.0, float(half.max()))
    found = [
        entropy_range(*np.histogram(values, BINS, ends), INT8_ACTIVATION)
        for values in (half, positive)
    ]
    assert found[0] == found[1]


def test_the_divergence_of_three_bins_by_hand() -> None:
    """p = (5, 3, 2) / 10 with one value beyond; q: levels of two bins and one, from (5, 3, 1)."""
    count = np.array([5.0, 3.0, 1.0, 1.0])
    p, q = np.array([0.5, 0.3, 0.2]), np.array([4, 4, 1]) / 9
    expected = float((p * np.log(p / q)).sum())
    assert divergence(count, 0, 3, 2) == pytest.approx(expected, abs=1e-6)
    assert divergence(count, 0, 4, 4) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("method", ["percentile", "mse", "entropy"])
def test_ranges_of_a_graph_only_shrink(method: str) -> None:
    graph = classifier()
    data = samples(graph, 128)
    data[0, 0, 0, 0] = 500
    ranges = calibrate(graph, [data])
    found = narrowed(graph, ranges, [data[:16], data[16:]], method, INT8_ACTIVATION)
    assert found.keys() == ranges.keys()
    for name, (low, high) in ranges.items():
        assert low - 1e-9 <= found[name][0] <= found[name][1] <= high + 1e-9
    assert found["x"][1] < ranges["x"][1]


def test_the_quantizer_takes_narrowed_ranges() -> None:
    graph = classifier()
    data = samples(graph, 128)
    data[0, 0, 0, 0] = 500
    wide = quantize_int8(graph, [data]).graph
    slim = quantize_int8(
        graph,
        [data],
        narrow=lambda made, seen: narrowed(made, seen, [data], "mse", INT8_ACTIVATION),
    ).graph
    assert slim["x"].quant.scale < wide["x"].quant.scale  # type: ignore[union-attr]
