"""DEPTHWISE_CONV_2D: tap by tap, the shifted images are multiplied and added up."""

from __future__ import annotations

import numpy as np

from edgekit.converter.interpret.accumulate import accumulation
from edgekit.converter.interpret.kernel import Array, Kernel, in_blocks
from edgekit.converter.interpret.window import Windows
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import DepthwiseConv2D


def depthwise_conv2d(graph: Graph, node: Node) -> Kernel:
    """y[h, w, o] = finish(sum over i, j of x[h*stride + i, w*stride + j, o // m] * k[i, j, o])."""
    op = node.op
    assert isinstance(op, DepthwiseConv2D)
    shape, kernel = graph.input(node).shape, graph.input(node, 1).shape
    stride, dilation = (op.stride_h, op.stride_w), (op.dilation_h, op.dilation_w)
    windows = Windows.of(shape, op.padding, (kernel[1], kernel[2]), stride, dilation)
    sums = accumulation(graph, node, channel_axis=3, activation=op.activation)
    # One row of outputs wide, so that NumPy's inner loop is longer than the channels.
    taps = np.tile(sums.weights.reshape(*kernel[1:3], 1, kernel[3]), (1, 1, windows.output[1], 1))
    multiplier = kernel[3] // shape[3]

    def block(x: Array) -> Array:
        padded = windows.pad(x, sums.fill, sums.weights.dtype)
        if multiplier > 1:
            padded = np.repeat(padded, multiplier, axis=3)
        total = np.zeros((len(x), *windows.output, kernel[3]), padded.dtype)
        product = np.empty_like(total)
        for i, j, tap in windows.taps(padded):
            total += np.multiply(tap, taps[i, j], out=product)
        return sums.finish(total)

    # Smaller blocks than elsewhere: input, product and sum are walked once per tap.
    per_sample = 4 * multiplier * int(np.prod(shape[1:]))
    return lambda x, *_: in_blocks(block, x, per_sample)
