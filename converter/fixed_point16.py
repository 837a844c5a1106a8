"""TFLite's arithmetic for int16 activations with int8 weights ("16x8").

Activations have zero point 0. Where sums are 64 bits wide (CONV_2D, DEPTHWISE_CONV_2D,
FULLY_CONNECTED) the factor is cut to 16 bits and the product is rounded once, halves upwards; the
other operators keep the double rounding of `fixed_point`. LOGISTIC, TANH and SOFTMAX read tables
and interpolate. Checked against tflite-micro and tflite-runtime 2.14, which agree.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgekit.converter.fixed_point import AddParams, Requant, requant
from edgekit.converter.ir.graph import Quant

Int16s = NDArray[np.int16]
Int64s = NDArray[np.int64]

LARGEST_SUM = 1 << 47
"""Sums stay below, so that their product with a 16-bit factor fits 64 bits."""


# ------------------------------------------------------------------------------ wide sums


@dataclass(frozen=True, slots=True)
class WideRequant:
    """The factor multiplier * 2**-shift for sums of 64 bits; multiplier below 2**15."""

    multiplier: int
    shift: int


def wide_requant(factor: Requant) -> WideRequant:
    """A 31-bit factor cut to 15 bits, rounded but for the largest."""
    short = 0x7FFF if factor.multiplier >= 0x7FFF0000 else (factor.multiplier + (1 << 15)) >> 16
    return WideRequant(short, 15 - factor.shift)


def multiply_wide(x: ArrayLike, multiplier: ArrayLike, shift: ArrayLike) -> Int64s:
    """`x` (below 2**47) times the factor, rounded once, halves upwards; operands broadcast."""
    shifts = np.asarray(shift, np.int64)
    product = np.asarray(x, np.int64) * np.asarray(multiplier, np.int64)
    rounded: Int64s = (product + (np.int64(1) << (shifts - 1))) >> shifts
    return rounded


# --------------------------------------------------------------------------- ADD


def add_params(a: Quant, b: Quant, output: Quant) -> AddParams:
    """Parameters of an int16 ADD: as with int8, shifted left by 15 instead of 20."""
    left_shift = 15
    twice_max = 2.0 * max(a.scale, b.scale)
    return AddParams(
        left_shift=left_shift,
        a=requant(a.scale / twice_max),
        b=requant(b.scale / twice_max),
        output=requant(twice_max / ((1 << left_shift) * output.scale)),
    )


# ---------------------------------------------------------------------- LOGISTIC and TANH


def sigmoid_table() -> NDArray[np.uint16]:
    """sigmoid(i / 24) in Q0.16 for i = 0..255, for linear interpolation (read-only).

    Each entry is moved by half of what a straight line to the next would miss in the middle, so
    that the error lies on both sides; the last one is the largest there is.
    """
    middle = (_sigmoid(np.arange(256)) + _sigmoid(np.arange(1, 257))) / 2
    miss = middle - _sigmoid(np.arange(256) + 0.5)
    table = np.rint(_sigmoid(np.arange(256)) - miss / 2).astype(np.uint16)
    table[-1] = 65535
    table.flags.writeable = False
    return table


def _sigmoid(index: ArrayLike) -> NDArray[np.float64]:
    steps = np.asarray(index, np.float64) / 24
    share: NDArray[np.float64] = 65536 / (1 + np.exp(-steps))
    return share


@dataclass(frozen=True, slots=True)
class TableInput:
    """LOGISTIC and TANH: input * multiplier, rounded and shifted right, counts 1/12288."""

    multiplier: int
    shift: int


def table_input(input: Quant) -> TableInput:
    """How an input gets to steps of 1 / (3 * 4096).

    A scale within 0.07 % of 2**-12 counts as that. Every other one becomes an integer of 15 bits,
    cut off, and a right shift.
    """
    if abs(math.log2(input.scale) + 12) < 1e-3:
        return TableInput(3, 0)
    multiplier, shift = input.scale * 4096.0 * 3.0, 0
    while multiplier <= 32767.0 / 2.0 and shift <= 30:
        multiplier, shift = multiplier * 2.0, shift + 1
    return TableInput(int(multiplier), shift)


def _table_steps(x: Int16s, input: TableInput) -> Int64s:
    half = (1 << input.shift) >> 1
    steps: Int64s = (x.astype(np.int64) * input.multiplier + half) >> input.shift
    return steps


def _interpolated(magnitude: Int64s, bits: int, top: int) -> Int64s:
    """sigmoid of |x|, `bits` fraction bits below the table's own; `top` beyond the table."""
    table = sigmoid_table().astype(np.int64)
    index = magnitude >> bits
    inside = np.minimum(index, 254)
    low, high = table[inside], table[inside + 1]
    between = (low << bits) + (magnitude & ((1 << bits) - 1)) * (high - low)
    return np.where(index >= 255, top, between)


