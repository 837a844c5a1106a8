"""The operators on int16 activations where they differ from int8: other factors, tables, sums.

Sums of CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED are exact in float64: no layer reaches 2**53.
"""

from __future__ import annotations

import numpy as np

from edgekit.converter import fixed_point16 as wide
from edgekit.converter.fixed_point import (
    activation_range,
    mean_requant,
    mul_requant,
    multiply_by_quantized_multiplier,
    requantized,
    sum_requant,
)
from edgekit.converter.interpret import (
    borders,
    conv,
    dense,
    depthwise,
    elementwise,
    logic,
    matmul,
    movement,
    pool,
    reduce,
    resize,
    transposed,
    trees,
)
from edgekit.converter.interpret.kernel import (
    Array,
    Build,
    Kernel,
    constant,
    quant_of,
    unsupported,
)
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.ops_logic import SELECTIONS
from edgekit.converter.ir.shapes import reduced_axes
from edgekit.converter.moves import TAKES, VIEWS
from edgekit.converter.tables import distance_requant, leaky_requants

UNIT = Quant.per_tensor(1 / 32768, 0)
"""What LOGISTIC, TANH and SOFTMAX give: [-1, 1)."""


def mean(graph: Graph, node: Node) -> Kernel:
    """The sum over the axes times one factor, 1/count included."""
    op = node.op
    assert isinstance(op, ops.Mean)
    shape = graph.input(node).shape
    axes = tuple({int(axis) % len(shape) for axis in constant(graph, node, 1).values.ravel()})
    count = int(np.prod([shape[axis] for axis in axes]))
    factor = mean_requant(*_quants(graph, node), count)

    def kernel(x: Array, *_: Array | None) -> Array:
        total = x.sum(axis=axes, keepdims=op.keep_dims, dtype=np.int64)
        return _int16(multiply_by_quantized_multiplier(total, factor.multiplier, factor.shift))

    return kernel


def total(graph: Graph, node: Node) -> Kernel:
    """The sum over the axes, rescaled."""
    op, axes = node.op, reduced_axes(graph, node)
    assert isinstance(op, ops.Sum)
    factor = sum_requant(*_quants(graph, node))

    def kernel(x: Array, *_: Array | None) -> Array:
        sums = x.sum(axis=axes, keepdims=op.keep_dims, dtype=np.int64)
        return _int16(multiply_by_quantized_multiplier(sums, factor.multiplier, factor.shift))

    return kernel


def add(graph: Graph, node: Node) -> Kernel:
    """clamp((a * a_factor + b * b_factor) * factor), operands shifted left by 15 first; SUB takes
    the second away."""
    op = node.op
    assert isinstance(op, ops.Add | ops.Sub)
    sign = 1 if isinstance(op, ops.Add) else -1
    a, b, output = _three(graph, node)
    params = wide.add_params(a, b, output)
    low, high = activation_range(op.activation, output, DType.INT16)

    def scaled(x: Array, multiplier: int, shift: int) -> Array:
        shifted = x.astype(np.int64) << params.left_shift
        return multiply_by_quantized_multiplier(shifted, multiplier, shift)

    def kernel(a: Array, b: Array) -> Array:
        total = scaled(a, params.a.multiplier, params.a.shift)
        total = total + sign * scaled(b, params.b.multiplier, params.b.shift)
        codes = multiply_by_quantized_multiplier(
            total, params.output.multiplier, params.output.shift
        )
        return np.clip(codes, low, high).astype(np.int16)

    return kernel


def mul(graph: Graph, node: Node) -> Kernel:
    """clamp(a * b * factor)."""
    op = node.op
    assert isinstance(op, ops.Mul)
    a, b, output = _three(graph, node)
    factor = mul_requant(a, b, output)
    low, high = activation_range(op.activation, output, DType.INT16)

    def kernel(a: Array, b: Array) -> Array:
        # Both: NumPy 1 gives the product of a scalar and an array the type of the array.
        product = a.astype(np.int64) * b.astype(np.int64)
        codes = multiply_by_quantized_multiplier(product, factor.multiplier, factor.shift)
        return np.clip(codes, low, high).astype(np.int16)

    return kernel


def logistic(graph: Graph, node: Node) -> Kernel:
    """A table of 256 and a straight line between its entries."""
    steps = _unit_input(graph, node)
    return lambda x: wide.logistic(x, steps)


def tanh(graph: Graph, node: Node) -> Kernel:
    """The same table at twice the input."""
    steps = _unit_input(graph, node)
    return lambda x: wide.tanh(x, steps)


def _unit_input(graph: Graph, node: Node) -> wide.TableInput:
    _need_unit(graph, node)
    return wide.table_input(quant_of(node, graph.input(node)))


