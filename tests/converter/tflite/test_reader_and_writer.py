"""Files written and read back: the same graph, the same bytes, the same answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.converter.tflite.raw import read_raw
from edgekit.converter.tflite.reader import SIGNATURE_INPUTS, SIGNATURE_OUTPUTS, unpack_int4
from edgekit.converter.tflite.versions import operator_version, runtime_version
from edgekit.converter.tflite.writer import pack_int4
from tests.helpers import oracle
from tests.helpers.generated_c import build, generate, run_c
from tests.helpers.graph_equality import assert_same_graph
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.odd_tflite import (
    added_tensor,
    changed,
    tensor_has,
    with_doubled_size,
    with_shape_arithmetic,
)
from tests.helpers.random_graphs import random_graph, random_inputs

MODELS = (
    "mlperf_ad01_float",
    "mlperf_ad01_int8",
    "mlperf_dscnn_kws_int8",
    "mlperf_kws_float",
    "mlperf_mobilenetv1_vww96_int8",
    "mlperf_resnet8_cifar10_float",
    "mlperf_resnet8_cifar10_int8",
    "mlperf_streaming_wakeword_int8",
    "mlperf_vww_96_float",
    "mobilenet_v1_0.25_128_float",
    "coral_mobilenet_v1_0.25_128_uint8",
    "tflm_hello_world_int8",
    "tflm_micro_speech_int8",
)


def _model(test_data: Path, name: str) -> bytes:
    return (test_data / "models" / f"{name}.tflite").read_bytes()


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_come_back_equal(seed: int) -> None:
    graph = read_tflite(write_tflite(random_graph(seed)), "g")
    again = read_tflite(write_tflite(graph), "g")
    assert_same_graph(graph, again)
    assert write_tflite(graph) == write_tflite(again)


@pytest.mark.parametrize("seed", range(6))
def test_reading_keeps_names_operators_and_constants(seed: int) -> None:
    graph = random_graph(seed)
    found = read_tflite(write_tflite(graph), "g")
    live = _live(graph)
    assert [(node.op, node.output) for node in found.nodes] == live
    assert len(live) >= 1
    assert (found.inputs, found.outputs) == (graph.inputs, graph.outputs)
    verify(found)


def _live(graph: Graph) -> list[tuple[ops.Op, str]]:
    """Operators and outputs of the nodes that the graph's outputs depend on."""
    needed, live = set(graph.outputs), []
    for node in reversed(graph.nodes):
        if node.output in needed:
            needed.update(name for name in node.inputs if name)
            live.append((node.op, node.output))
    return live[::-1]


@pytest.mark.parametrize("name", MODELS)
def test_real_models_come_back_equal(test_data: Path, name: str) -> None:
    graph = read_tflite(_model(test_data, name), "g")
    data = write_tflite(graph)
    assert_same_graph(graph, read_tflite(data, "g"))
    assert write_tflite(read_tflite(data, "g")) == data


def test_written_files_answer_like_the_originals(test_data: Path) -> None:
    rng, jobs = np.random.default_rng(7), []
    for name in MODELS:
        data = _model(test_data, name)
        graph = read_tflite(data, "g")
        x = _sample(graph[graph.inputs[0]], rng)
        jobs += [(data, [x]), (write_tflite(graph), [x])]
    answers = oracle.run_tflite_runtime(jobs)
    for index, name in enumerate(MODELS):
        original, ours = answers[2 * index], answers[2 * index + 1]
        assert np.array_equal(original[0], ours[0]), name
        if name.endswith("_int8"):
            assert np.array_equal(oracle.run_tflm(*jobs[2 * index + 1])[0], ours[0]), name


def _sample(tensor: Tensor, rng: np.random.Generator) -> NDArray[np.generic]:
    if tensor.dtype is DType.FLOAT32:
        return rng.random(tensor.shape, np.float32)
    low, high = np.iinfo(tensor.dtype.numpy).min, np.iinfo(tensor.dtype.numpy).max
    return rng.integers(low, high + 1, tensor.shape).astype(tensor.dtype.numpy)


def test_random_graphs_run_in_every_interpreter() -> None:
    """Operator versions and options are accepted and mean the same to all of them."""
    jobs = []
    for seed in range(12):
        graph = random_graph(seed, common=True)
        inputs = random_inputs(graph, np.random.default_rng(seed))
        jobs.append((write_tflite(graph), inputs))
    for (model, inputs), expected in zip(jobs, oracle.run_tflite_runtime(jobs), strict=True):
        for ours, theirs in zip(oracle.run_tflm(model, inputs), expected, strict=True):
            assert np.array_equal(ours, theirs)
        assert len(_litert(model, inputs)) == len(expected)


