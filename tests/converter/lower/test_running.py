"""Means over a window that moves on: they go on from a sum, where that sums fewer rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.lower.lower import lower
from tests.helpers.generated_c import TARGET
from tests.helpers.streaming_graphs import numbers, ring, tensor

RUNNING = "ek_running_mean_s8__ref"


def averaged() -> Graph:
    """The ring, and the mean over its window's rows."""
    graph = ring()
    more = graph.with_tensors(tensor("y", 1, 4), numbers("axes", 1))
    nodes = (*graph.nodes, Node("mean", ops.Mean(), ("window", "axes"), ("y",)))
    return replace(more, nodes=nodes, outputs=("y",))


def edged() -> Graph:
    """The mean over a row that is new in every call, and the window behind it."""
    graph = averaged()
    more = graph.with_tensors(tensor("edge", 1, 1, 4), tensor("all", 1, 7, 4))
    window, tail, mean = graph.nodes
    edge = Node("edge", ops.Relu(), ("x",), ("edge",))
    join = Node("all", ops.Concatenation(1), ("edge", "window"), ("all",))
    over = replace(mean, inputs=("all", "axes"))
    return replace(more, nodes=(window, tail, edge, join, over))


def kernels(graph: Graph) -> list[str]:
    verify(graph)
    return [step.kernel for step in lower(graph, TARGET).steps]


def test_a_mean_goes_on_from_its_sum() -> None:
    graph = averaged()
    assert kernels(graph) == ["ek_shift_s8__ref", RUNNING]
    program = lower(graph, TARGET)
    sums = program.states[1]
    stored = program.constant(sums.array).values.view(np.int32).ravel()
    np.testing.assert_array_equal(stored, graph.states[0].initial.sum(axis=(0, 1), dtype=np.int32))


def test_a_mean_over_other_axes_sums_them_all() -> None:
    over = averaged().with_tensors(tensor("y", 1, 6), numbers("axes", 2))
    assert "ek_mean_s8__ref" in kernels(over)


def test_a_mean_of_one_channel() -> None:
    """Its sum is a single number, whose four bytes are stored as they are."""
    one = averaged().with_tensors(
        tensor("x", 1, 1, 1), tensor("ring", 1, 5, 1), tensor("window", 1, 6, 1),
        tensor("tail", 1, 5, 1), tensor("y", 1, 1), numbers("size", 1, 5, 1),
    )  # fmt: skip
    initial = np.full((1, 5, 1), 100, np.int8)
    one = replace(one, states=(replace(one.states[0], initial=initial),))
    verify(one)
    program = lower(one, TARGET)
    sums = program.states[1]
    assert program.constant(sums.array).values.view(np.int32).tolist() == [500]


def test_rows_of_one_call_alone_are_added_without_a_copy() -> None:
    graph = edged()
    assert "ek_concat_s8__ref" not in kernels(graph)
    step = lower(graph, TARGET).steps[-1]
    assert step.kernel == RUNNING
    assert step.params is not None
    assert dict(step.params.fields)["rows"] == (1, 5, 1, 0, 4)


@pytest.mark.parametrize("change", ["another reader", "an output", "behind"])
def test_rows_that_are_joined_for_others_too_are_summed(change: str) -> None:
    """Nor do rows behind the window go on from its sum."""
    graph = edged()
    match change:
        case "another reader":
            more = graph.with_tensors(tensor("z", 1, 7, 4))
            relu = Node("relu", ops.Relu(), ("all",), ("z",))
            graph = replace(more, nodes=(*graph.nodes, relu), outputs=("y", "z"))
        case "an output":
            graph = replace(graph, outputs=("y", "all"))
        case "behind":
            *first, join, mean = graph.nodes
            turned = replace(join, inputs=("window", "edge"))
            graph = replace(graph, nodes=(*first, turned, mean))
    found = kernels(graph)
    assert "ek_concat_s8__ref" in found
    assert RUNNING not in found


def test_a_window_of_which_more_goes_than_stays_is_summed() -> None:
    graph = averaged().with_tensors(
        tensor("x", 1, 5, 4), tensor("window", 1, 10, 4), numbers("begin", 0, 5, 0)
    )
    assert kernels(graph) == ["ek_shift_s8__ref", "ek_mean_s8__ref"]


def pooled(op: ops.AveragePool2D) -> Graph:
    """The ring as an image of six rows, and an average pooling of it."""
    graph = ring()
    more = graph.with_tensors(
        tensor("x", 1, 1, 1, 4), tensor("ring", 1, 5, 1, 4), tensor("window", 1, 6, 1, 4),
        tensor("tail", 1, 5, 1, 4), numbers("begin", 0, 1, 0, 0), numbers("size", 1, 5, 1, 4),
        tensor("y", 1, 7 - op.filter_h, 1, 4),
    )  # fmt: skip
    state = replace(graph.states[0], initial=graph.states[0].initial.reshape(1, 5, 1, 4))
    nodes = (*graph.nodes, Node("pool", op, ("window",), ("y",)))
    return replace(more, nodes=nodes, outputs=("y",), states=(state,))


@pytest.mark.parametrize(
    ("op", "kernel"),
    [
        (ops.AveragePool2D(Padding.VALID, 6, 1, 6, 1), "ek_running_average_s8__ref"),
        (ops.AveragePool2D(Padding.VALID, 5, 1, 1, 1), "ek_average_pool2d_s8__ref"),
        (
            ops.AveragePool2D(Padding.VALID, 6, 1, 6, 1, half_up=True),
            "ek_average_pool2d_up_s8__ref",
        ),
    ],
)
def test_a_pooling_of_all_rows_goes_on_from_its_sum(op: ops.AveragePool2D, kernel: str) -> None:
    assert kernels(pooled(op)) == ["ek_shift_s8__ref", kernel]
