"""Where every output element of a movement operator comes from.

Two kinds are enough. A view reads the input through other extents and strides: transposed, sliced,
tiled, cut into blocks. A take lists for one axis the input index of every output index. Both are
functions of the input array, so that the interpreter applies them to values and the lowering to
positions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir import ops_logic as logic
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Op
from edgekit.converter.ir.shapes_movement import part_extents, permutation, split_axis
from edgekit.converter.ir.slicing import as_index, ints, proper_axis, sliced

Array = NDArray[Any]
View = Callable[[Array], tuple[Array, ...]]
"""Input -> one view of it per output, equal to the output once flattened in row-major order."""

Take = tuple[int, NDArray[np.int32]]
"""An axis, and for each output index along it the input index."""


def view(graph: Graph, node: Node) -> View:
    """The views of a node of `VIEWS`. The leading extent of the input may be a multiple of the
    graph's own where the operator leaves that axis alone."""
    return VIEWS[type(node.op)](graph, node, node.op)


def takes(graph: Graph, node: Node) -> tuple[Take, ...]:
    """The takes of a node of `TAKES`, to be done one after the other."""
    return TAKES[type(node.op)](graph, node, node.op)


# -------------------------------------------------------------------------------------- views


def _transpose(graph: Graph, node: Node, op: Any) -> View:
    axes = permutation(graph, node)
    return lambda x: (x.transpose(axes),)


def _slice(graph: Graph, node: Node, op: Any) -> View:
    index = as_index(sliced(graph, node)[0], graph.input(node).shape)
    return lambda x: (x[index],)


def _split(graph: Graph, node: Node, op: Any) -> View:
    axis = split_axis(graph, node)
    ends = np.cumsum(part_extents(graph, node)).tolist()
    return lambda x: tuple(np.split(x, ends[:-1], axis=axis))


def _tile(graph: Graph, node: Node, op: Any) -> View:
    multiples = ints(graph.input(node, 1))

    def tile(x: Array) -> tuple[Array, ...]:
        pairs = zip(multiples, x.shape, strict=True)
        wide = x.reshape([n for extent in x.shape for n in (1, extent)])
        return (np.broadcast_to(wide, [n for pair in pairs for n in pair]),)

    return tile


def _space_to_depth(graph: Graph, node: Node, op: Any) -> View:
    _, h, w, c = graph.input(node).shape
    b = op.block_size
    return lambda x: (x.reshape(-1, h // b, b, w // b, b, c).transpose(0, 1, 3, 2, 4, 5),)


def _depth_to_space(graph: Graph, node: Node, op: Any) -> View:
    _, h, w, c = graph.input(node).shape
    b = op.block_size
    return lambda x: (x.reshape(-1, h, w, b, b, c // (b * b)).transpose(0, 1, 3, 2, 4, 5),)


def _reverse(graph: Graph, node: Node, op: Any) -> View:
    rank = len(graph.input(node).shape)
    axes = {axis % max(rank, 1) for axis in ints(graph.input(node, 1))}
    index = tuple(slice(None, None, -1 if axis in axes else 1) for axis in range(rank))
    return lambda x: (x[index],)


def _broadcast_to(graph: Graph, node: Node, op: Any) -> View:
    shape = ints(graph.input(node, 1))
    return lambda x: (np.broadcast_to(x, shape),)


VIEWS: dict[type[Op], Callable[[Graph, Node, Any], View]] = {
    ops.Transpose: _transpose,
    ops.StridedSlice: _slice,
    ops.Slice: _slice,
    ops.Split: _split,
    ops.SplitV: _split,
    ops.Unpack: _split,
    ops.Tile: _tile,
    ops.SpaceToDepth: _space_to_depth,
    ops.DepthToSpace: _depth_to_space,
    logic.ReverseV2: _reverse,
    logic.BroadcastTo: _broadcast_to,
}


# -------------------------------------------------------------------------------------- takes


def _gather(graph: Graph, node: Node, op: Any) -> tuple[Take, ...]:
    axis = proper_axis(op.axis, len(graph.input(node).shape))
    return ((axis, np.array(ints(graph.input(node, 1)), np.int32)),)


def _mirror_pad(graph: Graph, node: Node, op: Any) -> tuple[Take, ...]:
    mode: Any = "reflect" if op.mode is ops.Mirror.REFLECT else "symmetric"
    found = []
    amounts = graph.input(node, 1).values.tolist()
    for axis, (extent, row) in enumerate(zip(graph.input(node).shape, amounts, strict=True)):
        if any(row):
            found.append((axis, np.pad(np.arange(extent, dtype=np.int32), row, mode=mode)))
    return tuple(found)


def _resize_nearest(graph: Graph, node: Node, op: Any) -> tuple[Take, ...]:
    """Columns first: rows then move as a whole."""
    x, y = graph.input(node).shape, graph.output(node).shape
    return tuple((axis, nearest(x[axis], y[axis], op)) for axis in (2, 1) if x[axis] != y[axis])


def nearest(size: int, output: int, op: ops.ResizeNearestNeighbor) -> NDArray[np.int32]:
    """The input index of each output index, in float32 as the reference has it."""
    corners = op.align_corners and output > 1
    numerator, divisor = (size - 1, output - 1) if corners else (size, output)
    scale = np.float32(numerator) / np.float32(divisor)
    offset = np.float32(0.5 if op.half_pixel_centers else 0)
    place = (np.arange(output, dtype=np.float32) + offset) * scale
    whole = np.floor(place + np.float32(0.5)) if op.align_corners else np.floor(place)
    indices: NDArray[np.int32] = np.clip(whole, 0, size - 1).astype(np.int32)
    return indices


TAKES: dict[type[Op], Callable[[Graph, Node, Any], tuple[Take, ...]]] = {
    ops.Gather: _gather,
    ops.MirrorPad: _mirror_pad,
    ops.ResizeNearestNeighbor: _resize_nearest,
}
