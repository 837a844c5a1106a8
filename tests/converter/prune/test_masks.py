"""Which weights stay, and layers that cannot have what was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converter.ir.graph import Graph
from edgekit.converter.prune.layers import weight_costs
from edgekit.converter.prune.masks import Mask, pattern, sparsest, weight_masks
from edgekit.converter.prune.spec import parse_prune
from edgekit.errors import EdgeKitError, UnsupportedError, UsageError
from tests.helpers.float_graphs import FloatGraph, classifier


def network() -> Graph:
    """An RGB convolution, a depthwise one, a pointwise one and a dense layer."""
    rng = np.random.default_rng(3)
    g = FloatGraph("net")
    y = g.conv(g.input((1, 4, 4, 3)), rng.normal(0, 1, (8, 3, 3, 3)), name="stem")
    y = g.depthwise(y, rng.normal(0, 1, (1, 3, 3, 8)), name="dw")
    y = g.conv(y, rng.normal(0, 0.01, (12, 1, 1, 8)), name="pw")
    return g.graph(g.dense(y, rng.normal(0, 1, (5, 12)), name="dense"))


def masks(text: str, graph: Graph | None = None) -> tuple[dict[str, Mask], dict[str, str]]:
    graph = graph or network()
    return weight_masks(graph, weight_costs(graph, {}), parse_prune(text))


def failure(text: str, graph: Graph | None = None) -> EdgeKitError:
    with pytest.raises(EdgeKitError) as caught:
        masks(text, graph)
    return caught.value


@given(st.integers(1, 200), st.floats(0, 0.99), st.integers(0, 99))
def test_a_share_drops_the_cheapest_weights(size: int, share: float, seed: int) -> None:
    costs = np.random.default_rng(seed).integers(0, 20, size).astype(np.float64)
    mask = sparsest(costs, share)
    assert (~mask).sum() == round(size * share)
    if mask.any() and not mask.all():
        assert costs[~mask].max() <= costs[mask].min()


@given(st.integers(1, 8), st.integers(1, 8), st.integers(1, 30), st.integers(0, 99))
def test_a_pattern_keeps_the_dearest_of_every_group(
    n: int, more: int, rows: int, seed: int
) -> None:
    of = n + more
    costs = np.random.default_rng(seed).random((rows, 2 * of))
    mask = pattern(costs, n, of).reshape(-1, of)
    assert (mask.sum(axis=1) == n).all()
    for row, kept in zip(costs.reshape(-1, of), mask, strict=True):
        assert row[~kept].max() <= row[kept].min()


def test_a_share_of_each_layer_is_of_each_layer() -> None:
    found, _ = masks("layer:0.5,dw=0,dense=0.8")
    assert {name: round(1 - mask.mean(), 2) for name, mask in found.items()} == {
        "stem": 0.5,
        "pw": 0.5,
        "dense": 0.8,
    }


def test_a_share_of_all_weights_empties_no_layer_for_its_scale() -> None:
    """The weights of "pw" are a hundred times smaller than the others."""
    found, _ = masks("0.5")
    total = sum(mask.size for mask in found.values())
    assert sum((~mask).sum() for mask in found.values()) == round(total / 2)
    assert 0.2 < found["pw"].mean() < 0.8


def test_a_pattern_leaves_out_what_cannot_have_it_and_says_why() -> None:
    found, left = masks("2:4")
    assert set(found) == {"pw", "dense"}
    assert left["stem"] == "3 inputs are no multiple of 4"
    assert left["dw"].startswith("a depthwise convolution sums over no input channels")


@pytest.mark.parametrize(
    ("text", "layer", "why"),
    [
        ("2:4,dw=2:4", "dw (DEPTHWISE_CONV_2D)", "groups would run over the 3x3 taps"),
        ("2:4,stem=1:2", "stem (CONV_2D)", "3 inputs are no multiple of 2"),
    ],
)
def test_a_layer_that_cannot_have_the_pattern_it_is_given_is_refused(
    text: str, layer: str, why: str
) -> None:
    error = failure(text)
    assert isinstance(error, UnsupportedError)
    assert error.code == "prune-pattern"
    assert layer in error.subject
    assert why in error.found
    assert "multiple of M" in error.allowed


def test_a_layer_that_is_not_there_is_named_with_those_that_are() -> None:
    error = failure("0.5,head=0")
    assert isinstance(error, UsageError)
    assert error.code == "prune-unknown-layer"
    assert "'head'" in error.found
    assert error.allowed == "stem, dw, pw, dense"


@pytest.mark.parametrize("text", ["0.5,*=0", "2:4,pw=0,dense=0"])
def test_nothing_left_to_prune_is_an_error(text: str) -> None:
    error = failure(text)
    assert error.code == "nothing-to-prune"
    assert "nothing left to prune" in error.found


def test_shared_weights_are_left_alone() -> None:
    g = FloatGraph()
    shared = g.constant(np.ones((3, 3)))
    from edgekit.converter.ir import ops

    y = g.node(ops.FullyConnected(), [g.input((1, 3)), shared], "one")
    graph = g.graph(g.node(ops.FullyConnected(), [y, shared], "two"))
    assert failure("0.5", graph).code == "nothing-to-prune"
    assert set(masks("0.5", classifier())[0]) == {"conv", "depthwise", "logits"}
