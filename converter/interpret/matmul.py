"""BATCH_MATMUL."""

from __future__ import annotations

import numpy as np

from edgekit.converter.fixed_point import activation_range, matmul_requant
from edgekit.converter.interpret.accumulate import exact_dtype
from edgekit.converter.interpret.kernel import Array, Kernel, number_format, quant_of
from edgekit.converter.interpret.requantize import Requantizer
from edgekit.converter.interpret.wide import wide_finish
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import Activation, BatchMatmul


def batch_matmul(graph: Graph, node: Node) -> Kernel:
    """y[.., i, j] = sum over k of a[.., i, k] * b[.., k, j]; int8 less the zero points."""
    op = node.op
    assert isinstance(op, BatchMatmul)

    def product(a: Array, b: Array) -> Array:
        left = np.swapaxes(a, -1, -2) if op.adj_x else a
        result: Array = left @ (np.swapaxes(b, -1, -2) if op.adj_y else b)
        return result

    if number_format(graph, node) is DType.FLOAT32:
        return product
    if number_format(graph, node) is DType.INT16:
        return _int16(graph, node, product)
    a, b, y = (quant_of(node, graph[name]) for name in (*node.inputs, node.output) if name)
    inner = graph.input(node).shape[-2 if op.adj_x else -1]
    peak = 255 * 255 * inner
    bounds = activation_range(Activation.NONE, y)
    zeros = np.zeros(1, np.int64)
    finish = Requantizer.of(zeros, [matmul_requant(a, b, y)], y.zero_point, bounds, peak)
    dtype, a_zero, b_zero = exact_dtype(peak), a.zero_point, b.zero_point

    def kernel(a: Array, b: Array) -> Array:
        sums = product(a.astype(dtype) - a_zero, b.astype(dtype) - b_zero)
        return finish(sums.reshape(-1, 1)).reshape(sums.shape)

    return kernel


def _int16(graph: Graph, node: Node, product: Kernel) -> Kernel:
    """Sums are exact in float64; the end is that of int16 convolutions."""
    a, b, y = (quant_of(node, graph[name]) for name in (*node.inputs, node.output) if name)
    bounds = activation_range(Activation.NONE, y, DType.INT16)
    finish = wide_finish(np.zeros(1, np.int64), [matmul_requant(a, b, y)], bounds)

    def kernel(a: Array, b: Array) -> Array:
        return finish(product(a.astype(np.float64), b.astype(np.float64)))

    return kernel
