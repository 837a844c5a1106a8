"""Arithmetic of the kernels written a second time, in NumPy and 64 bits, and random parameters.

Nothing here shares code or shape with the C: rounding is done on quotients and remainders, overflow
by modulo, windows by padding the input with its zero point.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Pair = tuple[int, int]

INT32_MIN, INT32_MAX = -(2**31), 2**31 - 1


def wrap32(x: Array) -> Array:
    """Two's complement overflow of int64 values to 32 bits."""
    return (np.asarray(x, np.int64) + 2**31) % 2**32 - 2**31


def doubling_high_mul(a: Array, b: Array) -> Array:
    """round(a * b / 2^31), ties upwards, saturated to int32."""
    whole, rest = np.divmod(np.asarray(a, np.int64) * np.asarray(b, np.int64), 2**31)
    return np.minimum(whole + (rest >= 2**30), INT32_MAX)


def rounding_shift_right(x: Array, right: Array) -> Array:
    """round(x / 2^right), ties away from zero."""
    x, divisor = np.asarray(x, np.int64), 2 ** np.asarray(right, np.int64)
    return np.sign(x) * ((2 * np.abs(x) + divisor) // (2 * divisor))


def requant(x: Array, q: Array) -> Array:
    """The double rounding of ek_requant; `q` is [..., 2] and broadcasts against `x`."""
    multiplier, shift = np.asarray(q, np.int64)[..., 0], np.asarray(q, np.int64)[..., 1]
    shifted = wrap32(wrap32(x) * 2 ** np.maximum(shift, 0))
    return rounding_shift_right(doubling_high_mul(shifted, multiplier), np.maximum(-shift, 0))


def requant_s8(x: Array, q: Array, zero: int, low: int = -128, high: int = 127) -> Array:
    """Requantize, add the output's zero point, clamp to the activation's range."""
    return np.clip(wrap32(requant(x, q) + zero), low, high).astype(np.int8)


def round_half_away(x: Array) -> Array:
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


def windows(
    x: Array, zero: int, out: Pair, taps: Pair, stride: Pair, dilation: Pair, pad: Pair
) -> dict[Pair, Array]:
    """For each tap (i, j), what it reads for every output pixel: [batch, out_h, out_w, c].

    Reads outside `x` ([batch, h, w, c], int64) give `zero`.
    """
    ends = [
        max((o - 1) * s + (k - 1) * d + 1 - p - n, 0)
        for o, s, k, d, p, n in zip(out, stride, taps, dilation, pad, x.shape[1:3], strict=True)
    ]
    margins = ((0, 0), (pad[0], ends[0]), (pad[1], ends[1]), (0, 0))
    wide = np.pad(x, margins, constant_values=zero)
    last = [(o - 1) * s + 1 for o, s in zip(out, stride, strict=True)]
    found = {}
    for i in range(taps[0]):
        for j in range(taps[1]):
            h, w = i * dilation[0], j * dilation[1]
            found[i, j] = wide[:, h : h + last[0] : stride[0], w : w + last[1] : stride[1]]
    return found


# ------------------------------------------------------------------------- random parameters


def random_s8(rng: np.random.Generator, *shape: int) -> Array:
    """Uniform int8, one time in eight nothing but the two extremes."""
    if rng.integers(8) == 0:
        return rng.choice(np.array([-128, 127], np.int8), shape)
    return rng.integers(-128, 128, shape, dtype=np.int8)


def random_zero(rng: np.random.Generator) -> int:
    """A zero point; the extremes and 0 are as likely as all the others together."""
    return int(rng.choice([-128, 127, 0, rng.integers(-128, 128), rng.integers(-128, 128)]))


def random_range(rng: np.random.Generator) -> Pair:
    """A fused activation's clamp, most often the whole of int8."""
    if rng.integers(3):
        return -128, 127
    low, high = sorted(int(v) for v in rng.integers(-128, 128, 2))
    return low, high


def random_q(rng: np.random.Generator, count: int, magnitude: float) -> Array:
    """`count` multipliers and shifts that bring `magnitude` near 100; one set in eight is wild."""
    if rng.integers(8) == 0:
        multipliers = rng.choice([0, 2**30, INT32_MAX, rng.integers(2**30, 2**31)], count)
        return np.stack([multipliers, rng.integers(-31, 31, count)], axis=1).astype(np.int32)
    factors = 100 / magnitude * rng.uniform(0.3, 3, count)
    return np.array([quantize_factor(f) for f in factors], np.int32)


def quantize_factor(factor: float) -> Pair:
    """Q31 multiplier and shift of a real factor, as stated above ek_requant_t."""
    fraction, exponent = np.frexp(factor)
    multiplier, shift = int(np.floor(float(fraction) * 2**31 + 0.5)), int(exponent)
    if multiplier == 2**31:
        multiplier, shift = 2**30, shift + 1
    return (0, 0) if shift < -31 or factor == 0 else (multiplier, shift)
