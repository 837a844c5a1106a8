"""Functions of one int8 as tables of 256 int8 results, each with TFLite's own arithmetic.

One table serves interpreter and C alike. Where the references have fixed point the table is made
with the same fixed point; ELU, EXP, LOG and GELU are tables in the references too, made in float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter import gemmlowp
from edgekit.converter.fixed_point import (
    INT8_CODES,
    Requant,
    SoftmaxParams,
    activation_range,
    input_radius,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    quantized_bound,
    requant,
    requantized,
    rounding_divide_by_pot,
)
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Quant
from edgekit.converter.ir.ops import Activation, Op

Codes = NDArray[np.int32]
Reals = NDArray[np.float32]
SOFTMAX_INTEGER_BITS = 5
"""Of a softmax's scaled differences."""


def lut_for(op: Op, input: Quant, output: Quant) -> NDArray[np.int8]:
    """The operator as 256 int8 results, the one of x at index x + 128 (read-only).

    For every operator of `TABLES`; QUANTIZE from int8 to int8.
    """
    table = np.clip(TABLES[type(op)](op, input, output), -128, 127).astype(np.int8)
    table.flags.writeable = False
    return table


def _clamped(activation: Activation) -> Callable[[Op, Quant, Quant], Codes]:
    def build(op: Op, input: Quant, output: Quant) -> Codes:
        low, high = activation_range(activation, output)
        return np.clip(requantized(INT8_CODES, input, output), low, high)

    return build


def _unit_step(op: Op, input: Quant, output: Quant) -> Codes:
    """RELU_0_TO_1."""
    low, high = (quantized_bound(real, output) for real in (0.0, 1.0))
    return np.clip(requantized(INT8_CODES, input, output), max(low, -128), min(high, 127))


def _logistic(op: Op, input: Quant, output: Quant) -> Codes:
    """Fixed point with 4 integer bits; the output is always 1/256 with zero point -128."""
    centred, inside, radius = _in_q4(input)
    result = rounding_divide_by_pot(gemmlowp.logistic(inside, 4), 31 - 8) - 128
    return np.where(centred <= -radius, -128, np.where(centred >= radius, 127, result))


def _tanh(op: Op, input: Quant, output: Quant) -> Codes:
    """Fixed point with 4 integer bits; the output is always 1/128 with zero point 0."""
    centred, inside, radius = _in_q4(input)
    result = rounding_divide_by_pot(gemmlowp.tanh(inside, 4), 31 - 7)
    return np.where(centred <= -radius, -128, np.where(centred >= radius, 127, result))


def _in_q4(input: Quant) -> tuple[Codes, Codes, int]:
    """Inputs less their zero point; the same in Q4.27; the difference that Q4.27 cannot hold."""
    integer_bits = 4
    multiplier, shift = quantize_multiplier(input.scale * (1 << (31 - integer_bits)))
    radius = input_radius(integer_bits, shift)
    centred = INT8_CODES - np.int32(input.zero_point)
    inside = np.clip(centred, -radius, radius)
    return centred, multiply_by_quantized_multiplier(inside, multiplier, shift), radius


def _leaky_relu(op: Op, input: Quant, output: Quant) -> Codes:
    """Two factors, either side of zero."""
    assert isinstance(op, ops.LeakyRelu)
    positive, negative = leaky_requants(op, input, output)
    centred = INT8_CODES - np.int32(input.zero_point)
    scaled = [
        multiply_by_quantized_multiplier(centred, factor.multiplier, factor.shift)
        for factor in (positive, negative)
    ]
    return np.where(centred >= 0, scaled[0], scaled[1]) + np.int32(output.zero_point)


def leaky_requants(op: ops.LeakyRelu, input: Quant, output: Quant) -> tuple[Requant, Requant]:
    """Factors of values from zero up and below, both taken in float32."""
    source, target = np.float32(input.scale), np.float32(output.scale)
    positive = requant(float(source / target))
    return positive, _signed_requant(float(source * np.float32(op.alpha) / target))


def _signed_requant(real: float) -> Requant:
    """The factor of a slope that may be negative: its multiplier carries the sign."""
    factor = requant(abs(real))
    return Requant(-factor.multiplier, factor.shift) if real < 0 else factor


