"""Binarization after training against its formulas, written down a second time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.mixed.binarize import binarize_layers
from edgekit.converter.mixed.build import saturated
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from tests.helpers.float_graphs import Array, FloatGraph
from tests.helpers.mixed_networks import inputs_of, mixed_network


def one_layer(
    seed: int, *, padding: Padding, stride: int, offset: float, channels: int = 5
) -> tuple[Graph, Array]:
    """A single convolution over inputs with a mean of `offset`."""
    rng = np.random.default_rng(seed)
    g = FloatGraph("one")
    x = g.input((1, 7, 6, channels))
    weights = rng.normal(0, 1, (4, 3, 3, channels))
    y = g.conv(x, weights, rng.normal(0, 1, 4), padding=padding, stride=stride, name="conv")
    return g.graph(y), (rng.normal(offset, 1, (9, 7, 6, channels))).astype(np.float32)


def windows(x: Array, padding: Padding, stride: int) -> Array:
    """3x3 windows of x, padded with 0, as rows of taps."""
    _, height, width, _ = x.shape
    extents = []
    if padding is Padding.SAME:
        pads = [(0, 0)]
        for size in (height, width):
            outputs = -(-size // stride)
            total = max((outputs - 1) * stride + 3 - size, 0)
            pads.append((total // 2, total - total // 2))
            extents.append(outputs)
        x = np.pad(x, [*pads, (0, 0)])
    else:
        extents = [(size - 3) // stride + 1 for size in (height, width)]
    rows = [
        x[:, i * stride : i * stride + 3, j * stride : j * stride + 3].reshape(len(x), -1)
        for i in range(extents[0])
        for j in range(extents[1])
    ]
    return np.stack(rows, axis=1)


@settings(max_examples=12, deadline=None)
@given(
    st.integers(0, 10_000),
    st.sampled_from([Padding.SAME, Padding.VALID]),
    st.integers(1, 2),
    st.sampled_from([-1.0, 0.0, 1.5]),
)
def test_outputs_are_the_best_affine_of_sums_of_signs(
    seed: int, padding: Padding, stride: int, offset: float
) -> None:
    graph, x = one_layer(seed, padding=padding, stride=stride, offset=offset)
    made, [fit] = binarize_layers(graph, ["conv"], x)
    verify(made)
    threshold = (np.mean if fit.threshold == "mean" else np.median)(
        x.astype(np.float64), axis=(0, 1, 2)
    )
    signs = np.where(windows(x.astype(np.float64), padding, stride) >= np.tile(threshold, 9), 1, -1)
    weights = graph.tensors[graph.nodes[0].inputs[1] or ""].values
    sums = signs @ np.where(weights >= 0, 1, -1).reshape(4, -1).T
    wanted = outputs_real(graph, x)["conv"].reshape(len(x), -1, 4)
    found = outputs_real(made, x)["conv"].reshape(wanted.shape)
    for channel in range(4):
        s = np.stack([sums[..., channel].ravel(), np.ones(sums[..., channel].size)], axis=1)
        best, *_ = np.linalg.lstsq(s.astype(np.float64), wanted[..., channel].ravel(), rcond=None)
        np.testing.assert_allclose(found[..., channel].ravel(), s @ best, atol=2e-3)


def test_thresholds_go_into_the_layer_in_front_where_it_has_one_reader() -> None:
    graph = mixed_network()
    x = inputs_of(graph, 24)
    folded, _ = binarize_layers(graph, ["wide"], x)
    names = [node.name for node in folded.nodes]
    assert "wide/shift" not in names
    narrow = next(node for node in folded.nodes if node.name == "narrow")
    assert isinstance(narrow.op, ops.Conv2D)
    assert narrow.op.activation is Activation.NONE
    apart, _ = binarize_layers(graph, ["narrow"], x)  # its input is read by the addition, too
    assert isinstance(
        next(n.op for n in apart.nodes if n.name == "narrow/shift"), ops.DepthwiseConv2D
    )


def test_a_threshold_in_front_and_one_apart_give_the_same() -> None:
    graph = mixed_network()
    x = inputs_of(graph, 24)
    read_twice = Graph(
        graph.name, graph.tensors, graph.nodes, graph.inputs, (*graph.outputs, "narrow")
    )
    folded, first = binarize_layers(graph, ["wide"], x)
    apart, second = binarize_layers(read_twice, ["wide"], x)
    assert first == second
    assert any(node.name == "wide/shift" for node in apart.nodes)
    one, other = (outputs_real(g, x)["softmax"] for g in (folded, apart))
    assert np.mean(np.abs(one - other) > 1e-4) < 0.02  # a value at a threshold may turn


def test_neighbours_stay_packed_between_them() -> None:
    graph = mixed_network()
    made, _ = binarize_layers(graph, ["narrow", "wide"], inputs_of(graph, 24))
    verify(made)
    narrow = next(node for node in made.nodes if node.name == "narrow")
    assert made.output(narrow).dtype == "int32"


def test_saturation_takes_the_place_of_relu() -> None:
    graph = mixed_network()
    x = inputs_of(graph, 24)
    made, _ = binarize_layers(graph, ["second"], x)
    quantized = quantize_int8(made, [x]).graph
    shorter = saturated(quantized)
    verify(shorter)
    clamps = [sum(isinstance(n.op, ops.Relu) for n in g.nodes) for g in (quantized, shorter)]
    assert clamps == [1, 0]
    one, other = (outputs_real(g, x, ("second",))["second"] for g in (quantized, shorter))
    step = quantized["second"].quant.scale  # type: ignore[union-attr]
    assert other.min() >= 0
    # without the step in between that rounds once more
    inner = quantized["second/sum"].quant.scale  # type: ignore[union-attr]
    assert np.abs(one - other).max() <= step + inner


@pytest.mark.parametrize("layer", ["first", "narrow", "wide", "second", "dense"])
def test_binarized_once_more_gives_equal_bytes(layer: str) -> None:
    graph = mixed_network()
    x = inputs_of(graph, 16)
    one, other = (binarize_layers(graph, [layer], x)[0] for _ in range(2))
    assert one.nodes == other.nodes
    for name, tensor in one.tensors.items():
        if tensor.constant:
            np.testing.assert_array_equal(tensor.values, other[name].values)
