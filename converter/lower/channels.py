"""Channels that no input changes are left out, bit for bit: trained networks have many.

    conv (O channels) -> depthwise -> pooling .. -> conv

A channel with one value (`ranges.py`) is a constant times weights for the convolution that reads
it, which goes into its bias; then nobody needs the channel, nor its depthwise kernel, nor the
weights that made it. Where windows reach beyond the input they read the zero point instead of the
constant, so there only channels constantly at the zero point go.

Sets of channels to leave out are found as a greatest fixed point: all of them, less what an
operator needs, until every operator agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.lower.ranges import (
    Ranges,
    centred_weights,
    channel_ranges,
    keeps_channels,
    pads,
)

Mask = NDArray[np.bool_]
READERS = (ops.Conv2D, ops.FullyConnected)
WEIGHTED = (*READERS, ops.DepthwiseConv2D)
INT32 = np.iinfo(np.int32)


def drop_constant_channels(graph: Graph) -> Graph:
    """The graph without channels that no input changes and without weights that nobody needs.

    Inputs, outputs and all values that stay are the same for every input. A graph without such
    channels comes back itself.
    """
    if any(tensor.dtype is DType.UINT8 for tensor in graph.tensors.values()):
        return graph  # legacy weights have a zero point
    while (smaller := _dropped(graph)) is not graph:
        graph = smaller
    return graph


def _dropped(graph: Graph) -> Graph:
    ranges = channel_ranges(graph)
    masks = _removable(graph, ranges)
    if not any(mask.any() for mask in masks.values()):
        return graph
    made: dict[str, Tensor] = {}
    nodes = []
    for node in graph.nodes:
        source, result = (masks.get(name or "") for name in (node.inputs[0], node.output))
        changed = any(mask is not None and mask.any() for mask in (source, result))
        if isinstance(node.op, WEIGHTED) and changed:
            operands = _weights_and_bias(graph, node, source, result, ranges)
            if operands is None:
                return graph
            made |= {tensor.name: tensor for tensor in operands}
            node = replace(node, inputs=(node.inputs[0], *(t.name for t in operands)))
        elif isinstance(node.op, ops.Reshape) and changed:
            node = replace(node, inputs=node.inputs[:1])
        nodes.append(node)
    for name, mask in masks.items():
        made[name] = replace(graph[name], shape=(*graph[name].shape[:-1], int((~mask).sum())))
    return graph.with_tensors(*made.values()).with_nodes(nodes)


# ------------------------------------------------------------------------- which channels go


def _removable(graph: Graph, ranges: Mapping[str, Ranges]) -> dict[str, Mask]:
    """For each activation the channels to leave out."""
    masks = {
        name: np.full(len(found.low), _made_by_channel(graph, name), bool)
        for name, found in ranges.items()
    }
    before = -1
    while before != (now := sum(int(mask.sum()) for mask in masks.values())):
        before = now
        for node in graph.nodes:
            _agree(graph, node, ranges, masks)
        for mask in masks.values():
            if mask.all():
                mask[0] = False  # no tensor is empty
    return masks


def _made_by_channel(graph: Graph, name: str) -> bool:
    """Whether channels of a tensor can be left out as far as its producer is concerned."""
    node = graph.producer(name)
    if node is None or name in graph.results:
        return False
    return isinstance(node.op, READERS) or _by_channel(graph, node)


def _by_channel(graph: Graph, node: Node) -> bool:
    """Whether each channel of the output is computed from the same channel of the input."""
    match node.op:
        case ops.DepthwiseConv2D():
            return node.op.depth_multiplier == 1 and centred_weights(graph, node)
        case ops.AveragePool2D() | ops.MaxPool2D():
            return True
        case ops.Reshape() | ops.Mean():
            return keeps_channels(graph, node)
    return False


def _agree(graph: Graph, node: Node, ranges: Mapping[str, Ranges], masks: dict[str, Mask]) -> None:
    """Takes from the masks what the node needs."""
    read = [name for name in node.inputs if name in masks]
    if _by_channel(graph, node) and node.output in masks and read[:1] == [node.inputs[0]]:
        both = masks[read[0]] & masks[node.output]
        masks[read[0]], masks[node.output] = both, both.copy()
        return
    for name in read:
        plain = isinstance(node.op, READERS) and name == node.inputs[0]
        plain = plain and centred_weights(graph, node)
        needed = _needed(graph, node, ranges[name]) if plain else np.ones_like(masks[name])
        masks[name] &= ~needed


def _needed(graph: Graph, node: Node, x: Ranges) -> Mask:
    """Channels whose value the node cannot take into its bias."""
    weights = graph.input(node, 1).values
    if weights.shape[-1] != len(x.low):  # groups, or a flattened input
        return np.ones(len(x.low), bool)
    known = x.constant
    if isinstance(node.op, ops.Conv2D) and pads(graph, node):
        known = known & (x.low == _quant(graph.input(node)).zero_point)
    unread = ~weights.reshape(-1, weights.shape[-1]).any(axis=0)
    needed: Mask = ~(known | unread)
    return needed


# --------------------------------------------------------------------------- what is left of it


def _weights_and_bias(
    graph: Graph,
    node: Node,
    source: Mask | None,
    result: Mask | None,
    ranges: Mapping[str, Ranges],
) -> tuple[Tensor, Tensor] | None:
    """The node's weights and bias without the channels; None where a bias leaves int32."""
    weights = graph.input(node, 1)
    axis = 3 if isinstance(node.op, ops.DepthwiseConv2D) else 0
    bias = _bias(graph, node, weights.shape[axis])
    values, sums = weights.values, bias.values.astype(np.int64)
    if source is not None and source.any() and isinstance(node.op, READERS):
        x, zero = ranges[str(node.inputs[0])], _quant(graph.input(node)).zero_point
        gone = values[..., source].astype(np.int64) * (x.low[source] - zero)
        sums = sums + gone.reshape(len(values), -1).sum(axis=1)
        values = values[..., ~source]
    if result is not None:
        values, sums = np.compress(~result, values, axis), sums[~result]
    if sums.min(initial=0) < INT32.min or sums.max(initial=0) > INT32.max:
        return None
    return (
        _kept(weights, f"{node.name}/kept_weights", values, result),
        _kept(bias, f"{node.name}/kept_bias", sums.astype(np.int32), result),
    )


def _bias(graph: Graph, node: Node, count: int) -> Tensor:
    """The node's bias; zeros where it has none."""
    given = graph.operand(node, 2)
    if given is not None:
        return replace(given, shape=(count,), data=given.values.reshape(count))
    x, w = _quant(graph.input(node)), _quant(graph.input(node, 1))
    products = [x.scale * scale for scale in w.scales]
    many = len(products) > 1
    quant = Quant.per_channel(products, 0) if many else Quant.per_tensor(products[0], 0)
    return Tensor("", (count,), DType.INT32, quant, np.zeros(count, np.int32))


def _kept(tensor: Tensor, name: str, values: NDArray[np.generic], result: Mask | None) -> Tensor:
    quant = tensor.quant
    if quant is not None and len(quant.scales) > 1 and result is not None:
        kept = np.flatnonzero(~result)
        scales, zeros = ([row[i] for i in kept] for row in (quant.scales, quant.zero_points))
        quant = replace(quant, scales=tuple(scales), zero_points=tuple(zeros))
    return Tensor(name, values.shape, tensor.dtype, quant, np.ascontiguousarray(values))


def _quant(tensor: Tensor) -> Quant:
    assert tensor.quant is not None, f"{tensor.name} has no scale"
    return tensor.quant
