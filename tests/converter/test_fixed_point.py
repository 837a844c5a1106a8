"""The fixed-point arithmetic against exact integers, and the parameters against TFLite's rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edgekit.converter import fixed_point
from edgekit.converter.fixed_point import Requant, Window
from edgekit.converter.ir.graph import DType, Quant
from edgekit.converter.ir.ops import Activation, Logistic, Padding, Quantize, Relu, Relu6
from edgekit.converter.tables import lut_for

INT32 = st.integers(-(2**31), 2**31 - 1)
MULTIPLIER = st.integers(2**30, 2**31 - 1)
SHIFT = st.integers(-31, 8)


# ------------------------------------------- an independent version, in exact Python integers


def exact_multiply(x: int, multiplier: int, shift: int) -> int:
    shifted = x << max(shift, 0)
    # To nearest, halves up.
    high = (2 * shifted * multiplier + 2**31) // 2**32
    right = max(-shift, 0)
    quotient, remainder = divmod(abs(high), 2**right)
    # To nearest, halves away from zero.
    return (quotient + (2 * remainder >= 2**right)) * (1 if high >= 0 else -1)


def exact_quantize(real: Fraction) -> tuple[int, int]:
    """The nearest multiplier of 31 bits, found by doubling and halving."""
    shift = 0
    while real >= 1:
        real, shift = real / 2, shift + 1
    while real < Fraction(1, 2):
        real, shift = real * 2, shift - 1
    multiplier = math.floor(real * 2**31 + Fraction(1, 2))
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


GOLDEN_X = (0, 1, -1, 7, -7, 1000, -1000, 12345, -12345, 65535, -65536, 2**20, -(2**20), 2**22 - 1)
GOLDEN_FACTORS = (
    (2**30, 0),
    (2**30, -1),
    (2**31 - 1, 0),
    (1374413974, -7),
    (2145558796, -9),
    (1102418864, -12),
    (1500000000, 3),
    (1073741825, -31),
    (0, 0),
)


def test_multiplication_golden(golden: Callable[[str, str], None]) -> None:
    lines = ["# x multiplier shift result, by exact integers (double rounding)"]
    for multiplier, shift in GOLDEN_FACTORS:
        for x in GOLDEN_X:
            result = exact_multiply(x, multiplier, shift)
            assert fixed_point.multiply_by_quantized_multiplier(x, multiplier, shift) == result
            lines.append(f"{x} {multiplier} {shift} {result}")
    golden("fixed_point_multiply.txt", "\n".join(lines) + "\n")


def test_quantized_multipliers_golden(golden: Callable[[str, str], None]) -> None:
    reals = [0.5, 1.0, 0.75, 0.1, 1e-3, 3.7e-5, 123.456, 1 - 2**-33, 2**-32, 2**-33, 1e-12]
    lines = ["# real multiplier shift, by exact fractions"]
    for real in reals:
        multiplier, shift = exact_quantize(Fraction(real))
        assert fixed_point.quantize_multiplier(real) == (multiplier, shift)
        lines.append(f"{real!r} {multiplier} {shift}")
    golden("fixed_point_multipliers.txt", "\n".join(lines) + "\n")


@given(INT32, MULTIPLIER, SHIFT)
def test_multiplication_equals_exact_integers(x: int, multiplier: int, shift: int) -> None:
    assume(-(2**31) <= x << max(shift, 0) < 2**31)
    found = fixed_point.multiply_by_quantized_multiplier(x, multiplier, shift)
    assert int(found) == exact_multiply(x, multiplier, shift)


@given(INT32, MULTIPLIER, SHIFT)
def test_multiplication_is_within_one_of_the_real_product(
    x: int, multiplier: int, shift: int
) -> None:
    assume(-(2**31) <= x << max(shift, 0) < 2**31)
    real = Fraction(x) * multiplier * Fraction(2) ** (shift - 31)
    found = int(fixed_point.multiply_by_quantized_multiplier(x, multiplier, shift))
    assert abs(found - real) <= 1


@given(st.lists(INT32, min_size=1, max_size=20), st.lists(MULTIPLIER, min_size=3, max_size=3))
def test_multiplication_broadcasts_per_channel(xs: list[int], multipliers: list[int]) -> None:
    shifts = [-3, 0, -31]
    found = fixed_point.multiply_by_quantized_multiplier(
        np.array(xs, np.int32)[:, None], np.array(multipliers), np.array(shifts)
    )
    assert found.dtype == np.int32
    assert found.tolist() == [
        [exact_multiply(x, m, s) for m, s in zip(multipliers, shifts, strict=True)] for x in xs
    ]


def test_a_left_shift_wraps_as_in_c() -> None:
    assert fixed_point.multiply_by_quantized_multiplier(2**30 + 5, 2**30, 2) == 10


@given(st.floats(1e-9, 1e6))
def test_quantize_multiplier_is_the_nearest_of_31_bits(real: float) -> None:
    multiplier, shift = fixed_point.quantize_multiplier(real)
    assert (multiplier, shift) == exact_quantize(Fraction(real))
    assert multiplier == 0 or 2**30 <= multiplier < 2**31
    assert Requant(multiplier, shift).real == pytest.approx(real, rel=2**-31)


@pytest.mark.parametrize(
    ("real", "expected"),
    [(0.0, (0, 0)), (1.0, (2**30, 1)), (0.5, (2**30, 0)), (1 - 2**-40, (2**30, 1))],
)
def test_quantize_multiplier_at_the_edges(real: float, expected: tuple[int, int]) -> None:
    assert fixed_point.quantize_multiplier(real) == expected


@given(INT32, st.integers(0, 31))
def test_rounding_divide_rounds_halves_away_from_zero(x: int, exponent: int) -> None:
    exact = Fraction(abs(x), 2**exponent) + Fraction(1, 2)
    expected = math.floor(exact) * (1 if x >= 0 else -1)
    assert int(fixed_point.rounding_divide_by_pot(x, exponent)) == expected


def test_high_mul_saturates_only_the_square_of_the_lowest_value() -> None:
    lowest = -(2**31)
    assert fixed_point.high_mul(lowest, lowest) == 2**31 - 1
    assert fixed_point.high_mul(lowest, 2**31 - 1) == -(2**31) + 1


@pytest.mark.parametrize(("x", "y"), [(0.5, 1), (-0.5, -1), (1.49, 1), (-2.5, -3), (0.0, 0)])
def test_round_half_away(x: float, y: int) -> None:
    assert fixed_point.round_half_away(x) == y


# --------------------------------------------------------------------- operator parameters


def test_accumulator_requants_have_one_factor_per_weight_scale() -> None:
    x, y = Quant.per_tensor(0.5, 3), Quant.per_tensor(0.25, 0)
    assert fixed_point.accumulator_requants(x, Quant.per_tensor(0.125, 0), y) == (
        fixed_point.requant(0.25),
    )
    per_channel = Quant.per_channel([0.125, 0.25], axis=0)
    assert [f.real for f in fixed_point.accumulator_requants(x, per_channel, y)] == [0.25, 0.5]


def test_add_params_bring_both_operands_to_twice_the_larger_scale() -> None:
    params = fixed_point.add_params(
        Quant.per_tensor(0.5, 0), Quant.per_tensor(0.25, 0), Quant.per_tensor(1.0, 0)
    )
    assert params.left_shift == 20
    assert (params.a.real, params.b.real) == (0.5, 0.25)
    assert params.output.real == 2.0**-20


def test_mul_requant() -> None:
    scales = (Quant.per_tensor(scale, 0) for scale in (0.5, 0.25, 0.125))
    assert fixed_point.mul_requant(*scales).real == 1.0


@given(st.integers(1, 5000), st.floats(1e-3, 10))
def test_mean_requant_is_the_scale_over_the_count(count: int, ratio: float) -> None:
    factor = fixed_point.mean_requant(Quant.per_tensor(ratio, 0), Quant.per_tensor(1.0, 0), count)
    assert factor.real == pytest.approx(float(np.float32(ratio)) / count, rel=2**-28)
    assert factor.shift >= -31
    assert 2**29 <= factor.multiplier < 2**31


def test_softmax_params() -> None:
    params = fixed_point.softmax_params(Quant.per_tensor(0.1, 4), 1.0)
    real = params.multiplier * 2.0 ** (params.left_shift - 31)
    assert real == pytest.approx(float(np.float32(0.1)) * 2**26, rel=1e-9)
    # Below diff_min the scaled difference would leave the 5 integer bits: exp(-31) is nothing.
    assert params.diff_min == -248
    assert fixed_point.softmax_params(Quant.per_tensor(100.0, 0), 1.0).multiplier == 2**31 - 1


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        (Activation.NONE, (-128, 127)),
        (Activation.RELU, (-100, 127)),
        (Activation.RELU6, (-100, 20)),
        (Activation.RELU_N1_TO_1, (-120, -80)),
    ],
)
def test_activation_range(activation: Activation, expected: tuple[int, int]) -> None:
    assert fixed_point.activation_range(activation, Quant.per_tensor(0.05, -100)) == expected


def test_activation_range_stays_within_the_type() -> None:
    wide = Quant.per_tensor(0.001, 0)
    assert fixed_point.activation_range(Activation.RELU6, wide) == (0, 127)
    assert fixed_point.activation_range(Activation.RELU6, wide, DType.INT16) == (0, 6000)


def test_activation_range_rounds_halves_away() -> None:
    # 6 / 4 = 1.5 steps above, 1 / 0.4 = 2.5 steps either way (float32 division).
    assert fixed_point.activation_range(Activation.RELU6, Quant.per_tensor(4.0, 0)) == (0, 2)
    assert fixed_point.activation_range(Activation.RELU_N1_TO_1, Quant.per_tensor(2.0, 0)) == (
        -1,
        1,
    )


@pytest.mark.parametrize(
    ("padding", "args", "expected"),
    [
        (Padding.SAME, (96, 3, 2), Window(48, 0, 1)),
        (Padding.SAME, (5, 3, 1), Window(5, 1, 1)),
        (Padding.SAME, (10, 4, 1), Window(10, 1, 2)),
        (Padding.SAME, (7, 1, 2), Window(4, 0, 0)),
        (Padding.SAME, (9, 3, 1, 2), Window(9, 2, 2)),
        (Padding.VALID, (10, 3, 2), Window(4, 0, 0)),
        (Padding.VALID, (9, 3, 1, 2), Window(5, 0, 0)),
    ],
)
def test_window(padding: Padding, args: tuple[int, ...], expected: Window) -> None:
    assert fixed_point.window(padding, *args) == expected


# ------------------------------------------------------------------------------------ tables


CODES = np.arange(-128, 128)


def test_relu_tables_clamp_the_real_value() -> None:
    source, target = Quant.per_tensor(0.1, -5), Quant.per_tensor(0.05, -128)
    real = (CODES + 5) * 0.1
    for op, high in ((Relu(), math.inf), (Relu6(), 6.0)):
        table = lut_for(op, source, target)
        found = (table.astype(float) + 128) * 0.05
        inside = np.clip(real, 0, min(high, 255 * 0.05))
        assert np.abs(found - inside).max() <= 0.0251


def test_logistic_table_is_the_function_within_a_step() -> None:
    for scale in (0.01, 0.05, 0.3):
        source = Quant.per_tensor(scale, 12)
        table = lut_for(Logistic(), source, Quant.per_tensor(1 / 256, -128))
        real = 1 / (1 + np.exp(-(CODES - 12) * scale))
        assert np.abs((table.astype(float) + 128) / 256 - real).max() <= 1 / 256


def test_quantize_table_to_the_same_scale_is_the_identity() -> None:
    same = Quant.per_tensor(0.037, 5)
    assert (lut_for(Quantize(), same, same) == CODES).all()


def test_tables_are_read_only_int8() -> None:
    table = lut_for(Relu(), Quant.per_tensor(1, 0), Quant.per_tensor(1, 0))
    assert (table.dtype, table.shape, table.flags.writeable) == (np.int8, (256,), False)
