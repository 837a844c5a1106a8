"""CONV_2D: every window becomes a row, and the rows are multiplied by the weights."""

from __future__ import annotations

from edgekit.converter.interpret.accumulate import accumulation
from edgekit.converter.interpret.kernel import Array, Kernel, in_blocks, unsupported
from edgekit.converter.interpret.window import Windows
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Conv2D


def conv2d(graph: Graph, node: Node) -> Kernel:
    """y[h, w, o] = finish(sum over i, j, c of x[h*stride + i, w*stride + j, c] * k[o, i, j, c])."""
    op = node.op
    assert isinstance(op, Conv2D)
    shape, kernel = graph.input(node).shape, graph.input(node, 1).shape
    if kernel[3] != shape[3]:
        found = f"weights for {kernel[3]} of {shape[3]} input channels"
        raise unsupported(node, found, "no groups", "interpret-groups")
    stride, dilation = (op.stride_h, op.stride_w), (op.dilation_h, op.dilation_w)
    windows = Windows.of(shape, op.padding, (kernel[1], kernel[2]), stride, dilation)
    sums = accumulation(graph, node, channel_axis=0, activation=op.activation)

    def block(x: Array) -> Array:
        rows = windows.patches(windows.pad(x, sums.fill, sums.weights.dtype))
        return sums.finish(rows @ sums.weights).reshape(len(x), *windows.output, -1)

    per_sample = windows.output[0] * windows.output[1] * len(sums.weights)
    return lambda x, *_: in_blocks(block, x, per_sample)
