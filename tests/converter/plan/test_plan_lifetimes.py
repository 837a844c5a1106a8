"""Lifetimes of a program's buffers, and where a step may write in place."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.lower.lower import lower
from edgekit.converter.plan.lifetimes import in_place_pairs, lifetimes
from edgekit.converter.plan.plan import memory_summary, plan
from tests.helpers.generated_c import TARGET
from tests.helpers.int8_graphs import UNIT, GraphBuilder

Q = Quant.per_tensor(0.1, 0)
OTHER = Quant.per_tensor(0.2, 5)


def spans(graph: Graph) -> dict[str, tuple[int, int]]:
    return {live.name: (live.first, live.last) for live in lifetimes(lower(graph, TARGET))}


def pairs(graph: Graph) -> list[tuple[str, str]]:
    program = lower(graph, TARGET)
    found = in_place_pairs(program, lifetimes(program))
    return [(pair.operand, pair.output) for pair in found]


def pooled(g: GraphBuilder, x: str, name: str) -> str:
    op = ops.MaxPool2D(ops.Padding.SAME, 2, 2, 1, 1)
    return g.node(op, [x], g.tensors[x].shape, g.tensors[x].quant, name=name)


def test_inputs_live_until_their_last_reader_and_outputs_to_the_end() -> None:
    g = GraphBuilder()
    x = g.input((1, 4, 4, 2), Q)
    first = pooled(g, x, "first")
    second = pooled(g, first, "second")
    third = pooled(g, second, "third")
    assert spans(g.graph(first, third)) == {
        "input": (0, 0),
        "output_0": (0, 2),
        "second_y": (1, 2),
        "output_1": (2, 2),
    }


def test_all_inputs_live_from_the_start() -> None:
    g = GraphBuilder()
    a, b = g.input((1, 4), Q), g.input((1, 4), Q)
    early = g.unary(ops.Relu(), a, OTHER, "early")
    last = g.node(ops.Add(), [early, b], (1, 4), Q, name="last")
    assert spans(g.graph(last))["input_1"] == (0, 1)


def test_a_reshape_keeps_its_source_alive() -> None:
    g = GraphBuilder()
    a = pooled(g, g.input((1, 4, 4, 2), Q), "a")
    flat = g.reshape(a, (1, 32))
    b = pooled(g, a, "b")
    dense = g.dense(flat, np.ones((3, 32), np.int8), Q, name="dense")
    lives = spans(g.graph(b, dense))
    assert lives["a_y"] == (0, 2)


def test_elementwise_runs_in_place_where_the_operand_dies() -> None:
    g = GraphBuilder()
    a = pooled(g, g.input((1, 4, 4, 2), Q), "a")
    b = g.unary(ops.Logistic(), a, UNIT, "b")
    c = g.node(ops.Add(), [b, b], (1, 4, 4, 2), Q, name="c")
    graph = g.graph(c)
    assert pairs(graph) == [("a_y", "b_y"), ("b_y", "output")]
    assert plan(lower(graph, TARGET)).arena_bytes == 64


def test_the_input_may_be_overwritten() -> None:
    g = GraphBuilder()
    y = g.unary(ops.Relu(), g.input((1, 16), Q), OTHER)
    assert pairs(g.graph(y)) == [("input", "output")]


def test_not_in_place_while_somebody_still_reads() -> None:
    g = GraphBuilder()
    a = pooled(g, g.input((1, 4, 4, 2), Q), "a")
    b = g.unary(ops.Relu(), a, OTHER, "b")
    c = g.node(ops.Mul(), [a, b], (1, 4, 4, 2), Q, name="c")
    # b may not overwrite a, which c reads; c may overwrite either.
    assert pairs(g.graph(c)) == [("a_y", "output")]


def test_not_in_place_over_an_output() -> None:
    g = GraphBuilder()
    a = pooled(g, g.input((1, 4, 4, 2), Q), "a")
    b = g.unary(ops.Relu(), a, OTHER, "b")
    assert pairs(g.graph(a, b)) == []


def test_not_in_place_over_an_output_under_another_name() -> None:
    g = GraphBuilder()
    a = pooled(g, g.input((1, 4, 4, 2), Q), "a")
    b = g.unary(ops.Relu(), a, OTHER, "b")
    assert pairs(g.graph(g.reshape(a, (1, 32)), b)) == []


def test_not_in_place_over_a_broadcast_operand() -> None:
    g = GraphBuilder()
    small = pooled(g, g.input((1, 1, 1, 2), Q), "small")
    large = g.input((1, 4, 4, 2), Q)
    y = g.node(ops.Add(), [small, large], (1, 4, 4, 2), Q, name="sum")
    assert pairs(g.graph(y)) == [("input_1", "output")]


def test_not_in_place_between_element_sizes() -> None:
    g = GraphBuilder()
    x = g.input((1, 16), None, DType.FLOAT32)
    y = g.node(ops.Quantize(), [x], (1, 16), Q)
    assert pairs(g.graph(y)) == []


def test_the_summary_keeps_every_buffer() -> None:
    g = GraphBuilder()
    y = pooled(g, pooled(g, g.input((1, 4, 4, 2), Q), "a"), "b")
    memory = plan(lower(g.graph(y), TARGET))
    summary = memory_summary(memory)
    assert [(b.name, b.kind, b.size) for b in summary.buffers] == [
        ("input", "input", 32),
        ("a_y", "activation", 32),
        ("output", "output", 32),
    ]
    assert (summary.arena_bytes, summary.lower_bound) == (64, 64)
