"""Operators on float32: for float graphs, and for the float parts of mixed ones."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.converter.bilinear import real_places
from edgekit.converter.ir import ops
from edgekit.converter.ir import ops_functions as functions
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Activation, ResizeBilinear
from edgekit.converter.lower import (
    detections,
    fields,
    moves,
    products,
    recurrent,
    reductions,
    trees,
)
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.fields import Fields
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg

LARGEST = float(np.finfo(np.float32).max)
LIMITS: dict[Activation, tuple[float, float]] = {
    Activation.NONE: (-LARGEST, LARGEST),
    Activation.RELU: (0.0, LARGEST),
    Activation.RELU6: (0.0, 6.0),
    Activation.RELU_N1_TO_1: (-1.0, 1.0),
}
"""Where a fused activation clamps; as LiteRT, none clamps at the largest float."""

Lowering = Callable[[Graph, Node], tuple[Call, ...]]


# ----------------------------------------------------------------------- multiply-accumulate


def conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """`ek_conv2d_f32`, one or in groups; weights (O, H, W, I)."""

    def plain(graph: Graph, node: Node) -> tuple[Call, ...]:
        return _weighted(graph, node, "conv2d_f32", fields.convolution(graph, node))

    return products.grouped(graph, node, plain)


def depthwise_conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_depthwise_conv2d_f32`; weights (1, H, W, C)."""
    return _weighted(graph, node, "depthwise_conv2d_f32", fields.convolution(graph, node))


