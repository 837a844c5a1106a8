"""Where time runs through a graph: which rows of its input a node's rows depend on.

A window of T steps moves on by `hop` steps from call to call. A row of a tensor is *steady* where
it depends only on how the window's steps follow one another, and neither on where the window ends
nor on padding: in the next call the same values stand `hop / step` rows further up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.converter.fixed_point import window
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Op, Padding
from edgekit.converter.ir.shapes import reduced_axes
from edgekit.converter.ir.slicing import sliced


@dataclass(frozen=True, slots=True)
class Track:
    """How time runs through a tensor: its axis, the input steps from one row to the next, and the
    steady rows `first` to `end` (excluded)."""

    axis: int
    step: int
    first: int
    end: int

    @property
    def steady(self) -> range:
        """The steady rows."""
        return range(self.first, max(self.first, self.end))


@dataclass(frozen=True, slots=True)
class Slide:
    """Row i of the output reads rows i * stride - before to + extent of its operands, as far as
    there are such rows; `axis` is the output's time axis."""

    axis: int
    extent: int = 1
    stride: int = 1
    before: int = 0

    def reads(self, first: int, end: int) -> tuple[int, int]:
        """The rows that output rows `first` to `end` (excluded) read, padding included."""
        return (
            first * self.stride - self.before,
            (end - 1) * self.stride - self.before + self.extent,
        )


@dataclass(frozen=True, slots=True)
class Whole:
    """The node reads rows `first` to `end` of its operands at once, for the `reason`; time ends
    there, and it is computed anew in every call."""

    reason: str
    first: int = 0
    end: int | None = None


Way = Slide | Whole
Tracks = Mapping[str, Track]


def follow(graph: Graph, node: Node, tracks: Tracks, known: Set[str]) -> Way | None:
    """How the node's rows depend on those of its operands; None where no operand has time. `known`
    are the tensors that no input changes."""
    timed = timed_operands(node, tracks)
    if not timed:
        return None
    rule = RULES.get(type(node.op))
    if rule is None:
        return Whole("has no form that takes rows one by one")
    others = [name for name in node.inputs if name and name not in timed and name not in known]
    if others:
        return Whole(f"joins rows with {others[0]!r}, which is made of the whole window")
    if _hybrid(graph, node):
        return Whole("quantizes its input by the largest value of the whole window")
    if len({(track.step, _extent(graph, name, tracks)) for name, track in timed.items()}) > 1:
        return Whole("joins operands of different numbers of rows")
    return rule(graph, node, tracks)


def _hybrid(graph: Graph, node: Node) -> bool:
    """Whether float values meet integer weights, as in dynamic-range models."""
    weights = graph.role(node, "weights")
    floats = graph.source(node).dtype is DType.FLOAT32
    return weights is not None and floats and weights.dtype is not DType.FLOAT32


def timed_operands(node: Node, tracks: Tracks) -> dict[str, Track]:
    """The node's operands that have time, with their tracks."""
    return {name: tracks[name] for name in node.inputs if name is not None and name in tracks}


