"""CONV_2D: every window becomes a row, and the rows are multiplied by the weights."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.interpret.accumulate import accumulation
from edgekit.converter.interpret.kernel import Array, Kernel, constant, in_blocks
from edgekit.converter.interpret.window import Windows
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Conv2D


def conv2d(graph: Graph, node: Node) -> Kernel:
    """y[h, w, o] = finish(sum over i, j, c of x[h*stride + i, w*stride + j, c] * k[o, i, j, c])."""
    op = node.op
    assert isinstance(op, Conv2D)
    shape, kernel = graph.input(node).shape, graph.input(node, 1).shape
    if kernel[3] != shape[3]:
        return conv2d(ungrouped(graph, node), node)
    stride, dilation = (op.stride_h, op.stride_w), (op.dilation_h, op.dilation_w)
    windows = Windows.of(shape, op.padding, (kernel[1], kernel[2]), stride, dilation)
    sums = accumulation(graph, node, channel_axis=0, activation=op.activation)

    def block(x: Array) -> Array:
        rows = windows.patches(windows.pad(x, sums.fill, sums.weights.dtype))
        return sums.finish(rows @ sums.weights).reshape(len(x), *windows.output, -1)

    per_sample = windows.output[0] * windows.output[1] * len(sums.weights)
    return lambda x, *_: in_blocks(block, x, per_sample)


def ungrouped(graph: Graph, node: Node) -> Graph:
    """The graph whose weights cover all input channels: zeros outside an output's group."""
    weights, depth = constant(graph, node, 1), graph.input(node).shape[3]
    count, *_, own = weights.shape
    groups = depth // own
    wide = np.zeros((*weights.shape[:3], depth), weights.dtype.numpy)
    for group in range(groups):
        outputs = slice(group * count // groups, (group + 1) * count // groups)
        wide[outputs, ..., group * own : (group + 1) * own] = weights.values[outputs]
    return graph.with_tensors(replace(weights, shape=wide.shape, data=wide))
