"""Which values each channel of an int8 tensor can take, whatever the model's inputs.

Interval arithmetic, channel by channel (last axis), in the integers that the operators compute:
bounds hold for every input. They are wide, but a channel whose bounds meet never changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import (
    Requant,
    accumulator_requants,
    activation_range,
    mean_requant,
    multiply_by_quantized_multiplier,
    window,
)
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor

Bounds = NDArray[np.int64]
INT32 = np.iinfo(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class Ranges:
    """The smallest and the largest value of each channel, as stored."""

    low: Bounds
    high: Bounds

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Channels that have one value."""
        same: NDArray[np.bool_] = self.low == self.high
        return same


def channel_ranges(graph: Graph) -> Mapping[str, Ranges]:
    """The ranges of every int8 activation with a scale; of operators not known here, all int8."""
    found: dict[str, Ranges] = {}
    for name in graph.activations():
        tensor = graph[name]
        if tensor.dtype is DType.INT8 and tensor.quant is not None and tensor.shape:
            found[name] = _anything(tensor)
    for node in graph.nodes:
        rule = RULES.get(type(node.op))
        source = str(node.inputs[node.op.SOURCE])
        if rule is None or source not in found or node.output not in found:
            continue
        if centred_weights(graph, node):
            found[node.output] = rule(graph, node, found[source])
    return found


def centred_weights(graph: Graph, node: Node) -> bool:
    """Whether weights, if the node has any, are integers around zero: not those of uint8 models."""
    weights = graph.role(node, "weights")
    if weights is None:
        return True
    signed = weights.dtype in (DType.INT8, DType.INT4)
    return signed and weights.quant is not None and not any(weights.quant.zero_points)


def pads(graph: Graph, node: Node) -> bool:
    """Whether windows of a convolution reach beyond the input, where they read zero points."""
    op, x, weights = node.op, graph.input(node), graph.input(node, 1)
    assert isinstance(op, ops.Conv2D | ops.DepthwiseConv2D)
    rows = window(op.padding, x.shape[1], weights.shape[1], op.stride_h, op.dilation_h)
    columns = window(op.padding, x.shape[2], weights.shape[2], op.stride_w, op.dilation_w)
    return any((rows.before, rows.after, columns.before, columns.after))


def keeps_channels(graph: Graph, node: Node) -> bool:
    """Whether the last axis of a RESHAPE's or MEAN's output is that of its input."""
    x, y = graph.input(node), graph.output(node)
    if isinstance(node.op, ops.Mean):
        axes = np.atleast_1d(graph.input(node, 1).values).astype(np.int64)
        return y.size > 0 and not np.any(axes % len(x.shape) == len(x.shape) - 1)
    return x.shape[-1:] == y.shape[-1:]


def _anything(tensor: Tensor) -> Ranges:
    channels = tensor.shape[-1]
    return Ranges(np.full(channels, -128, np.int64), np.full(channels, 127, np.int64))


def _convolution(graph: Graph, node: Node, x: Ranges) -> Ranges:
    weights = graph.input(node, 1).values.astype(np.int64)
    if weights.shape[3] != len(x.low):  # groups
        return _anything(graph.output(node))
    low, high = _from_zero(graph, node, x)
    taps = weights.transpose(1, 2, 0, 3).reshape(-1, weights.shape[0], weights.shape[3])
    return _accumulated(graph, node, *_sums(taps, low, high, axes=(0, 2)))


def _depthwise(graph: Graph, node: Node, x: Ranges) -> Ranges:
    weights = graph.input(node, 1).values.astype(np.int64)
    low, high = _from_zero(graph, node, x)
    multiplier = weights.shape[3] // len(low)
    taps = weights.reshape(-1, weights.shape[3])
    low, high = np.repeat(low, multiplier), np.repeat(high, multiplier)
    return _accumulated(graph, node, *_sums(taps, low, high, axes=(0,)))


