"""Operators that move elements and keep their values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.converter.interpret.kernel import (
    Array,
    Kernel,
    Results,
    constant,
    quant_of,
    same_quantization,
    unsupported,
)
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Activation, Concatenation, Pack, PadV2
from edgekit.converter.moves import takes, view


def pad(graph: Graph, node: Node) -> Kernel:
    """The input surrounded by real zeros, or by the constant third operand."""
    same_quantization(graph, node)
    source = graph.input(node)
    amounts = [(int(a), int(b)) for a, b in constant(graph, node, 1).values]
    fill = 0 if source.quant is None else quant_of(node, source).zero_point
    if isinstance(node.op, PadV2):
        fill = constant(graph, node, 2).values.item()
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


def pack(graph: Graph, node: Node) -> Kernel:
    """The operands side by side along a new axis."""
    op = node.op
    assert isinstance(op, Pack)
    same_quantization(graph, node)
    return lambda *operands: np.stack(operands, axis=op.axis)


def viewed(graph: Graph, node: Node) -> Callable[..., Results]:
    """The input read through other extents and strides; a tuple where there are several outputs."""
    same_quantization(graph, node)
    read, source = view(graph, node), graph.source(node)
    shapes = [graph[name].shape for name in node.outputs]

    def kernel(*operands: Array) -> Results:
        x = operands[node.op.SOURCE]
        whole = x.size == source.size
        made = tuple(
            np.ascontiguousarray(part).reshape(shape if whole else (-1, *shape[1:]))
            for part, shape in zip(read(x), shapes, strict=True)
        )
        return made if node.op.SEVERAL else made[0]

    return kernel


def taken(graph: Graph, node: Node) -> Kernel:
    """For each axis in turn the listed slices."""
    same_quantization(graph, node)
    steps, source, shape = takes(graph, node), graph.input(node), graph.output(node).shape

    def kernel(x: Array, *_: Array) -> Array:
        made = x
        for axis, indices in steps:
            made = np.take(made, indices, axis=axis)
        return made.reshape(shape if x.size == source.size else (-1, *shape[1:]))

    return kernel
