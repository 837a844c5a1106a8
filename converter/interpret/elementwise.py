"""Two operands with broadcasting: ADD, SUB, MUL, MAXIMUM, MINIMUM and PRELU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import (
    INT8_CODES,
    Requant,
    activation_range,
    add_params,
    div_requant,
    divided,
    mul_requant,
    multiply_by_quantized_multiplier,
    prelu_params,
    squared_difference_params,
)
from edgekit.converter.interpret.kernel import (
    Array,
    Kernel,
    activate,
    number_format,
    quant_of,
    same_quantization,
)
from edgekit.converter.interpret.requantize import Requantizer
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Add, Div, Mul, Sub


def add(graph: Graph, node: Node) -> Kernel:
    """finish(a * a_factor + b * b_factor), each operand brought to a common scale first."""
    return _sum(graph, node, np.add)


def sub(graph: Graph, node: Node) -> Kernel:
    """finish(a * a_factor - b * b_factor)."""
    return _sum(graph, node, np.subtract)


def _sum(graph: Graph, node: Node, combine: Kernel) -> Kernel:
    op = node.op
    assert isinstance(op, Add | Sub)
    if graph.source(node).dtype is DType.INT32 and op.activation is Activation.NONE:
        return combine  # of indices that a file computes from constants
    if number_format(graph, node) is DType.FLOAT32:
        return lambda a, b: activate(combine(a, b), op.activation)
    a, b, output = (quant_of(node, t) for t in _operands(graph, node))
    params = add_params(a, b, output)
    # A scaled operand has 256 possible values.
    scaled_a = _scaled(a, params.a, params.left_shift)
    scaled_b = _scaled(b, params.b, params.left_shift)
    finish = _finish(params.output, output, op.activation, peak=255 << 20)
    return lambda a, b: finish(combine(look_up(scaled_a, a), look_up(scaled_b, b)))


def _scaled(quant: Quant, factor: Requant, left_shift: int) -> NDArray[np.int32]:
    shifted = (INT8_CODES - np.int32(quant.zero_point)) << left_shift
    return multiply_by_quantized_multiplier(shifted, factor.multiplier, factor.shift)


def mul(graph: Graph, node: Node) -> Kernel:
    """finish((a - a_zero) * (b - b_zero))."""
    op = node.op
    assert isinstance(op, Mul)
    if number_format(graph, node) is DType.FLOAT32:
        return lambda a, b: activate(a * b, op.activation)
    a, b, output = (quant_of(node, t) for t in _operands(graph, node))
    finish = _finish(mul_requant(a, b, output), output, op.activation, peak=255 * 255)
    a_zero, b_zero = a.zero_point, b.zero_point
    return lambda a, b: finish((a.astype(np.int32) - a_zero) * (b.astype(np.int32) - b_zero))


def div(graph: Graph, node: Node) -> Kernel:
    """a / b; in int8 by the reciprocal of the divisor in fixed point."""
    assert isinstance(node.op, Div)
    activation = node.op.activation
    if number_format(graph, node) is DType.FLOAT32:
        return lambda a, b: activate(a / b, activation)
    a, b, output = (quant_of(node, t) for t in _operands(graph, node))
    factor, (low, high) = div_requant(a, b, output), activation_range(activation, output)
    a_zero, b_zero = np.int32(a.zero_point), np.int32(b.zero_point)

    def kernel(a: Array, b: Array) -> Array:
        quotients = divided(a.astype(np.int32) - a_zero, b.astype(np.int32) - b_zero, factor)
        return np.clip(quotients + output.zero_point, low, high).astype(np.int8)

    return kernel


def power(graph: Graph, node: Node) -> Kernel:
    """a to the power b in float32."""
    return np.power


def floor_div(graph: Graph, node: Node) -> Kernel:
    """The integer below a / b in float32."""
    return lambda a, b: np.floor(a / b)


def squared_difference(graph: Graph, node: Node) -> Kernel:
    """finish((a * a_factor - b * b_factor)^2), each operand brought to a common scale first."""
    if number_format(graph, node) is DType.FLOAT32:
        return lambda a, b: np.square(a - b)
    a, b, output = (quant_of(node, t) for t in _operands(graph, node))
    params = squared_difference_params(a, b, output)
    scaled_a = _scaled(a, params.a, params.left_shift)
    scaled_b = _scaled(b, params.b, params.left_shift)
    finish = _finish(params.output, output, Activation.NONE, peak=255 * 255 << 14)
    return lambda a, b: finish(np.square(look_up(scaled_a, a) - look_up(scaled_b, b)))


def maximum(graph: Graph, node: Node) -> Kernel:
    """The larger of two stored values: all scales are one."""
    number_format(graph, node)
    same_quantization(graph, node)
    return np.maximum


def minimum(graph: Graph, node: Node) -> Kernel:
    """The smaller of two stored values: all scales are one."""
    number_format(graph, node)
    same_quantization(graph, node)
    return np.minimum


def prelu(graph: Graph, node: Node) -> Kernel:
    """x, or alpha * x where x is negative; integers rescale either way."""
    if number_format(graph, node) is DType.FLOAT32:
        return lambda x, alpha: np.where(x >= 0, x, x * alpha)
    source, slope, output = (quant_of(node, t) for t in _operands(graph, node))
    params = prelu_params(source, slope, output)
    limits = np.iinfo(graph.output(node).dtype.value)

    def kernel(x: Array, alpha: Array) -> Array:
        centred = x.astype(np.int32) - np.int32(source.zero_point)
        product = centred * (alpha.astype(np.int32) - np.int32(slope.zero_point))
        kept, scaled = (
            multiply_by_quantized_multiplier(values, factor.multiplier, factor.shift)
            for values, factor in ((centred, params.positive), (product, params.negative))
        )
        codes = np.where(centred >= 0, kept, scaled) + np.int32(output.zero_point)
        return np.clip(codes, limits.min, limits.max).astype(limits.dtype)

    return kernel


def _operands(graph: Graph, node: Node) -> tuple[Tensor, Tensor, Tensor]:
    return graph.input(node, 0), graph.input(node, 1), graph.output(node)


def _finish(factor: Requant, output: Quant, activation: Activation, peak: int) -> Kernel:
    """Requantization of all elements by one factor, whatever the shape."""
    bounds = activation_range(activation, output)
    flat = Requantizer.of(np.zeros(1, np.int64), [factor], output.zero_point, bounds, peak)
    return lambda x: flat(x.reshape(-1, 1)).reshape(x.shape)


def look_up(table: Array, x: Array) -> Array:
    """table[x + 128] for int8 `x`."""
    by_unsigned_code = np.roll(table, 128)
    found: Array = np.take(by_unsigned_code, x.view(np.uint8))
    return found
