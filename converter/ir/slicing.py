"""STRIDED_SLICE and SLICE resolved against a shape, and axes that operators name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.ir.ops import Slice, StridedSlice

Shape = tuple[int, ...]
Range = tuple[int, int, int]
"""First element, number of elements and step, which may be negative."""

ALL = slice(None)


class ShapeError(ValueError):
    """Operands whose shapes do not fit the operator; the text says which."""


def need(condition: bool, found: str) -> None:
    """Raise ShapeError with `found` unless the condition holds."""
    if not condition:
        raise ShapeError(found)


def proper_axis(axis: int, rank: int) -> int:
    """`axis` counted from the front. Raises ShapeError outside the rank."""
    need(-rank <= axis < rank, f"axis {axis} of a tensor of rank {rank}")
    return axis % rank


def ints(tensor: Tensor) -> list[int]:
    """The elements of an integer constant."""
    return [int(value) for value in np.ravel(tensor.values)]


def sliced(graph: Graph, node: Node) -> tuple[list[Range], Shape]:
    """The range along each axis of the input, and the output shape.

    Raises ShapeError for ranges that are empty, step by 0 or do not fit the rank.
    """
    if isinstance(node.op, Slice):
        return _slice(graph, node)
    assert isinstance(node.op, StridedSlice)
    return _strided(graph, node, node.op)


def as_index(ranges: Sequence[Range], shape: Shape) -> tuple[slice, ...]:
    """The ranges as a NumPy index; a whole axis stays open, whatever its extent."""
    return tuple(
        ALL if (first, count, step) == (0, extent, 1) else _range(first, count, step)
        for (first, count, step), extent in zip(ranges, shape, strict=True)
    )


def _range(first: int, count: int, step: int) -> slice:
    end = first + count * step
    return slice(first, None if end < 0 else end, step)


def _slice(graph: Graph, node: Node) -> tuple[list[Range], Shape]:
    shape = graph.input(node).shape
    begins, sizes = (ints(graph.input(node, index)) for index in (1, 2))
    need(
        len(begins) == len(sizes) == len(shape),
        f"{len(begins)} begins and {len(sizes)} sizes for input {list(shape)}",
    )
    ranges = []
    for extent, begin, size in zip(shape, begins, sizes, strict=True):
        count = extent - begin if size == -1 else size
        inside = begin >= 0 and count > 0 and begin + count <= extent
        need(inside, f"{count} elements from {begin} on of {extent}")
        ranges.append((begin, count, 1))
    return ranges, tuple(count for _, count, _ in ranges)


def _strided(graph: Graph, node: Node, op: StridedSlice) -> tuple[list[Range], Shape]:
    """Entries of the operands are matched with axes from the left; an ellipsis takes the rest."""
    shape = graph.input(node).shape
    begins, ends, steps = (ints(graph.input(node, index)) for index in (1, 2, 3))
    need(len(begins) == len(ends) == len(steps), "begin, end and strides of different lengths")
    named = [index for index in range(len(begins)) if not bit(op.new_axis_mask, index)]
    ellipsis = [index for index in named if bit(op.ellipsis_mask, index)]
    need(len(ellipsis) <= 1, "more than one ellipsis")
    rest = len(shape) - len(named) + len(ellipsis)
    need(rest >= 0, f"{len(named)} ranges for input {list(shape)}")
    ranges: list[Range] = []
    output: list[int] = []
    for index, (begin, end, step) in enumerate(zip(begins, ends, steps, strict=True)):
        axis = len(ranges)
        if bit(op.ellipsis_mask, index):
            ranges += [(0, extent, 1) for extent in shape[axis : axis + rest]]
            output += shape[axis : axis + rest]
        elif bit(op.new_axis_mask, index):
            output.append(1)
        else:
            end = end + begin if op.offset else end
            open_begin, open_end = bit(op.begin_mask, index), bit(op.end_mask, index)
            shrink = bit(op.shrink_axis_mask, index)
            bounds = (None if open_begin else begin, None if open_end or shrink else end)
            ranges.append(_one(shape[axis], bounds, step, shrink))
            output += [] if shrink else [ranges[-1][1]]
    left = shape[len(ranges) :]
    return ranges + [(0, extent, 1) for extent in left], (*output, *left)


def bit(mask: int, index: int) -> bool:
    """Whether bit `index` of a mask is set."""
    return bool(mask >> index & 1)


def _one(extent: int, bounds: tuple[int | None, int | None], step: int, shrink: bool) -> Range:
    need(step != 0, "a stride of 0")
    first, end, step = slice(*bounds, step).indices(extent)
    if shrink:
        need(0 <= first < extent, f"element {bounds[0]} of {extent}")
        return first, 1, 1
    count = len(range(first, end, step))
    need(count > 0, f"an empty range along an axis of {extent}")
    return first, count, step
