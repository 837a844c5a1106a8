"""RELU and RELU6 into the operator in front of them."""

from __future__ import annotations

from dataclasses import replace

from edgekit.converter.compress.edit import merged, only_reader
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import (
    Activation,
    Add,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mul,
    Op,
    Pool2D,
    Relu,
    Relu6,
    Sub,
)

FUSIBLE = (Conv2D, DepthwiseConv2D, FullyConnected, Pool2D, Add, Sub, Mul)
"""Operators whose TFLite kernels clamp their output on the way."""

ACTIVATIONS: dict[type[Op], Activation] = {Relu: Activation.RELU, Relu6: Activation.RELU6}

_TOGETHER = {
    (Activation.NONE, Activation.RELU): Activation.RELU,
    (Activation.NONE, Activation.RELU6): Activation.RELU6,
    (Activation.RELU, Activation.RELU): Activation.RELU,
    (Activation.RELU, Activation.RELU6): Activation.RELU6,
    (Activation.RELU6, Activation.RELU): Activation.RELU6,
    (Activation.RELU6, Activation.RELU6): Activation.RELU6,
}


def fuse_activations(graph: Graph) -> Graph:
    """A RELU or RELU6 that alone reads a clamping operator becomes its fused activation."""
    done = False
    while not done:
        pair = next(filter(None, (_pair(graph, node) for node in graph.nodes)), None)
        done = pair is None
        if pair is not None:
            graph = merged(graph, *pair)
    return graph


def _pair(graph: Graph, node: Node) -> tuple[Node, Node, Node] | None:
    """(producer, activation, what replaces both)."""
    if not isinstance(node.op, FUSIBLE):
        return None
    reader = only_reader(graph, node.output)
    if reader is None or type(reader.op) not in ACTIVATIONS:
        return None
    fused = _TOGETHER.get((node.op.activation, ACTIVATIONS[type(reader.op)]))
    if fused is None:
        return None
    made = replace(node, op=replace(node.op, activation=fused), outputs=reader.outputs)
    return node, reader, made
