"""Clustered weights: the best centres there are, few of them, zeros kept."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.cluster import cluster_weights
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.kmeans import nearest_of_few
from edgekit.converter.quantize.rounding import round_adaptively
from edgekit.converter.quantize.scheme import WEIGHTED
from edgekit.errors import UnsupportedError
from tests.helpers.float_graphs import samples
from tests.helpers.small_bundles import small_network


def cost(values: np.ndarray, weights: np.ndarray, centres: np.ndarray) -> float:
    return float((weights * (values - centres) ** 2).sum())


def best_by_trying(values: np.ndarray, weights: np.ndarray, most: int) -> float:
    """The least cost over all whole centres between the extremes, 0 among them where it occurs."""
    able = range(int(values.min()), int(values.max()) + 1)
    free = most - (0 in values)
    found = []
    for chosen in combinations(able, min(free, len(able))):
        centres = np.array([*chosen, *([0] if 0 in values else [])])
        gaps = (values[:, None] - centres[None, :]) ** 2
        found.append(float((weights * gaps.min(axis=1)).sum()))
    return min(found)


@given(
    st.lists(st.integers(-6, 6), min_size=2, max_size=9, unique=True).map(sorted),
    st.integers(2, 4),
    st.integers(0, 1 << 30),
)
@settings(deadline=None, max_examples=60)
def test_no_other_centres_are_better(values: list[int], most: int, seed: int) -> None:
    array = np.array(values)
    weights = np.random.default_rng(seed).integers(1, 20, len(values)).astype(np.float64)
    centres = nearest_of_few(array, weights, most)
    assert len(set(centres.tolist())) <= most
    assert (np.diff(centres) >= 0).all()
    if len(array) > most:
        assert cost(array, weights, centres) == pytest.approx(best_by_trying(array, weights, most))
    else:
        assert centres.tolist() == values


def test_zero_stays_zero() -> None:
    values = np.array([-3, -2, 0, 1, 2])
    assert nearest_of_few(values, np.array([9.0, 9, 1, 50, 50]), 2)[2] == 0


def quantized() -> Graph:
    network = small_network()
    return quantize_int8(network, [samples(network, 40)]).graph


def weights_of(graph: Graph) -> list[tuple[np.ndarray, int]]:
    nodes = [node for node in graph.nodes if type(node.op) in WEIGHTED]
    return [(graph.input(node, 1).values, WEIGHTED[type(node.op)]) for node in nodes]


@pytest.mark.parametrize("clusters", [2, 5, 16])
def test_a_tensor_has_few_values(clusters: int) -> None:
    graph = quantized()
    found = cluster_weights(graph, clusters)
    verify(found.graph)
    assert found.tensors == 2
    for (values, _), (before, _) in zip(weights_of(found.graph), weights_of(graph), strict=True):
        assert len(np.unique(values)) <= clusters
        assert (values[before == 0] == 0).all()


def test_a_channel_has_few_values_and_loses_less() -> None:
    graph = quantized()
    whole, each = (cluster_weights(graph, 8, scope) for scope in ("tensor", "channel"))
    for values, axis in weights_of(each.graph):
        for channel in np.moveaxis(values, axis, 0):
            assert len(np.unique(channel)) <= 8
    assert each.weights_db > whole.weights_db


def test_gptq_rounds_to_the_palette_and_loses_less() -> None:
    network = small_network(channels=12)
    data = samples(network, 64)
    clustered = cluster_weights(quantize_int8(network, [data]).graph, 6).graph
    rounded, _ = round_adaptively(network, clustered, data, "gptq", clustered=True)
    verify(rounded)
    for (values, _), (before, _) in zip(weights_of(rounded), weights_of(clustered), strict=True):
        assert set(np.unique(values)) <= set(np.unique(before))
    fresh = samples(network, 64, seed=5)
    exact, *found = (outputs_real(network_, fresh) for network_ in (network, clustered, rounded))
    noise = [sum(np.square(f[n] - exact[n]).sum() for n in exact) for f in found]
    assert noise[1] < 0.9 * noise[0]


def test_many_clusters_change_nothing() -> None:
    graph = quantized()
    for (a, _), (b, _) in zip(
        weights_of(cluster_weights(graph, 128, "channel").graph), weights_of(graph), strict=True
    ):
        assert len(np.unique(b)) > 128 or (a == b).all()


def test_the_note_says_what_is_left() -> None:
    found = cluster_weights(quantized(), 16)
    text = found.note(16, "tensor").message
    assert text.startswith("2 weight tensors have at most 16 different values per tensor")


def test_a_float_graph_has_nothing_to_cluster() -> None:
    with pytest.raises(UnsupportedError) as caught:
        cluster_weights(small_network(), 16)
    assert str(caught.value) == (
        "small: has no int8 weights to cluster (allowed: convolutions and fully connected layers"
        " with int8 weights). Leave out --cluster, or convert with --precision int8"
    )