def _litert(model: bytes, inputs: list[NDArray[np.generic]]) -> list[NDArray[np.generic]]:
    oracle.skip_without("ai_edge_litert")
    from edgekit.litert import open_interpreter

    interpreter = open_interpreter(model, provider="ai_edge_litert", kernels="reference")
    return interpreter.run(inputs)


def test_signature_description_and_runtime_version_are_written() -> None:
    raw = read_raw(write_tflite(_conv_graph()), "g")
    assert raw.signatures[0].key == "serving_default"
    assert list(raw.signatures[0].inputs.values()) == ["x0"]
    assert raw.description == "EdgeKit"
    assert b"min_runtime_version" in raw.data
    assert b"1.14.0" in raw.data


def test_signature_names_of_the_original_survive() -> None:
    graph = _conv_graph()
    metadata = {SIGNATURE_INPUTS: "image 0", SIGNATURE_OUTPUTS: "StatefulThing:0"}
    named = Graph(graph.name, graph.tensors, graph.nodes, graph.inputs, graph.outputs, metadata)
    found = read_tflite(write_tflite(named), "g")
    assert found.metadata[SIGNATURE_INPUTS] == "image 0"
    assert found.metadata[SIGNATURE_OUTPUTS] == "StatefulThing:0"
    assert found.inputs == ("x0",)


def test_equal_constants_share_a_buffer_and_buffers_are_aligned() -> None:
    g = GraphBuilder("shared")
    x = g.input((1, 4, 4, 8), Quant.per_tensor(0.1, 0))
    weights, out = np.arange(64, dtype=np.int8).reshape(8, 1, 1, 8), Quant.per_tensor(0.5, 1)
    first = g.conv(x, weights, Padding.SAME, out, name="first")
    second = g.conv(first, weights, Padding.SAME, out, name="second")
    raw = read_raw(write_tflite(g.graph(second)), "g")
    stored = [span for span in raw.buffers if raw.data[span[0] : span[0] + 64] == weights.tobytes()]
    assert len(stored) == 1
    assert all(start % 16 == 0 for start, length in raw.buffers if length)


def test_int4_values_are_packed_low_nibble_first() -> None:
    values = np.array([-8, 7, 1, -1, 3], np.int8)
    packed = pack_int4(values)
    assert packed.tolist() == [0x78, 0xF1, 0x03]
    assert unpack_int4(packed, 5).tolist() == values.tolist()


def test_int4_weights_come_back() -> None:
    graph = _conv_graph()
    weights = graph[graph.nodes[0].inputs[1] or ""]
    small = Tensor(
        weights.name, weights.shape, DType.INT4, weights.quant, weights.values.astype(np.int8) % 7
    )
    found = read_tflite(write_tflite(graph.with_tensors(small)), "g")
    assert found[weights.name].dtype is DType.INT4
    assert np.array_equal(found[weights.name].values, small.values)


def test_absent_options_and_biases() -> None:
    g = GraphBuilder("bare")
    x = g.input((2, 6), Quant.per_tensor(0.1, 3))
    y = g.dense(x, np.ones((4, 6), np.int8), Quant.per_tensor(0.2, 0))
    graph = g.graph(y)
    bare = graph.nodes[0]
    for inputs in (bare.inputs[:2], (*bare.inputs[:2], None)):
        one = graph.with_nodes([Node(bare.name, bare.op, inputs, bare.outputs)])
        found = read_tflite(write_tflite(one), "g")
        assert found.nodes[0].inputs == inputs


def test_dynamic_batch_becomes_one() -> None:
    def dynamic(module: object, model: object) -> None:
        for tensor in model.subgraphs[0].tensors:  # type: ignore[attr-defined]
            if tensor.buffer == 0:
                tensor.shapeSignature = [-1, *tensor.shape[1:]]

    found = read_tflite(changed(write_tflite(_conv_graph()), dynamic), "g")
    assert found["x0"].shape == (1, 4, 4, 2)


def test_shape_arithmetic_before_reshape_is_left_out() -> None:
    g = GraphBuilder("flat")
    x = g.input((1, 2, 3, 4), Quant.per_tensor(0.1, 0))
    graph = g.graph(g.reshape(x, (1, 24), name="flat"))
    found = read_tflite(changed(write_tflite(graph), with_shape_arithmetic(0)), "g")
    assert [node.op for node in found.nodes] == [ops.Reshape()]
    assert found.nodes[0].inputs == ("x0",)
    assert found["flat"].shape == (1, 24)


