"""TFLite's int8 arithmetic with double rounding, and each operator's fixed-point parameters.

A real factor is held as `multiplier * 2**(shift - 31)`, multiplier in Q31. Applying it rounds
twice: a saturating rounding doubling high multiply, then a rounding right shift, half away from
zero (gemmlowp's scheme; Jacob et al., "Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference", CVPR 2018). tflite-micro and tflite-runtime 2.14 compute so.

The parameters are computed here once and used by the interpreter and by the lowering to C. Which
products are taken in float32 and which in float64 follows tflite-micro: one bit of difference in
a scale can move a result.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from edgekit.converter.gemmlowp import INT32_MAX, reciprocal, rounding_divide_by_pot
from edgekit.converter.gemmlowp import saturating_rounding_doubling_high_mul as high_mul
from edgekit.converter.ir.graph import DType, Quant
from edgekit.converter.ir.ops import Activation, Padding

__all__ = [
    "AddParams",
    "PreluParams",
    "Requant",
    "SoftmaxParams",
    "Window",
    "accumulator_requants",
    "activation_range",
    "add_params",
    "high_mul",
    "input_radius",
    "matmul_requant",
    "mean_requant",
    "mul_requant",
    "multiply_by_quantized_multiplier",
    "prelu_params",
    "quantize_multiplier",
    "quantized_bound",
    "requant",
    "requantized",
    "round_half_away",
    "rounding_divide_by_pot",
    "softmax_params",
    "sum_requant",
    "window",
]

INT8_CODES = np.arange(-128, 128, dtype=np.int32)
"""Every int8 value, in the order of a 256-entry table."""


@dataclass(frozen=True, slots=True)
class Requant:
    """The factor multiplier * 2**(shift - 31); shift > 0 is applied before multiplying.

    `multiplier` is 0 or in [2**30, 2**31), except for MEAN, whose 1/count may halve it.
    """

    multiplier: int
    shift: int

    @property
    def real(self) -> float:
        """The factor this stands for."""
        return math.ldexp(self.multiplier, self.shift - 31)


# ------------------------------------------------------------------------------- arithmetic


def round_half_away(x: float) -> int:
    """C's round(): to the nearest integer, halves away from zero."""
    return int(math.copysign(math.floor(abs(x) + 0.5), x))


def quantize_multiplier(real: float) -> tuple[int, int]:
    """`real` >= 0 as (multiplier, shift), rounded to 31 bits.

    Factors below 2**-32 become (0, 0), as a right shift of more than 31 would give zero anyway.
    """
    if real == 0.0:
        return 0, 0
    fraction, shift = math.frexp(real)
    multiplier = round_half_away(math.ldexp(fraction, 31))
    if multiplier == 1 << 31:
        multiplier, shift = 1 << 30, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def requant(real: float) -> Requant:
    """`quantize_multiplier` as a value."""
    return Requant(*quantize_multiplier(real))


def multiply_by_quantized_multiplier(
    x: ArrayLike, multiplier: ArrayLike, shift: ArrayLike
) -> NDArray[np.int32]:
    """`x` (int32 values) times the factor, rounded twice; operands broadcast.

    A left shift wraps at 32 bits, as it does in the C of the reference.
    """
    shifts = np.asarray(shift, np.int64)
    shifted = (np.asarray(x, np.int64) << np.maximum(shifts, 0)).astype(np.int32)
    return rounding_divide_by_pot(high_mul(shifted, multiplier), np.maximum(-shifts, 0))


# ------------------------------------------------------------------------ operator parameters


@lru_cache(maxsize=1024)
def accumulator_requants(input: Quant, weights: Quant, output: Quant) -> tuple[Requant, ...]:
    """Factors from accumulator to output, one per weight scale.

    For CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED alike. All products are in float64, as in
    tflite-micro; tflite-runtime 2.14 takes a FULLY_CONNECTED's first product in float32.
    """
    return tuple(requant(input.scale * scale / output.scale) for scale in weights.scales)


