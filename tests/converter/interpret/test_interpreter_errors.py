"""Every message of the interpreter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from edgekit.converter.interpret import iterate, run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant, Tensor
from edgekit.errors import DataError, UnsupportedError
from tests.converter.interpret.tiny_graphs import Q, activation, chain, fixed

VALID = ops.Padding.VALID
X, Y = activation("x", 1, 4), activation("y", 1, 4)
COPY = chain((ops.Reshape(), [X], Y))
SUM = chain((ops.Add(), [X, activation("b", 1, 4)], Y))


@pytest.mark.parametrize(
    ("graph", "inputs", "code", "message"),
    [
        (COPY, {"z": np.zeros(4)}, "input-names", "tiny: inputs named 'z' (allowed: 'x')"),
        (COPY, {}, "input-names", "tiny: inputs named nothing (allowed: 'x')"),
        (SUM, [np.zeros((1, 4), np.int8)], "input-count", "tiny: 1 input arrays (allowed: 2)"),
        (COPY, [np.zeros(4, np.int8)], "input-shape", "shape [4] (allowed: shape [n, 4])"),
        (COPY, [np.zeros((2, 5), np.int8)], "input-shape", "shape [2, 5] (allowed: shape [n, 4])"),
        (COPY, [np.zeros((1, 4))], "input-dtype", "dtype float64 (allowed: int8)"),
        (COPY, [np.zeros((0, 4), np.int8)], "input-batch", "leading extents 0 for 'x'"),
        (
            SUM,
            {"x": np.zeros((1, 4), np.int8), "b": np.zeros((2, 4), np.int8)},
            "input-batch",
            "leading extents 1 for 'x', 2 for 'b' (allowed: the same multiple of 1, 1",
        ),
    ],
)  # fmt: skip
def test_inputs_that_do_not_fit(graph: Graph, inputs: object, code: str, message: str) -> None:
    for start in (run, iterate):
        with pytest.raises(DataError) as caught:
            start(graph, inputs)  # type: ignore[arg-type]
        assert caught.value.code == code
        assert message in str(caught.value)
        assert caught.value.hint


def test_a_batch_that_is_no_multiple_of_what_the_graph_takes_at_once() -> None:
    x, axes = activation("x", 2, 3), fixed("axes", np.array([0], np.int32))
    graph = chain((ops.Mean(keep_dims=True), [x, axes], activation("y", 1, 3)))
    with pytest.raises(DataError, match="leading extents 3 for 'x'"):
        run(graph, [np.zeros((3, 3), np.int8)])


@dataclass(frozen=True, slots=True)
class Unheard(ops.Op):
    NAME = "UNHEARD"


def unknown() -> Graph:
    return chain((Unheard(), [X], Y))


def int16() -> Graph:
    x, y = (Tensor(name, (1, 4), DType.INT16, Q) for name in "xy")
    return chain((ops.HardSwish(), [x], y))


def int16_logistic() -> Graph:
    x, y = (Tensor(name, (1, 4), DType.INT16, Q) for name in "xy")
    return chain((ops.Logistic(), [x], y))


def int16_to_uint8() -> Graph:
    x, y = Tensor("x", (1, 4), DType.INT16, Q), Tensor("y", (1, 4), DType.UINT8, Q)
    return chain((ops.Quantize(), [x], y))


def mixed() -> Graph:
    return chain((ops.Relu(), [X], activation("y", 1, 4, quant=None)))


def computed_weights() -> Graph:
    return chain((ops.FullyConnected(), [X, activation("w", 4, 4), None], Y))


def without_scale() -> Graph:
    return chain((ops.Relu(), [Tensor("x", (1, 4), DType.INT8)], Y))


def other_scale() -> Graph:
    wide = activation("y", 1, 8, quant=Quant.per_tensor(1.0, 0))
    return chain((ops.Concatenation(1), [X, activation("b", 1, 4)], wide))


def fused_concatenation() -> Graph:
    op = ops.Concatenation(1, ops.Activation.RELU)
    return chain((op, [X, activation("b", 1, 4)], activation("y", 1, 8)))


def softmax_scale() -> Graph:
    return chain((ops.Softmax(), [X], Y))


def quantize_int32() -> Graph:
    return chain((ops.Quantize(), [X], Tensor("y", (1, 4), DType.INT32, Q)))


def dequantize_int32() -> Graph:
    x = Tensor("x", (1, 4), DType.INT32, Q)
    return chain((ops.Dequantize(), [x], activation("y", 1, 4, quant=None)))


@pytest.mark.parametrize(
    ("make", "code", "message"),
    [
        (unknown, "interpret-operator", "UNHEARD y: no kernel (allowed: ABS, ADD, ADD_N"),
        (
            int16,
            "interpret-operator",
            "HARD_SWISH y: no kernel (allowed: ABS, ADD, AVERAGE_POOL_2D",
        ),
        (int16_logistic, "interpret-unit-scale", "allowed: scale 1/32768, zero point 0"),
        (int16_to_uint8, "interpret-dtype", "from int16 to uint8 (allowed: int8 or int16)"),
        (mixed, "interpret-dtype", "from int8 to float32 (allowed: float32, int8 or int16)"),
        (computed_weights, "interpret-constant", "weights computed at run time"),
        (without_scale, "interpret-no-scale", "RELU y: x has no scale"),
        (other_scale, "interpret-scales", "input x and the output have different scales"),
        (fused_concatenation, "interpret-concat-activation", "fused activation RELU"),
        (softmax_scale, "interpret-softmax-scale", "allowed: scale 1/256, zero point -128"),
        (quantize_int32, "interpret-dtype", "from int8 to int32"),
        (dequantize_int32, "interpret-dtype", "from int32 to float32"),
    ],
)
def test_graphs_that_cannot_be_computed(make: object, code: str, message: str) -> None:
    graph = make()  # type: ignore[operator]
    inputs = {name: np.zeros(graph[name].shape, graph[name].dtype.numpy) for name in graph.inputs}
    with pytest.raises(UnsupportedError) as caught:
        run(graph, inputs)
    assert caught.value.code == code
    assert message in str(caught.value)
    assert "inspect MODEL --graph" in caught.value.hint


def test_a_scale_that_differs_by_a_rounding_is_the_same() -> None:
    nearly = activation("y", 1, 8, quant=Quant((Q.scale * (1 + 1e-7),), Q.zero_points))
    graph = chain((ops.Concatenation(1), [X, activation("b", 1, 4)], nearly))
    ones = np.ones((1, 4), np.int8)
    assert (run(graph, [ones, ones])["y"] == 1).all()