def _fully_connected(graph: Graph, node: Node, x: Ranges) -> Ranges:
    weights = graph.input(node, 1).values.astype(np.int64)
    if weights.shape[1] != len(x.low):  # the input is flattened: any channel may meet any weight
        wide = weights.shape[1]
        x = Ranges(np.full(wide, x.low.min()), np.full(wide, x.high.max()))
    zero = _quant(graph.input(node)).zero_point
    sums = _sums(weights, x.low - zero, x.high - zero, axes=(1,))
    return _accumulated(graph, node, *sums)


def _from_zero(graph: Graph, node: Node, x: Ranges) -> tuple[Bounds, Bounds]:
    """Bounds of what the taps read, less the zero point; outside the input that is 0."""
    zero = _quant(graph.input(node)).zero_point
    low, high = x.low - zero, x.high - zero
    return (np.minimum(low, 0), np.maximum(high, 0)) if pads(graph, node) else (low, high)


def _sums(
    weights: NDArray[np.int64], low: Bounds, high: Bounds, axes: tuple[int, ...]
) -> tuple[Bounds, Bounds]:
    """Bounds of the sum over `axes` of weights times values in low..high."""
    ends = weights * low, weights * high
    return np.minimum(*ends).sum(axis=axes), np.maximum(*ends).sum(axis=axes)


def _accumulated(graph: Graph, node: Node, low: Bounds, high: Bounds) -> Ranges:
    """Bounds of outputs from those of accumulators; all int8 where an accumulator may wrap."""
    y, bias = graph.output(node), graph.operand(node, 2)
    start = 0 if bias is None else bias.values.astype(np.int64).reshape(-1)
    factors = accumulator_requants(
        _quant(graph.input(node)), _quant(graph.input(node, 1)), _quant(y)
    )
    return _clamped(node, y, low + start, high + start, factors)


def _clamped(
    node: Node, y: Tensor, low: Bounds, high: Bounds, factors: tuple[Requant, ...]
) -> Ranges:
    multiplier = np.array([factor.multiplier for factor in factors], np.int64)
    shift = np.array([factor.shift for factor in factors], np.int64)
    left = np.maximum(shift, 0)
    if (low << left).min() < INT32.min or (high << left).max() > INT32.max:
        return _anything(y)
    ends = [
        multiply_by_quantized_multiplier(end, multiplier, shift).astype(np.int64)
        + _quant(y).zero_point
        for end in (low, high)
    ]
    activation = getattr(node.op, "activation", ops.Activation.NONE)
    limits = activation_range(activation, _quant(y))
    return Ranges(*(np.clip(end, *limits) for end in ends))


def _pooled(graph: Graph, node: Node, x: Ranges) -> Ranges:
    """Means and maxima stay within the range of what they are taken of."""
    assert isinstance(node.op, ops.Pool2D)
    limits = activation_range(node.op.activation, _quant(graph.output(node)))
    return Ranges(np.clip(x.low, *limits), np.clip(x.high, *limits))


def _mean(graph: Graph, node: Node, x: Ranges) -> Ranges:
    source, y = graph.input(node), graph.output(node)
    if not keeps_channels(graph, node):
        return _anything(y)
    count, quant = source.size // y.size, _quant(source)
    low, high = ((end - quant.zero_point) * count for end in (x.low, x.high))
    return _clamped(node, y, low, high, (mean_requant(quant, _quant(y), count),))


def _same(graph: Graph, node: Node, x: Ranges) -> Ranges:
    """Another shape."""
    return x if keeps_channels(graph, node) else _anything(graph.output(node))


def _quant(tensor: Tensor) -> Quant:
    assert tensor.quant is not None, f"{tensor.name} has no scale"
    return tensor.quant


RULES: Mapping[type[ops.Op], Callable[[Graph, Node, Ranges], Ranges]] = {
    ops.Conv2D: _convolution,
    ops.DepthwiseConv2D: _depthwise,
    ops.FullyConnected: _fully_connected,
    ops.AveragePool2D: _pooled,
    ops.MaxPool2D: _pooled,
    ops.Mean: _mean,
    ops.Reshape: _same,
}