def logistic(x: Int16s, input: TableInput) -> Int16s:
    """1 / (1 + exp(-x)) in Q0.15."""
    steps = _table_steps(x, input)
    share = _interpolated(np.abs(steps), 9, 0x7FFF << 10)
    half = 1 << 9
    signed = np.where(steps >= 0, share + half, (1 << 25) - share + half - 1)
    return (signed >> 10).astype(np.int16)


def tanh(x: Int16s, input: TableInput) -> Int16s:
    """tanh(x) = 2 * sigmoid(2 * x) - 1 in Q0.15."""
    steps = _table_steps(x, input)
    share = _interpolated(np.abs(steps), 8, 0xFFFF << 8)
    one, half = 1 << 23, 1 << 7
    signed = np.where(steps >= 0, share - one + half, one - share + half - 1)
    return (signed >> 8).astype(np.int16)


# ------------------------------------------------------------------------------ SOFTMAX


def exp_table() -> Int16s:
    """exp(x) in Q0.15 at 513 points from -10 to 0, for `look_up` (read-only)."""
    return _table(np.exp, -10.0, 0.0)


def reciprocal_table() -> Int16s:
    """1 / (1 + x) in Q0.15 at 513 points from 0 to 1, for `look_up` (read-only)."""
    return _table(lambda x: np.float32(1) / (np.float32(1) + x), 0.0, 1.0)


def softmax_factor(input: Quant, beta: float) -> Requant:
    """Factor from input differences to steps of 10 / 65535."""
    return requant(input.scale * float(np.float32(beta)) / (10.0 / 65535.0))


Floats = NDArray[np.float32]


def _table(function: Callable[[Floats], Floats], low: float, high: float) -> Int16s:
    """The function in Q0.15 at 513 points, each moved by half the miss of a straight line."""
    step = np.float32((np.float32(high) - np.float32(low)) / np.float32(512))
    starts = np.float32(low) + np.arange(512, dtype=np.float32) * step
    scale = np.float32(65536.0 / 2.0)
    here, middle, after = (
        function((starts + offset).astype(np.float32)) * scale
        for offset in (np.float32(0), step / np.float32(2), step)
    )
    sample = _rounded(here)
    miss = _rounded((after + sample) / np.float32(2)) - _rounded(middle)
    values = np.append(sample - _rounded(miss / np.float32(2)), _last(function, high, scale))
    table = np.clip(values, -32768, 32767).astype(np.int16)
    table.flags.writeable = False
    return table


def _last(function: Callable[[Floats], Floats], high: float, scale: np.float32) -> Floats:
    return _rounded(function(np.array([high], np.float32)) * scale)


def _rounded(x: Floats) -> Floats:
    """Halves away from zero."""
    wide = x.astype(np.float64)
    rounded: Floats = np.trunc(wide + np.copysign(0.5, wide)).astype(np.float32)
    return rounded


def look_up(x: NDArray[np.int64], table: Int16s) -> Int64s:
    """The table at x in -32768..32767, linear between its points."""
    wide = table.astype(np.int64)
    index, offset = 256 + (x >> 7), x & 127
    base = wide[index]
    # The slope is an int16 in the reference; no two neighbours are further apart.
    found: Int64s = base + (((wide[index + 1] - base) * offset + 64) >> 7)
    return found