@dataclass(frozen=True, slots=True)
class AddParams:
    """ADD: both operands are shifted left, brought to twice the larger scale, summed, rescaled."""

    left_shift: int
    a: Requant
    b: Requant
    output: Requant


def add_params(a: Quant, b: Quant, output: Quant) -> AddParams:
    """Parameters of an int8 ADD."""
    left_shift = 20
    twice_max = 2.0 * max(a.scale, b.scale)
    return AddParams(
        left_shift=left_shift,
        a=requant(a.scale / twice_max),
        b=requant(b.scale / twice_max),
        output=requant(twice_max / ((1 << left_shift) * output.scale)),
    )


def matmul_requant(a: Quant, b: Quant, output: Quant) -> Requant:
    """Factor from a sum of products, less their zero points, to the output of BATCH_MATMUL."""
    return requant(a.scale * b.scale / output.scale)


def sum_requant(input: Quant, output: Quant) -> Requant:
    """Factor from the sum of elements (less their zero points) to the output of SUM."""
    return requant(input.scale / output.scale)


def mul_requant(a: Quant, b: Quant, output: Quant) -> Requant:
    """Factor from the product of the operands, less their zero points, to the output of MUL."""
    return requant(a.scale * b.scale / output.scale)


def compare_requant(quant: Quant) -> Requant:
    """Factor of a comparison's operand, from 256ths of a step to 256ths of 1."""
    return requant(quant.scale)


def div_requant(a: Quant, b: Quant, output: Quant) -> Requant:
    """Factor of an int8 DIV."""
    return requant(a.scale / (b.scale * output.scale))


def divided(a: NDArray[np.int32], b: NDArray[np.int32], factor: Requant) -> NDArray[np.int64]:
    """a / b * factor, a times the reciprocal of b, which has 31 bits, then rounded once more.

    The references shift right by more than 31 bits where a quotient is small, which C leaves open;
    here it is 0 then. A divisor of 0 gives the largest value of the dividend's sign.
    """
    top, bottom = np.where(b < 0, -a, a).astype(np.int64), np.abs(b).astype(np.int64)
    inverse, places = reciprocal(np.maximum(bottom, 1).astype(np.int32), 31)
    room = 32 - np.frexp(np.where(top < 0, -2 * top - 1, 2 * top + 1).astype(np.float64))[1]
    whole = high_mul(top << room, inverse)
    right = places + room - factor.shift
    scaled = rounding_divide_by_pot(high_mul(whole, factor.multiplier), np.clip(right, 0, 31))
    quotient = np.where(right > 31, 0, scaled.astype(np.int64))
    beyond = np.sign(a).astype(np.int64) * INT32_MAX
    result: NDArray[np.int64] = np.where(b == 0, beyond, quotient)
    return result


@dataclass(frozen=True, slots=True)
class PreluParams:
    """PRELU: factors of input steps, and of products of input and alpha steps."""

    positive: Requant
    negative: Requant


def prelu_params(input: Quant, alpha: Quant, output: Quant) -> PreluParams:
    """Parameters of an int8 PRELU."""
    return PreluParams(
        positive=requant(input.scale / output.scale),
        negative=requant(input.scale * alpha.scale / output.scale),
    )


