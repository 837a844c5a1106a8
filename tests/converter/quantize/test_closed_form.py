"""Closed-form rounding: never worse than rounding to nearest in the layer's own metric."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from edgekit.converter.quantize.closed_form import best_rounding, nearest, row_errors

Case = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], int]


def _case(seed: int, groups: int, channels: int, taps: int, rows: int, high: int) -> Case:
    """Weights, moments of correlated rows (fewer rows than taps leave them singular), scales."""
    rng = np.random.default_rng(seed)
    weights = rng.normal(0, 1, (groups, channels, taps)) * rng.uniform(0.01, 10, (channels, 1))
    inputs = rng.normal(0, 1, (groups, rows, taps)) @ rng.normal(0, 1, (groups, taps, taps))
    inputs[..., rng.random(taps) < 0.2] = 0
    moments = np.swapaxes(inputs, 1, 2) @ inputs / rows
    scales = np.abs(weights).max(axis=2) / high
    return weights, moments, scales.astype(np.float32).astype(np.float64), high


@st.composite
def cases(draw: st.DrawFn) -> Case:
    sizes = [draw(st.integers(1, most)) for most in (3, 4, 12, 30)]
    return _case(draw(st.integers(0, 2**31)), *sizes, draw(st.sampled_from([7, 127])))


@settings(deadline=None, max_examples=60)
@given(cases(), st.lists(st.integers(-127, 127), min_size=1, max_size=8, unique=True))
def test_a_palette_is_kept_and_nothing_is_worse_than_its_nearest(
    case: Case, values: list[int]
) -> None:
    weights, moments, _, _ = case
    scales = (np.abs(weights).max(axis=2) / 127).astype(np.float32).astype(np.float64)
    palette = np.array(sorted(values), np.float64)
    found, chosen = best_rounding(weights, moments, scales, palette)
    assert set(found.ravel().tolist()) <= set(palette.tolist())
    plain = row_errors(weights, nearest(weights, scales, palette) * scales[..., None], moments)
    ours = row_errors(weights, found * chosen[..., None], moments)
    assert (ours <= plain * (1 + 1e-6) + 1e-12).all()


@settings(deadline=None, max_examples=60)
@given(cases(), st.booleans())
def test_nothing_is_worse_than_rounding_to_nearest(case: Case, shared: bool) -> None:
    """Row by row, or over all rows where they share a scale."""
    weights, moments, scales, high = case
    if shared:
        scales = np.full_like(scales, scales.max())
    found, chosen = best_rounding(weights, moments, scales, high, shared=shared)
    assert np.abs(found).max() <= high
    assert (found == np.rint(found)).all()
    assert (chosen == chosen.astype(np.float32)).all()
    plain = row_errors(weights, nearest(weights, scales, high) * scales[..., None], moments)
    ours = row_errors(weights, found * chosen[..., None], moments)
    if shared:
        assert len(np.unique(chosen)) == 1
        ours, plain = ours.sum(keepdims=True), plain.sum(keepdims=True)
    assert (ours <= plain).all()


@settings(deadline=None, max_examples=10)
@given(cases())
def test_the_same_data_give_the_same_weights(case: Case) -> None:
    first, second = best_rounding(*case), best_rounding(*case)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_correlated_inputs_gain_much() -> None:
    weights, moments, scales, high = _case(5, 1, 32, 64, 500, 7)
    found, chosen = best_rounding(weights, moments, scales, high)
    plain = row_errors(weights, nearest(weights, scales, high) * scales[..., None], moments)
    ours = row_errors(weights, found * chosen[..., None], moments)
    assert ours.sum() < 0.4 * plain.sum()


def test_small_rows_come_close_to_the_best_of_all_roundings() -> None:
    """Four weights, integers in -3..3: all 2401 roundings at the chosen scale are tried."""
    every = np.array(list(itertools.product(range(-3, 4), repeat=4)), np.float64)
    ratios = []
    for seed in range(20):
        weights, moments, scales, high = _case(seed, 1, 1, 4, 50, 3)
        found, chosen = best_rounding(weights, moments, scales, high)
        ours = row_errors(weights, found * chosen[..., None], moments)[0, 0]
        each = row_errors(weights, every[None] * chosen[0, 0], moments)
        ratios.append(ours / each.min())
    assert np.median(ratios) == pytest.approx(1)
    assert max(ratios) < 4


def test_errors_are_those_of_the_layers_outputs() -> None:
    rng = np.random.default_rng(3)
    rows, weights, other = rng.normal(0, 1, (1, 40, 6)), rng.normal(0, 1, (1, 2, 6)), np.ones(6)
    gap = rows[0] @ (weights[0] - other).T
    moments = rows[0].T @ rows[0] / 40
    expected = np.square(gap).mean(axis=0)
    assert row_errors(weights, other[None, None], moments[None])[0] == pytest.approx(expected)
