"""States that hold the newest rows of a value: they move on in place.

    window = CONCATENATION(state, new)          the rows kept, then the new ones
    state' = SLICE(window)                      the window without its oldest rows

As three copies that would move every kept row three times. Instead the state's buffer holds the
whole window: one call moves what stays to its start and puts the new rows behind it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph, Node, State, Tensor
from edgekit.converter.ir.ops import Activation, Concatenation, Slice, StridedSlice
from edgekit.converter.ir.slicing import sliced
from edgekit.converter.lower.calls import Call, Result, Value, product
from edgekit.converter.lower.program import NumberArg


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
