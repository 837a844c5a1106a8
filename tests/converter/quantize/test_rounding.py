"""Adaptive rounding of a whole graph: closer outputs, the same structure, the same every time."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize import learned, rounding
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.params import MAX_BIAS
from edgekit.converter.quantize.rounding import round_adaptively, rounded_weights, samples_for
from edgekit.converter.quantize.scheme import INT4, INT8, INT16
from tests.helpers.float_graphs import FloatGraph, samples

METHODS = ("gptq", "adaround")


@pytest.fixture(autouse=True)
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned, "STEPS", 300)


def _network(seed: int = 1) -> Graph:
    """Convolutions, a depthwise one and a dense layer, each followed by RELU."""
    rng = np.random.default_rng(seed)
    g = FloatGraph("network")
    y = g.input((1, 8, 8, 3))
    relu = Activation.RELU
    y = g.conv(y, rng.normal(0, 0.3, (8, 3, 3, 3)), rng.normal(0, 0.2, 8), activation=relu)
    y = g.depthwise(y, rng.normal(0, 0.4, (1, 3, 3, 8)), rng.normal(0, 0.2, 8), activation=relu)
    y = g.conv(y, rng.normal(0, 0.3, (12, 1, 1, 8)), rng.normal(0, 0.2, 12), activation=relu)
    y = g.conv(y, rng.normal(0, 0.2, (12, 3, 3, 12)), rng.normal(0, 0.2, 12), activation=relu)
    y = g.node(ops.Mean(), [y, g.constant([1, 2], dtype="int32")])
    return g.graph(g.dense(y, rng.normal(0, 0.5, (4, 12)), rng.normal(0, 0.2, 4), name="scores"))


def _noise(exact: Graph, quantized: Graph) -> float:
    fresh = samples(exact, 64, seed=9)
    wanted, found = (outputs_real(graph, fresh)["scores"] for graph in (exact, quantized))
    return float(np.square(wanted - found).sum())


@pytest.mark.parametrize("method", METHODS)
def test_int4_weights_come_closer_and_the_structure_stays(method: str) -> None:
    graph = _network()
    data = samples(graph, 64)
    plain = quantize_int8(graph, [data], scheme=INT4).graph
    found, note = round_adaptively(graph, plain, data, method)
    verify(found)
    assert found.nodes == plain.nodes
    assert {t.dtype for t in found.tensors.values()} == {t.dtype for t in plain.tensors.values()}
    assert DType.INT4 in {tensor.dtype for tensor in found.tensors.values()}
    assert all(found[name].quant == plain[name].quant for name in plain.activations())
    assert _noise(graph, found) < 0.5 * _noise(graph, plain)
    assert (note.code, note.level) == ("adaptive-rounding", "info")
    assert note.message.startswith(f"{method}: output SQNR ")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scheme", [INT8, INT16])
def test_other_formats_and_layers_without_a_mean_taken_off(method: str, scheme: object) -> None:
    graph = _network(2)
    data = samples(graph, 32)
    plain = quantize_int8(graph, [data], scheme=scheme).graph  # type: ignore[arg-type]
    found, left = rounded_weights(graph, plain, data, method, biases=False)
    verify(found)
    assert not left
    assert _noise(graph, found) < 3 * _noise(graph, plain)


@pytest.mark.parametrize("method", METHODS)
def test_the_same_samples_give_the_same_graph(method: str) -> None:
    graph = _network(3)
    data = samples(graph, 16)
    plain = quantize_int8(graph, [data], scheme=INT4).graph
    one, two = (rounded_weights(graph, plain, data, method)[0] for _ in range(2))
    for name, tensor in one.tensors.items():
        assert tensor.quant == two[name].quant
        assert not tensor.constant or np.array_equal(tensor.values, two[name].values)


def test_rounding_to_nearest_is_kept_where_that_is_better() -> None:
    """The samples that judge are unlike those the weights are fitted to."""
    graph = _network()
    data = samples(graph, 64)
    plain = quantize_int8(graph, [data], scheme=INT4).graph
    mixed = data.copy()
    mixed[np.arange(64) % rounding.HELD_OUT != rounding.HELD_OUT - 1] = 0.01
    found, note = round_adaptively(graph, plain, mixed, "gptq")
    assert found is plain
    assert note.message.endswith("rounding to nearest is kept")


def test_shared_and_very_long_rows_of_weights_are_left_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(4)
    g = FloatGraph("shared")
    x = g.input((1, 6))
    weights = g.constant(rng.normal(0, 1, (6, 6)))
    for name in ("first", "second"):
        bias = g.constant(rng.normal(0, 1, 6))
        x = g.node(ops.FullyConnected(), [x, weights, bias], name)
    graph = g.graph(g.dense(x, rng.normal(0, 1, (6, 6)), rng.normal(0, 1, 6), name="scores"))
    data = samples(graph, 16)
    plain = quantize_int8(graph, [data], scheme=INT4).graph
    twice = [n.name for n in plain.nodes if len(plain.consumers(plain.input(n, 1).name)) > 1]
    _, left = rounded_weights(graph, plain, data, "gptq")
    assert list(left) == twice
    monkeypatch.setattr(rounding, "MOST_TAPS", 5)
    _, note = round_adaptively(graph, plain, data, "gptq")
    assert "3 layers stay rounded to nearest (first first)" in note.message


def test_channels_with_a_bias_beyond_int32_keep_their_scale() -> None:
    rng = np.random.default_rng(5)
    g = FloatGraph("dead")
    x = g.input((1, 4))
    kernel = rng.normal(0, 1, (2, 4))
    kernel[1] = 1e-12
    graph = g.graph(g.dense(x, kernel, np.array([0.5, 40.0]), name="scores"))
    data = samples(graph, 16)
    plain = quantize_int8(graph, [data], scheme=INT4).graph
    found, _ = rounded_weights(graph, plain, data, "gptq")
    bias = found.input(found.nodes[0], 2).values
    assert np.abs(bias).max() <= MAX_BIAS
    assert _noise(graph, found) <= _noise(graph, plain) + 1e-6


def test_large_activations_bound_the_number_of_samples() -> None:
    g = FloatGraph()
    x = g.input((1, 512, 512, 3))
    graph = g.graph(g.conv(x, np.ones((8, 1, 1, 3))))
    assert samples_for(graph) == rounding.ELEMENTS // (512 * 512 * 8)
    assert samples_for(_network()) == rounding.SAMPLES
