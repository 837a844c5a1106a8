"""Channels taken out of a graph: every tensor, weight and attribute that counts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.slicing import sliced
from edgekit.converter.prune.coupling import Coupling, weight_columns
from edgekit.converter.prune.rules import BINARY
from edgekit.converter.quantize.scheme import WEIGHTED

Mask = NDArray[np.bool_]


def shrink(graph: Graph, coupling: Coupling, removed: Mask) -> Graph:
    """The graph without the channels of the groups where `removed` (by group, `WHOLE` never) holds.

    Outputs are those of the graph where the removed channels are zero for all who read them. No
    tensor may lose all its channels.
    """
    assert not removed[0], "channels that stay cannot be removed"
    if not removed.any():
        return graph
    work = _Work(graph, coupling, removed)
    nodes = [work.rewritten(node) for node in graph.nodes]
    resized = [work.resized(name) for name in coupling.channels]
    return graph.with_tensors(*resized, *work.made.values()).with_nodes(nodes)


def channel_masks(graph: Graph, coupling: Coupling, removed: Mask) -> dict[str, Mask]:
    """Masks over the weights of layers that make or read channels that go, false where a weight
    goes with them."""
    work = _Work(graph, coupling, removed)
    masks = {}
    for node in graph.nodes:
        if type(node.op) in WEIGHTED and (work.touched(node.output) or work.reads(node)):
            shape, rows = graph.input(node, 1).shape, work.kept(node.output)
            mask = rows if isinstance(node.op, ops.DepthwiseConv2D) else _matrix(work, node, rows)
            masks[node.name] = np.broadcast_to(mask, shape)
    return masks


def _matrix(work: _Work, node: Node, rows: Mask) -> Mask:
    columns = _columns(work, node)
    mask: Mask = rows.reshape(-1, *[1] * (work.graph.input(node, 1).values.ndim - 1)) & columns
    return mask


@dataclass(slots=True)
class _Work:
    """The graph, what goes, and the constants made so far."""

    graph: Graph
    coupling: Coupling
    removed: Mask
    made: dict[str, Tensor] = field(default_factory=dict)

    def kept(self, name: str | None) -> Mask:
        """By channel of a tensor, whether it stays."""
        kept: Mask = ~self.removed[self.coupling.channels[str(name)].groups]
        return kept

    def touched(self, name: str | None) -> bool:
        """Whether the tensor loses channels."""
        return name in self.coupling.channels and not self.kept(name).all()

    def reads(self, node: Node) -> bool:
        """Whether the layer's input loses channels."""
        return self.touched(self.graph.source(node).name)

    def resized(self, name: str) -> Tensor:
        """The activation with the channels that stay."""
        tensor, axis = self.graph[name], self.coupling.channels[name].axis
        count = int(self.kept(name).sum())
        assert count > 0, f"{name} has no channels left"
        shape = (*tensor.shape[:axis], count, *tensor.shape[axis + 1 :])
        return replace(tensor, shape=shape)

    def constant(self, node: Node, role: str, like: Tensor, values: NDArray[Any]) -> str:
        """A constant for this node alone; the name stays where nobody else reads it."""
        alone = len(self.graph.consumers(like.name)) == 1
        name = like.name if alone else f"{like.name}/{node.name}/{role}"
        self.made[name] = replace(
            like, name=name, shape=values.shape, data=np.ascontiguousarray(values)
        )
        return name

    def numbers(self, node: Node, role: str, values: Any) -> str:
        """An int32 constant for this node alone."""
        array = np.asarray(values, np.int32)
        name = f"{node.name}/pruned_{role}"
        self.made[name] = Tensor(name, array.shape, DType.INT32, None, array)
        return name

    def rewritten(self, node: Node) -> Node:
        """The node over what is left."""
        rule = _REWRITE.get(type(node.op))
        changed = any(self.touched(name) for name in (*node.inputs, *node.outputs))
        return node if rule is None or not changed else rule(self, node)