def mean_requant(input: Quant, output: Quant, count: int) -> Requant:
    """Factor from the sum of `count` elements (less their zero points) to the output of MEAN.

    1/count goes into the multiplier: doubled as often as 31 bits allow, then divided by count,
    rounding down.
    """
    factor = requant(input.scale / output.scale)
    doublings = min(count.bit_length() - 1, 32, 31 + factor.shift)
    return Requant((factor.multiplier << doublings) // count, factor.shift - doublings)


@dataclass(frozen=True, slots=True)
class SoftmaxParams:
    """SOFTMAX: factor of the differences to Q5.26; those below `diff_min` contribute nothing."""

    multiplier: int
    left_shift: int
    diff_min: int


def softmax_params(input: Quant, beta: float) -> SoftmaxParams:
    """Parameters of an int8 SOFTMAX."""
    integer_bits = 5
    real = float(np.float32(beta)) * input.scale * (1 << (31 - integer_bits))
    multiplier, left_shift = quantize_multiplier(min(real, (1 << 31) - 1.0))
    return SoftmaxParams(multiplier, left_shift, -input_radius(integer_bits, left_shift))


@dataclass(frozen=True, slots=True)
class LogSoftmaxParams:
    """LOG_SOFTMAX: differences to Q5.26 and back."""

    multiplier: int
    left_shift: int
    diff_min: int
    reverse: Requant


def log_softmax_params(input: Quant) -> LogSoftmaxParams:
    """Parameters of an int8 LOG_SOFTMAX."""
    forward = softmax_params(input, 1.0)
    reverse = requant(float(1 << (31 - forward.left_shift)) / forward.multiplier)
    return LogSoftmaxParams(forward.multiplier, forward.left_shift, forward.diff_min, reverse)


def squared_difference_params(a: Quant, b: Quant, output: Quant) -> AddParams:
    """Parameters of an int8 SQUARED_DIFFERENCE: operands shifted left by 7, brought to twice the
    larger scale."""
    left_shift = 7
    twice_max = 2.0 * max(a.scale, b.scale)
    factor = twice_max * twice_max / ((1 << 2 * left_shift) * output.scale)
    return AddParams(
        left_shift, requant(a.scale / twice_max), requant(b.scale / twice_max), requant(factor)
    )


def input_radius(integer_bits: int, left_shift: int) -> int:
    """Largest difference that fixed point with `integer_bits` can hold after the left shift."""
    top = ((1 << integer_bits) - 1) * float(1 << (31 - integer_bits))
    return math.floor(math.ldexp(top, -left_shift))


def activation_range(
    activation: Activation, output: Quant, dtype: DType = DType.INT8
) -> tuple[int, int]:
    """The fused activation's bounds as quantized values, within the range of `dtype`."""
    info = np.iinfo(dtype.value)
    low, high = _REAL_RANGE[activation]
    return (
        info.min if low is None else max(int(info.min), quantized_bound(low, output)),
        info.max if high is None else min(int(info.max), quantized_bound(high, output)),
    )


_REAL_RANGE: dict[Activation, tuple[float | None, float | None]] = {
    Activation.NONE: (None, None),
    Activation.RELU: (0.0, None),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}


def quantized_bound(real: float, quant: Quant) -> int:
    """A real bound as a quantized value; the division is in float32."""
    return quant.zero_point + round_half_away(float(np.float32(real) / np.float32(quant.scale)))


@dataclass(frozen=True, slots=True)
class Window:
    """One spatial axis of a window operator: output extent and padding on either side."""

    output: int
    before: int
    after: int


def window(padding: Padding, input: int, kernel: int, stride: int = 1, dilation: int = 1) -> Window:
    """Output extent and padding along one axis; SAME puts the odd element after."""
    span = (kernel - 1) * dilation + 1
    if padding is Padding.VALID:
        return Window((input - span) // stride + 1, 0, 0)
    output = -(-input // stride)
    total = max((output - 1) * stride + span - input, 0)
    return Window(output, total // 2, total - total // 2)


def requantized(codes: NDArray[np.int32], input: Quant, output: Quant) -> NDArray[np.int32]:
    """Quantized values moved from one scale and zero point to another, not yet clamped."""
    factor = requant(input.scale / output.scale)
    centred = codes - np.int32(input.zero_point)
    scaled = multiply_by_quantized_multiplier(centred, factor.multiplier, factor.shift)
    return scaled + np.int32(output.zero_point)
