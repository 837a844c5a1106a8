"""ADD and MUL with broadcasting; LOGISTIC, RELU and RELU6, which are tables in int8."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import (
    INT8_CODES,
    Requant,
    activation_range,
    add_params,
    lut_for,
    mul_requant,
    multiply_by_quantized_multiplier,
)
from edgekit.converter.interpret.kernel import (
    Array,
    Kernel,
    activate,
    number_format,
    quant_of,
)
from edgekit.converter.interpret.requantize import Requantizer
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Add, Mul, Relu, Relu6


def add(graph: Graph, node: Node) -> Kernel:
    """finish(a * a_factor + b * b_factor), each operand brought to a common scale first."""
    op = node.op
    assert isinstance(op, Add)
    if number_format(graph, node) is DType.FLOAT32:
        return lambda a, b: activate(a + b, op.activation)
    a, b, output = (quant_of(node, t) for t in _operands(graph, node))
    params = add_params(a, b, output)
    # A scaled operand has 256 possible values.
    scaled_a = _scaled(a, params.a, params.left_shift)
    scaled_b = _scaled(b, params.b, params.left_shift)
    finish = _finish(params.output, output, op.activation, peak=255 << 20)
    return lambda a, b: finish(look_up(scaled_a, a) + look_up(scaled_b, b))


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


def logistic(graph: Graph, node: Node) -> Kernel:
    """1 / (1 + exp(-x))."""
    if number_format(graph, node) is DType.INT8:
        return table(graph, node)
    one = np.float32(1)

    def kernel(x: Array) -> Array:
        # exp of a negative number only, so that nothing overflows.
        power = np.exp(-np.abs(x))
        result: Array = np.where(x >= 0, one, power) / (one + power)
        return result

    return kernel


def rectify(graph: Graph, node: Node) -> Kernel:
    """RELU and RELU6."""
    if number_format(graph, node) is DType.INT8:
        return table(graph, node)
    activation = {Relu: Activation.RELU, Relu6: Activation.RELU6}[type(node.op)]
    return lambda x: activate(x.copy(), activation)


def table(graph: Graph, node: Node) -> Kernel:
    """An int8 to int8 function as a 256-entry table."""
    source, target = quant_of(node, graph.input(node)), quant_of(node, graph.output(node))
    entries = lut_for(node.op, source, target)
    return lambda x: look_up(entries, x)
