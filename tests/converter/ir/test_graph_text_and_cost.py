"""The dump of a graph, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.text import graph_text
from edgekit.converter.tflite import read_tflite
from tests.helpers.int8_graphs import GraphBuilder

MACS = {
    "mlperf_mobilenetv1_vww96_int8": 7_489_664,
    "mlperf_resnet8_cifar10_int8": 12_501_632,
    "mlperf_dscnn_kws_int8": 2_656_768,
    "mlperf_ad01_int8": 264_192,
}
"""As published for MLPerf Tiny's models."""


def sample() -> Graph:
    g = GraphBuilder("sample")
    x = g.input((1, 8, 8, 3), Quant.per_tensor(0.05, -3))
    y = g.conv(
        x,
        np.ones((4, 3, 3, 3), np.int8),
        Padding.SAME,
        Quant.per_tensor(0.1, -128),
        scales=Quant.per_channel([0.1, 0.2, 0.3, 0.4], 0),
        bias=np.arange(4, dtype=np.int32),
        stride=(2, 2),
        activation=Activation.RELU6,
        name="conv",
    )
    axes = g.constant(np.array([1, 2], np.int32), name="axes")
    mean = g.node(ops.Mean(), [y, axes], (1, 4), Quant.per_tensor(0.1, -128), name="mean")
    dense = g.dense(mean, np.ones((2, 4), np.int8), Quant.per_tensor(0.2, 1), name="dense")
    return g.graph(g.unary(ops.Softmax(0.5), dense, Quant.per_tensor(1 / 256, -128), "softmax"))


def test_text_of_every_kind_of_line(golden: Callable[[str, str], None]) -> None:
    graph = sample()
    node = graph.nodes[-1]
    graph = graph.with_nodes([*graph.nodes[:-1], Node("head", node.op, node.inputs, node.outputs)])
    golden("ir/graph_text.txt", graph_text(graph))


def test_equal_graphs_have_equal_text() -> None:
    assert graph_text(sample()) == graph_text(sample())


def test_float_constants_and_absent_operands_are_shown() -> None:
    x, y = Tensor("x", (1, 2), DType.FLOAT32), Tensor("y", (1, 1), DType.FLOAT32)
    w = Tensor("w", (1, 2), DType.FLOAT32, None, np.ones((1, 2), np.float32))
    node = Node("y", ops.FullyConnected(), ("x", "w", None), ("y",))
    graph = Graph("g", {t.name: t for t in (x, w, y)}, (node,), ("x",), ("y",))
    assert "y: float32[1,1] = FULLY_CONNECTED(x, w: float32[1,2], -)" in graph_text(graph)


def test_costs_of_a_small_graph() -> None:
    cost = graph_cost(sample())
    assert [node.macs for node in cost.nodes] == [4 * 4 * 4 * 27, 0, 8, 0]
    assert cost.macs == 1736
    assert cost.nodes[0].weight_bytes == 108 + 16
    assert cost.nodes[0].output_bytes == 64
    assert cost.weight_bytes == 108 + 16 + 8 + 8


def test_shared_constants_count_once() -> None:
    g = GraphBuilder("shared")
    x = g.input((1, 4), Quant.per_tensor(0.1, 0))
    y = g.dense(x, np.ones((4, 4), np.int8), Quant.per_tensor(0.1, 0), name="first")
    graph = g.graph(y)
    first = graph.nodes[0]
    again = Node("second", first.op, ("first", *first.inputs[1:]), ("second",))
    output = Tensor("second", (1, 4), DType.INT8, Quant.per_tensor(0.1, 0))
    twice = graph.with_tensors(output).with_nodes([first, again])
    assert graph_cost(twice).weight_bytes == graph_cost(graph).weight_bytes


@pytest.mark.parametrize("name", MACS)
def test_macs_of_the_mlperf_tiny_models(test_data: Path, name: str) -> None:
    data = (test_data / "models" / f"{name}.tflite").read_bytes()
    assert graph_cost(read_tflite(data, name)).macs == MACS[name]