def _in_float(function: Callable[[Reals], Reals]) -> Callable[[Op, Quant, Quant], Codes]:
    """A function that the references take in float32, rounded half away from zero; what is no
    number is the smallest code."""
    return lambda op, input, output: _codes(function(_real_inputs(input)), output)


def _real_inputs(input: Quant) -> Reals:
    return np.float32(input.scale) * (INT8_CODES - input.zero_point).astype(np.float32)


def _codes(y: Reals, output: Quant, half: float = 0.5) -> Codes:
    """Real values in steps of the output; with `half` 0 cut off."""
    steps = (y * (np.float32(1) / np.float32(output.scale))).astype(np.float64)
    steps = np.nan_to_num(steps, nan=-np.inf)
    rounded = np.clip(np.trunc(steps + np.copysign(half, steps)), -1024, 1024)
    result: Codes = (rounded + output.zero_point).astype(np.int32)
    return result


def _elu_of(x: Reals) -> Reals:
    """exp(x) - 1 below zero."""
    below = np.exp(np.minimum(x, 0).astype(np.float64)).astype(np.float32) - np.float32(1)
    y: Reals = np.where(x < 0, below, x)
    return y


def _exp_of(x: Reals) -> Reals:
    y: Reals = np.exp(x.astype(np.float64)).astype(np.float32)
    return y


def _log_of(x: Reals) -> Reals:
    with np.errstate(divide="ignore", invalid="ignore"):
        y: Reals = np.log(x.astype(np.float64)).astype(np.float32)
    return y


def gelu_of(x: Reals) -> Reals:
    """x / 2 * (1 + erf(x / root 2)) in float32."""
    half, one = np.float32(0.5), np.float32(1)
    inner = x * np.float32(math.sqrt(0.5))
    share = np.array([math.erf(value) for value in inner.ravel().tolist()], np.float32)
    y: Reals = half * x * (one + share.reshape(x.shape))
    return y


def gelu_by_tanh(x: Reals) -> Reals:
    """x / 2 * (1 + tanh(root(2 / pi) * (x + 0.044715 x^3))) in float32."""
    half, one = np.float32(0.5), np.float32(1)
    inner = np.float32(math.sqrt(2 / math.pi)) * (x + np.float32(0.044715) * x * x * x)
    y: Reals = half * x * (one + np.tanh(inner.astype(np.float64)).astype(np.float32))
    return y


def _gelu(op: Op, input: Quant, output: Quant) -> Codes:
    assert isinstance(op, ops.Gelu)
    function = gelu_by_tanh if op.approximate else gelu_of
    return _codes(function(_real_inputs(input)), output)


def _sqrt(op: Op, input: Quant, output: Quant) -> Codes:
    """The root in float32, cut off: LiteRT does not round here. Below zero there is none."""
    x = np.maximum(_real_inputs(input), np.float32(0))
    return _codes(np.sqrt(x), output, half=0.0)


def _neg(op: Op, input: Quant, output: Quant) -> Codes:
    """Stored values with the other sign; -128 has none and stays."""
    return np.where(INT8_CODES == -128, -128, -INT8_CODES)


# HARD_SWISH computes in int16, each value a multiple of 2**-7 of an input step.

_HIRES_BITS = 7
_INT16 = np.iinfo(np.int16)


def hard_swish_factor(input: Quant, output: Quant) -> Requant:
    """Factor from input steps of 1/128 to output steps; its shift must not be positive."""
    hires = np.float32(1 / 128) * np.float32(input.scale)
    return _int16_requant(float(hires / np.float32(output.scale)))


