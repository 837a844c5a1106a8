"""Shape inference of the operators that move values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Op
from edgekit.converter.ir.shapes_logic import TURNED
from edgekit.converter.ir.slicing import Shape, ints, need, proper_axis, sliced


def _pad(graph: Graph, node: Node, op: Any) -> Shape:
    x, paddings = graph.input(node).shape, graph.input(node, 1).values
    need(paddings.shape == (len(x), 2), f"paddings {list(paddings.shape)} for input {list(x)}")
    rows = [(int(before), int(after)) for before, after in paddings.tolist()]
    need(min(map(min, rows), default=0) >= 0, f"negative paddings {rows}")
    return tuple(extent + sum(row) for extent, row in zip(x, rows, strict=True))


def _concatenation(graph: Graph, node: Node, op: Any) -> Shape:
    shapes = [graph.input(node, index).shape for index in range(len(node.inputs))]
    first = shapes[0]
    axis = proper_axis(op.axis, len(first))
    for shape in shapes:
        same = len(shape) == len(first) and all(
            extent == other or position == axis
            for position, (extent, other) in enumerate(zip(shape, first, strict=True))
        )
        need(same, f"{list(shape)} and {list(first)} cannot be joined along axis {axis}")
    total = sum(shape[axis] for shape in shapes)
    return (*first[:axis], total, *first[axis + 1 :])


def _reshape(graph: Graph, node: Node, op: Any) -> Shape:
    x, y, target = graph.input(node), graph.output(node), graph.operand(node, 1)
    need(x.size == y.size, f"{x.size} elements into {list(y.shape)}")
    if target is not None and target.data is not None:
        wanted = [int(extent) for extent in np.ravel(target.data)]
        fits = len(wanted) == len(y.shape) and all(
            want in (-1, have) for want, have in zip(wanted, y.shape, strict=True)
        )
        need(fits, f"the shape operand says {wanted}, the output is {list(y.shape)}")
    return y.shape


def _squeeze(graph: Graph, node: Node, op: Any) -> Shape:
    x = graph.input(node).shape
    axes = {proper_axis(axis, len(x)) for axis in op.axes}
    axes = axes or {axis for axis, extent in enumerate(x) if extent == 1}
    need(all(x[axis] == 1 for axis in axes), f"axes {sorted(axes)} of {list(x)} are not all 1")
    return tuple(extent for axis, extent in enumerate(x) if axis not in axes)


def _expand_dims(graph: Graph, node: Node, op: Any) -> Shape:
    x, axes = graph.input(node).shape, ints(graph.input(node, 1))
    need(len(axes) == 1, f"{len(axes)} axes")
    axis = proper_axis(axes[0], len(x) + 1)
    return (*x[:axis], 1, *x[axis:])


def _transpose(graph: Graph, node: Node, op: Any) -> Shape:
    x, perm = graph.input(node).shape, permutation(graph, node)
    return tuple(x[axis] for axis in perm)


def permutation(graph: Graph, node: Node) -> tuple[int, ...]:
    """A TRANSPOSE's axes, not negative. Raises ShapeError unless they are a permutation."""
    rank, listed = len(graph.input(node).shape), ints(graph.input(node, 1))
    axes = tuple(proper_axis(axis, rank) for axis in listed)
    need(sorted(axes) == list(range(rank)), f"permutation {listed} of {rank} axes")
    return axes


def _sliced(graph: Graph, node: Node, op: Any) -> Shape:
    return sliced(graph, node)[1]


def split_axis(graph: Graph, node: Node) -> int:
    """The axis of a SPLIT, SPLIT_V or UNPACK, not negative."""
    rank = len(graph.source(node).shape)
    if isinstance(node.op, ops.Unpack):
        return proper_axis(node.op.axis, rank)
    axes = ints(graph.input(node, node.op.INPUTS.index("axis")))
    need(len(axes) == 1, f"{len(axes)} axes")
    return proper_axis(axes[0], rank)