def through(graph: Graph, node: Node, way: Slide, tracks: Tracks) -> Track:
    """The track of the node's output: rows are steady that read steady rows only."""
    timed = list(timed_operands(node, tracks).values())
    first, end = max(t.first for t in timed), min(t.end for t in timed)
    rows = graph.output(node).shape[way.axis]
    begin = -(-(first + way.before) // way.stride)
    stop = (end - way.extent + way.before) // way.stride + 1
    return Track(way.axis, timed[0].step * way.stride, max(begin, 0), min(stop, rows))


def _extent(graph: Graph, name: str, tracks: Tracks) -> int:
    return graph[name].shape[tracks[name].axis]


# -------------------------------------------------------------------------------------- rules


def _axis(node: Node, tracks: Tracks) -> int:
    """The time axis of the first operand that has one."""
    return next(iter(timed_operands(node, tracks).values())).axis


def _along(graph: Graph, node: Node, tracks: Tracks) -> Way:
    """One value at a time: rows correspond one to one."""
    return Slide(_axis(node, tracks))


def _sliding(graph: Graph, node: Node, tracks: Tracks) -> Way:
    """Convolutions and poolings along height or width."""
    op: Any = node.op
    axis = _axis(node, tracks)
    if axis not in (1, 2):
        return Whole(f"mixes all entries of axis {axis}")
    name = "hw"[axis - 1]
    pooled = isinstance(op, ops.Pool2D)
    kernel = getattr(op, f"filter_{name}") if pooled else graph.input(node, 1).shape[axis]
    dilation = 1 if pooled else getattr(op, f"dilation_{name}")
    stride, size = getattr(op, f"stride_{name}"), graph.input(node).shape[axis]
    found = window(op.padding, size, kernel, stride, dilation)
    if found.output == 1 and size > 1:
        return Whole(f"makes one row of all {size}")
    uncounted = isinstance(op, ops.AveragePool2D) and op.padding is Padding.SAME
    if uncounted and _pads(graph, node):
        return Whole("averages fewer elements at the edges (SAME padding)")
    if isinstance(op, ops.MaxPool2D) and _pads(graph, node) and graph.input(node).quant is None:
        return Whole("is a padded maximum of floats")
    return Slide(axis, (kernel - 1) * dilation + 1, stride, found.before)


def _pads(graph: Graph, node: Node) -> bool:
    """Whether a pooling reads beyond its image."""
    op: Any = node.op
    _, height, width, _ = graph.input(node).shape
    rows = window(op.padding, height, op.filter_h, op.stride_h)
    columns = window(op.padding, width, op.filter_w, op.stride_w)
    return any((rows.before, rows.after, columns.before, columns.after))


def _dense(graph: Graph, node: Node, tracks: Tracks) -> Way:
    """A row of FULLY_CONNECTED is what its last axis holds."""
    axis, x, y = _axis(node, tracks), graph.input(node), graph.output(node)
    if node.inputs[0] not in tracks:
        return Whole("takes weights that change")
    length = graph.input(node, 1).shape[1]
    if x.shape[-1] != length or axis == len(x.shape) - 1:
        return Whole(f"reads all {x.shape[axis]} rows at once")
    if len(y.shape) == len(x.shape):
        return Slide(axis)
    if y.shape[0] == x.shape[axis]:
        return Slide(0)
    return Whole("has time among other rows")


def _elementwise(graph: Graph, node: Node, tracks: Tracks) -> Way:
    """With broadcasting: operands of the same rows, and constants that are the same in all."""
    y = graph.output(node)
    rank = len(y.shape)
    timed = timed_operands(node, tracks)
    from_end = {len(graph[name].shape) - track.axis for name, track in timed.items()}
    if len(from_end) > 1:
        return Whole("joins operands whose time runs along different axes")
    [back] = from_end
    for name in node.inputs:
        shape = graph[name].shape if name and name not in tracks else ()
        if len(shape) >= back and shape[-back] != 1:
            return Whole(f"takes a constant, {name!r}, that differs from row to row")
    if y.shape[rank - back] != _extent(graph, next(iter(timed)), tracks):
        return Whole("repeats its one row")
    return Slide(rank - back)


def _normalized(graph: Graph, node: Node, tracks: Tracks) -> Way:
    """Along the last axis."""
    axis = _axis(node, tracks)
    if axis == len(graph.input(node).shape) - 1:
        return Whole("normalizes along time")
    return Slide(axis)


def _reduced(graph: Graph, node: Node, tracks: Tracks) -> Way:
    axis, axes = _axis(node, tracks), reduced_axes(graph, node)
    if axis in axes:
        return Whole(f"reduces all {graph.input(node).shape[axis]} rows to one")
    keeps = bool(getattr(node.op, "keep_dims", False))
    return Slide(axis if keeps else axis - sum(other < axis for other in axes))


def _reshaped(graph: Graph, node: Node, tracks: Tracks) -> Way:
    """Time stays an axis where as many elements stand before it and it has as many rows."""
    x, y = graph.input(node), graph.output(node)
    axis = _axis(node, tracks)
    before = _before(x, axis)
    for other, extent in enumerate(y.shape):
        if extent == x.shape[axis] and _before(y, other) == before:
            return Slide(other)
    return Whole(f"lays all {x.shape[axis]} rows end to end")


def _before(tensor: Tensor, axis: int) -> int:
    return int(np.prod(tensor.shape[:axis], dtype=np.int64))


def _transposed(graph: Graph, node: Node, tracks: Tracks) -> Way:
    order = [int(axis) for axis in np.ravel(graph.input(node, 1).values)]
    return Slide(order.index(_axis(node, tracks)))


def _padded(graph: Graph, node: Node, tracks: Tracks) -> Way:
    axis = _axis(node, tracks)
    before, _ = graph.input(node, 1).values[axis].tolist()
    return Slide(axis, before=int(before))


def _cut(graph: Graph, node: Node, tracks: Tracks) -> Way:
    """A range of rows; a single one that drops its axis ends time."""
    ranges, shape = sliced(graph, node)
    axis = _axis(node, tracks)
    first, count, _ = ranges[axis]
    if any(other != 1 for _, _, other in ranges):
        return Whole("takes every second row or fewer")
    if len(shape) != len(ranges) or shape != tuple(n for _, n, _ in ranges):
        return Whole(f"takes {count} of the rows", first, first + count)
    return Slide(axis, before=-first)


def _joined(graph: Graph, node: Node, tracks: Tracks) -> Way:
    assert isinstance(node.op, ops.Concatenation)
    axis, rank = _axis(node, tracks), len(graph.output(node).shape)
    if node.op.axis % rank == axis:
        return Whole("joins rows of different times")
    if len({tracks[name].axis if name in tracks else -1 for name in node.inputs if name}) > 1:
        return Whole("joins rows with a constant, or along different axes")
    return Slide(axis)


Rule = Callable[[Graph, Node, Tracks], Way]

ELEMENTWISE: tuple[type[Op], ...] = (
    *(ops.Add, ops.Sub, ops.Mul, ops.Div, ops.Maximum, ops.Minimum, ops.SquaredDifference),
    ops.Prelu,
)
ALONG: tuple[type[Op], ...] = (
    *(ops.Logistic, ops.Tanh, ops.Relu, ops.Relu6, ops.ReluN1To1, ops.Relu0To1, ops.LeakyRelu),
    *(ops.Elu, ops.HardSwish, ops.Gelu, ops.Abs, ops.Rsqrt, ops.Exp, ops.Log, ops.Sqrt),
    *(ops.Square, ops.Neg, ops.Floor, ops.Quantize, ops.Dequantize),
)
RESHAPES: tuple[type[Op], ...] = (ops.Reshape, ops.Squeeze, ops.ExpandDims)
CUTS: tuple[type[Op], ...] = (ops.Slice, ops.StridedSlice)
PADS: tuple[type[Op], ...] = (ops.Pad, ops.PadV2)
MOVES = (*RESHAPES, *CUTS, *PADS, ops.Transpose, ops.Concatenation)
"""Operators that compute nothing."""

RULES: dict[type[Op], Rule] = {
    **dict.fromkeys((ops.Conv2D, ops.DepthwiseConv2D, ops.AveragePool2D, ops.MaxPool2D), _sliding),
    **dict.fromkeys(ELEMENTWISE, _elementwise),
    **dict.fromkeys(ALONG, _along),
    **dict.fromkeys((ops.Softmax, ops.LogSoftmax, ops.L2Normalization), _normalized),
    **dict.fromkeys((ops.Mean, ops.Sum, ops.ReduceMax, ops.ReduceMin), _reduced),
    **dict.fromkeys(RESHAPES, _reshaped),
    **dict.fromkeys(CUTS, _cut),
    **dict.fromkeys(PADS, _padded),
    ops.FullyConnected: _dense,
    ops.Transpose: _transposed,
    ops.Concatenation: _joined,
}
"""Operators whose rows may be computed a few at a time."""
