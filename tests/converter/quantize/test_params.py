"""Scales, zero points, rounding: the arithmetic of quantization."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converter.ir.graph import DType, Quant, Tensor
from edgekit.converter.quantize.params import (
    asymmetric,
    covers,
    dequantize_array,
    half_ranges,
    quantize_array,
    quantize_input,
    round_half_away,
    symmetric,
)
from edgekit.converter.quantize.scheme import INT8, INT8_ACTIVATION, INT8_WEIGHTS, UNIT, Format

REAL = st.floats(-1e4, 1e4, width=32)


@pytest.mark.parametrize(
    ("low", "high", "scale", "zero_point"),
    [
        (0.0, 255.0, 1.0, -128),
        (0.0, 6.0, 6 / 255, -128),
        (-1.0, 1.0, 2 / 255, -1),  # halfway, away from zero
        (2.0, 5.0, 5 / 255, -128),  # widened to hold 0
        (-5.0, -2.0, 5 / 255, 127),
        (0.0, 0.0, 1.0, -128),
        (-1e-9, 1e-9, 1.0, -128),
    ],
)
def test_known_ranges(low: float, high: float, scale: float, zero_point: int) -> None:
    quant = asymmetric(low, high, INT8_ACTIVATION)
    assert quant.scale == pytest.approx(scale, rel=1e-6)
    assert quant.zero_point == zero_point


@given(REAL, REAL)
def test_ranges_are_covered_and_zero_is_exact(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    quant = asymmetric(low, high, INT8_ACTIVATION)
    assert -128 <= quant.zero_point <= 127
    assert covers(quant, low, high, INT8_ACTIVATION)
    values = np.array([0.0, low, high])
    stored = quantize_array(values, quant, INT8_ACTIVATION)
    assert stored[0] == quant.zero_point
    np.testing.assert_allclose(dequantize_array(stored, quant), values, atol=1.01 * quant.scale)


def test_covers_sees_what_sticks_out() -> None:
    assert covers(UNIT, 0.0, 1.0, INT8_ACTIVATION)
    assert not covers(UNIT, 0.0, 1.1, INT8_ACTIVATION)
    assert not covers(UNIT, -0.1, 1.0, INT8_ACTIVATION)


def test_halves_are_rounded_away_from_zero() -> None:
    assert round_half_away(np.array([-2.5, -0.5, 0.4, 0.5, 1.5])).tolist() == [-3, -1, 0, 1, 2]


@pytest.mark.parametrize("axis", [0, 3, None])
def test_weights_use_the_narrow_range(axis: int | None) -> None:
    weights = np.random.default_rng(0).normal(0, 1, (4, 3, 3, 5))
    quant = symmetric(half_ranges(weights, axis), INT8_WEIGHTS, axis)
    stored = quantize_array(weights, quant, INT8_WEIGHTS)
    assert set(quant.zero_points) == {0}
    assert len(quant.scales) == (1 if axis is None else weights.shape[axis])
    others = tuple(index for index in range(4) if index != axis) if axis is not None else None
    assert (np.abs(stored.astype(int)).max(axis=others) == 127).all()
    np.testing.assert_allclose(
        dequantize_array(stored, quant), weights, atol=0.51 * max(quant.scales)
    )


def test_a_channel_of_zeros_has_a_scale_above_zero() -> None:
    quant = symmetric(np.array([0.0, 1.0]), INT8_WEIGHTS, 0)
    assert quant.scales[0] > 0


def test_inputs_take_the_limits_of_their_own_type() -> None:
    quant = Quant.per_tensor(1 / 255, 0)
    tensor = Tensor("x", (1, 2), DType.UINT8, quant)
    assert quantize_input(np.array([[-1.0, 1.0]]), tensor).tolist() == [[0, 255]]
    plain = Tensor("x", (1, 2), DType.FLOAT32)
    assert quantize_input(np.array([[0.5, 1.0]]), plain).dtype == np.float32


def test_a_format_with_fewer_bits_is_only_data() -> None:
    four = Format(DType.INT4, -7, 7, symmetric=True, per_channel=True)
    quant = symmetric(np.array([7.0]), four, None)
    assert quantize_array(np.array([-7.0, 3.2]), quant, four).tolist() == [-7, 3]
    assert INT8.weights_of is not None
