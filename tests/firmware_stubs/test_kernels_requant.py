"""ek_requant.h and ek_window.h: rounding at ties, the ends of int32, windows by brute force."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.kernel_formulas import INT32_MAX, INT32_MIN, requant
from tests.helpers.kernel_library import load, requants

int32 = st.integers(INT32_MIN, INT32_MAX) | st.sampled_from([INT32_MIN, INT32_MAX, 0, 1, -1])


def to_int32(x: int) -> int:
    return (x + 2**31) % 2**32 - 2**31


@given(int32, int32)
def test_doubling_high_mul_is_the_nearest_with_ties_upwards(a: int, b: int) -> None:
    exact = math.floor(Fraction(a * b, 2**31) + Fraction(1, 2))
    assert load().call("shim_doubling_high_mul", a, b) == min(exact, INT32_MAX)


def test_doubling_high_mul_saturates_the_one_product_that_does_not_fit() -> None:
    assert load().call("shim_doubling_high_mul", INT32_MIN, INT32_MIN) == INT32_MAX
    assert load().call("shim_doubling_high_mul", INT32_MIN, INT32_MAX) == -INT32_MAX


@given(int32, st.integers(0, 31))
def test_rounding_shift_right_is_the_nearest_with_ties_away(x: int, right: int) -> None:
    magnitude = math.floor(Fraction(abs(x), 2**right) + Fraction(1, 2))
    assert load().call("shim_rounding_shift_right", x, right) == (
        magnitude if x > 0 else -magnitude
    )


@pytest.mark.parametrize(("x", "expected"), [(3, 2), (-3, -2), (1, 1), (-1, -1), (2, 1), (-2, -1)])
def test_halves_round_away_from_zero(x: int, expected: int) -> None:
    assert load().call("shim_rounding_shift_right", x, 1) == expected


@given(int32, st.integers(0, 30))
def test_saturating_shift_left_clamps_to_int32(x: int, left: int) -> None:
    expected = max(INT32_MIN, min(x << left, INT32_MAX))
    assert load().call("shim_saturating_shift_left", x, left) == expected


@given(int32, st.integers(0, INT32_MAX), st.integers(-31, 30))
def test_requant_rounds_twice_and_wraps_on_the_left_shift(x: int, m: int, shift: int) -> None:
    high = math.floor(Fraction(to_int32(x << max(shift, 0)) * m, 2**31) + Fraction(1, 2))
    magnitude = math.floor(Fraction(abs(high), 2 ** max(-shift, 0)) + Fraction(1, 2))
    assert load().call("shim_requant", x, m, shift) == (magnitude if high > 0 else -magnitude)


def test_double_rounding_differs_from_single_rounding_where_it_should() -> None:
    """0.4999... is rounded up to a tie by the multiplication, and away from zero by the shift."""
    assert load().call("shim_requant", 1, 2**31 - 1, -1) == 1
    assert round((2**31 - 1) / 2**32) == 0


def test_requant_equals_the_formula_of_the_other_tests_on_a_million_values() -> None:
    rng = np.random.default_rng(22)
    count = 1_000_000
    x = rng.integers(INT32_MIN, 2**31, count).astype(np.int32)
    x[: count // 2] >>= rng.integers(0, 31, count // 2)
    q = requants(np.stack([rng.integers(0, 2**31, count), rng.integers(-31, 31, count)], axis=1))
    y = np.zeros(count, np.int32)
    load().call("shim_requants", count, q, x, y)
    np.testing.assert_array_equal(y, requant(x, q))


@given(st.integers(-40, 40), st.integers(1, 9), st.integers(1, 12), st.integers(1, 20))
def test_taps_inside_are_those_that_read_the_input(
    origin: int, taps: int, dilation: int, extent: int
) -> None:
    inside = [t for t in range(taps) if 0 <= origin + t * dilation < extent]
    ends = [load().call(f"shim_taps_{e}", origin, taps, dilation, extent) for e in ("begin", "end")]
    assert list(range(*ends)) == inside
    assert 0 <= ends[0] <= ends[1] <= taps
