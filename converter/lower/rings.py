"""States that hold the newest rows of a value: they move on in place.

    window = CONCATENATION(state, new)          the rows kept, then the new ones
    state' = SLICE(window)                      the window without its oldest rows

As three copies that would move every kept row three times. Instead the state's buffer holds the
whole window: one call moves what stays to its start and puts the new rows behind it. The mean over
the rows of such a window goes on from a sum that is kept beside it, in the same integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import mean_requant
from edgekit.converter.ir.graph import DType, Graph, Node, State, Tensor
from edgekit.converter.ir.ops import Activation, Concatenation, Mean, Slice, StridedSlice
from edgekit.converter.ir.shapes import reduced_axes
from edgekit.converter.ir.slicing import sliced
from edgekit.converter.lower.calls import Call, Kept, Result, Value, product, quant
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg


@dataclass(frozen=True, slots=True)
class Ring:
    """A state in the buffer of a window: `join` makes the window of it and of what is new, `cut`
    the next state of the window, which begins `shift` bytes further on."""

    state: State
    join: Node
    cut: Node
    shift: int

    def call(self, graph: Graph) -> Call:
        """The window moved on."""
        new = graph.input(self.join, 1)
        counts = (self.shift, graph[self.state.read].bytes, new.bytes)
        numbers = (NumberArg(count) for count in counts)
        return Call("shift_s8", (*numbers, Value(new.name), Result(self.join.output)))

    def initial(self, graph: Graph) -> NDArray[np.int8]:
        """The bytes of the window's buffer after a reset: what is kept, where a call finds it."""
        stored = np.ascontiguousarray(self.state.initial).reshape(-1).view(np.int8)
        room = graph[self.join.output].bytes
        start = np.resize(stored, room)
        return np.roll(start, self.shift)


def rings(graph: Graph) -> Mapping[str, Ring]:
    """The rings of a graph, by the tensor that their state is read from."""
    found = (_ring(graph, state) for state in graph.states)
    return MappingProxyType({ring.state.read: ring for ring in found if ring is not None})


def _ring(graph: Graph, state: State) -> Ring | None:
    readers, cut = graph.consumers(state.read), graph.producer(state.written)
    if len(readers) != 1 or cut is None or state.read in graph.results:
        return None
    [join] = readers
    if not _joins(graph, join, state) or graph.consumers(state.written):
        return None
    if not isinstance(cut.op, Slice | StridedSlice) or cut.inputs[0] != join.output:
        return None
    if graph.results.count(state.written) > 1 or join.output in graph.results:
        return None
    first = _first(graph, cut, graph[state.read])
    return None if first is None else Ring(state, join, cut, first)


def _joins(graph: Graph, join: Node, state: State) -> bool:
    """Whether the node puts new rows of the same kind behind the state's, whole rows each."""
    if not isinstance(join.op, Concatenation) or len(join.inputs) != 2:
        return False
    kept, new, window = graph[state.read], graph.input(join, 1), graph.output(join)
    kinds = {(t.dtype, t.quant) for t in (kept, new, window)}
    outer = product(window.shape[: join.op.axis % len(window.shape)])
    plain = join.op.activation is Activation.NONE and join.inputs[1] != state.read
    return len(kinds) == 1 and outer == 1 and plain and join.inputs[0] == state.read


def _first(graph: Graph, cut: Node, state: Tensor) -> int | None:
    """Where in the window the next state's bytes begin; None where they are not a stretch of it, or
    one that new rows would overwrite."""
    window = graph.input(cut)
    whole = np.arange(window.size, dtype=np.int64).reshape(window.shape)
    ranges, _ = sliced(graph, cut)
    index = tuple(slice(first, first + count * step, step) for first, count, step in ranges)
    if any(step < 1 for _, _, step in ranges):
        return None
    part = whole[index].reshape(-1)
    stretch = part.size == state.size and bool((np.diff(part) == 1).all())
    return int(part[0]) * state.dtype.numpy.itemsize if stretch else None


@dataclass(frozen=True, slots=True, eq=False)
class RunningMean:
    """A MEAN over all rows of a ring's window, by channel; `sums` is where it goes on from, what
    `initial` holds after a reset."""

    node: Node
    ring: Ring
    sums: Tensor
    initial: NDArray[np.int32]

    def call(self, graph: Graph) -> Call:
        """The new rows into the sums, the mean, the oldest rows out of them."""
        x, y = graph.input(self.node), graph.output(self.node)
        source, target = quant(self.node, x), quant(self.node, y)
        channels = self.sums.size
        rows = x.size // channels
        params = Params(
            "ek_running_mean_s8_t",
            (
                ("rows", rows),
                ("channels", channels),
                ("moved", self.ring.shift // channels),
                ("input_zero", source.zero_point),
                ("output_zero", target.zero_point),
                ("q", mean_requant(source, target, rows)),
            ),
        )
        args = (ParamsArg(), Value(x.name), Kept(self.sums.name, "int32_t"), Result(y.name))
        return Call("running_mean_s8", args, params)


def running_means(graph: Graph, kept: Mapping[str, Ring]) -> Mapping[str, RunningMean]:
    """Every such MEAN of int8, by its output."""
    windows = {ring.join.output: ring for ring in kept.values()}
    found = {}
    for node in graph.nodes:
        ring = windows.get(str(node.inputs[0])) if isinstance(node.op, Mean) else None
        if ring is not None and _by_channel(graph, node, ring):
            found[node.output] = _running(graph, node, ring)
    return MappingProxyType(found)


def _by_channel(graph: Graph, node: Node, ring: Ring) -> bool:
    """Whether all rows and nothing else become one, and as many rows go as come."""
    x, axes = graph.input(node), reduced_axes(graph, node)
    *outer, channels = enumerate(x.shape)
    whole = channels[0] not in axes and all(at in axes or extent == 1 for at, extent in outer)
    moves = ring.shift == graph.input(ring.join, 1).bytes
    return x.dtype is DType.INT8 and whole and moves


def _running(graph: Graph, node: Node, ring: Ring) -> RunningMean:
    channels = graph.input(node).shape[-1]
    rows = ring.state.initial.reshape(-1, channels)
    sums = Tensor(f"{node.name}_sums", (channels,), DType.INT32)
    return RunningMean(node, ring, sums, rows.sum(axis=0, dtype=np.int32))
