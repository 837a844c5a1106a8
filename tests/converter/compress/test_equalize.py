"""Equalization changes no output; absorbed biases none that a RELU lets through."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.compress.equalize import absorb_biases, equalize, pairs_of
from edgekit.converter.interpret.run import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.load.norms import Norm
from tests.helpers.float_graphs import FloatGraph, samples


def _chain(seed: int, activation: Activation = Activation.RELU) -> Graph:
    rng = np.random.default_rng(seed)
    uneven = 10 ** rng.uniform(-2, 2, 6)
    g = FloatGraph()
    y = g.input((1, 6, 6, 3))
    first = rng.normal(0, 1, (6, 3, 3, 3)) * uneven[:, None, None, None]
    y = g.conv(y, first, rng.normal(0, 1, 6), activation=activation, name="a")
    y = g.depthwise(
        y, rng.normal(0, 1, (1, 3, 3, 6)), rng.normal(0, 1, 6), activation=activation, name="b"
    )
    y = g.conv(y, rng.normal(0, 1, (4, 1, 1, 6)), rng.normal(0, 1, 4), name="c")
    return g.graph(y)


def _ranges(graph: Graph, name: str, *, output: bool) -> np.ndarray:
    node = next(node for node in graph.nodes if node.name == name)
    weights = np.abs(graph.input(node, 1).values)
    if output and not isinstance(node.op, ops.DepthwiseConv2D):
        weights = np.moveaxis(weights, 0, -1)
    return weights.reshape(-1, weights.shape[-1]).max(axis=0)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 999))
def test_outputs_stay_and_ranges_become_even(seed: int) -> None:
    graph = _chain(seed)
    found, _, pairs = equalize(graph, {})
    assert pairs == 2
    x = samples(graph, 4)
    before, after = run(graph, x)["c"], run(found, x)["c"]
    assert after == pytest.approx(before, rel=1e-3, abs=1e-4 * np.abs(before).max())
    spread = [r.max() / r.min() for r in (_ranges(g, "a", output=True) for g in (graph, found))]
    assert spread[1] < spread[0]


def test_both_sides_of_a_pair_get_one_range() -> None:
    g = FloatGraph()
    x = g.input((1, 4))
    y = g.dense(x, np.diag([8.0, 2.0, 1.0]) @ np.ones((3, 4)), np.ones(3), name="a")
    graph = g.graph(g.dense(y, np.array([[0.5, 2.0, 4.0]]), np.ones(1), name="b"))
    known = {"a": Norm("bn", np.full(3, 4.0), np.ones(3), np.ones(3))}
    found, norms, pairs = equalize(graph, known)
    assert pairs == 1
    wide, ahead = _ranges(found, "a", output=True), _ranges(found, "b", output=False)
    assert wide == pytest.approx(ahead)
    assert norms["a"].mean == pytest.approx(4 / np.array([4, 1, 0.5]))
    assert norms["a"].deviation == pytest.approx(1 / np.array([4, 1, 0.5]))


def test_channels_that_died_keep_their_scale() -> None:
    g = FloatGraph()
    y = g.dense(g.input((1, 2)), np.array([[1.0, 1], [1e-12, 0]]), np.ones(2), name="a")
    graph = g.graph(g.dense(y, np.array([[4.0, 4.0]]), np.ones(1), name="b"))
    found, _, _ = equalize(graph, {})
    assert _ranges(found, "b", output=False)[1] == 4


def test_shared_weights_branches_and_relu6_are_no_pairs() -> None:
    assert not pairs_of(_chain(0, Activation.RELU6))
    rng = np.random.default_rng(0)
    g = FloatGraph()
    x = g.input((1, 3))
    y = g.dense(x, rng.normal(0, 1, (3, 3)), np.ones(3), name="a")
    z = g.dense(y, rng.normal(0, 1, (3, 3)), np.ones(3), name="b")
    assert not pairs_of(g.graph(g.node(ops.Add(), [y, z], "sum")))


def test_absorbed_biases_change_nothing_that_the_relu_lets_through() -> None:
    rng = np.random.default_rng(1)
    g = FloatGraph()
    x = g.input((1, 4, 4, 3))
    bias = np.array([9.0, 0.5])
    y = g.conv(x, rng.normal(0, 0.1, (2, 1, 1, 3)), bias, activation=Activation.RELU, name="a")
    y = g.conv(y, rng.normal(0, 1, (5, 1, 1, 2)), rng.normal(0, 1, 5), name="b")
    graph = g.graph(y)
    known = {"a": Norm("bn", bias, np.ones(2), bias)}
    found, norms, count = absorb_biases(graph, known)
    assert count == 1
    assert norms["a"].mean.tolist() == [3, 0.5]
    x_values = samples(graph, 6)
    assert run(found, x_values)["b"] == pytest.approx(run(graph, x_values)["b"], abs=1e-5)
    assert found.input(found.nodes[0], 2).values.tolist() == [3, 0.5]


def test_nothing_is_absorbed_in_front_of_padding() -> None:
    rng = np.random.default_rng(1)
    g = FloatGraph()
    x = g.input((1, 4, 4, 3))
    relu, bias = Activation.RELU, np.full(2, 9.0)
    y = g.conv(x, rng.normal(0, 0.1, (2, 1, 1, 3)), bias, activation=relu, name="a")
    for padding, count in ((Padding.SAME, 0), (Padding.VALID, 2)):
        h = FloatGraph()
        h.tensors, h.nodes, h.inputs = dict(g.tensors), [*g.nodes], [*g.inputs]
        z = h.conv(y, rng.normal(0, 1, (5, 3, 3, 2)), np.zeros(5), padding=padding, name="b")
        known = {"a": Norm("bn", bias, np.ones(2), bias)}
        assert absorb_biases(h.graph(z), known)[2] == count
