"""Networks whose layers can have several formats, with labelled data that they answer rightly."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation
from edgekit.converter.quantize.execute import outputs_real
from tests.helpers.float_graphs import Array, FloatGraph

SIZE, CLASSES = 10, 4


def mixed_network(seed: int = 0, *, channels: int = 8) -> Graph:
    """first, a 1x1 and a 3x3 layer, a residual addition, a depthwise layer, a dense one."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> Array:
        fan_in = np.prod(shape[1:])
        return rng.normal(0, 1.4 / np.sqrt(fan_in), shape)

    def shift(count: int) -> Array:
        return rng.normal(0, 0.1, count)

    g, relu = FloatGraph("mixed"), Activation.RELU
    c = channels
    x = g.input((1, SIZE, SIZE, 3))
    y = g.conv(x, normal(c, 3, 3, 3), shift(c), activation=relu, name="first")
    z = g.conv(y, normal(c, 1, 1, c), shift(c), activation=relu, name="narrow")
    z = g.conv(z, normal(c, 3, 3, c), shift(c), name="wide")
    y = g.node(ops.Add(relu), [y, z], name="residual")
    y = g.depthwise(y, rng.normal(0, 0.4, (1, 3, 3, c)), shift(c), activation=relu, name="deep")
    y = g.conv(y, normal(2 * c, 3, 3, c), shift(2 * c), stride=2, activation=relu, name="second")
    y = g.node(ops.Mean(), [y, g.constant([1, 2], dtype="int32")], name="mean")
    y = g.dense(y, 3 * normal(CLASSES, 2 * c), shift(CLASSES), name="dense")
    return g.graph(g.node(ops.Softmax(), [y], name="softmax"))


def depthwise_network() -> Graph:
    """First layer, a depthwise layer, last layer: nothing to binarize."""
    rng = np.random.default_rng(1)
    g = FloatGraph("thin")
    x = g.input((1, SIZE, SIZE, 3))
    y = g.conv(x, rng.normal(0, 0.4, (4, 3, 3, 3)), np.zeros(4), activation=Activation.RELU,
               name="first")  # fmt: skip
    y = g.depthwise(y, rng.normal(0, 0.4, (1, 3, 3, 4)), np.zeros(4), name="deep")
    y = g.node(ops.Mean(), [y, g.constant([1, 2], dtype="int32")], name="mean")
    y = g.dense(y, rng.normal(0, 1, (CLASSES, 4)), np.zeros(CLASSES), name="dense")
    return g.graph(g.node(ops.Softmax(), [y], name="softmax"))


def inputs_of(graph: Graph, count: int, seed: int = 0) -> Array:
    """Smooth random images."""
    rng = np.random.default_rng(seed)
    _, height, width, depth = graph[graph.inputs[0]].shape
    coarse = rng.normal(0, 1, (count, 3, 3, depth))
    rows = np.linspace(0, 2, height).round().astype(int)
    columns = np.linspace(0, 2, width).round().astype(int)
    fine = coarse[:, rows][:, :, columns] + rng.normal(0, 0.1, (count, height, width, depth))
    return fine.astype(np.float32)


def labelled(graph: Graph, count: int, seed: int = 0) -> tuple[Array, Array]:
    """Inputs, and the classes that the float network gives them."""
    x = inputs_of(graph, count, seed)
    return x, outputs_real(graph, x)[graph.outputs[0]].argmax(axis=1)