def _layer(work: _Work, node: Node) -> Node:
    """Rows of the weights by output channel, their last axis by input channel."""
    graph, rows = work.graph, work.kept(node.output)
    weights = graph.input(node, 1)
    if isinstance(node.op, ops.DepthwiseConv2D):
        values = weights.values[..., rows]
    else:
        values = weights.values[rows][..., _columns(work, node)]
    inputs = [*node.inputs]
    inputs[1] = work.constant(node, "weights", weights, values)
    bias = graph.role(node, "bias")
    if bias is not None:
        at = node.op.INPUTS.index("bias?")
        inputs[at] = work.constant(node, "bias", bias, bias.values.reshape(-1)[rows])
    if isinstance(node.op, ops.TransposeConv):
        inputs[0] = work.numbers(node, "shape", work.resized(node.output).shape)
    return replace(node, inputs=tuple(inputs))


def _columns(work: _Work, node: Node) -> Mask:
    source = work.graph.source(node).name
    if not isinstance(node.op, ops.FullyConnected):
        return work.kept(source)
    groups = weight_columns(work.graph, node, work.coupling.channels[source])
    assert groups is not None
    kept: Mask = ~work.removed[groups]
    return kept


def _binary(work: _Work, node: Node) -> Node:
    """A constant operand loses the channels unless it is broadcast along them."""
    found, rank = work.coupling.channels[node.output], len(work.graph.output(node).shape)
    inputs = [*node.inputs]
    for index, name in enumerate(node.inputs):
        tensor = work.graph.input(node, index)
        axis = found.axis - (rank - len(tensor.shape))
        if tensor.constant and axis >= 0 and tensor.shape[axis] == len(found.groups) > 1:
            values = np.compress(work.kept(node.output), tensor.values, axis)
            inputs[index] = work.constant(node, f"operand_{index}", tensor, values)
        else:
            inputs[index] = name
    return replace(node, inputs=tuple(inputs))


def _reshape(work: _Work, node: Node) -> Node:
    if len(node.inputs) < 2:
        return node
    shape = work.numbers(node, "shape", work.resized(node.output).shape)
    return replace(node, inputs=(node.inputs[0], shape))


def _split(work: _Work, node: Node) -> Node:
    """Parts of different extents need SPLIT_V, which has their extents as an operand."""
    name = work.graph.source(node).name
    axis = work.coupling.channels[name].axis
    along = [work.resized(output).shape[axis] for output in node.outputs]
    given = [work.graph[output].shape[axis] for output in node.outputs]
    if sum(along) != work.resized(name).shape[axis]:
        return node  # along another axis
    if (isinstance(node.op, ops.Split) and len(set(along)) == 1) or along == given:
        return node
    axes = node.inputs[node.op.INPUTS.index("axis")]
    inputs = (name, work.numbers(node, "sizes", along), axes)
    return replace(node, op=ops.SplitV(), inputs=inputs)


def _slice(work: _Work, node: Node) -> Node:
    """Begin and size along the channels are counted anew."""
    source = work.coupling.channels[str(node.inputs[0])]
    ranges, _ = sliced(work.graph, node)
    first, count, _ = ranges[source.axis]
    plain = all(step == 1 for _, _, step in ranges)
    if not plain:
        return node  # all channels: the coupling saw to that, and the operator clamps its ends
    begins, sizes = ([each[at] for each in ranges] for at in (0, 1))
    kept = work.kept(node.inputs[0])
    begins[source.axis] = int(kept[:first].sum())
    sizes[source.axis] = int(kept[first : first + count].sum())
    inputs = (node.inputs[0], work.numbers(node, "begin", begins))
    return replace(node, op=ops.Slice(), inputs=(*inputs, work.numbers(node, "size", sizes)))


_REWRITE: Mapping[type[ops.Op], Callable[[_Work, Node], Node]] = {
    **dict.fromkeys((ops.Conv2D, ops.FullyConnected, ops.TransposeConv), _layer),
    ops.DepthwiseConv2D: _layer,
    **dict.fromkeys(BINARY, _binary),
    ops.Reshape: _reshape,
    **dict.fromkeys((ops.Split, ops.SplitV), _split),
    **dict.fromkeys((ops.Slice, ops.StridedSlice), _slice),
}
"""Operators that name channels in weights, constants or attributes."""
