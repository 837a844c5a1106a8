"""SUM, REDUCE_MAX and ARG_MAX: many elements become one."""

from __future__ import annotations

import numpy as np

from edgekit.converter.fixed_point import multiply_by_quantized_multiplier, sum_requant
from edgekit.converter.interpret.kernel import (
    Array,
    Kernel,
    number_format,
    quant_of,
    same_quantization,
)
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import ReduceMax, ReduceMin, Sum
from edgekit.converter.ir.shapes import reduced_axes
from edgekit.converter.ir.slicing import ints


def total(graph: Graph, node: Node) -> Kernel:
    """Sum over the axes; int8 rescales the sum of the differences from zero."""
    op, axes = node.op, reduced_axes(graph, node)
    assert isinstance(op, Sum)
    if number_format(graph, node) is DType.FLOAT32:
        return lambda x, *_: x.sum(axis=axes, keepdims=op.keep_dims, dtype=np.float32)
    source, target = quant_of(node, graph.input(node)), quant_of(node, graph.output(node))
    factor = sum_requant(source, target)
    zeros = source.zero_point * int(np.prod([graph.input(node).shape[axis] for axis in axes]))

    def kernel(x: Array, *_: Array) -> Array:
        sums = x.sum(axis=axes, keepdims=op.keep_dims, dtype=np.int64) - zeros
        scaled = multiply_by_quantized_multiplier(sums, factor.multiplier, factor.shift)
        return np.clip(scaled + target.zero_point, -128, 127).astype(np.int8)

    return kernel


def largest(graph: Graph, node: Node) -> Kernel:
    """Maximum over the axes; stored values compare, since all scales are one."""
    op, axes = node.op, reduced_axes(graph, node)
    assert isinstance(op, ReduceMax)
    same_quantization(graph, node)
    return lambda x, *_: x.max(axis=axes, keepdims=op.keep_dims)


def smallest(graph: Graph, node: Node) -> Kernel:
    """Minimum over the axes."""
    op, axes = node.op, reduced_axes(graph, node)
    assert isinstance(op, ReduceMin)
    same_quantization(graph, node)
    return lambda x, *_: x.min(axis=axes, keepdims=op.keep_dims)


def arg_max(graph: Graph, node: Node) -> Kernel:
    """Index of the first largest value along the axis."""
    [axis] = ints(graph.input(node, 1))
    return lambda x, *_: np.argmax(x, axis=axis).astype(np.int32)
