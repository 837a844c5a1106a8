"""gemmlowp's fixed-point functions in Python integers: exact fractions, no 32-bit tricks.

Qm has m integer bits and 31 - m fraction bits. Constants are derived from the real numbers they
stand for, so a mistyped constant in the C shows.
"""

from __future__ import annotations

import math
from fractions import Fraction

ONE = 2**31 - 1  # the largest Q0


def times(a: int, b: int) -> int:
    """Product of Qm and Qn, as Q(m + n): the nearest integer, ties upwards."""
    return min(math.floor(Fraction(a * b, 2**31) + Fraction(1, 2)), ONE)


def nearest(x: int, divisor: int) -> int:
    """Nearest integer to x / divisor, ties away from zero."""
    magnitude = math.floor(Fraction(abs(x), divisor) + Fraction(1, 2))
    return magnitude if x >= 0 else -magnitude


def exp_negative(a: int, integer_bits: int = 5) -> int:
    """e^a for a <= 0 in Q`integer_bits`, as Q0, in gemmlowp's order of operations."""
    if a == 0:
        return ONE
    unit = 2 ** (31 - integer_bits)
    quarter = a % (unit // 4) - unit // 4
    x = quarter * 2**integer_bits + 2**28
    square = times(x, x)
    cube, fourth = times(square, x), times(square, square)
    third, root = round(2**31 / 3), round(math.exp(-0.125) * 2**31)
    tail = nearest(times(nearest(fourth, 4) + cube, third) + square, 2)
    result = root + times(root, x + tail)
    for power in range(-2, integer_bits):
        if (quarter - a) * 4 // unit >> (power + 2) & 1:
            result = times(result, round(math.exp(-(2.0**power)) * 2**31))
    return result


def one_over_one_plus(a: int) -> int:
    """1 / (1 + a) in Q0, three Newton steps in Q2."""
    half = (a + 2**31) // 2
    x = round(48 / 17 * 2**29) + times(half, round(-32 / 17 * 2**29))
    for _ in range(3):
        x += 4 * times(x, 2**29 - times(half, x))
    return min(2 * x, ONE)


def logistic(a: int) -> int:
    """1 / (1 + e^-a) of Q4, in Q0."""
    if a == 0:
        return 2**30
    positive = one_over_one_plus(exp_negative(-abs(a), integer_bits=4))
    return positive if a > 0 else ONE - positive


def softmax(row: list[int], multiplier: int, shift: int, diff_min: int) -> list[int]:
    """int8 softmax of one row, output scale 1/256 and zero point -128."""
    differences = [value - max(row) for value in row]
    exps = {d: exp_negative(times(d << shift, multiplier)) for d in differences if d >= diff_min}
    total = sum(nearest(exps[d], 2**12) for d in differences if d in exps)
    zeros = 32 - total.bit_length()
    bits = 12 - zeros + 31 - 8
    if bits > 31:
        return [-128] * len(row)
    reciprocal = one_over_one_plus((total << zeros) - 2**31)
    quotients = [nearest(times(reciprocal, exps.get(d, 0)), 2**bits) for d in differences]
    return [min(q - 128, 127) for q in quotients]
