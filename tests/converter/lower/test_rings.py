"""States that hold the newest rows: one call moves the window on, where the graph allows it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.verify import verify
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.rings import rings
from tests.helpers.generated_c import TARGET
from tests.helpers.streaming_graphs import numbers, ring, tensor


def read() -> Graph:
    """The ring with a reader, so that its window is no output."""
    graph = ring()
    more = graph.with_tensors(tensor("y", 1, 6, 4))
    nodes = (*graph.nodes, Node("relu", ops.Relu(), ("window",), ("y",)))
    return replace(more, nodes=nodes, outputs=("y",))


def test_one_call_moves_the_window_on() -> None:
    graph = read()
    verify(graph)
    program = lower(graph, TARGET)
    assert program.steps[0].kernel == "ek_shift_s8__ref"
    assert len(program.steps) == 2
    [state] = program.states
    assert (state.bytes, program.buffer("ring").shape) == (24, (1, 6, 4))
    values = program.constant(state.array).values
    np.testing.assert_array_equal(values.ravel()[4:], graph.states[0].initial.ravel())


def test_a_reset_repeats_the_row_that_all_are() -> None:
    graph = read()
    row = np.array([1, 2, 3, 4], np.int8)
    same = replace(graph.states[0], initial=np.tile(row, (1, 5, 1)))
    [state] = lower(replace(graph, states=(same,)), TARGET).states
    assert (state.times, state.bytes) == (6, 24)


@pytest.mark.parametrize("change", ["window", "tail", "order", "gap", "axis"])
def test_what_is_no_ring(change: str) -> None:
    """A window or next state that somebody else has, another order, rows left out."""
    graph = read()
    window, tail, relu = graph.nodes
    match change:
        case "window":
            graph = replace(graph, outputs=("y", "window"))
        case "tail":
            graph = replace(graph, outputs=("y", "tail"))
        case "order":
            turned = replace(window, inputs=("x", "ring"))
            graph = replace(graph, nodes=(turned, tail, relu))
        case "gap":
            more = graph.with_tensors(
                tensor("ring", 1, 3, 4), tensor("window", 1, 6, 4), tensor("tail", 1, 3, 4),
                tensor("x", 1, 3, 4), numbers("b", 0, 0, 0), numbers("e", 1, 6, 4),
                numbers("s", 1, 2, 1),
            )  # fmt: skip
            cut = Node("tail", ops.StridedSlice(), ("window", "b", "e", "s"), ("tail",))
            state = replace(graph.states[0], initial=np.zeros((1, 3, 4), np.int8))
            graph = replace(more, nodes=(window, cut, relu), states=(state,))
        case "axis":
            more = graph.with_tensors(
                tensor("ring", 1, 4, 5), tensor("window", 1, 4, 6), tensor("tail", 1, 4, 5),
                tensor("x", 1, 4, 1), tensor("y", 1, 4, 6), numbers("begin", 0, 0, 1),
                numbers("size", 1, 4, 5),
            )  # fmt: skip
            join = Node("window", ops.Concatenation(2), ("ring", "x"), ("window",))
            state = replace(graph.states[0], initial=np.zeros((1, 4, 5), np.int8))
            graph = replace(more, nodes=(join, tail, relu), states=(state,))
    verify(graph)
    assert not rings(graph)
    assert "ek_shift_s8__ref" not in lower(graph, TARGET).kernels
