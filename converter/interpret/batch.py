"""Whether samples may share one call: no operator may mix the leading axis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir import ops_logic as logic
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Op
from edgekit.converter.ir.ops_functions import PAIRS
from edgekit.converter.ir.shapes_movement import permutation, split_axis
from edgekit.converter.ir.slicing import ALL, as_index, bit, ints, proper_axis, sliced


def stackable(graph: Graph) -> bool:
    """Whether the leading axis of every activation is the batch and no operator mixes it.

    Then n samples can be computed at once; else they are computed one by one.
    """
    shapes = [graph[name].shape for name in graph.activations()]
    if graph.states or not all(shapes):
        return False
    batch = graph[graph.inputs[0]].shape[0]
    return all(shape[0] == batch for shape in shapes) and not any(
        _mixes_batch(graph, node) for node in graph.nodes
    )


def _mixes_batch(graph: Graph, node: Node) -> bool:
    """Whether the node reduces, pads, cuts or joins along axis 0, or broadcasts across it."""
    mixes = _MIXES.get(type(node.op))
    return mixes is not None and mixes(graph, node)


def _reduces(graph: Graph, node: Node) -> bool:
    rank = len(graph.input(node).shape)
    return 0 in {axis % max(rank, 1) for axis in ints(graph.input(node, 1))}


def _pads(graph: Graph, node: Node) -> bool:
    return bool(np.any(graph.input(node, 1).values[0]))


def _joins(graph: Graph, node: Node) -> bool:
    assert isinstance(node.op, ops.Concatenation | ops.Pack)
    # A constant operand has no batch to grow.
    constant = any(graph[name].constant for name in node.inputs if name is not None)
    return constant or node.op.axis % len(graph.output(node).shape) == 0


def _broadcasts(graph: Graph, node: Node) -> bool:
    return any(_fixes_batch(graph, node, index) for index in (0, 1))


def _broadcasts_all(graph: Graph, node: Node) -> bool:
    return any(_fixes_batch(graph, node, index) for index in range(len(node.inputs)))


def _always(graph: Graph, node: Node) -> bool:
    return True


def _fixes_batch(graph: Graph, node: Node, index: int) -> bool:
    """Whether this operand of a broadcast would not follow a larger batch."""
    tensor, rank = graph.input(node, index), len(graph.output(node).shape)
    if tensor.constant:
        return len(tensor.shape) == rank and tensor.shape[0] > 1
    return len(tensor.shape) < rank


def _multiplies(graph: Graph, node: Node) -> bool:
    """Whether the leading axis is one of the matrices' own, or not each operand's."""
    ranks = {len(graph.input(node, index).shape) for index in (0, 1)}
    constant = any(graph.input(node, index).constant for index in (0, 1))
    return len(ranks) > 1 or min(ranks) < 3 or (constant and _fixed(graph, node))


def _fixed(graph: Graph, node: Node) -> bool:
    constants = [graph.input(node, index) for index in (0, 1) if graph.input(node, index).constant]
    return any(tensor.shape[0] > 1 for tensor in constants)


def _inserts(graph: Graph, node: Node) -> bool:
    return ints(graph.input(node, 1))[0] % len(graph.output(node).shape) == 0


def _transposes(graph: Graph, node: Node) -> bool:
    return permutation(graph, node)[0] != 0


def _slices(graph: Graph, node: Node) -> bool:
    index = as_index(sliced(graph, node)[0], graph.input(node).shape)
    op = node.op
    masks = op.new_axis_mask | op.shrink_axis_mask if isinstance(op, ops.StridedSlice) else 0
    return index[0] != ALL or bit(masks, 0)


def _splits(graph: Graph, node: Node) -> bool:
    return split_axis(graph, node) == 0


def _tiles(graph: Graph, node: Node) -> bool:
    return ints(graph.input(node, 1))[0] != 1


def _gathers(graph: Graph, node: Node) -> bool:
    assert isinstance(node.op, ops.Gather)
    return proper_axis(node.op.axis, len(graph.input(node).shape)) == 0


_MIXES: dict[type[Op], Callable[[Graph, Node], bool]] = {
    ops.Mean: _reduces,
    ops.Sum: _reduces,
    ops.ReduceMax: _reduces,
    ops.ReduceMin: _reduces,
    ops.Div: _broadcasts,
    **dict.fromkeys((*PAIRS, *logic.MIXED, logic.AddN), _broadcasts_all),
    logic.Cumsum: _reduces,
    logic.ReverseV2: _reduces,
    logic.BroadcastTo: _always,
    ops.SquaredDifference: _broadcasts,
    ops.ArgMax: _reduces,
    ops.BatchMatmul: _multiplies,
    ops.Pad: _pads,
    ops.PadV2: _pads,
    ops.MirrorPad: _pads,
    ops.Concatenation: _joins,
    ops.Pack: _joins,
    ops.Add: _broadcasts,
    ops.Sub: _broadcasts,
    ops.Mul: _broadcasts,
    ops.Maximum: _broadcasts,
    ops.Minimum: _broadcasts,
    ops.Prelu: _broadcasts,
    ops.ExpandDims: _inserts,
    ops.Transpose: _transposes,
    ops.StridedSlice: _slices,
    ops.Slice: _slices,
    ops.Split: _splits,
    ops.SplitV: _splits,
    ops.Unpack: _splits,
    ops.Tile: _tiles,
    ops.Gather: _gathers,
}
"""Operators that can mix samples, and when they do; the others never do."""
