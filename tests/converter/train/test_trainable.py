"""A graph in TensorFlow computes what the interpreter does, can be trained, and comes back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.compress.passes import compress
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.load.load import load_model
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from edgekit.converter.train.graph_ops import COMPUTES
from edgekit.converter.train.trainable import (
    Trainable,
    check_trainable,
    trained_constants,
    units,
    view,
)
from edgekit.converter.train.zoo import ZOO, Architecture, build, initialize
from edgekit.errors import UnsupportedError
from tests.helpers.binary_graphs import pool_graph
from tests.helpers.colour_networks import colour_network
from tests.helpers.float_graphs import FloatGraph, classifier, samples
from tests.helpers.graph_equality import assert_same_graph

pytestmark = pytest.mark.tensorflow
tf = pytest.importorskip("tensorflow")

REAL = (
    "mlperf_ad01.h5",
    "mlperf_resnet8_cifar10.h5",
    "mlperf_vww_96.h5",
    "mlperf_kws_float.tflite",
    "mobilenet_v1_0.25_128_float.tflite",
)


def _assert_computes_the_same(graph: Graph, count: int = 3) -> None:
    check_trainable(graph, graph.name)
    network = Trainable(tf, graph)
    x = samples(graph, count)
    found = np.asarray(network(x)[0])
    [output] = graph.outputs
    last = graph.producer(output)
    assert last is not None
    name = graph.source(last).name if isinstance(last.op, ops.Softmax) else output
    expected = outputs_real(graph, x, (name,))[name]
    scale = np.abs(expected).max()
    assert scale > 0
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=2e-5 * scale)


def _assert_comes_back(graph: Graph) -> None:
    back = Trainable(tf, graph).graph()
    assert_same_graph(back, graph)
    assert_same_graph(compress(read_tflite(write_tflite(back), graph.name)), graph)


@pytest.mark.parametrize("row", [row for row in ZOO if not row.binary], ids=lambda row: row.name)
def test_networks_of_the_zoo(row: Architecture, tmp_path: Path) -> None:
    model = build(tf, row, (16, 16, 3), 5, 0.25)
    initialize(model, 0)
    model.save(tmp_path / "model.keras")
    graph = compress(load_model(tmp_path / "model.keras").graph)
    _assert_computes_the_same(graph)
    back = Trainable(tf, graph).graph()
    assert_same_graph(back, graph)


@pytest.mark.parametrize("name", REAL)
def test_real_models(name: str, test_data: Path) -> None:
    graph = compress(load_model(test_data / "models" / name).graph)
    _assert_computes_the_same(graph)
    assert_same_graph(Trainable(tf, graph).graph(), graph)


def test_a_file_written_from_it_is_the_graph() -> None:
    _assert_comes_back(colour_network())
    _assert_comes_back(classifier())


def _small(build: Callable[[FloatGraph, str], str], shape: tuple[int, ...]) -> Graph:
    g = FloatGraph()
    return g.graph(build(g, g.input(shape)))


def _normal(*shape: int) -> Any:
    return np.random.default_rng(sum(shape)).normal(0, 1, shape).astype(np.float32)


@pytest.mark.parametrize("padding", Padding)
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (2, 1), (1, 3)])
@pytest.mark.parametrize("dilation", [1, 2])
def test_depthwise_convolutions(padding: Padding, strides: tuple[int, int], dilation: int) -> None:
    op = ops.DepthwiseConv2D(
        padding, *strides, dilation, dilation, depth_multiplier=2, activation=Activation.RELU6
    )

    def build(g: FloatGraph, x: str) -> str:
        weights, bias = g.constant(_normal(1, 3, 2, 6)), g.constant(_normal(6))
        return g.node(op, [x, weights, bias])

    graph = _small(build, (1, 9, 8, 3))
    _assert_computes_the_same(graph)
    _assert_has_gradients(graph)


@pytest.mark.parametrize("padding", Padding)
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_convolutions(padding: Padding, groups: int, stride: int, dilation: int) -> None:
    op = ops.Conv2D(padding, stride, stride, dilation, dilation, Activation.RELU_N1_TO_1)

    def build(g: FloatGraph, x: str) -> str:
        return g.node(op, [x, g.constant(_normal(4, 3, 3, 4 // groups))])

    graph = _small(build, (1, 9, 8, 4))
    _assert_computes_the_same(graph)
    _assert_has_gradients(graph)


def _assert_has_gradients(graph: Graph) -> None:
    network = Trainable(tf, graph)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(network(samples(graph, 2), training=True)[0]))
    assert all(np.abs(g).max() > 0 for g in tape.gradient(loss, network.trainable_variables))


ELEMENTWISE = (ops.Relu(), ops.Relu6(), ops.LeakyRelu(0.2), ops.Elu(), ops.HardSwish(),
               ops.Logistic(), ops.Tanh(), ops.Softmax(2.0))  # fmt: skip
PAIRS = (ops.Add(Activation.RELU), ops.Sub(), ops.Mul(), ops.Maximum(), ops.Minimum())


@pytest.mark.parametrize("op", ELEMENTWISE, ids=lambda op: op.NAME)
def test_functions(op: Any) -> None:
    def build(g: FloatGraph, x: str) -> str:
        weights = _normal(4, 1, 1, 3)
        return g.node(ops.Mean(), [g.node(op, [g.conv(x, weights)]), _axes(g)])

    _assert_computes_the_same(_small(build, (1, 3, 3, 3)))


@pytest.mark.parametrize("op", PAIRS, ids=lambda op: op.NAME)
def test_pairs(op: Any) -> None:
    def build(g: FloatGraph, x: str) -> str:
        y = g.conv(x, _normal(3, 1, 1, 3))
        return g.node(op, [g.node(op, [x, y]), g.constant(_normal(3))])

    _assert_computes_the_same(_small(build, (1, 3, 3, 3)))


def _axes(g: FloatGraph) -> str:
    return g.constant([1, 2], dtype="int32")


def _int(g: FloatGraph, *values: Any) -> str:
    return g.constant(values, dtype="int32")


MOVEMENTS: dict[str, Callable[[FloatGraph, str], str]] = {
    "pad": lambda g, x: g.node(ops.Pad(), [x, _int(g, (0, 0), (1, 2), (0, 1), (0, 0))]),
    "transpose": lambda g, x: g.node(ops.Transpose(), [x, _int(g, 0, 3, 1, 2)]),
    "reshape": lambda g, x: g.node(ops.Reshape(), [x], shape=(1, 9, 8)),
    "strided slice": lambda g, x: g.node(
        ops.StridedSlice(begin_mask=1, end_mask=1),
        [x, _int(g, 0, 5, 0, 1), _int(g, 0, 1, 4, 2), _int(g, 1, -2, 2, 1)],
    ),
    "slice": lambda g, x: g.node(
        ops.Slice(), [x, _int(g, 0, 1, 0, 0), _int(g, 1, 2, -1, 2)]
    ),
    "sum": lambda g, x: g.node(ops.Sum(keep_dims=True), [x, _axes(g)]),
    "maximum": lambda g, x: g.node(ops.ReduceMax(), [x, _axes(g)]),
    "expand": lambda g, x: g.node(ops.ExpandDims(), [x, g.constant(2, dtype="int32")]),
    "average": lambda g, x: g.node(ops.AveragePool2D(Padding.SAME, 3, 2, 2, 1), [x]),
    "largest": lambda g, x: g.node(ops.MaxPool2D(Padding.SAME, 2, 2, 2, 2), [x]),
    "slopes": lambda g, x: g.node(ops.Prelu(), [x, g.constant(_normal(1, 1, 3))]),
}  # fmt: skip


@pytest.mark.parametrize("name", MOVEMENTS)
def test_movements(name: str) -> None:
    _assert_computes_the_same(_small(MOVEMENTS[name], (1, 6, 4, 3)))


def test_masked_weights_stay_zero() -> None:
    graph = colour_network()
    [name] = [n for n in trained_constants(graph) if graph[n].shape == (8, 1, 1, 8)]
    mask = (np.arange(64).reshape(8, 1, 1, 8) % 2).astype(np.float32)
    network = Trainable(tf, graph, masks={name: mask})
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(network(samples(graph, 4), training=True)[0]))
    gradient = np.asarray(tape.gradient(loss, network.weights[name]))
    assert not gradient[mask == 0].any()
    assert gradient[mask == 1].all()
    back = network.graph()
    np.testing.assert_array_equal(back[name].values, graph[name].values * mask)
    np.testing.assert_allclose(
        network(samples(graph, 4))[0],
        outputs_real(back, samples(graph, 4), ("scores",))["scores"],
        rtol=1e-4,
    )
    assert any(variable is network.masks[name] for variable in network.variables)
    network.masks[name].assign(np.zeros_like(mask))
    assert not network.graph()[name].values.any()


def test_weights_are_trained_in_units_of_their_channel() -> None:
    """A channel 1000 times as large as another, and one of nothing, among weights of 300 inputs."""
    weights = np.random.default_rng(0).normal(0, 1, (4, 300)).astype(np.float32)
    weights *= np.array([[1.0], [1e3], [1e-3], [0.0]], np.float32)
    found = units(weights, 0)
    assert found.shape == (4, 1)
    assert np.array_equal(np.frexp(found)[0], np.full((4, 1), 0.5))
    deviation = (weights[:3] / found[:3]).std(axis=1) / np.sqrt(2 / 300)
    assert np.all((deviation > 0.65) & (deviation < 1.55))
    np.testing.assert_array_equal(weights / found * found, weights)


def test_scores_are_what_goes_into_the_softmax() -> None:
    graph = classifier()
    found = view(tf, graph)
    assert (found.logits, found.features) == (True, True)
    scores, features = found.heads(samples(graph, 2), training=False)
    assert (scores.shape, features.shape) == ((2, 4), (2, 8, 8, 6))
    several = _small(lambda g, x: g.node(ops.Softmax(), [g.dense(x, _normal(4, 6))]), (1, 6))
    assert not view(tf, several).features
    odd = _small(lambda g, x: g.node(ops.Softmax(3.0), [g.dense(x, _normal(4, 6))]), (1, 6))
    assert not view(tf, odd).logits


def test_only_weights_are_decayed() -> None:
    graph = _small(
        lambda g, x: g.node(
            ops.Prelu(), [g.conv(x, _normal(4, 3, 3, 3), _normal(4)), g.constant(_normal(1, 1, 4))]
        ),
        (1, 5, 5, 3),
    )
    network = Trainable(tf, graph)
    assert [tuple(v.shape) for v in network.trainable_variables] == [(4, 3, 3, 3), (4,), (1, 1, 4)]
    assert [tuple(v.shape) for v in network.undecayed] == [(4,), (1, 1, 4)]
    assert network.count_params() == 108 + 4 + 4


def _refused(graph: Graph, code: str, *words: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        check_trainable(graph, "start model m.tflite")
    assert caught.value.code == code
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)


def test_graphs_that_cannot_be_trained() -> None:
    graph = classifier()
    integer = quantize_int8(graph, [samples(graph, 8)]).graph
    _refused(integer, "train-quantized", "is quantized already", "float models")
    floor = _small(lambda g, x: g.node(ops.Floor(), [g.dense(x, _normal(4, 6))]), (1, 6))
    _refused(floor, "train-operator", "m.tflite: FLOOR floor_", "CONV_2D, ", "DEPTHWISE_CONV_2D")
    g = FloatGraph()
    two = g.graph(g.node(ops.Add(), [g.input((1, 3), "a"), g.input((1, 3), "b")]))
    _refused(two, "train-borders", "2 inputs and 1 outputs", "one input and one output")
    mixed = _small(lambda g, x: g.node(ops.Transpose(), [x, _int(g, 1, 0)]), (1, 6))
    _refused(mixed, "train-borders", "mixes samples")


def test_binarized_networks_are_sent_elsewhere() -> None:
    _refused(pool_graph(np.random.default_rng(0)), "train-operator", "edgekit train ARCH")


def test_every_operator_of_the_table_is_tried_here() -> None:
    named = {type(op) for op in (*ELEMENTWISE, *PAIRS)} | {
        ops.Conv2D, ops.DepthwiseConv2D, ops.FullyConnected, ops.AveragePool2D, ops.MaxPool2D,
        ops.Mean, ops.Sum, ops.ReduceMax, ops.Prelu, ops.Pad, ops.Transpose, ops.Reshape,
        ops.StridedSlice, ops.Slice, ops.ExpandDims,
        ops.Concatenation,  # colour_network
        ops.Split, ops.SplitV, ops.Squeeze,  # the zoo and real models
    }  # fmt: skip
    assert set(COMPUTES) == named
