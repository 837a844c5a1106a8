"""Legacy uint8 models against TFLite's uint8 reference kernels: loaded, interpreted, as C."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.load import load_model
from edgekit.converter.load.legacy import is_legacy, uint8_to_int8
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from edgekit.errors import UnsupportedError
from tests.helpers import oracle
from tests.helpers.generated_c import build, generate, run_c
from tests.helpers.oracle import Array

SEEDS = range(12)
SANITIZED = ("-fsanitize=undefined", "-fno-sanitize-recover=all")


class Legacy:
    """A uint8 graph under construction, weights with zero points anywhere."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []

    def quant(self, scale: float) -> Quant:
        return Quant.per_tensor(scale * float(self.rng.uniform(0.7, 1.4)), self.zero())

    def zero(self) -> int:
        return int(self.rng.choice([0, 1, 127, 128, 255, int(self.rng.integers(256))]))

    def value(self, name: str, shape: tuple[int, ...], quant: Quant) -> str:
        self.tensors[name] = Tensor(name, shape, DType.UINT8, quant)
        return name

    def node(self, op: ops.Op, inputs: list[str], shape: tuple[int, ...], quant: Quant) -> str:
        name = f"{op.NAME.lower()}_{len(self.nodes)}"
        self.value(name, shape, quant)
        self.nodes.append(Node(name, op, tuple(inputs), (name,)))
        return name

    def weighted(
        self, op: ops.Op, x: str, weights: tuple[int, ...], shape: tuple[int, ...], channels: int
    ) -> str:
        codes = self.rng.integers(0, 256, weights).astype(np.uint8)
        quant = Quant.per_tensor(float(self.rng.uniform(0.002, 0.01)), self.zero())
        source = self.tensors[x].quant
        assert source is not None
        scale = Quant.per_tensor(source.scale * quant.scale, 0)
        bias = self.rng.integers(-9000, 9000, channels).astype(np.int32)
        w, b = f"w{len(self.nodes)}", f"b{len(self.nodes)}"
        self.tensors[w] = Tensor(w, weights, DType.UINT8, quant, codes)
        self.tensors[b] = Tensor(b, (channels,), DType.INT32, scale, bias)
        taps = int(np.prod(weights)) // channels
        return self.node(op, [x, w, b], shape, self.quant(scale.scale * 90 * np.sqrt(taps)))

    def graph(self, output: str) -> Graph:
        return Graph("legacy", self.tensors, tuple(self.nodes), ("x",), (output,))


def network(seed: int) -> Graph:
    """Convolution, depthwise, average pooling, addition, dense, softmax."""
    g = Legacy(seed)
    x = g.value("x", (1, 7, 6, 3), g.quant(0.02))
    act = (Activation.NONE, Activation.RELU, Activation.RELU6)[seed % 3]
    conv = ops.Conv2D(Padding.SAME, 1, 1, 1, 1, act)
    a = g.weighted(conv, x, (5, 3, 2, 3), (1, 7, 6, 5), 5)
    depthwise = ops.DepthwiseConv2D(Padding.SAME, 2, 1, depth_multiplier=2, activation=act)
    b = g.weighted(depthwise, a, (1, 3, 3, 10), (1, 4, 6, 10), 10)
    quant = g.tensors[b].quant
    assert quant is not None
    pool = ops.AveragePool2D(Padding.SAME, 2, 2, 1, 1)
    c = g.node(pool, [b], (1, 4, 6, 10), quant)
    total = g.node(ops.Add(), [b, c], (1, 4, 6, 10), g.quant(2 * quant.scale))
    d = g.weighted(ops.FullyConnected(act), total, (4, 240), (1, 4), 4)
    return g.graph(g.node(ops.Softmax(), [d], (1, 4), Quant.per_tensor(1 / 256, 0)))


def inputs(graph: Graph, count: int = 6) -> list[Array]:
    rng = np.random.default_rng(99)
    return [rng.integers(0, 256, graph["x"].shape).astype(np.uint8) for _ in range(count)]


def lowered(codes: Array) -> Array:
    return (codes.astype(np.int16) - 128).astype(np.int8)


def stored(graph: Graph) -> bytes:
    """The uint8 file: with uint8 borders, as legacy files have them."""
    return write_tflite(graph)


