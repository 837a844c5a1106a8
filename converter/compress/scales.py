"""Multiplications and additions by constants into the weights beside them.

What is left of a BatchNorm that its converter did not fold, and of normalization layers.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.compress.edit import constant_operand, float_constant, merged, only_reader
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import (
    Activation,
    Add,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mul,
    Padding,
)

Floats = NDArray[np.float32]
WEIGHTED = (Conv2D, DepthwiseConv2D, FullyConnected)


def fold_scales(graph: Graph) -> Graph:
    """MUL and ADD by per-channel constants behind or in front of a weighted operator fold into it.

    Behind: w' = w * m, b' = b * m + a; the operator must have no activation yet. In front:
    w' = w * m along the input channels, b' = b + sum(w * a); an ADD only where no padding is
    added to what it shifts. A MUL or ADD in between must have no other reader.
    """
    done = False
    while not done:
        found = next(filter(None, (_fold(graph, node) for node in graph.nodes)), None)
        done = found is None
        if found is not None:
            graph = found
    return graph


def _fold(graph: Graph, node: Node) -> Graph | None:
    """The graph after folding `node` and its only reader into one, or None."""
    reader = only_reader(graph, node.output)
    if reader is None:
        return None
    if isinstance(node.op, WEIGHTED) and isinstance(reader.op, Add | Mul):
        return _behind(graph, node, reader)
    if isinstance(node.op, Add | Mul) and isinstance(reader.op, WEIGHTED):
        return _in_front(graph, node, reader)
    return None


def _behind(graph: Graph, node: Node, reader: Node) -> Graph | None:
    assert isinstance(node.op, WEIGHTED)
    assert isinstance(reader.op, Add | Mul)
    weights = _constant(graph, node, 1)
    channels = graph.output(node).shape[-1]
    values = _per_channel(graph, reader, channels)
    ready = weights is not None and values is not None and _plain(node)
    if not ready or weights is None or values is None:
        return None
    if graph.output(reader).shape != graph.output(node).shape:
        return None
    bias = _bias(graph, node, channels)
    if bias is None:
        return None
    factors = values if isinstance(reader.op, Mul) else np.ones(channels, np.float32)
    moved = bias * factors + (0 if isinstance(reader.op, Mul) else values)
    stored = weights.values.astype(np.float32)
    scaled = stored * _along(factors, stored.ndim, node)
    op = replace(node.op, activation=reader.op.activation)
    made = replace(node, op=op, outputs=reader.outputs)
    return _with_constants(graph, node, reader, made, (scaled, moved))


def _in_front(graph: Graph, node: Node, reader: Node) -> Graph | None:
    assert isinstance(node.op, Add | Mul)
    assert isinstance(reader.op, WEIGHTED)
    weights = _constant(graph, reader, 1)
    source = _variable(graph, node)
    if weights is None or source is None or reader.inputs[0] != node.output:
        return None
    if node.op.activation is not Activation.NONE or graph[source].shape != graph.output(node).shape:
        return None
    channels = graph.input(reader).shape[-1]
    values = _per_channel(graph, node, channels)
    if values is None or (isinstance(reader.op, FullyConnected) and _regroups(weights, channels)):
        return None
    bias = _bias(graph, reader, graph.output(reader).shape[-1])
    if bias is None or (isinstance(node.op, Add) and not _unpadded(graph, reader)):
        return None
    wide = _input_channels(values, reader, weights)
    stored = weights.values.astype(np.float32)
    if isinstance(node.op, Mul):
        scaled, moved = stored * wide, bias
    else:
        axes = (0, 1, 2) if isinstance(reader.op, DepthwiseConv2D) else (1, 2, 3)
        sums = (stored * wide).sum(axis=axes if stored.ndim == 4 else 1)
        scaled, moved = stored, bias + sums
    made = replace(reader, inputs=(source, *reader.inputs[1:]))
    return _with_constants(graph, node, reader, made, (scaled, moved), owner=reader)


def _with_constants(
    graph: Graph,
    first: Node,
    second: Node,
    made: Node,
    constants: tuple[NDArray[Any], NDArray[Any]],
    owner: Node | None = None,
) -> Graph:
    """`made` with these weights and bias instead of `first` and `second`.

    New constants get new names where another node reads the old ones.
    """
    holder = owner or first
    weights, bias = graph.input(holder, 1), graph.operand(holder, 2)
    shared = len(graph.consumers(weights.name)) > 1
    name = f"{weights.name}/{holder.name}" if shared else weights.name
    new_weights = float_constant(name, weights, constants[0])
    bias_name = f"{holder.name}/bias"
    if bias is not None and len(graph.consumers(bias.name)) == 1:
        bias_name = bias.name
    new_bias = float_constant(bias_name, weights, constants[1])
    inputs = (made.inputs[0], new_weights.name, new_bias.name)
    graph = graph.with_tensors(new_weights, new_bias)
    return merged(graph, first, second, replace(made, inputs=inputs))


def _plain(node: Node) -> bool:
    assert isinstance(node.op, WEIGHTED)
    return node.op.activation is Activation.NONE


def _constant(graph: Graph, node: Node, index: int) -> Tensor | None:
    tensor = graph.operand(node, index)
    usable = tensor is not None and tensor.constant and tensor.dtype is DType.FLOAT32
    return tensor if usable else None


def _bias(graph: Graph, node: Node, channels: int) -> Floats | None:
    """The bias, zeros when absent, None when it is no float32 constant."""
    if graph.operand(node, 2) is None:
        return np.zeros(channels, np.float32)
    tensor = _constant(graph, node, 2)
    return None if tensor is None else tensor.values.astype(np.float32)


def _variable(graph: Graph, node: Node) -> str | None:
    """The operand that is not constant."""
    found = constant_operand(graph, node)
    return None if found is None else node.inputs[1 - found[0]]


def _per_channel(graph: Graph, node: Node, channels: int) -> Floats | None:
    """The constant operand as one value per channel, if that is all it is."""
    found = constant_operand(graph, node)
    if found is None or found[1].dtype is not DType.FLOAT32:
        return None
    values = found[1].values.astype(np.float32)
    if values.size == 1:
        return np.full(channels, values.reshape(-1)[0], np.float32)
    return values.reshape(-1) if values.shape[-1] == values.size == channels else None


def _along(factors: Floats, rank: int, node: Node) -> Floats:
    """Output-channel factors shaped to multiply the node's weights."""
    if isinstance(node.op, DepthwiseConv2D):
        return factors.reshape(1, 1, 1, -1)
    return factors.reshape(-1, *(1,) * (rank - 1))


def _input_channels(values: Floats, node: Node, weights: Tensor) -> Floats:
    """Input-channel values shaped to multiply the node's weights."""
    if isinstance(node.op, DepthwiseConv2D):
        return np.repeat(values, weights.shape[3] // len(values)).reshape(1, 1, 1, -1)
    return values


def _regroups(weights: Tensor, channels: int) -> bool:
    """Whether a FULLY_CONNECTED flattens more than the last axis of its input."""
    return weights.shape[1] != channels


def _unpadded(graph: Graph, node: Node) -> bool:
    """Whether every window of the operator lies inside its input."""
    op = node.op
    if isinstance(op, FullyConnected):
        return True
    assert isinstance(op, Conv2D | DepthwiseConv2D)
    window = graph.input(node, 1).shape[1:3]
    return op.padding is Padding.VALID or window == (1, 1)
