"""How channels go through each operator: the table of rules that `coupling.py` applies."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops_elementwise import Div, SquaredDifference
from edgekit.converter.ir.ops_functions import FUNCTIONS
from edgekit.converter.ir.shapes import concatenation_axis, reduced_axes
from edgekit.converter.ir.shapes_movement import part_extents, permutation, split_axis
from edgekit.converter.ir.slicing import sliced
from edgekit.converter.prune.coupling import Channels, Ids, Ties, weight_columns

Rule = Callable[[Ties, Node], None]

BINARY: tuple[type[ops.Op], ...] = (
    *(ops.Add, ops.Sub, ops.Mul, ops.Maximum, ops.Minimum, ops.Prelu),
    *(Div, SquaredDifference),
)
"""Operators on two operands, of which either may be a constant and broadcast."""

UNARY: tuple[type[ops.Op], ...] = (
    ops.Relu, ops.Relu6, ops.ReluN1To1, ops.Relu0To1, ops.LeakyRelu, ops.Elu, ops.HardSwish,
    ops.Logistic, ops.Tanh, ops.Abs, ops.Rsqrt, ops.Exp, ops.Log, ops.Sqrt, ops.Square, ops.Neg,
    ops.Floor, ops.Quantize, ops.Dequantize, *FUNCTIONS,
)  # fmt: skip
_IMAGES = (ops.AveragePool2D, ops.MaxPool2D, ops.ResizeBilinear, ops.ResizeNearestNeighbor)
_REDUCING = (ops.Mean, ops.Sum, ops.ReduceMax, ops.ReduceMin)
_SHAPES = (ops.Reshape, ops.Squeeze, ops.ExpandDims)


def _layer(ties: Ties, node: Node) -> None:
    """A convolution, transposed too, or fully connected layer: it may read any channels, and makes
    its own."""
    why = _unusable(ties, node)
    if why:
        ties.leave(node, why)
    else:
        ties.fresh(node.output)


def _unusable(ties: Ties, node: Node) -> str:
    graph = ties.graph
    weights, source = graph.input(node, 1), ties.of(graph.source(node).name)
    if not weights.constant or weights.dtype is not DType.FLOAT32:
        return "its weights are no float32 constants"
    if len(graph.consumers(weights.name)) > 1:
        return "it shares its weights with another layer"
    if source is None:
        return "its input is constant"
    if isinstance(node.op, ops.FullyConnected):
        return "" if _dense_fits(graph, node, source) else "it flattens channels across its rows"
    if source.axis != 3:
        return f"channels are not on the last axis of {graph.source(node).name}"
    if weights.shape[3] != len(source.groups):
        return "it is a convolution in groups"
    return ""


def _dense_fits(graph: Graph, node: Node, source: Channels) -> bool:
    return weight_columns(graph, node, source) is not None


def _depthwise(ties: Ties, node: Node) -> None:
    weights, source = ties.graph.input(node, 1), ties.of(node.inputs[0])
    shared = len(ties.graph.consumers(weights.name)) > 1
    if source is None or source.axis != 3 or not weights.constant or shared:
        ties.leave(node, "its weights are shared or not constant")
        return
    assert isinstance(node.op, ops.DepthwiseConv2D)
    ties.put(node.output, 3, np.repeat(source.groups, node.op.depth_multiplier))


def _same(ties: Ties, node: Node) -> None:
    source = ties.of(node.inputs[0])
    if source is None:
        ties.whole(node.output)
    else:
        ties.put(node.output, source.axis, source.groups)


def _image(ties: Ties, node: Node) -> None:
    source = ties.of(node.inputs[0])
    if source is None or source.axis != 3:
        ties.leave(node, "channels are not on its last axis")
    else:
        ties.put(node.output, 3, source.groups)


def _binary(ties: Ties, node: Node) -> None:
    """Operands are lined up from the last axis on; what is broadcast along channels stays whole."""
    rank = len(ties.graph.output(node).shape)
    found: Channels | None = None
    for name in node.inputs:
        given = ties.of(name)
        if given is None or name is None:
            continue
        axis = given.axis + rank - len(ties.graph[name].shape)
        if len(given.groups) != ties.graph.output(node).shape[axis]:
            ties.whole(name)
        elif found is None:
            found = Channels(axis, given.groups)
        elif found.axis == axis:
            ties.tie(found.groups, given.groups)
        else:
            ties.leave(node, "its operands have their channels on different axes")
            return
    if found is None:
        ties.whole(node.output)
    else:
        ties.put(node.output, found.axis, found.groups)


def _reduced(ties: Ties, node: Node) -> None:
    source, axes = ties.of(node.inputs[0]), reduced_axes(ties.graph, node)
    if source is None or source.axis in axes:
        ties.leave(node, "it reduces the axis of the channels")
        return
    kept = getattr(node.op, "keep_dims", False)
    ties.put(
        node.output,
        source.axis - (0 if kept else sum(axis < source.axis for axis in axes)),
        source.groups,
    )


def _padded(ties: Ties, node: Node) -> None:
    source, amounts = ties.of(node.inputs[0]), ties.graph.operand(node, 1)
    if source is None or amounts is None or not amounts.constant:
        ties.leave(node, "its paddings are not constant")
    elif amounts.values.reshape(-1, 2)[source.axis].any():
        ties.leave(node, "it pads the axis of the channels")
    else:
        ties.put(node.output, source.axis, source.groups)


def _concatenated(ties: Ties, node: Node) -> None:
    axis, parts = concatenation_axis(ties.graph, node), [ties.of(name) for name in node.inputs]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or len({part.axis for part in known}) > 1:
        ties.leave(node, "it joins constants, or channels on different axes")
        return
    groups = known[0].groups
    if known[0].axis == axis:
        groups = np.concatenate([part.groups for part in known])
    else:
        for part in known[1:]:
            ties.tie(groups, part.groups)
    ties.put(node.output, known[0].axis, groups)


def _reshaped(ties: Ties, node: Node) -> None:
    """The channel axis stays, is flattened with its neighbours, or is cut into several of which the
    longest then counts channels: channels at the same place of the others go together."""
    source = ties.of(node.inputs[0])
    if source is None:
        ties.whole(node.output)
        return
    old, new = ties.graph[str(node.inputs[0])].shape, ties.graph.output(node).shape
    found = _flattened(source, old, new)
    if found is None:
        found = _cut(ties, source, old, new)
    if found is None:
        ties.leave(node, f"RESHAPE of {list(old)} into {list(new)} moves channels")
    else:
        ties.put(node.output, *found)


def _flattened(
    source: Channels, old: tuple[int, ...], new: tuple[int, ...]
) -> tuple[int, Ids] | None:
    """The output axis that holds the whole channel axis, and its groups."""
    before, behind = _products(old, source.axis)
    for axis, extent in enumerate(new):
        first, last = _products(new, axis)
        if (extent == 1 and len(source.groups) > 1) or before % first or behind % last:
            continue
        ahead, after = before // first, behind // last
        if ahead * len(source.groups) * after == extent:
            wide = np.broadcast_to(source.groups[None, :, None], (ahead, len(source.groups), after))
            return axis, wide.reshape(-1)
    return None


def _cut(
    ties: Ties, source: Channels, old: tuple[int, ...], new: tuple[int, ...]
) -> tuple[int, Ids] | None:
    """The longest of the output axes that together are the channel axis, and its groups."""
    before, behind = _products(old, source.axis)
    for start in range(len(new)):
        for stop in range(start + 2, len(new) + 1):
            outside = _products(new, start)[0], int(np.prod(new[stop:], dtype=np.int64))
            if outside != (before, behind):
                continue
            pieces = source.groups.reshape(new[start:stop])
            longest = int(np.argmax(pieces.shape))
            rows = np.moveaxis(pieces, longest, -1).reshape(-1, pieces.shape[longest])
            for row in rows[1:]:
                ties.tie(rows[0], row)
            return start + longest, rows[0]
    return None


def _products(shape: tuple[int, ...], axis: int) -> tuple[int, int]:
    """Elements before and behind an axis."""
    ends = shape[:axis], shape[axis + 1 :]
    before, behind = (int(np.prod(end, dtype=np.int64)) for end in ends)
    return before, behind


def _transposed(ties: Ties, node: Node) -> None:
    source = ties.of(node.inputs[0])
    if source is None:
        ties.whole(node.output)
    else:
        ties.put(node.output, permutation(ties.graph, node).index(source.axis), source.groups)


def _split(ties: Ties, node: Node) -> None:
    name = ties.graph.source(node).name
    source, axis = ties.of(name), split_axis(ties.graph, node)
    if source is None:
        ties.whole(*node.outputs)
        return
    ends = np.cumsum(part_extents(ties.graph, node))
    for output, groups in zip(node.outputs, np.split(source.groups, ends[:-1]), strict=False):
        ties.put(output, source.axis, groups if source.axis == axis else source.groups)


def _cut_out(ties: Ties, node: Node) -> None:
    """SLICE and STRIDED_SLICE without steps; what takes every channel may do anything else."""
    source = ties.of(node.inputs[0])
    ranges, shape = sliced(ties.graph, node)
    rank = len(ties.graph.input(node).shape)
    if source is None or len(shape) != rank:
        ties.leave(node, f"{node.op.NAME} drops or inserts axes")
        return
    first, count, step = ranges[source.axis]
    part = count < len(source.groups)
    if (part and any(each[2] != 1 for each in ranges)) or step < 0:
        ties.leave(node, f"{node.op.NAME} takes channels in steps")
        return
    ties.put(node.output, source.axis, source.groups[first : first + count])


def _normalized(ties: Ties, node: Node) -> None:
    """What ends a network is left whole anyway, which needs no reason."""
    if node.output in ties.graph.results:
        ties.whole(*node.inputs, *node.outputs)
    else:
        ties.leave(node, f"{node.op.NAME} sums over channels")


RULES: Mapping[type[ops.Op], Rule] = {
    ops.Conv2D: _layer,
    ops.FullyConnected: _layer,
    ops.TransposeConv: _layer,
    ops.DepthwiseConv2D: _depthwise,
    **dict.fromkeys(UNARY, _same),
    **dict.fromkeys(BINARY, _binary),
    **dict.fromkeys(_IMAGES, _image),
    **dict.fromkeys(_REDUCING, _reduced),
    **dict.fromkeys((ops.Pad, ops.PadV2, ops.MirrorPad), _padded),
    **dict.fromkeys(_SHAPES, _reshaped),
    **dict.fromkeys((ops.Split, ops.SplitV), _split),
    **dict.fromkeys((ops.Slice, ops.StridedSlice), _cut_out),
    **dict.fromkeys((ops.Softmax, ops.LogSoftmax, ops.L2Normalization), _normalized),
    ops.Concatenation: _concatenated,
    ops.Transpose: _transposed,
}