def softmax(graph: Graph, node: Node) -> Kernel:
    """Exponentials and the reciprocal of their sum from tables of 513."""
    op = node.op
    assert isinstance(op, ops.Softmax)
    _need_unit(graph, node)
    factor = wide.softmax_factor(quant_of(node, graph.input(node)), op.beta)
    powers, reciprocals = wide.exp_table(), wide.reciprocal_table()

    def kernel(x: Array) -> Array:
        below = x.astype(np.int64) - x.max(axis=-1, keepdims=True)
        scaled = multiply_by_quantized_multiplier(below, factor.multiplier, factor.shift)
        shares = wide.look_up(np.clip(scaled.astype(np.int64) + 32767, -32768, 32767), powers)
        total = shares.sum(axis=-1, keepdims=True)
        zeros = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
        # In [1, 2) with 16 bits behind the point, then around 0.
        unit = ((total << (zeros - 1)) + (1 << 13)) >> 14
        index = np.clip(unit - (1 << 15) - (1 << 16), -32768, 32767)
        right = 31 - zeros
        result = (shares * wide.look_up(index, reciprocals) + (1 << (right - 1))) >> right
        clipped: Array = np.clip(result, 0, 32767).astype(np.int16)
        return clipped

    return kernel


def leaky_relu(graph: Graph, node: Node) -> Kernel:
    """One factor from zero up, another below."""
    assert isinstance(node.op, ops.LeakyRelu)
    positive, negative = leaky_requants(node.op, *_quants(graph, node))

    def kernel(x: Array) -> Array:
        above, below = (
            multiply_by_quantized_multiplier(x.astype(np.int64), factor.multiplier, factor.shift)
            for factor in (positive, negative)
        )
        return _int16(np.where(x >= 0, above, below))

    return kernel


def absolute(graph: Graph, node: Node) -> Kernel:
    """The distance from zero, rescaled."""
    factor = distance_requant(*_quants(graph, node))

    def kernel(x: Array) -> Array:
        distance = np.abs(x.astype(np.int64))
        return _int16(multiply_by_quantized_multiplier(distance, factor.multiplier, factor.shift))

    return kernel


def clamped(activation: Activation) -> Build:
    """RELU and RELU6: another scale, then the activation's range."""

    def build(graph: Graph, node: Node) -> Kernel:
        source, target = _quants(graph, node)
        low, high = activation_range(activation, target, DType.INT16)
        return lambda x: np.clip(requantized(x.astype(np.int32), source, target), low, high).astype(
            np.int16
        )

    return build


def quantize(graph: Graph, node: Node) -> Kernel:
    """float32, int8 or int16 to int8 or int16."""
    source, target = graph.input(node), graph.output(node)
    if source.dtype is DType.FLOAT32:
        return borders.quantize(graph, node)
    if target.dtype not in (DType.INT8, DType.INT16):
        found = f"from {source.dtype} to {target.dtype}"
        raise unsupported(node, found, "int8 or int16", "interpret-dtype")
    limits = np.iinfo(target.dtype.value)
    before, after = _quants(graph, node)

    def kernel(x: Array) -> Array:
        codes = requantized(x.astype(np.int32), before, after)
        return np.clip(codes, limits.min, limits.max).astype(target.dtype.numpy)

    return kernel


def _quants(graph: Graph, node: Node) -> tuple[Quant, Quant]:
    return quant_of(node, graph.input(node)), quant_of(node, graph.output(node))


def _three(graph: Graph, node: Node) -> tuple[Quant, Quant, Quant]:
    operands = (graph.input(node, 0), graph.input(node, 1), graph.output(node))
    a, b, output = (quant_of(node, tensor) for tensor in operands)
    return a, b, output


def _need_unit(graph: Graph, node: Node) -> None:
    if quant_of(node, graph.output(node)) != UNIT:
        found = f"output quantized as {graph.output(node).quant}"
        raise unsupported(node, found, "scale 1/32768, zero point 0", "interpret-unit-scale")


def _int16(codes: Array) -> Array:
    return np.clip(codes, -32768, 32767).astype(np.int16)


BUILDS: dict[type[ops.Op], Build] = {
    ops.Conv2D: conv.conv2d,
    ops.TreeEnsemble: trees.tree_ensemble,
    ops.DepthwiseConv2D: depthwise.depthwise_conv2d,
    ops.FullyConnected: dense.fully_connected,
    ops.AveragePool2D: pool.average_pool2d,
    ops.MaxPool2D: pool.max_pool2d,
    ops.TransposeConv: transposed.transpose_conv,
    ops.BatchMatmul: matmul.batch_matmul,
    ops.Mean: mean,
    ops.Sum: total,
    ops.ReduceMax: reduce.largest,
    ops.ReduceMin: reduce.smallest,
    ops.ResizeBilinear: resize.resize_bilinear,
    ops.Add: add,
    ops.Sub: add,
    ops.Maximum: elementwise.maximum,
    ops.Minimum: elementwise.minimum,
    ops.LeakyRelu: leaky_relu,
    ops.Prelu: elementwise.prelu,
    ops.Abs: absolute,
    ops.Mul: mul,
    ops.Logistic: logistic,
    ops.Tanh: tanh,
    ops.Relu: clamped(Activation.RELU),
    ops.Relu6: clamped(Activation.RELU6),
    ops.Softmax: softmax,
    ops.Pad: movement.pad,
    ops.Concatenation: movement.concatenation,
    ops.Reshape: movement.reshape,
    ops.Squeeze: movement.reshape,
    ops.ExpandDims: movement.reshape,
    ops.PadV2: movement.pad,
    ops.Pack: movement.pack,
    **dict.fromkeys(VIEWS, movement.viewed),
    **dict.fromkeys(TAKES, movement.taken),
    **dict.fromkeys(SELECTIONS, logic.select),
    ops.Quantize: quantize,
    ops.Dequantize: borders.dequantize,
}
