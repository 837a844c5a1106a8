"""A weighted layer is rows times matrices: what the interpreter computes, once more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.interpret.run import run
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Padding
from edgekit.converter.quantize import products
from edgekit.converter.quantize.products import input_rows, stored_weights, weight_matrices
from tests.helpers.float_graphs import FloatGraph, samples


def _graph(kind: str, stride: int, padding: Padding, seed: int) -> Graph:
    rng = np.random.default_rng(seed)
    g = FloatGraph()
    if kind == "dense":
        return g.graph(g.dense(g.input((1, 7)), rng.normal(0, 1, (3, 7)), name="y"))
    x = g.input((1, 6, 5, 4))
    if kind == "depthwise":
        weights = rng.normal(0, 1, (1, 3, 2, 8))
        return g.graph(g.depthwise(x, weights, padding=padding, name="y"))
    depth = 2 if kind == "grouped" else 4
    weights = rng.normal(0, 1, (6, 2, 3, depth))
    return g.graph(g.conv(x, weights, padding=padding, stride=stride, name="y"))


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from(["conv", "grouped", "depthwise", "dense"]),
    st.integers(1, 2),
    st.sampled_from([Padding.SAME, Padding.VALID]),
    st.integers(0, 99),
)
def test_rows_times_matrices_are_the_layer(
    kind: str, stride: int, padding: Padding, seed: int
) -> None:
    graph = _graph(kind, stride, padding, seed)
    [node] = graph.nodes
    x = samples(graph, 5, seed)
    matrices = weight_matrices(graph, node, graph.input(node, 1).values)
    rows = np.concatenate(list(input_rows(graph, node, x)), axis=1)
    sums = np.moveaxis(rows @ np.swapaxes(matrices, 1, 2), 0, 1)
    wanted = run(graph, x)["y"]
    assert sums.reshape(wanted.shape) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("kind", ["conv", "grouped", "depthwise", "dense"])
def test_matrices_go_back_to_where_they_came_from(kind: str) -> None:
    graph = _graph(kind, 1, Padding.SAME, 0)
    [node] = graph.nodes
    values = graph.input(node, 1).values
    assert np.array_equal(stored_weights(graph, node, weight_matrices(graph, node, values)), values)


def test_many_samples_come_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = _graph("conv", 1, Padding.SAME, 0)
    [node] = graph.nodes
    x = samples(graph, 5)
    [whole] = input_rows(graph, node, x)
    monkeypatch.setattr(products, "BLOCK_ELEMENTS", 2 * 6 * 5 * 2 * 3 * 4)
    parts = list(input_rows(graph, node, x))
    assert len(parts) == 3
    assert np.array_equal(np.concatenate(parts, axis=1), whole)
