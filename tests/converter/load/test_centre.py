"""Int8 weights that TFLite runs in forms the rules do not know: the same numbers come out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import Graph, Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.load import prepare
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.errors import UnsupportedError
from tests.helpers import oracle
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.odd_tflite import Change, changed

RNG = np.random.default_rng(12)
Q, OUT = Quant.per_tensor(0.1, 3), Quant.per_tensor(0.4, -5)


def _dense() -> Graph:
    g = GraphBuilder("dense")
    x = g.input((1, 8), Q)
    weights = RNG.integers(-100, 101, (5, 8)).astype(np.int8)
    return g.graph(g.dense(x, weights, OUT, bias=RNG.integers(-99, 99, 5).astype(np.int32)))


def _conv(depthwise: bool) -> Graph:
    g = GraphBuilder("conv")
    x = g.input((1, 5, 5, 3), Q)
    shape = (1, 3, 3, 3) if depthwise else (3, 3, 3, 3)
    scales = Quant.per_channel([0.02, 0.01, 0.03], 3 if depthwise else 0)
    make = g.depthwise if depthwise else g.conv
    weights = RNG.integers(-127, 128, shape).astype(np.int8)
    bias = RNG.integers(-999, 999, 3).astype(np.int32)
    return g.graph(make(x, weights, Padding.SAME, OUT, scales=scales, bias=bias))


def _weights_have(graph: Graph, **fields: Any) -> Change:
    """Fields of the first node's stored weights' quantization."""

    def change(module: Any, model: Any) -> None:
        main = model.subgraphs[0]
        quantization = main.tensors[main.operators[0].inputs[1]].quantization
        for name, value in fields.items():
            setattr(quantization, name, value)

    return change


def _same_as_tflite(data: bytes) -> Graph:
    """The prepared graph, whose answers are tflite-micro's for the file."""
    graph, _ = prepare(read_tflite(data, "m"))
    verify(graph)
    for _ in range(5):
        x = RNG.integers(-128, 128, graph[graph.inputs[0]].shape).astype(np.int8)
        expected = oracle.run_tflm(data, [x])[0]
        assert np.array_equal(run(graph, x)[graph.outputs[0]], expected)
    return graph


@pytest.mark.parametrize("zero_point", [7, -20, 27])
def test_a_zero_point_of_dense_weights_is_taken_off(zero_point: int) -> None:
    graph = _dense()
    data = changed(write_tflite(graph), _weights_have(graph, zeroPoint=[zero_point]))
    found = _same_as_tflite(data)
    quant = found.input(found.nodes[0], 1).quant
    assert quant is not None
    assert quant.zero_points == (0,)


def test_a_zero_point_without_room_is_refused() -> None:
    graph = _dense()
    data = changed(write_tflite(graph), _weights_have(graph, zeroPoint=[-90]))
    with pytest.raises(UnsupportedError) as caught:
        prepare(read_tflite(data, "m"))
    assert caught.value.code == "weights-zero-point"
    assert "around their zero point -90" in caught.value.found
    assert "--requantize" in caught.value.hint
    requantized, _ = prepare(read_tflite(data, "m"), requantize=True)
    stored, real = graph.input(graph.nodes[0], 1), requantized.input(requantized.nodes[0], 1)
    assert real.values == pytest.approx((stored.values.astype(int) + 90) * 0.01, abs=1e-6)


@pytest.mark.parametrize("depthwise", [False, True])
def test_a_channel_of_scale_zero_gives_nothing(depthwise: bool) -> None:
    graph = _conv(depthwise)
    data = changed(write_tflite(graph), _weights_have(graph, scale=[0.02, 0.0, 0.03]))
    found = _same_as_tflite(data)
    assert (
        np.moveaxis(found.input(found.nodes[0], 1).values, 3 if depthwise else 0, 0)[1] == 0
    ).all()


def test_a_scale_of_zero_for_all_weights() -> None:
    graph = _dense()
    _same_as_tflite(changed(write_tflite(graph), _weights_have(graph, scale=[0.0])))
