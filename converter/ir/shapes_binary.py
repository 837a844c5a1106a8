"""Shape inference of the operators on packed signs."""

from __future__ import annotations

from typing import Any

from edgekit.converter.bits import WORD, words
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.slicing import Shape, need


def quantize(graph: Graph, node: Node, op: Any) -> Shape:
    """The input's, with words in place of its channels."""
    x = graph.input(node).shape
    need(bool(x), "a single number has no channels")
    return (*x[:-1], words(x[-1]))


def dequantize(graph: Graph, node: Node, op: Any) -> Shape:
    """The output's own, after checking that it takes as many words."""
    x, y = graph.input(node).shape, graph.output(node).shape
    need(bool(y) and (*y[:-1], words(y[-1])) == x, f"{list(x)} words do not hold {list(y)}")
    return y


def groups(graph: Graph, node: Node) -> int:
    """Groups of a convolution: as often as the weights' words go into the input's."""
    return graph.input(node).shape[3] // max(graph.input(node, 1).shape[3], 1)


def taps(graph: Graph, node: Node) -> int:
    """Taps of a convolution's unpacked window, of one group."""
    assert isinstance(node.op, ops.LceBconv2d)
    _, height, width, _ = graph.input(node, 1).shape
    return height * width * (node.op.channels_in // groups(graph, node))


def bconv_outputs(graph: Graph, node: Node, op: Any) -> int:
    """Output channels, after checking operands against one another."""
    x, weights = graph.input(node).shape, graph.input(node, 1).shape
    need(len(x) == 4, f"input {list(x)} is not of rank 4")
    need(len(weights) == 4, f"weights {list(weights)} are not of rank 4")
    need(
        op.channels_in > 0 and words(op.channels_in) == x[3],
        f"channels_in {op.channels_in} with {x[3]} words in the input",
    )
    count = groups(graph, node)
    whole = count > 0 and count * weights[3] == x[3]
    need(whole, f"weights of {weights[3]} words on an input of {x[3]}")
    need(
        count == 1 or op.channels_in == count * weights[3] * WORD,
        f"{op.channels_in} channels in {count} groups",
    )
    need(weights[0] % count == 0, f"{weights[0]} outputs in {count} groups")
    for role in ("multiplier", "bias", "threshold"):
        tensor = graph.role(node, role)
        if tensor is not None:
            need(tensor.size == weights[0], f"{role} {list(tensor.shape)} for {weights[0]} outputs")
    return weights[0]
