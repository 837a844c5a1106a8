"""The forms in which signs stand in graphs, and forms that only resemble them."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.compress.passes import compress
from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops_functions import Sign
from edgekit.converter.ir.ops_logic import GreaterEqual, SelectV2
from tests.helpers.int8_graphs import GraphBuilder

REAL = DType.FLOAT32
VALUES = np.array([[-2, -0.0, 0, 1e-30, -1e-30, 3, np.inf, -np.inf]], np.float32)


def moved_sign(constant: float, *, swapped: bool) -> Graph:
    """SIGN(SIGN(x) + constant)."""
    g = GraphBuilder("sign")
    shape = VALUES.shape
    first = g.node(Sign(), [g.input(shape, None, REAL)], shape, None, dtype=REAL)
    number = g.constant(np.array(constant, np.float32))
    operands: list[str | None] = [number, first] if swapped else [first, number]
    added = g.node(ops.Add(), operands, shape, None, dtype=REAL)
    return g.graph(g.node(Sign(), [added], shape, None, dtype=REAL))


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("constant", [0.1, 0.9])
def test_a_sign_that_is_never_zero_is_packed(constant: float, swapped: bool) -> None:
    graph = moved_sign(constant, swapped=swapped)
    small = compress(graph)
    assert [node.op.NAME for node in small.nodes] == ["LceQuantize", "LceDequantize"]
    for g in (graph, small):
        y = run(g, VALUES)[g.outputs[0]]
        np.testing.assert_array_equal(y, np.where(VALUES >= 0, 1, -1))


@pytest.mark.parametrize("constant", [0.0, 1.0, 1.5, -0.1])
def test_other_sums_of_signs_are_left_alone(constant: float) -> None:
    assert "LceQuantize" not in [
        n.op.NAME for n in compress(moved_sign(constant, swapped=False)).nodes
    ]


@pytest.mark.parametrize("limit", [0.0, 0.5])
def test_a_reshape_goes_before_the_comparison(limit: float) -> None:
    """SELECT(RESHAPE(x >= 0), 1, -1) is the sign of the RESHAPE of x."""
    g = GraphBuilder("flat")
    x = g.input((1, 2, 2, 8), None, REAL)
    number = g.constant(np.array(limit, np.float32))
    above = g.node(GreaterEqual(), [x, number], (1, 2, 2, 8), None, dtype=DType.BOOL)
    shape = g.constant(np.array([1, 32], np.int32))
    flat = g.node(ops.Reshape(), [above, shape], (1, 32), None, dtype=DType.BOOL)
    chosen: list[str | None] = [flat, *(g.constant(np.array(v, np.float32)) for v in (1, -1))]
    graph = g.graph(g.node(SelectV2(), chosen, (1, 32), None, dtype=REAL))
    small = compress(graph)
    names = [node.op.NAME for node in small.nodes]
    assert names[0] == "RESHAPE"
    assert ("LceQuantize" in names) is (limit == 0)
    values = np.random.default_rng(0).normal(0, 1, (1, 2, 2, 8)).astype(np.float32)
    found, expected = (run(g, values)[g.outputs[0]] for g in (small, graph))
    np.testing.assert_array_equal(found, expected)
