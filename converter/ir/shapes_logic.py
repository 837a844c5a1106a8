"""Shape inference of comparisons, logic, selection, sums along an axis, and their movement."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.converter.ir import ops_logic as logic
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Op
from edgekit.converter.ir.slicing import Shape, ShapeError, ints, need, proper_axis


def _all(graph: Graph, node: Node, op: Any) -> Shape:
    """The operands broadcast together."""
    shapes = [graph.input(node, at).shape for at in range(len(node.inputs))]
    try:
        return tuple(np.broadcast_shapes(*shapes))
    except ValueError:
        texts = " and ".join(str(list(shape)) for shape in shapes)
        raise ShapeError(f"{texts} cannot be broadcast together") from None


def _alike(graph: Graph, node: Node, op: Any) -> Shape:
    """Operands of one shape."""
    shapes = {graph.input(node, at).shape for at in range(len(node.inputs))}
    need(len(shapes) == 1, f"operands of shapes {sorted(map(list, shapes))}")
    return shapes.pop()


def _same(graph: Graph, node: Node, op: Any) -> Shape:
    return graph.input(node).shape


def _reverse(graph: Graph, node: Node, op: Any) -> Shape:
    x = graph.input(node).shape
    for axis in ints(graph.input(node, 1)):
        proper_axis(axis, len(x))
    return x


def _broadcast_to(graph: Graph, node: Node, op: Any) -> Shape:
    x, shape = graph.input(node).shape, tuple(ints(graph.input(node, 1)))
    try:
        fits = np.broadcast_shapes(x, shape) == shape
    except ValueError:
        fits = False
    need(fits, f"{list(x)} does not repeat to {list(shape)}")
    return shape


def _cumsum(graph: Graph, node: Node, op: Any) -> Shape:
    x, axes = graph.input(node).shape, ints(graph.input(node, 1))
    need(len(axes) == 1, f"{len(axes)} axes")
    proper_axis(axes[0], len(x))
    return x


TURNED: dict[type[Op], Callable[[Graph, Node, Any], Shape]] = {
    logic.BroadcastTo: _broadcast_to,
    logic.ReverseV2: _reverse,
}
"""Those that only move values."""

LOGIC: dict[type[Op], Callable[[Graph, Node, Any], Shape]] = {
    **dict.fromkeys((*logic.COMPARISONS, logic.LogicalAnd, logic.LogicalOr), _all),
    logic.LogicalNot: _same,
    logic.Select: _alike,
    logic.SelectV2: _all,
    logic.Cast: _same,
    logic.Cumsum: _cumsum,
    logic.AddN: _alike,
}
