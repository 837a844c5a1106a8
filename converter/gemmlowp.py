"""Fixed-point functions of gemmlowp (`fixedpoint/fixedpoint.h`), vectorised and bit for bit.

A number with k integer bits is an int32 "raw" value worth raw * 2**(k - 31). Arrays are int32
unless said otherwise; the arithmetic inside is int64, so nothing overflows on the way.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]

INT32_MAX = (1 << 31) - 1
INT32_MIN = -(1 << 31)

_EXP_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
# exp(-2**exponent) in Q0.31, for exponent -2 to 4.
_EXP_OF_MINUS_POT = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_FORTYEIGHT_17THS = 1515870810
_MINUS_THIRTYTWO_17THS = -1010580540


def saturating_rounding_doubling_high_mul(a: ArrayLike, b: ArrayLike) -> Int32s:
    """(a * b) / 2**31 rounded to nearest, halves up; only INT32_MIN squared saturates."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    rounded: Int64s = (product + (1 << 30)) >> 31
    return np.minimum(rounded, INT32_MAX).astype(np.int32)


def rounding_divide_by_pot(x: ArrayLike, exponent: ArrayLike) -> Int32s:
    """x / 2**exponent rounded to nearest, halves away from zero; 0 <= exponent <= 31."""
    wide = np.asarray(x, np.int64)
    powers = np.asarray(exponent, np.int64)
    half = (np.int64(1) << powers) >> 1
    # A negative half is made to fall just short, so that it rounds down, away from zero.
    nudge = half - ((wide < 0) & (powers > 0))
    result: Any = (wide + nudge) >> powers
    return np.asarray(result, np.int32)


def shift_left_saturating(x: Int32s, exponent: int) -> Int32s:
    """x * 2**exponent, clamped to int32."""
    return np.clip(x.astype(np.int64) << exponent, INT32_MIN, INT32_MAX).astype(np.int32)


def exp_on_negative_values(a: Int32s, integer_bits: int) -> Int32s:
    """exp(a) for a <= 0 with `integer_bits` (up to 5); the result has 0 integer bits."""
    fractional_bits = 31 - integer_bits
    quarter = np.int32(1 << (fractional_bits - 2))
    reduced = (a & (quarter - np.int32(1))) - quarter
    result = _exp_between_minus_quarter_and_0(shift_left_saturating(reduced, integer_bits))
    remainder = reduced - a
    for exponent, factor in enumerate(_EXP_OF_MINUS_POT, start=-2):
        if exponent < integer_bits:
            bit = np.int32(1 << (fractional_bits + exponent))
            scaled = saturating_rounding_doubling_high_mul(result, factor)
            result = np.where(remainder & bit, scaled, result)
    return np.where(a == 0, np.int32(INT32_MAX), result)


def _exp_between_minus_quarter_and_0(a: Int32s) -> Int32s:
    """exp(a) for -1/4 <= a < 0 in Q0.31: a Taylor polynomial around -1/8."""
    mul = saturating_rounding_doubling_high_mul
    x = a + np.int32(1 << 28)
    x2 = mul(x, x)
    x3, x4 = mul(x2, x), mul(x2, x2)
    higher = mul(rounding_divide_by_pot(x4, 2) + x3, _ONE_THIRD) + x2
    tail = mul(x + rounding_divide_by_pot(higher, 1), _EXP_MINUS_EIGHTH)
    return np.int32(_EXP_MINUS_EIGHTH) + tail


def one_over_one_plus_x(a: Int32s) -> Int32s:
    """1 / (1 + a) for 0 <= a < 1 in Q0.31."""
    return shift_left_saturating(_reciprocal_of_half_denominator(a), 1)


def _reciprocal_of_half_denominator(a: Int32s) -> Int32s:
    """2 / (1 + a) with 2 integer bits, by three Newton-Raphson steps."""
    mul = saturating_rounding_doubling_high_mul
    half_denominator = ((a.astype(np.int64) + INT32_MAX + 1) >> 1).astype(np.int32)
    x = np.int32(_FORTYEIGHT_17THS) + mul(half_denominator, _MINUS_THIRTYTWO_17THS)
    for _ in range(3):
        error = np.int32(1 << 29) - mul(half_denominator, x)
        x = x + shift_left_saturating(mul(x, error), 2)
    return x


def logistic(a: Int32s, integer_bits: int) -> Int32s:
    """1 / (1 + exp(-a)); the result has 0 integer bits."""
    positive = one_over_one_plus_x(exp_on_negative_values(-np.abs(a), integer_bits))
    signed = np.where(a > 0, positive, np.int32(INT32_MAX) - positive)
    return np.where(a == 0, np.int32(1 << 30), signed)


