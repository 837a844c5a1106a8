"""Means over the rows of a window that moves on in place: they go on from a sum that is kept.

    rows = CONCATENATION(before, window)        where rows before the window's are new in each call
    mean = MEAN(rows) or AVERAGE_POOL_2D(rows)

The sum over the rows that the window keeps is kept beside them, in int32: new rows are added, the
oldest are taken out, and rows that belong to one call alone are added for that call. The same
integers, rounded as the operator rounds them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import activation_range, mean_requant
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation, AveragePool2D, Concatenation, Mean, Padding
from edgekit.converter.ir.shapes import reduced_axes
from edgekit.converter.lower.calls import Call, Kept, Result, Value, product, quant
from edgekit.converter.lower.program import FieldValue, Params, ParamsArg
from edgekit.converter.lower.rings import Ring


@dataclass(frozen=True, slots=True, eq=False)
class RunningMean:
    """A MEAN or AVERAGE_POOL_2D by channel over all rows of a ring's window and of `before`, which
    `join` puts before them (None: the window's alone). `sums` is where it goes on from, what
    `initial` holds after a reset."""

    node: Node
    ring: Ring
    join: Node | None
    sums: Tensor
    initial: NDArray[np.int32]

    def call(self, graph: Graph) -> Call:
        """The new rows into the sums, the mean, the oldest rows out of them."""
        window = self.ring.join.output
        before = window if self.join is None else str(self.join.inputs[0])
        operands = (Value(before), Value(window), Kept(self.sums.name, "int32_t"))
        family, params = self._how(graph)
        return Call(family, (ParamsArg(), *operands, Result(self.node.output)), params)

    def _how(self, graph: Graph) -> tuple[str, Params]:
        x, y = graph.input(self.node), graph.output(self.node)
        source, target = quant(self.node, x), quant(self.node, y)
        rows: tuple[str, FieldValue] = ("rows", (*self.rows(graph), self.sums.size))
        if isinstance(self.node.op, AveragePool2D):
            low, high = activation_range(self.node.op.activation, target)
            fields = (rows, ("act_min", low), ("act_max", high))
            return "running_average_s8", Params("ek_running_average_s8_t", fields)
        factor = mean_requant(source, target, x.size // self.sums.size)
        zeros = (("input_zero", source.zero_point), ("output_zero", target.zero_point))
        return "running_mean_s8", Params("ek_running_mean_s8_t", (rows, *zeros, ("q", factor)))

    def rows(self, graph: Graph) -> tuple[int, int, int, int]:
        """Rows before the window, kept in it, that it moves on by, and behind those."""
        before = 0 if self.join is None else graph.input(self.join).bytes
        kept, new = graph[self.ring.state.read].bytes, graph.input(self.ring.join, 1).bytes
        moved = self.ring.shift
        before, kept, moved, after = (
            count // self.sums.size for count in (before, kept, moved, new - moved)
        )
        return before, kept, moved, after


def running_means(graph: Graph, kept: Mapping[str, Ring]) -> Mapping[str, RunningMean]:
    """Every such mean of int8 that has more rows to keep than to move, by its output."""
    windows = {ring.join.output: ring for ring in kept.values()}
    found = {}
    for node in graph.nodes:
        if not _by_channel(graph, node):
            continue
        source = str(node.inputs[0])
        join = None if source in windows else _joined(graph, source)
        ring = windows.get(source if join is None else str(join.inputs[1]))
        if ring is not None:
            made = _running(graph, node, ring, join)
            _, stay, moved, after = made.rows(graph)
            if after >= 0 and stay > moved:
                found[node.output] = made
    return MappingProxyType(found)


def _by_channel(graph: Graph, node: Node) -> bool:
    """Whether all rows and nothing else become one, of int8."""
    op = node.op
    if not isinstance(op, Mean | AveragePool2D) or graph.input(node).dtype is not DType.INT8:
        return False
    x = graph.input(node)
    if isinstance(op, AveragePool2D):
        same = op.padding is Padding.VALID and x.quant == graph.output(node).quant
        return same and (1, op.filter_h, op.filter_w) == x.shape[:3] and not op.half_up
    *outer, channels = enumerate(x.shape)
    axes = reduced_axes(graph, node)
    return channels[0] not in axes and all(at in axes or extent == 1 for at, extent in outer)


def _joined(graph: Graph, source: str) -> Node | None:
    """The node that puts rows before others of the same kind, for one reader alone."""
    join = graph.producer(source)
    if join is None or not isinstance(join.op, Concatenation) or len(join.inputs) != 2:
        return None
    whole, axis = graph[source], join.op.axis % len(graph[source].shape)
    plain = join.op.activation is Activation.NONE and product(whole.shape[:axis]) == 1
    alone = len(graph.consumers(source)) == 1 and source not in graph.results
    kinds = {(graph[str(name)].dtype, graph[str(name)].quant) for name in (*join.inputs, source)}
    return join if plain and alone and len(kinds) == 1 and axis < len(whole.shape) - 1 else None


def _running(graph: Graph, node: Node, ring: Ring, join: Node | None) -> RunningMean:
    channels = graph.input(node).shape[-1]
    rows = ring.state.initial.reshape(-1, channels)
    sums = Tensor(f"{node.name}_sums", (channels,), DType.INT32)
    return RunningMean(node, ring, join, sums, rows.sum(axis=0, dtype=np.int32))
