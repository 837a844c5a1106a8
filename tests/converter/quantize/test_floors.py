"""No scale is written that makes TFLite's kernels stop the program."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.calibrate import calibrate
from edgekit.converter.quantize.int8 import quantize_int8, quantize_ranges
from edgekit.converter.quantize.params import quantize_input
from tests.conformance.against_references import activations, compare
from tests.conformance.references import Reference, installed
from tests.helpers.float_graphs import FloatGraph, samples


def tiny_scores(op: ops.Op, size: float = 5e-7) -> Graph:
    """A SOFTMAX or LOG_SOFTMAX over scores of an untrained network: next to nothing."""
    g = FloatGraph("tiny_scores")
    weights = np.random.default_rng(1).uniform(-size, size, (10, 8))
    x = g.dense(g.input((1, 8)), weights, np.zeros(10), name="scores")
    turned = g.node(ops.Reshape(), [x, g.constant([1, 2, 5], dtype="int32")], "turned",
                    shape=(1, 2, 5))  # fmt: skip
    return g.graph(g.node(op, [turned], "y"))


def cancelling() -> Graph:
    """x - (x + almost nothing), with two large operands."""
    g = FloatGraph("cancelling")
    x = g.input((1, 8))
    near = g.node(ops.Add(), [x, g.constant(np.full(8, 2e-4), "little")], "near")
    wide = [g.node(ops.Mul(), [each, g.constant([0.5])], f"wide_{each}") for each in (x, near)]
    return g.graph(g.node(ops.Sub(), wide, "y"))


def equal_at_references(graph: Graph, x: np.ndarray) -> None:
    """Every reference runs the graph, and as the interpreter does."""
    stored = quantize_input(x, graph[graph.inputs[0]])
    expected = activations(graph, [(stored[index : index + 1],) for index in range(8)])
    compared = 0
    for name in installed():
        with Reference(name) as reference:
            answer = compare(graph, expected, reference)
        assert answer.mismatch is None, f"{name}: {answer.mismatch}"
        compared += answer.compared
    assert compared >= len(graph.nodes)


@pytest.mark.parametrize("op", [ops.Softmax(), ops.LogSoftmax()], ids=lambda op: op.NAME)
def test_scores_of_next_to_nothing_run_everywhere(op: ops.Op) -> None:
    graph = tiny_scores(op)
    x = samples(graph, 64)
    result = quantize_int8(graph, [x])
    verify(result.graph)
    assert [note.code for note in result.notes] == ["scale-raised"]
    assert "hardly left zero" in result.notes[0].message
    assert result.graph["turned"].quant == result.graph["scores"].quant
    equal_at_references(result.graph, x)


def test_a_softmax_with_a_small_beta_needs_a_larger_scale() -> None:
    graph = tiny_scores(ops.Softmax(beta=1 / 64), size=3e-5)
    x = samples(graph, 64)
    result = quantize_int8(graph, [x])
    assert [note.code for note in result.notes] == ["scale-raised"]
    equal_at_references(result.graph, x)


def test_operands_that_cancel_run_everywhere() -> None:
    graph = cancelling()
    x = samples(graph, 64)
    ranges = {**calibrate(graph, [x]), "y": (-4e-6, 2e-6)}
    result = quantize_ranges(graph, ranges)
    verify(result.graph)
    assert [(note.code, note.subject) for note in result.notes] == [("scale-raised", "y")]
    equal_at_references(result.graph, x)


def test_trained_scores_keep_their_scale() -> None:
    graph = tiny_scores(ops.Softmax(), size=0.5)
    assert not quantize_int8(graph, [samples(graph, 64)]).notes