def part_extents(graph: Graph, node: Node) -> list[int]:
    """Extents along the axis of a SPLIT, SPLIT_V or UNPACK, one per output."""
    extent, count = graph.source(node).shape[split_axis(graph, node)], len(node.outputs)
    if not isinstance(node.op, ops.SplitV):
        need(extent % max(count, 1) == 0, f"{count} outputs of an axis of {extent}")
        return [extent // count] * count
    sizes = ints(graph.input(node, 1))
    need(len(sizes) == count, f"{len(sizes)} sizes for {count} outputs")
    open_ends = [index for index, size in enumerate(sizes) if size == -1]
    need(len(open_ends) <= 1, f"sizes {sizes} leave more than one open")
    for index in open_ends:
        sizes[index] = extent - (sum(sizes) + 1)
    need(sum(sizes) == extent and min(sizes) > 0, f"sizes {sizes} of an axis of {extent}")
    return sizes


def _split(graph: Graph, node: Node, op: Any) -> tuple[Shape, ...]:
    x, axis = graph.source(node).shape, split_axis(graph, node)
    return tuple((*x[:axis], part, *x[axis + 1 :]) for part in part_extents(graph, node))


def _unpack(graph: Graph, node: Node, op: Any) -> tuple[Shape, ...]:
    x, axis = graph.input(node).shape, split_axis(graph, node)
    need(x[axis] == len(node.outputs), f"{len(node.outputs)} outputs of an axis of {x[axis]}")
    return ((*x[:axis], *x[axis + 1 :]),) * len(node.outputs)


def _pack(graph: Graph, node: Node, op: Any) -> Shape:
    shapes = {graph.input(node, index).shape for index in range(len(node.inputs))}
    need(len(shapes) == 1, f"operands of shapes {sorted(map(list, shapes))}")
    [x] = shapes
    axis = proper_axis(op.axis, len(x) + 1)
    return (*x[:axis], len(node.inputs), *x[axis:])


def _tile(graph: Graph, node: Node, op: Any) -> Shape:
    x, multiples = graph.input(node).shape, ints(graph.input(node, 1))
    need(len(multiples) == len(x), f"{len(multiples)} multiples for input {list(x)}")
    need(min(multiples, default=1) > 0, f"multiples {multiples}")
    return tuple(extent * times for extent, times in zip(x, multiples, strict=True))


def _gather(graph: Graph, node: Node, op: Any) -> Shape:
    x, indices = graph.input(node).shape, graph.input(node, 1)
    axis = proper_axis(op.axis, len(x))
    listed = ints(indices)
    need(all(0 <= index < x[axis] for index in listed), f"indices outside an axis of {x[axis]}")
    return (*x[:axis], *indices.shape, *x[axis + 1 :])


def _mirror_pad(graph: Graph, node: Node, op: Any) -> Shape:
    x, shape = graph.input(node).shape, _pad(graph, node, op)
    most = [extent - (op.mode is ops.Mirror.REFLECT) for extent in x]
    amounts = graph.input(node, 1).values.tolist()
    fits = all(max(row) <= limit for row, limit in zip(amounts, most, strict=True))
    need(fits, f"paddings {amounts} reach beyond the mirrored input {list(x)}")
    return shape


def _space_to_depth(graph: Graph, node: Node, op: Any) -> Shape:
    n, h, w, c = _image(graph, node)
    block = op.block_size
    need(block > 0 and h % block == w % block == 0, f"blocks of {block} in an image of {h}x{w}")
    return n, h // block, w // block, c * block * block


def _depth_to_space(graph: Graph, node: Node, op: Any) -> Shape:
    n, h, w, c = _image(graph, node)
    block = op.block_size
    need(block > 0 and c % (block * block) == 0, f"blocks of {block} from {c} channels")
    return n, h * block, w * block, c // (block * block)


def resize(graph: Graph, node: Node, op: Any) -> Shape:
    n, _, _, c = _image(graph, node)
    size = ints(graph.input(node, 1))
    need(len(size) == 2 and min(size) > 0, f"size {size}")
    need(not (op.align_corners and op.half_pixel_centers), "aligned corners and half pixels")
    return n, size[0], size[1], c


def _image(graph: Graph, node: Node) -> tuple[int, int, int, int]:
    x = graph.input(node).shape
    need(len(x) == 4, f"input {list(x)} is not of rank 4")
    return x[0], x[1], x[2], x[3]


MOVED: dict[type[Op], Callable[[Graph, Node, Any], Shape]] = {
    **TURNED,
    ops.Pad: _pad,
    ops.PadV2: _pad,
    ops.MirrorPad: _mirror_pad,
    ops.Concatenation: _concatenation,
    ops.Reshape: _reshape,
    ops.Squeeze: _squeeze,
    ops.ExpandDims: _expand_dims,
    ops.Transpose: _transpose,
    ops.StridedSlice: _sliced,
    ops.Slice: _sliced,
    ops.Pack: _pack,
    ops.Tile: _tile,
    ops.Gather: _gather,
    ops.SpaceToDepth: _space_to_depth,
    ops.DepthToSpace: _depth_to_space,
    ops.ResizeNearestNeighbor: resize,
}
"""Operators with one output."""

PARTS: dict[type[Op], Callable[[Graph, Node, Any], tuple[Shape, ...]]] = {
    ops.Split: _split,
    ops.SplitV: _split,
    ops.Unpack: _unpack,
}
"""Operators with several."""
