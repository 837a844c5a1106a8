"""Whole networks with int4 weights and with int16 activations: .tflite, C, boards, all equal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Op, Padding
from edgekit.converter.ir.verify import verify as verify_graph
from edgekit.converter.tflite.writer import write_tflite
from edgekit.deploy.bench import bench
from edgekit.deploy.bench_options import BenchOptions
from edgekit.deploy.convert import convert
from edgekit.deploy.verify import verify
from tests.helpers import oracle
from tests.helpers.virtual_firmware import needs_qemu

UNIT = 1 / 32768
WORD = DType.INT16


class Net:
    """A network of one input, node by node; every tensor has a scale, int16 ones zero point 0."""

    def __init__(self, name: str, seed: int) -> None:
        self.name, self.rng = name, np.random.default_rng(seed)
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []

    def activation(self, name: str, shape: tuple[int, ...], scale: float, dtype: DType) -> str:
        quant = None if dtype is DType.FLOAT32 else Quant.per_tensor(scale, 0)
        self.tensors[name] = Tensor(name, shape, dtype, quant)
        return name

    def add(
        self, op: Op, inputs: list[str], shape: tuple[int, ...], scale: float, dtype: DType = WORD
    ) -> str:
        name = f"{op.NAME.lower()}_{len(self.nodes)}"
        self.activation(name, shape, scale, dtype)
        self.nodes.append(Node(name, op, tuple(inputs), (name,)))
        return name

    def constant(self, values: object, dtype: DType, quant: Quant | None = None) -> str:
        array = np.asarray(values, dtype.numpy)
        name = f"c{len(self.tensors)}"
        self.tensors[name] = Tensor(name, array.shape, dtype, quant, array)
        return name

    def weighted(self, x: str, shape: tuple[int, ...], axis: int, dtype: DType) -> list[str]:
        """The input, weights of `dtype` and a bias of the type that goes with the input."""
        source = self.tensors[x]
        assert source.quant is not None
        top = 7 if dtype is DType.INT4 else 127
        count = 1 if dtype is DType.INT4 and len(shape) == 2 else shape[axis]
        scales = self.rng.uniform(0.5, 1, count) / top
        weights = self.rng.integers(-top, top + 1, shape)
        scale_axis = None if count == 1 < shape[axis] else axis
        w_quant = Quant(tuple(float(np.float32(s)) for s in scales), (0,) * count, scale_axis)
        products = tuple(float(np.float32(source.quant.scale * s)) for s in w_quant.scales)
        b_quant = Quant(products, (0,) * count, None if scale_axis is None else 0)
        wide = source.dtype is WORD
        bias = self.rng.integers(-(10**6 if wide else 500), 10**6 if wide else 500, shape[axis])
        kind = DType.INT64 if wide else DType.INT32
        return [x, self.constant(weights, dtype, w_quant), self.constant(bias, kind, b_quant)]

    def graph(self, output: str) -> Graph:
        made = Graph(self.name, self.tensors, tuple(self.nodes), ("x",), (output,))
        verify_graph(made)
        return made


def wide_network() -> Graph:
    """Nearly every operator on int16, from an int8 input to an int8 output."""
    net = Net("wide", 1)
    x = net.activation("x", (1, 8, 8, 3), 0.05, DType.INT8)
    y = net.add(ops.Quantize(), [x], (1, 8, 8, 3), 2e-4)
    conv = ops.Conv2D(Padding.SAME, 2, 2, activation=Activation.RELU6)
    y = net.add(conv, net.weighted(y, (5, 3, 3, 3), 0, DType.INT8), (1, 4, 4, 5), 2e-4)
    deep = ops.DepthwiseConv2D(Padding.SAME, depth_multiplier=2)
    y = net.add(deep, net.weighted(y, (1, 3, 3, 10), 3, DType.INT8), (1, 4, 4, 10), 5e-4)
    gate = net.add(ops.Logistic(), [y], (1, 4, 4, 10), UNIT)
    y = net.add(ops.Mul(), [y, gate], (1, 4, 4, 10), 4e-4)
    turn = net.add(ops.Tanh(), [y], (1, 4, 4, 10), UNIT)
    y = net.add(ops.Add(), [y, turn], (1, 4, 4, 10), 5e-4)
    y = net.add(ops.Relu(), [y], (1, 4, 4, 10), 4e-4)
    borders = net.constant([[0, 0], [1, 0], [0, 1], [0, 0]], DType.INT32)
    y = net.add(ops.Pad(), [y, borders], (1, 5, 5, 10), 4e-4)
    low = net.add(ops.AveragePool2D(Padding.SAME, 2, 2, 2, 2), [y], (1, 3, 3, 10), 4e-4)
    high = net.add(ops.MaxPool2D(Padding.SAME, 2, 2, 2, 2), [y], (1, 3, 3, 10), 4e-4)
    y = net.add(ops.Concatenation(3), [low, high], (1, 3, 3, 20), 4e-4)
    axes = net.constant([1, 2], DType.INT32)
    y = net.add(ops.Mean(), [y, axes], (1, 20), 3e-4)
    y = net.add(ops.FullyConnected(), net.weighted(y, (6, 20), 0, DType.INT8), (1, 6), 4e-4)
    y = net.add(ops.Softmax(), [y], (1, 6), UNIT)
    return net.graph(net.add(ops.Quantize(), [y], (1, 6), 1 / 128, DType.INT8))


def packed_network() -> Graph:
    """A convolution, a depthwise one and a fully connected layer, all with int4 weights."""
    net = Net("packed", 2)
    x = net.activation("x", (1, 7, 7, 3), 0.05, DType.INT8)
    byte = DType.INT8
    conv = ops.Conv2D(Padding.SAME, 2, 2, activation=Activation.RELU)
    y = net.add(conv, net.weighted(x, (5, 3, 3, 3), 0, DType.INT4), (1, 4, 4, 5), 0.1, byte)
    deep = ops.DepthwiseConv2D(Padding.SAME)
    y = net.add(deep, net.weighted(y, (1, 3, 3, 5), 3, DType.INT4), (1, 4, 4, 5), 0.2, byte)
    axes = net.constant([1, 2], DType.INT32)
    y = net.add(ops.Mean(), [y, axes], (1, 5), 0.1, byte)
    dense = net.weighted(y, (4, 5), 0, DType.INT4)
    return net.graph(net.add(ops.FullyConnected(), dense, (1, 4), 0.1, byte))


NETWORKS = {"wide": wide_network, "packed": packed_network}


@pytest.fixture(params=NETWORKS)
def model(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"{request.param}.tflite"
    path.write_bytes(write_tflite(NETWORKS[request.param]()))
    return path


@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_follow_the_inputs(name: str) -> None:
    graph = NETWORKS[name]()
    pixels = np.random.default_rng(0).integers(-128, 128, (20, *graph["x"].shape[1:]))
    found = run(graph, pixels.astype(np.int8))[graph.outputs[0]]
    assert len(np.unique(found, axis=0)) > 15


def test_generated_c_and_tflite_micro_equal_the_reference(model: Path, tmp_path: Path) -> None:
    oracle.skip_without("tflite_micro")
    done = convert(model, target="host", output_dir=tmp_path / "out")
    result = verify(done.bundle, samples=20)
    assert result.proved
    assert result.equality == "bit for bit"
    [micro] = [engine for engine in result.engines if "tflite-micro" in engine.engine]
    assert micro.equal
    assert done.manifest.recipe["precision"] == {"wide": "int16", "packed": "int8"}[model.stem]


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("board", ["virtual-m0", "virtual-m4", "virtual-m55"])
def test_boards_give_the_same_outputs(board: str, model: Path, tmp_path: Path) -> None:
    done = convert(model, target=board, output_dir=tmp_path / "out")
    report = bench(done.bundle, options=BenchOptions(samples=4, quick=True))
    assert report.runs[0].outputs_equal == report.runs[0].outputs_checked == 4
