"""Operators on packed signs; formulas and roundings of the Larq Compute Engine 0.16.

LCE counts in `acc` how many bits of a window differ from the weights; with K taps the sum of
products is K - 2 acc. A padded 0 is neither +1 nor -1: it adds half a bit for each channel.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.binary_ends import End, output_end
from edgekit.converter.bits import pack_bits, signs, unpack_bits
from edgekit.converter.interpret.conv import ungrouped
from edgekit.converter.interpret.kernel import Array, Kernel, constant, in_blocks, quant_of
from edgekit.converter.interpret.window import Windows
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Conv2D, LceBconv2d, LceBMaxPool2d, Padding
from edgekit.converter.ir.shapes_binary import groups, taps


def quantize(graph: Graph, node: Node) -> Kernel:
    """1 where x < 0: int8 below its zero point, bool false."""
    x = graph.input(node)
    if x.dtype is DType.BOOL:
        return lambda x, *_: pack_bits(~x.astype(np.bool_))
    zero = quant_of(node, x).zero_point if x.dtype is DType.INT8 else 0
    return lambda x, *_: pack_bits(x < zero)


def dequantize(graph: Graph, node: Node) -> Kernel:
    """+1 and -1 in float32, true and false, or zero point +- round(1 / scale) in int8."""
    y = graph.output(node)
    channels = y.shape[-1]
    plus, minus = dequantized_values(graph, node)

    def kernel(x: Array, *_: Array) -> Array:
        return np.where(unpack_bits(x, channels), minus, plus)

    return kernel


def dequantized_values(graph: Graph, node: Node) -> tuple[np.generic, np.generic]:
    """What +1 and -1 become."""
    y = graph.output(node)
    if y.dtype is DType.BOOL:
        return np.bool_(True), np.bool_(False)
    if y.dtype is DType.FLOAT32:
        return np.float32(1), np.float32(-1)
    plus, minus = int8_signs(node, y)
    return np.int8(plus), np.int8(minus)


def int8_signs(node: Node, y: Tensor) -> tuple[int, int]:
    """+1 and -1 in the scale of `y`, saturated."""
    quant = quant_of(node, y)
    step = int(np.floor(np.float32(1) / np.float32(quant.scale) + np.float32(0.5)))
    low, high = (max(-128, min(127, quant.zero_point + sign * step)) for sign in (-1, 1))
    return high, low


def bmax_pool2d(graph: Graph, node: Node) -> Kernel:
    """AND over each window's words that lie inside the image."""
    op = node.op
    assert isinstance(op, LceBMaxPool2d)
    kernel, stride = (op.filter_h, op.filter_w), (op.stride_h, op.stride_w)
    windows = Windows.of(graph.input(node).shape, op.padding, kernel, stride)

    def run(x: Array, *_: Array) -> Array:
        total = np.full((len(x), *windows.output, x.shape[3]), -1, np.int32)
        for _i, _j, tap in windows.taps(windows.pad(x, -1, np.int32)):
            total &= tap
        return total

    return run


def bconv2d(graph: Graph, node: Node) -> Kernel:
    """acc = (K - sum of products) / 2, then the end that the output's element type asks for."""
    op = node.op
    assert isinstance(op, LceBconv2d)
    windows = _windows(graph, node, op)
    matrix = _weights(graph, node, op)
    count = taps(graph, node)
    end = output_end(graph, node)
    fill = op.pad_values if op.padding is Padding.SAME else 0

    def block(x: Array) -> Array:
        rows = windows.patches(windows.pad(signs(x, op.channels_in), fill, np.float32))
        acc = ((count - (rows @ matrix)) / 2).astype(np.int64)
        return finish(acc, end).reshape(len(x), *windows.output, -1)

    per_sample = windows.output[0] * windows.output[1] * len(matrix)
    return lambda x, *_: in_blocks(block, x, per_sample)


def finish(acc: NDArray[np.int64], end: End) -> Array:
    """Counts of differing bits (..., outputs) as float32, int8 or packed signs."""
    if end.thresholds is not None:
        return pack_bits(acc > end.thresholds)
    doubled = np.clip(acc << 1, end.low, end.high).astype(np.float32)
    y: NDArray[np.float32] = doubled * end.multiplier + end.bias
    if end.dtype is DType.FLOAT32:
        return y
    # TFLite rounds halves away from zero; in float64 adding one half is exact.
    wide = y.astype(np.float64)
    rounded: NDArray[np.float64] = np.trunc(wide + np.copysign(0.5, wide))
    return rounded.clip(-128, 127).astype(np.int8)


def _windows(graph: Graph, node: Node, op: LceBconv2d) -> Windows:
    _, height, width, _ = graph.input(node, 1).shape
    stride, dilation = (op.stride_h, op.stride_w), (op.dilation_h, op.dilation_w)
    shape = graph.input(node).shape
    return Windows.of(shape, op.padding, (height, width), stride, dilation)


def _weights(graph: Graph, node: Node, op: LceBconv2d) -> NDArray[np.float32]:
    """+1 and -1 as (taps of all channels, outputs); 0 outside an output's group."""
    packed = constant(graph, node, 1)
    own = op.channels_in // groups(graph, node)
    plain: Array = signs(packed.values.astype(np.int32), own)
    if own < op.channels_in:
        wide = replace(packed, shape=plain.shape, dtype=DType.FLOAT32, data=plain)
        x = replace(graph.input(node), shape=(*graph.input(node).shape[:3], op.channels_in))
        conv = replace(node, op=Conv2D(op.padding), inputs=node.inputs[:2])
        plain = constant(ungrouped(graph.with_tensors(wide, x), conv), conv, 1).values
    return np.ascontiguousarray(plain.reshape(len(plain), -1).T, np.float32)
