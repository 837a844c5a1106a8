"""PAD, CONCATENATION, RESHAPE and SQUEEZE: elements move and keep their values."""

from __future__ import annotations

import numpy as np

from edgekit.converter.interpret.kernel import (
    Array,
    Kernel,
    constant,
    quant_of,
    same_quantization,
    unsupported,
)
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Activation, Concatenation


def pad(graph: Graph, node: Node) -> Kernel:
    """The input surrounded by real zeros."""
    same_quantization(graph, node)
    source = graph.input(node)
    amounts = [(int(a), int(b)) for a, b in constant(graph, node, 1).values]
    fill = 0 if source.quant is None else quant_of(node, source).zero_point
    return lambda x, *_: np.pad(x, amounts, constant_values=fill)


def concatenation(graph: Graph, node: Node) -> Kernel:
    """The operands one after the other along an axis."""
    op = node.op
    assert isinstance(op, Concatenation)
    same_quantization(graph, node)
    if op.activation is not Activation.NONE:
        found = f"fused activation {op.activation}"
        raise unsupported(node, found, "none", "interpret-concat-activation")
    return lambda *operands: np.concatenate(operands, axis=op.axis)


def reshape(graph: Graph, node: Node) -> Kernel:
    """The output tensor's shape, with the leading extent grown as the input's was."""
    source, target = graph.input(node), graph.output(node)

    def kernel(x: Array, *_: Array | None) -> Array:
        if x.size == source.size:
            return x.reshape(target.shape)
        return x.reshape(-1, *target.shape[1:])

    return kernel
