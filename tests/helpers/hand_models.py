"""Two small int8 models built by hand, whose generated C people can read in golden files."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.ir.ops import Activation, Padding
from tests.helpers.int8_graphs import UNIT, GraphBuilder


def tiny_image_model() -> Graph:
    """4x4x2 image -> convolution per channel -> flatten -> dense without bias -> softmax."""
    rng = np.random.default_rng(2024)
    g = GraphBuilder("tiny")
    x = g.input((1, 4, 4, 2), Quant.per_tensor(1 / 255, -128))
    conv = g.conv(
        x,
        rng.integers(-127, 128, (3, 3, 3, 2)).astype(np.int8),
        Padding.SAME,
        Quant.per_tensor(0.02, -128),
        scales=Quant.per_channel([0.004, 0.005, 0.006], 0),
        bias=np.array([100, -2000, 30], np.int32),
        stride=(2, 2),
        activation=Activation.RELU6,
        name="conv1",
    )
    flat = g.reshape(conv, (1, 12), "flatten")
    weights = rng.integers(-127, 128, (3, 12)).astype(np.int8)
    dense = g.dense(flat, weights, Quant.per_tensor(0.1, 4), name="scores")
    return g.graph(g.unary(ops.Softmax(), dense, UNIT, "softmax"))


def float_border_model() -> Graph:
    """Float in, float out, and in between an elementwise chain that runs in place."""
    g = GraphBuilder("borders")
    x = g.input((1, 8), None, DType.FLOAT32)
    codes = g.node(ops.Quantize(), [x], (1, 8), Quant.per_tensor(0.05, 3), name="quantize")
    offset = g.constant(np.arange(8, dtype=np.int8)[None], Quant.per_tensor(0.1, 0), "offset")
    shifted = g.node(
        ops.Add(Activation.RELU), [codes, offset], (1, 8), Quant.per_tensor(0.06, -10), name="add"
    )
    gate = g.unary(ops.Logistic(), shifted, UNIT, "gate")
    y = g.node(ops.Dequantize(), [gate], (1, 8), None, dtype=DType.FLOAT32, name="dequantize")
    return g.graph(y)