def _hard_swish(op: Op, input: Quant, output: Quant) -> Codes:
    """x * clamp(x + 3, 0, 6) / 6: the clamp is what saturates at int16."""
    to_output = hard_swish_factor(input, output)
    hires = np.float32(1 / 128) * np.float32(input.scale)
    to_clamp = _int16_requant(float(hires / (np.float32(3) / np.float32(32768))))
    x = (INT8_CODES.astype(np.int64) - input.zero_point) << _HIRES_BITS
    clamped = x
    if to_clamp.shift > 0:
        clamped = _int16(clamped << (to_clamp.shift - 1))
    clamped = _high_mul16(clamped, to_clamp.multiplier)
    if to_clamp.shift > 0:
        clamped = _int16(clamped << 1)
    else:
        clamped = rounding_divide_by_pot(clamped, -to_clamp.shift).astype(np.int64)
    gate = (clamped + (1 << 15)) >> 1
    product = gate * _high_mul16(x, to_output.multiplier)
    # C's division: towards zero.
    unshifted = np.sign(product) * (np.abs(product) >> 15)
    result = rounding_divide_by_pot(unshifted, max(-to_output.shift, 0))
    return np.clip(result + np.int32(output.zero_point), -128, 127)


def _int16_requant(real: float) -> Requant:
    """A factor whose multiplier is cut down to int16."""
    multiplier, shift = quantize_multiplier(real)
    return Requant(min((multiplier + (1 << 15)) >> 16, int(_INT16.max)), shift)


def _int16(x: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.clip(x, _INT16.min, _INT16.max)


def _high_mul16(a: NDArray[np.int64], b: int) -> NDArray[np.int64]:
    """round(a * b / 2**15), halves up."""
    rounded: Any = (a * b + (1 << 14)) >> 15
    return np.asarray(rounded, np.int64)


def _abs(op: Op, input: Quant, output: Quant) -> Codes:
    """The distance from zero, rescaled where the scales differ."""
    distance = np.abs(INT8_CODES - np.int32(input.zero_point))
    if input.scale != output.scale:
        factor = distance_requant(input, output)
        distance = multiply_by_quantized_multiplier(distance, factor.multiplier, factor.shift)
    codes: Codes = distance + np.int32(output.zero_point)
    return codes


def distance_requant(input: Quant, output: Quant) -> Requant:
    """Factor of ABS."""
    return requant(input.scale / output.scale)


def _rsqrt(op: Op, input: Quant, output: Quant) -> Codes:
    """Fixed point with 20 bits behind the point; zero gives the largest code."""
    precise = 20
    factor = requant(1.0 / float(np.sqrt(np.float32(input.scale)) * np.float32(output.scale)))
    found = []
    for code in (INT8_CODES - np.int32(input.zero_point)).tolist():
        if code <= 0:
            found.append(127)
            continue
        multiplier, shift = gemmlowp.inverse_sqrt(code)
        inverse = multiply_by_quantized_multiplier(1, multiplier, shift + precise)
        scaled = multiply_by_quantized_multiplier(
            inverse, factor.multiplier, factor.shift - precise
        )
        found.append(int(scaled) + output.zero_point)
    return np.array(found, np.int32)


TABLES: dict[type[Op], Callable[[Op, Quant, Quant], Codes]] = {
    ops.Logistic: _logistic,
    ops.Tanh: _tanh,
    ops.Relu: _clamped(Activation.RELU),
    ops.Relu6: _clamped(Activation.RELU6),
    ops.ReluN1To1: _clamped(Activation.RELU_N1_TO_1),
    ops.Relu0To1: _unit_step,
    ops.LeakyRelu: _leaky_relu,
    ops.Elu: _in_float(_elu_of),
    ops.Exp: _in_float(_exp_of),
    ops.Log: _in_float(_log_of),
    ops.Sqrt: _sqrt,
    ops.Gelu: _gelu,
    ops.Neg: _neg,
    ops.HardSwish: _hard_swish,
    ops.Abs: _abs,
    ops.Rsqrt: _rsqrt,
    ops.Quantize: _clamped(Activation.NONE),
}
"""How each operator's table is made."""


def exponential_table(params: SoftmaxParams) -> NDArray[np.int32]:
    """exp(-d) in Q0.31 for the 256 possible distances d of an int8 to its softmax row's maximum; 0
    below `diff_min`."""
    differences = -np.arange(256)
    near = np.maximum(differences, params.diff_min)
    scaled = multiply_by_quantized_multiplier(near, params.multiplier, params.left_shift)
    powers = gemmlowp.exp_on_negative_values(scaled, SOFTMAX_INTEGER_BITS)
    return np.where(differences >= params.diff_min, powers, 0).astype(np.int32)
