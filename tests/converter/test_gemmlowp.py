"""The fixed-point functions against the real ones."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter import gemmlowp

RNG = np.random.default_rng(0)


def raw(values: np.ndarray, integer_bits: int) -> np.ndarray:  # type: ignore[type-arg]
    return np.round(values * 2.0 ** (31 - integer_bits)).astype(np.int32)


@pytest.mark.parametrize("integer_bits", [2, 4, 5])
def test_exp_on_negative_values(integer_bits: int) -> None:
    values = -RNG.uniform(0, 2**integer_bits - 1, 2000)
    found = gemmlowp.exp_on_negative_values(raw(values, integer_bits), integer_bits)
    assert np.abs(found / 2**31 - np.exp(values)).max() < 2e-6


def test_exp_of_zero_is_the_largest_value() -> None:
    assert gemmlowp.exp_on_negative_values(np.zeros(1, np.int32), 5) == [2**31 - 1]


def test_logistic_is_symmetric_and_close() -> None:
    values = np.concatenate([RNG.uniform(-15.9, 15.9, 2000), [0.0]])
    found = gemmlowp.logistic(raw(values, 4), 4) / 2**31
    assert np.abs(found - 1 / (1 + np.exp(-values))).max() < 2e-6
    mirrored = gemmlowp.logistic(-raw(values, 4), 4) / 2**31
    assert np.abs(found + mirrored - 1).max() < 1e-9


def test_one_over_one_plus_x() -> None:
    values = RNG.uniform(0, 1, 2000)
    found = gemmlowp.one_over_one_plus_x(raw(values * 0.999999, 0)) / 2**31
    assert np.abs(found - 1 / (1 + values * 0.999999)).max() < 1e-8


@pytest.mark.parametrize("value", [1, 2, 3, 2**19, 2**19 + 1, 10 * 2**19, 2**31 - 1])
def test_reciprocal(value: int) -> None:
    scale, shift = gemmlowp.reciprocal(np.array([value], np.int32), 12)
    real = scale[0] / 2**31 * 2.0 ** -int(shift[0])
    assert real == pytest.approx(2**19 / value, rel=1e-8)
