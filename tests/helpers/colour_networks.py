"""A small float network that knows the colours of `colours`, made without training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.tflite.writer import write_tflite
from tests.helpers.colours import coloured
from tests.helpers.float_graphs import FloatGraph


def colour_network(seed: int = 0, *, scale: float = 1 / 127.5, mean: float = 127.5) -> Graph:
    """Convolutions with a shortcut, a concatenation and a pool on random weights; the last layer
    is fitted to the colours, whose pixels come in as (x - mean) * scale."""
    rng = np.random.default_rng(seed)
    g = FloatGraph("colours")
    x = g.input((1, 8, 8, 3))
    first = rng.normal(0, 0.4, (8, 3, 3, 3)) / (127.5 * scale)
    a = g.conv(x, first, rng.normal(0, 0.1, 8), activation=Activation.RELU, name="stem")
    b = g.depthwise(a, rng.normal(0, 0.4, (1, 3, 3, 8)), rng.normal(0, 0.1, 8), name="depthwise")
    c = g.conv(b, rng.normal(0, 0.3, (8, 1, 1, 8)), rng.normal(0, 0.1, 8), name="pointwise")
    d = g.node(ops.Add(Activation.RELU), [a, c], "sum")
    e = g.node(ops.Concatenation(3), [a, d], "both")
    f = g.node(ops.MaxPool2D(Padding.VALID, 2, 2, 2, 2), [e], "pool")
    h = g.node(ops.Mean(), [f, g.constant([1, 2], dtype="int32")], "mean")
    y = g.dense(h, np.zeros((3, 16)), np.zeros(3), name="scores")
    graph = g.graph(g.node(ops.Softmax(), [y], "softmax"))
    images, labels = coloured(200, 7)
    inputs = ((images.astype(np.float64) - mean) * scale).astype(np.float32)
    features = outputs_real(graph, inputs, ("mean",))["mean"]
    rows = np.concatenate([features, np.ones((len(features), 1))], axis=1)
    fitted = np.linalg.lstsq(rows, 8 * np.eye(3)[labels] - 4, rcond=None)[0].astype(np.float32)
    last = graph.nodes[-2]
    made = zip(last.inputs[1:], (fitted[:-1].T, fitted[-1]), strict=True)
    return graph.with_tensors(*(replace(graph[str(n)], data=v.copy()) for n, v in made))


def write_colour_network(path: Path, seed: int = 0) -> Path:
    """As a float .tflite."""
    path.write_bytes(write_tflite(colour_network(seed)))
    return path