def fully_connected(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_fully_connected_f32`."""
    return _weighted(graph, node, "fully_connected_f32", fields.dense(graph, node))


def transpose_conv(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_transpose_conv2d_f32`."""
    return _weighted(graph, node, "transpose_conv2d_f32", fields.transposed(graph, node))


def batch_matmul(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_batch_matmul_f32`."""
    a, b, y = graph.input(node), graph.input(node, 1), graph.output(node)
    params = Params("ek_batch_matmul_f32_t", products.matrices(graph, node))
    operands = (Value(a.name, "float"), Value(b.name, "float"))
    args = (ParamsArg(), *operands, Result(y.name, "float"))
    return (Call("batch_matmul_f32", args, params),)


def _weighted(graph: Graph, node: Node, family: str, shape: Fields) -> tuple[Call, ...]:
    x, y = graph.source(node), graph.output(node)
    given = graph.role(node, "bias")
    bias = np.zeros(y.shape[-1], np.float32) if given is None else given.values
    args = (
        ParamsArg(),
        Value(x.name, "float"),
        Array("w", "weights", "float", graph.input(node, 1).values),
        Array("b", "bias", "float", bias.reshape(-1)),
        Result(y.name, "float"),
    )
    return (Call(family, args, Params(f"ek_{family}_t", (*shape, *_limits(node)))),)


# ---------------------------------------------------------------------- pooling, reduction


def average_pool(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_average_pool2d_f32`."""
    return _pool(graph, node, "average_pool2d_f32")


def max_pool(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_max_pool2d_f32`."""
    return _pool(graph, node, "max_pool2d_f32")


def _pool(graph: Graph, node: Node, family: str) -> tuple[Call, ...]:
    params = Params("ek_pool2d_f32_t", (*fields.pooling(graph, node), *_limits(node)))
    return (_with_params(graph, node, family, params),)


def mean(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_mean_f32`."""
    return _reduced(graph, node, fields.reduced(graph, node)[1])


def total(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_mean_f32` that divides by 1."""
    return _reduced(graph, node, 1)


def _reduced(graph: Graph, node: Node, divisor: int) -> tuple[Call, ...]:
    shape, _ = fields.reduced(graph, node)
    params = Params("ek_mean_f32_t", (*shape, ("divisor", float(divisor))))
    return (_with_params(graph, node, "mean_f32", params),)


def largest(graph: Graph, node: Node) -> tuple[Call, ...]:
    """`ek_max_pool2d_f32`, one for each run of neighbouring axes."""
    return reductions.maxima(graph, node, "f32", "float", _limits(node))


def resize_bilinear(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_resize_bilinear_f32`, with the neighbours of every row and column."""
    assert isinstance(node.op, ResizeBilinear)
    x, y = graph.input(node), graph.output(node)
    rows, columns = (real_places(x.shape[axis], y.shape[axis], node.op) for axis in (1, 2))
    args = (
        ParamsArg(),
        Array("rows", "rows", "int16_t", np.stack(rows[:2], axis=1).astype(np.int16)),
        Array("cols", "columns", "int16_t", np.stack(columns[:2], axis=1).astype(np.int16)),
        Array("down", "weights of rows", "float", rows[2].astype(np.float32)),
        Array("across", "weights of columns", "float", columns[2].astype(np.float32)),
        *_values(graph, node),
    )
    params = Params("ek_resize_bilinear_f32_t", fields.resized(graph, node))
    return (Call("resize_bilinear_f32", args, params),)


# ------------------------------------------------------------------------------ elementwise


def binary(family: str) -> Lowering:
    """One kernel of two operands with broadcasting."""

    def lowering(graph: Graph, node: Node) -> tuple[Call, ...]:
        a, b, y = graph.input(node, 0), graph.input(node, 1), graph.output(node)
        params = Params("ek_binary_f32_t", (*fields.broadcast(a, b, y), *_limits(node)))
        operands = (Value(a.name, "float"), Value(b.name, "float"))
        return (Call(family, (ParamsArg(), *operands, Result(y.name, "float")), params),)

    return lowering


def unary(family: str, *numbers: float) -> Lowering:
    """One kernel of a function of one value, with these numbers after the count."""
    return lambda graph, node: (_counted(graph, node, family, *numbers),)


def leaky_relu(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_leaky_relu_f32`."""
    assert isinstance(node.op, ops.LeakyRelu)
    return (_counted(graph, node, "leaky_relu_f32", float(np.float32(node.op.alpha))),)


def gelu(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_gelu_f32` or `ek_gelu_tanh_f32`."""
    assert isinstance(node.op, ops.Gelu)
    return (_counted(graph, node, "gelu_tanh_f32" if node.op.approximate else "gelu_f32"),)


def softmax(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_softmax_f32` over all rows."""
    assert isinstance(node.op, ops.Softmax)
    x = graph.input(node)
    rows, depth = x.size // x.shape[-1], x.shape[-1]
    params = Params("ek_softmax_f32_t", (("rows", rows), ("depth", depth), ("beta", node.op.beta)))
    return (_with_params(graph, node, "softmax_f32", params),)


def by_rows(family: str) -> Lowering:
    """One kernel along the last axis."""

    def lowering(graph: Graph, node: Node) -> tuple[Call, ...]:
        x = graph.input(node)
        params = Params("ek_rows_t", (("rows", x.size // x.shape[-1]), ("depth", x.shape[-1])))
        return (_with_params(graph, node, family, params),)

    return lowering


# -------------------------------------------------------------------------------- in common


def _with_params(graph: Graph, node: Node, family: str, params: Params) -> Call:
    args = (ParamsArg(), *_values(graph, node))
    return Call(family, args, params)


def _counted(graph: Graph, node: Node, family: str, *numbers: float) -> Call:
    count = NumberArg(graph.input(node).size)
    return Call(family, (count, *map(NumberArg, numbers), *_values(graph, node)))


def _values(graph: Graph, node: Node) -> tuple[Value, Result]:
    x, y = graph.input(node), graph.output(node)
    return Value(x.name, "float"), Result(y.name, "float")


def _limits(node: Node) -> Fields:
    low, high = LIMITS[getattr(node.op, "activation", Activation.NONE)]
    return (("act_min", low), ("act_max", high))


LOWERINGS: dict[type[ops.Op], Lowering] = {
    # 1. multiply-accumulate
    ops.Conv2D: conv2d,
    ops.DepthwiseConv2D: depthwise_conv2d,
    ops.FullyConnected: fully_connected,
    ops.TransposeConv: transpose_conv,
    ops.BatchMatmul: batch_matmul,
    # 2. pooling and reduction
    ops.Svdf: recurrent.svdf,
    ops.UnidirectionalSequenceLstm: recurrent.lstm,
    ops.AveragePool2D: average_pool,
    ops.MaxPool2D: max_pool,
    ops.Mean: mean,
    ops.Sum: total,
    ops.ReduceMax: largest,
    ops.ReduceMin: reductions.minima,
    ops.ResizeBilinear: resize_bilinear,
    ops.ArgMax: reductions.arg_max,
    # 3. elementwise
    ops.Add: binary("add_f32"),
    ops.Sub: binary("sub_f32"),
    ops.Mul: binary("mul_f32"),
    ops.Maximum: binary("maximum_f32"),
    ops.Minimum: binary("minimum_f32"),
    ops.Prelu: binary("prelu_f32"),
    ops.Logistic: unary("logistic_f32"),
    ops.Tanh: unary("tanh_f32"),
    ops.Relu: unary("clamp_f32", 0.0, LARGEST),
    ops.Relu6: unary("clamp_f32", 0.0, 6.0),
    ops.ReluN1To1: unary("clamp_f32", -1.0, 1.0),
    ops.Relu0To1: unary("clamp_f32", 0.0, 1.0),
    ops.LeakyRelu: leaky_relu,
    ops.Elu: unary("elu_f32"),
    ops.HardSwish: unary("hard_swish_f32"),
    ops.Abs: unary("abs_f32"),
    ops.Rsqrt: unary("rsqrt_f32"),
    ops.Exp: unary("exp_f32"),
    ops.Log: unary("log_f32"),
    ops.Sqrt: unary("sqrt_f32"),
    ops.Square: unary("square_f32"),
    ops.Neg: unary("neg_f32"),
    ops.Floor: unary("floor_f32"),
    ops.Gelu: gelu,
    functions.Ceil: unary("ceil_f32"),
    functions.Round: unary("round_f32"),
    functions.Sign: unary("sign_f32"),
    functions.Sin: unary("sin_f32"),
    functions.Cos: unary("cos_f32"),
    functions.Pow: binary("pow_f32"),
    functions.FloorDiv: binary("floor_div_f32"),
    ops.Div: binary("div_f32"),
    ops.SquaredDifference: binary("squared_difference_f32"),
    ops.Softmax: softmax,
    ops.LogSoftmax: by_rows("log_softmax_f32"),
    ops.L2Normalization: by_rows("l2_normalization_f32"),
    # 4. movement
    ops.Pad: fields.pad_bytes,
    ops.Concatenation: fields.concatenation_bytes,
    ops.Reshape: fields.copy_bytes,
    ops.Squeeze: fields.copy_bytes,
    ops.ExpandDims: fields.copy_bytes,
    ops.PadV2: fields.pad_value,
    ops.DetectionPostProcess: detections.detections,
    ops.TreeEnsemble: trees.tree_ensemble,
    **moves.LOWERINGS,
}