def one_minus_x_over_one_plus_x(a: Int32s) -> Int32s:
    """(1 - a) / (1 + a) for 0 <= a < 1 in Q0.31: twice the reciprocal of the above, less one."""
    return shift_left_saturating(_reciprocal_of_half_denominator(a) - np.int32(1 << 29), 2)


def tanh(a: Int32s, integer_bits: int) -> Int32s:
    """tanh(a); the result has 0 integer bits. Twice `a` is read with one integer bit more."""
    powers = exp_on_negative_values(-np.abs(a), integer_bits + 1)
    positive = one_minus_x_over_one_plus_x(powers)
    return np.where(a == 0, np.int32(0), np.where(a > 0, positive, -positive))


def inverse_sqrt(x: int) -> tuple[int, int]:
    """1 / sqrt(x) for an integer x >= 0 as (multiplier, shift): multiplier * 2**(shift - 31).

    Five Newton-Raphson steps with 3 integer bits. 0 and 1 give the largest multiplier.
    """
    if x <= 1:
        return INT32_MAX, 0
    shift = 11
    while x >= 1 << 29:
        x, shift = x // 4, shift + 1
    pairs = (32 - x.bit_length() - 1) // 2 - 1
    shift -= pairs
    x <<= 2 * pairs
    half = _int(rounding_divide_by_pot(x >> 1, 1))
    root = 1 << 28
    for _ in range(5):
        cube = _left(_mul(_mul(root, root), root), 6)
        root = _left(_mul((1 << 28) + (1 << 27), root) - _mul(half, cube), 3)
    root = _mul(root, _SQRT_HALF)
    if shift < 0:
        root, shift = root << -shift, 0
    return root, -shift


_SQRT_HALF = 1518500250


def _int(x: Int32s) -> int:
    return int(np.asarray(x))


def _mul(a: int, b: int) -> int:
    return _int(saturating_rounding_doubling_high_mul(a, b))


def _left(x: int, exponent: int) -> int:
    return min(max(x << exponent, INT32_MIN), INT32_MAX)


def log_from_1(x: Int32s, integer_bits: int, output_bits: int) -> Int32s:
    """log(x) for x >= 1 with `integer_bits`; the result has `output_bits`."""
    mul, shift = saturating_rounding_doubling_high_mul, shift_left_saturating
    wide = output_bits + 1
    quarter = rounding_divide_by_pot(np.int32(536870912), wide)
    zeros = (32 - np.frexp(x.astype(np.float64))[1]).astype(np.int64)
    first = np.clip(x.astype(np.int64) << (zeros - 1), INT32_MIN, INT32_MAX)
    r_a = shift(mul(first, _SQRT_HALF), 1)
    a_power = np.clip(((integer_bits - zeros) << (31 - wide)) + quarter, INT32_MIN, INT32_MAX)
    lower = mul(x, _SQRT_HALF)
    room = (32 - np.frexp(lower.astype(np.float64))[1]).astype(np.int64) - 1
    r_b = np.clip(x.astype(np.int64) << room, INT32_MIN, INT32_MAX)
    b_power = np.clip(((integer_bits - room) << (31 - wide)) - quarter, INT32_MIN, INT32_MAX)
    r = np.minimum(r_a, r_b).astype(np.int32)
    power = np.maximum(a_power, b_power).astype(np.int32)
    p = _half_sum(r, 1805811301)
    q = r - np.int32(1805811301)
    q = q + q
    square = mul(q, q)
    numerator = mul(q, r) + mul(mul(q, square), 117049297)
    inner = np.int32(1057819769) + q + mul(127690142, square)
    denominator = mul(p, inner) + mul(638450708, q)
    inverse = one_over_one_plus_x(denominator)
    scaled = rounding_divide_by_pot(numerator, wide)
    return shift(mul(power, 1488522236) + mul(scaled, inverse), wide - output_bits)


def _half_sum(a: Int32s, b: int) -> Int32s:
    """(a + b) / 2, halves away from zero."""
    total = a.astype(np.int64) + b
    sign = np.where(total >= 0, 1, -1)
    half: Int64s = np.abs(total + sign) // 2 * sign
    return half.astype(np.int32)


def reciprocal(x: Int32s, integer_bits: int) -> tuple[Int32s, Int32s]:
    """1/x for x > 0 as (raw Q0.31 in (1/2, 1], right shift that belongs to it)."""
    headroom = 32 - np.frexp(x.astype(np.float64))[1]
    normalised = (x.astype(np.int64) << headroom) - (1 << 31)
    scale = one_over_one_plus_x(normalised.astype(np.int32))
    return scale, (integer_bits - headroom).astype(np.int32)
