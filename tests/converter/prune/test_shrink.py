"""Channels that are zero for all their readers go without a trace, in every kind of network."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.interpret.run import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.prune.coupling import Coupling, couple
from edgekit.converter.prune.families import families
from edgekit.converter.prune.fit import masked
from edgekit.converter.prune.shrink import Mask, channel_masks, shrink
from tests.helpers.float_graphs import FloatGraph, samples
from tests.helpers.prunable_graphs import random_network

RNG = np.random.default_rng(5)


def weights(*shape: int) -> np.ndarray:
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def some_groups(graph: Graph, coupling: Coupling, seed: int) -> Mask:
    """Of each family a random part, never all."""
    rng = np.random.default_rng(seed)
    removed = np.zeros(coupling.count + 1, bool)
    for family in families(graph, coupling):
        gone = rng.integers(0, len(family.groups))
        removed[rng.permutation(family.groups)[:gone]] = True
    return removed


def assert_same_outputs(before: Graph, after: Graph) -> None:
    assert [after[name].shape for name in (*after.inputs, *after.outputs)] == [
        before[name].shape for name in (*before.inputs, *before.outputs)
    ]
    x = samples(before, 1)
    wanted, found = run(before, x), run(after, x)
    for name in before.outputs:
        peak = max(1.0, float(np.abs(wanted[name]).max()))
        np.testing.assert_allclose(found[name], wanted[name], rtol=1e-4, atol=1e-5 * peak)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6))
def test_dead_channels_leave_random_networks_without_a_trace(seed: int) -> None:
    graph = random_network(seed)
    coupling = couple(graph)
    removed = some_groups(graph, coupling, seed)
    dead = masked(graph, channel_masks(graph, coupling, removed))
    small = shrink(dead, coupling, removed)
    verify(small)
    assert_same_outputs(dead, small)
    if removed.any():
        sizes = [sum(g[name].size for name in g.activations()) for g in (dead, small)]
        assert sizes[1] < sizes[0]


def test_random_networks_have_much_to_remove() -> None:
    """So that the property above is about something."""
    kinds, groups = set(), 0
    for seed in range(60):
        graph = random_network(seed)
        groups += couple(graph).count
        kinds |= {node.op.NAME for node in graph.nodes}
    assert groups > 600
    assert {"SPLIT", "SLICE", "STRIDED_SLICE", "TRANSPOSE", "CONCATENATION", "PAD"} <= kinds
    assert {"TRANSPOSE_CONV", "PRELU", "MUL", "RESIZE_BILINEAR", "SPACE_TO_DEPTH"} <= kinds


def test_a_residual_ties_all_that_it_joins() -> None:
    g = FloatGraph()
    x = g.input((1, 4, 4, 3))
    stem = g.conv(x, weights(8, 3, 3, 3), weights(8), name="stem")
    inner = g.conv(stem, weights(6, 1, 1, 8), weights(6), name="inner")
    back = g.conv(inner, weights(8, 1, 1, 6), weights(8), name="back")
    joined = g.node(ops.Add(), [stem, back], "joined")
    y = g.conv(joined, weights(2, 1, 1, 8), weights(2), name="head")
    found = families(g.graph(y), couple(g.graph(y)))
    assert [(len(family.groups), family.layers) for family in found] == [
        (8, ("stem", "back")),
        (6, ("inner",)),
    ]


def test_branches_of_a_concatenation_are_pruned_apart_and_their_reader_follows() -> None:
    g = FloatGraph()
    x = g.input((1, 4, 4, 3))
    left = g.conv(x, weights(2, 1, 1, 3), name="left")
    right = g.conv(x, weights(3, 1, 1, 3), name="right")
    both = g.node(ops.Concatenation(3), [left, right], "both")
    graph = g.graph(g.conv(both, weights(2, 1, 1, 5), name="head"))
    coupling = couple(graph)
    assert coupling.channels["both"].groups.tolist() == [1, 2, 3, 4, 5]
    removed = np.isin(np.arange(6), [2, 3])
    small = shrink(graph, coupling, removed)
    np.testing.assert_array_equal(
        small.input(small.nodes[-1], 1).values,
        graph.input(graph.nodes[-1], 1).values[..., [0, 3, 4]],
    )


def test_a_flattened_channel_takes_all_its_places_with_it() -> None:
    g = FloatGraph()
    x = g.input((1, 2, 2, 3))
    y = g.conv(x, weights(3, 1, 1, 3), name="conv")
    y = g.node(ops.Reshape(), [y], "flat", (1, 12))
    graph = g.graph(g.dense(y, weights(2, 12), name="dense"))
    coupling = couple(graph)
    small = shrink(graph, coupling, np.array([False, False, True, False]))
    kept = [0, 2, 3, 5, 6, 8, 9, 11]
    np.testing.assert_array_equal(
        small.input(small.nodes[-1], 1).values,
        graph.input(graph.nodes[-1], 1).values[:, kept],
    )


@pytest.mark.parametrize(
    ("op", "why"),
    [
        (ops.SpaceToDepth(2), "SPACE_TO_DEPTH is not followed"),
        (ops.L2Normalization(), "L2_NORMALIZATION sums over channels"),
    ],
)
def test_what_cannot_be_followed_is_left_whole_and_says_why(op: ops.Op, why: str) -> None:
    g = FloatGraph()
    x = g.input((1, 4, 4, 3))
    y = g.node(op, [g.conv(x, weights(8, 1, 1, 3), name="conv")], "odd")
    depth = g.tensors[y].shape[3]
    graph = g.graph(g.conv(y, weights(2, 1, 1, depth), name="head"))
    coupling = couple(graph)
    assert coupling.count == 0
    assert coupling.left == {"odd": why}


def test_convolutions_in_groups_and_shared_weights_are_left_whole() -> None:
    g = FloatGraph()
    x = g.input((1, 4, 4, 4))
    y = g.conv(x, weights(4, 1, 1, 2), name="grouped")
    shared = g.constant(weights(4, 1, 1, 4))
    y = g.node(ops.Conv2D(ops.Padding.SAME), [y, shared], "one")
    y = g.node(ops.Conv2D(ops.Padding.SAME), [y, shared], "two")
    coupling = couple(g.graph(g.conv(y, weights(2, 1, 1, 4), name="head")))
    assert coupling.count == 0
    assert coupling.left == {
        "grouped": "it is a convolution in groups",
        "one": "it shares its weights with another layer",
        "two": "it shares its weights with another layer",
    }
