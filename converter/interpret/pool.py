"""AVERAGE_POOL_2D, MAX_POOL_2D and MEAN."""

from __future__ import annotations

import numpy as np

from edgekit.converter.fixed_point import (
    activation_range,
    mean_requant,
    multiply_by_quantized_multiplier,
)
from edgekit.converter.interpret.kernel import (
    Array,
    Kernel,
    activate,
    constant,
    in_blocks,
    number_format,
    quant_of,
    same_quantization,
)
from edgekit.converter.interpret.window import Windows
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import AveragePool2D, Mean, Pool2D


def average_pool2d(graph: Graph, node: Node) -> Kernel:
    """Mean of each window's elements that lie inside the image; int8 rounds halves away from 0."""
    windows, clamp = _windows(graph, node), _clamp(graph, node)
    integer = number_format(graph, node) is not DType.FLOAT32
    half_up = isinstance(node.op, AveragePool2D) and node.op.half_up
    inside = windows.pad(np.ones((1, *graph.input(node).shape[1:3], 1), np.int32), 0, np.int32)
    counts: Array = np.sum([tap for _, _, tap in windows.taps(inside)], axis=0)

    def block(x: Array) -> Array:
        padded = windows.pad(x, 0, np.int32 if integer else np.float32)
        total = np.zeros((len(x), *windows.output, x.shape[3]), padded.dtype)
        for _, _, tap in windows.taps(padded):
            total += tap
        if not integer:
            return clamp(total / counts.astype(np.float32))
        if half_up:
            return clamp((total + counts // 2) // counts)
        return clamp(np.sign(total) * ((np.abs(total) + counts // 2) // counts))

    return lambda x, *_: in_blocks(block, x, 4 * int(np.prod(x.shape[1:])))


def max_pool2d(graph: Graph, node: Node) -> Kernel:
    """Maximum of each window's elements that lie inside the image."""
    windows, clamp = _windows(graph, node), _clamp(graph, node)
    form = number_format(graph, node)
    lowest = -np.inf if form is DType.FLOAT32 else np.iinfo(form.value).min

    def block(x: Array) -> Array:
        padded = windows.pad(x, lowest, x.dtype)
        total = np.full((len(x), *windows.output, x.shape[3]), lowest, x.dtype)
        for _, _, tap in windows.taps(padded):
            np.maximum(total, tap, out=total)
        return clamp(total)

    return lambda x, *_: in_blocks(block, x, 2 * int(np.prod(x.shape[1:])))


def mean(graph: Graph, node: Node) -> Kernel:
    """Mean over the axes of the second operand; int8 rescales the sum, 1/count in the factor."""
    op = node.op
    assert isinstance(op, Mean)
    shape = graph.input(node).shape
    axes = tuple({int(axis) % len(shape) for axis in constant(graph, node, 1).values.ravel()})
    if number_format(graph, node) is DType.FLOAT32:
        return lambda x, *_: x.mean(axis=axes, keepdims=op.keep_dims, dtype=np.float32)
    source, target = quant_of(node, graph.input(node)), quant_of(node, graph.output(node))
    count = int(np.prod([shape[axis] for axis in axes]))
    factor = mean_requant(source, target, count)

    def kernel(x: Array, *_: Array | None) -> Array:
        total = x.sum(axis=axes, keepdims=op.keep_dims, dtype=np.int64) - source.zero_point * count
        scaled = multiply_by_quantized_multiplier(total, factor.multiplier, factor.shift)
        return np.clip(scaled + target.zero_point, -128, 127).astype(np.int8)

    return kernel


def _windows(graph: Graph, node: Node) -> Windows:
    op = node.op
    assert isinstance(op, Pool2D)
    kernel, stride = (op.filter_h, op.filter_w), (op.stride_h, op.stride_w)
    return Windows.of(graph.input(node).shape, op.padding, kernel, stride)


def _clamp(graph: Graph, node: Node) -> Kernel:
    """The fused activation, back in the operator's dtype; integers keep the input's scale."""
    op, form = node.op, number_format(graph, node)
    assert isinstance(op, Pool2D)
    if form is DType.FLOAT32:
        return lambda x: activate(x, op.activation)
    same_quantization(graph, node)
    low, high = activation_range(op.activation, quant_of(node, graph.output(node)), form)
    return lambda x: np.clip(x, low, high).astype(form.numpy)
