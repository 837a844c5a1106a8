"""TRANSPOSE_CONV: every input is spread over a window of outputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.converter.fixed_point import accumulator_requants, activation_range, window
from edgekit.converter.interpret.accumulate import exact_dtype
from edgekit.converter.interpret.kernel import (
    Array,
    Kernel,
    activate,
    constant,
    in_blocks,
    number_format,
    quant_of,
)
from edgekit.converter.interpret.requantize import Requantizer
from edgekit.converter.interpret.wide import wide_finish
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import TransposeConv


def transpose_conv(graph: Graph, node: Node) -> Kernel:
    """y[h*stride + i - pad, w*stride + j - pad, o] += x[h, w, c] * k[o, i, j, c], then finish."""
    op = node.op
    assert isinstance(op, TransposeConv)
    weights = constant(graph, node, 1).values
    count, kernel_h, kernel_w, depth = weights.shape
    _, rows, columns, _ = graph.output(node).shape
    top = window(op.padding, rows, kernel_h, op.stride_h).before
    left = window(op.padding, columns, kernel_w, op.stride_w).before
    zero, dtype, finish = _ends(graph, node, weights)
    matrix = np.moveaxis(weights, 3, 0).reshape(depth, -1).astype(dtype)

    def block(x: Array) -> Array:
        n, h, w, _ = x.shape
        spread = (x.astype(dtype).reshape(-1, depth) - zero) @ matrix
        spread = spread.reshape(n, h, w, count, kernel_h, kernel_w)
        height, width = (h - 1) * op.stride_h + kernel_h, (w - 1) * op.stride_w + kernel_w
        shape = (n, max(height, top + rows), max(width, left + columns), count)
        total = np.zeros(shape, dtype)
        for i in range(kernel_h):
            for j in range(kernel_w):
                total[
                    :,
                    i : i + (h - 1) * op.stride_h + 1 : op.stride_h,
                    j : j + (w - 1) * op.stride_w + 1 : op.stride_w,
                ] += spread[..., i, j]
        return finish(total[:, top : top + rows, left : left + columns])

    size = int(np.prod(graph.source(node).shape[1:3])) * count * kernel_h * kernel_w
    return lambda shape, weights, x, *_: in_blocks(block, x, size)


def _ends(graph: Graph, node: Node, weights: Array) -> tuple[float, np.dtype[Any], Kernel]:
    """What is taken from the input, the dtype of the sums, and the step from sums to outputs."""
    op, tensor = node.op, graph.role(node, "bias")
    assert isinstance(op, TransposeConv)
    bias = np.zeros(len(weights)) if tensor is None else tensor.values
    if number_format(graph, node) is DType.FLOAT32:
        real = bias.astype(np.float32)
        return 0.0, np.dtype(np.float32), lambda sums: activate(sums + real, op.activation)
    source, target = quant_of(node, graph.source(node)), quant_of(node, graph.output(node))
    scale = quant_of(node, graph.input(node, 1))
    if number_format(graph, node) is DType.INT16:
        bounds = activation_range(op.activation, target, DType.INT16)
        factors = accumulator_requants(source, scale, target)
        return 0.0, np.dtype(np.float64), wide_finish(bias.astype(np.int64), factors, bounds)
    largest = int(np.abs(weights.astype(np.int64)).sum(axis=(1, 2, 3)).max()) * 255
    whole = bias.astype(np.int64)
    finish = Requantizer.of(
        whole,
        accumulator_requants(source, scale, target),
        target.zero_point,
        activation_range(op.activation, target),
        peak=largest + int(np.abs(whole).max()),
    )
    return float(source.zero_point), exact_dtype(largest), finish