@pytest.mark.parametrize("seed", SEEDS)
def test_interpreter_and_file_equal_the_reference(seed: int) -> None:
    legacy = network(seed)
    graph, notes = uint8_to_int8(legacy)
    verify(graph)
    assert not is_legacy(graph)
    assert not any("halfway" in note for note in notes)
    again = write_tflite(graph)
    assert read_tflite(again, "again")[graph.inputs[0]].dtype is DType.INT8
    jobs = []
    for x in inputs(legacy):
        jobs += [(stored(legacy), [x]), (again, [lowered(x)])]
    answers = oracle.run_tflite_runtime(jobs)
    for x, [old], [new] in zip(inputs(legacy), answers[::2], answers[1::2], strict=True):
        ours = run(graph, lowered(x))[graph.outputs[0]]
        np.testing.assert_array_equal(ours, lowered(old))
        np.testing.assert_array_equal(ours, new)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_file_written_is_the_same_graph_again(seed: int) -> None:
    graph, _ = uint8_to_int8(network(seed))
    read, _ = uint8_to_int8(read_tflite(write_tflite(graph), graph.name))
    assert [node.op for node in read.nodes] == [node.op for node in graph.nodes]
    assert (read.inputs, read.outputs) == (graph.inputs, graph.outputs)
    for x in inputs(graph, 2):
        ours, theirs = (run(g, lowered(x))[g.outputs[0]] for g in (graph, read))
        np.testing.assert_array_equal(ours, theirs)


def test_generated_c_equals_the_interpreter(tmp_path: Path) -> None:
    graphs = [replace(uint8_to_int8(network(seed))[0], name=f"legacy{seed}") for seed in SEEDS]
    made = [generate(graph, graph.name) for graph in graphs]
    library = build(made, tmp_path, *SANITIZED)
    for graph, one in zip(graphs, made, strict=True):
        for x in inputs(graph, 3):
            [found] = run_c(library, one, [lowered(x)])
            np.testing.assert_array_equal(found, run(graph, lowered(x))[graph.outputs[0]])
    kernels = {step.kernel for one in made for step in one.program.steps}
    assert {
        "ek_conv2d_s8u8__ref", "ek_depthwise_conv2d_s8u8__ref", "ek_average_pool2d_up_s8__ref"
    } <= kernels  # fmt: skip


def test_weights_that_fit_become_int8() -> None:
    legacy = network(0)
    narrow = {
        name: replace(tensor, quant=Quant.per_tensor(0.01, 128), data=tensor.values // 2 + 64)
        for name, tensor in legacy.tensors.items()
        if name.startswith("w")
    }
    graph, _ = uint8_to_int8(legacy.with_tensors(*narrow.values()))
    assert all(graph[name].dtype is DType.INT8 for name in narrow)


def test_transposed_weights_have_to_fit() -> None:
    g = Legacy(0)
    x = g.value("x", (1, 2, 2, 1), Quant.per_tensor(0.1, 3))
    g.tensors["s"] = Tensor("s", (4,), DType.INT32, None, np.array([1, 4, 4, 1], np.int32))
    codes = np.array([0, 255], np.uint8).repeat(2).reshape(1, 2, 2, 1)
    g.tensors["w"] = Tensor("w", codes.shape, DType.UINT8, Quant.per_tensor(0.1, 0), codes)
    op = ops.TransposeConv(Padding.VALID, 2, 2)
    y = g.node(op, ["s", "w", x], (1, 4, 4, 1), Quant.per_tensor(0.1, 3))
    with pytest.raises(UnsupportedError) as caught:
        uint8_to_int8(g.graph(y))
    assert caught.value.code == "legacy-uint8"
    assert "span 0..255 around their zero point 0" in caught.value.found


def test_groups_of_uint8_weights_have_no_kernel() -> None:
    g = Legacy(0)
    x = g.value("x", (1, 2, 2, 4), Quant.per_tensor(0.1, 3))
    y = g.weighted(ops.Conv2D(Padding.SAME), x, (4, 1, 1, 2), (1, 2, 2, 4), 4)
    graph, _ = uint8_to_int8(g.graph(y))
    with pytest.raises(UnsupportedError) as caught:
        verify(graph)
    assert "uint8 weights in groups with int8 activations" in str(caught.value)


def test_a_mobilenet_equals_the_reference(test_data: Path) -> None:
    path = test_data / "models" / "coral_mobilenet_v1_0.25_128_uint8.tflite"
    graph = load_model(path).graph
    rng = np.random.default_rng(0)
    pixels = [rng.integers(0, 256, graph[graph.inputs[0]].shape).astype(np.uint8) for _ in "abc"]
    answers = oracle.run_tflite_runtime([(path.read_bytes(), [x]) for x in pixels])
    for x, [expected] in zip(pixels, answers, strict=True):
        found = run(graph, lowered(x))[graph.outputs[0]]
        np.testing.assert_array_equal(found, lowered(expected))