def test_shape_arithmetic_elsewhere_becomes_constant() -> None:
    """SHAPE -> STRIDED_SLICE -> MUL in front of a RESIZE, as Keras writes an upsampling."""
    g = GraphBuilder("up")
    x = g.input((1, 3, 4, 2), Quant.per_tensor(0.1, 0))
    size = g.constant(np.array([6, 8], np.int32))
    y = g.node(ops.ResizeNearestNeighbor(), [x, size], (1, 6, 8, 2), g.tensors[x].quant, name="up")
    found = read_tflite(changed(write_tflite(g.graph(y)), with_doubled_size(0)), "g")
    assert [node.op for node in found.nodes] == [ops.ResizeNearestNeighbor()]
    size_operand = found.input(found.nodes[0], 1)
    assert (size_operand.values.tolist(), size_operand.dtype) == ([6, 8], DType.INT32)


def test_person_detect_s_bias_axis_is_put_right() -> None:
    """Old exporters wrote quantized_dimension 3 on one-dimensional biases."""
    g = GraphBuilder("old")
    x = g.input((1, 4, 4, 2), Quant.per_tensor(0.1, 0))
    scales = Quant.per_channel([0.1, 0.2], 3)
    y = g.depthwise(
        x,
        np.ones((1, 3, 3, 2), np.int8),
        Padding.SAME,
        Quant.per_tensor(1.0, 0),
        scales=scales,
        bias=np.array([1, 2], np.int32),
    )
    data = write_tflite(g.graph(y))
    bias = next(t.index for t in read_raw(data, "g").main.tensors if t.dtype == "INT32")

    def wrong_axis(module: object, model: object) -> None:
        model.subgraphs[0].tensors[bias].quantization.quantizedDimension = 3  # type: ignore[attr-defined]

    verify(read_tflite(changed(data, wrong_axis), "g"))


@pytest.mark.parametrize("names", [["", "", "", "", ""], ["a/b", "a/b", "a/b", "a/b", "a/b"]])
def test_empty_and_repeated_names_become_unique_identifiers(names: list[str]) -> None:
    changes = [tensor_has(index, name=name) for index, name in enumerate(names[:4])]
    found = read_tflite(changed(write_tflite(_conv_graph()), *changes), "g")
    assert len(set(found.tensors)) == len(found.tensors)
    assert all(name.isidentifier() for name in found.tensors)
    assert_same_graph(found, read_tflite(write_tflite(found), "g"))


def test_versions_are_the_lowest_valid_ones() -> None:
    graph = _conv_graph()
    assert operator_version(graph, graph.nodes[0]) == 3
    assert runtime_version(graph) == "1.14.0"
    x = Tensor("x", (1, 4), DType.FLOAT32)
    w = Tensor("w", (2, 4), DType.FLOAT32, None, np.zeros((2, 4), np.float32))
    y = Tensor("y", (1, 2), DType.FLOAT32)
    node = Node("y", ops.FullyConnected(), ("x", "w", None), ("y",))
    dense = Graph("g", {t.name: t for t in (x, w, y)}, (node,), ("x",), ("y",))
    assert operator_version(dense, node) == 1
    kept = Node("y", ops.FullyConnected(keep_num_dims=True), ("x", "w", None), ("y",))
    assert operator_version(dense, kept) == 5
    assert runtime_version(dense.with_nodes([kept])) == "2.0.0"


def _conv_graph() -> Graph:
    g = GraphBuilder("conv")
    x = g.input((1, 4, 4, 2), Quant.per_tensor(0.1, 0))
    weights = np.arange(6, dtype=np.int8).reshape(3, 1, 1, 2)
    return g.graph(
        g.conv(
            x, weights, Padding.SAME, Quant.per_tensor(0.5, 1), bias=np.arange(3, dtype=np.int32)
        )
    )


def test_a_constant_output_gets_a_node(tmp_path: Path) -> None:
    """So that something writes it, in generated C as well."""

    def with_constant(module: Any, model: Any) -> None:
        main = model.subgraphs[0]
        index = added_tensor(module, model, "fixed", [1, 3], np.array([[1, -2, 3]], np.int8))
        main.tensors[index].quantization = main.tensors[0].quantization
        main.outputs = [*main.outputs, index]
        model.signatureDefs = []

    found = read_tflite(changed(write_tflite(_conv_graph()), with_constant), "g")
    verify(found)
    assert [node.op.NAME for node in found.nodes] == ["CONV_2D", "RESHAPE"]
    x = np.zeros((1, 4, 4, 2), np.int8)
    assert run(found, x)[found.outputs[1]].tolist() == [[1, -2, 3]]
    made = generate(found, "g")
    answers = run_c(build([made], tmp_path), made, [x])
    assert answers[1].tolist() == [[1, -2, 3]]


def test_a_subgraph_that_nothing_calls_does_not_matter() -> None:
    def with_another(module: Any, model: Any) -> None:
        model.subgraphs.append(model.subgraphs[0])

    data = changed(write_tflite(_conv_graph()), with_another)
    assert_same_graph(read_tflite(data, "g"), read_tflite(write_tflite(_conv_graph()), "g"))
