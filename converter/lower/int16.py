"""Operators on int16 activations with int8 weights, and the borders of that format."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgekit.converter import fixed_point16 as wide
from edgekit.converter.fixed_point import (
    Requant,
    accumulator_requants,
    activation_range,
    mean_requant,
    mul_requant,
    prelu_params,
    requant,
    sum_requant,
)
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation
from edgekit.converter.lower import calls, fields, moves, products, reductions, resizes, trees
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.fields import Fields
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg
from edgekit.converter.tables import distance_requant, leaky_requants

LARGEST_MEAN = 1 << 16
"""Elements whose sum still fits 32 bits."""


# ----------------------------------------------------------------------- multiply-accumulate


def conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_conv2d_s16w8`; weights (O, H, W, I)."""
    return _weighted(graph, node, "conv2d_s16w8", fields.convolution(graph, node))


def depthwise_conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_depthwise_conv2d_s16w8`; weights (1, H, W, C)."""
    return _weighted(graph, node, "depthwise_conv2d_s16w8", fields.convolution(graph, node))


def fully_connected(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_fully_connected_s16w8`."""
    return _weighted(graph, node, "fully_connected_s16w8", fields.dense(graph, node))


def _weighted(graph: Graph, node: Node, family: str, shape: Fields) -> tuple[Call, ...]:
    x, w, y = graph.input(node), graph.input(node, 1), graph.output(node)
    weights_quant = w.quant
    assert weights_quant is not None, f"{node.name}: weights without a scale"
    factors = accumulator_requants(_quant(node, x), weights_quant, _quant(node, y))
    params = Params(f"ek_{family}_t", (*shape, *_range(node, y), ("q_step", int(len(factors) > 1))))
    channels = y.shape[-1]
    given = graph.operand(node, 2)
    bias = np.zeros(channels, np.int64) if given is None else given.values.reshape(-1)
    args = (
        ParamsArg(),
        calls.requants(factors),
        Value(x.name, "int16_t"),
        calls.weights(w.values),
        calls.wide_bias(bias),
        Result(y.name, "int16_t"),
    )
    return (Call(family, args, params),)


# ---------------------------------------------------------------------- pooling, reduction


def average_pool(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_average_pool2d_s16`."""
    return _pool(graph, node, "average_pool2d_s16")


def max_pool(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_max_pool2d_s16`."""
    return _pool(graph, node, "max_pool2d_s16")


def _pool(graph: Graph, node: Node, family: str) -> tuple[Call, ...]:
    shape = fields.pooling(graph, node)
    params = Params("ek_pool2d_s8_t", (*shape, *_range(node, graph.output(node))))
    return (_one_to_one(graph, node, family, params),)


def mean(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_mean_s16`."""
    shape, count = fields.reduced(graph, node)
    if count > LARGEST_MEAN:
        found = f"a mean of {count} int16 values"
        raise calls.refuse(node, found, f"{LARGEST_MEAN}", "pool before the mean")
    factor = mean_requant(_quant(node, graph.input(node)), _quant(node, graph.output(node)), count)
    params = Params("ek_mean_s8_t", (*shape, ("input_zero", 0), ("output_zero", 0), ("q", factor)))
    return (_one_to_one(graph, node, "mean_s16", params),)


def total(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_mean_s16`, whose factor has no count in it."""
    shape, count = fields.reduced(graph, node)
    if count > LARGEST_MEAN:
        found = f"a sum of {count} int16 values"
        raise calls.refuse(node, found, f"{LARGEST_MEAN}", "pool before the sum")
    factor = sum_requant(_quant(node, graph.input(node)), _quant(node, graph.output(node)))
    params = Params("ek_mean_s8_t", (*shape, ("input_zero", 0), ("output_zero", 0), ("q", factor)))
    return (_one_to_one(graph, node, "mean_s16", params),)


def largest(graph: Graph, node: Node) -> tuple[Call, ...]:
    """`ek_max_pool2d_s16`, one for each run of neighbouring axes."""
    limits = (("act_min", -32768), ("act_max", 32767))
    return reductions.maxima(graph, node, "s16", "int16_t", limits)


# ------------------------------------------------------------------------------ elementwise


def add(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_add_s16`."""
    a, b, y = _three(graph, node)
    params = wide.add_params(*(_quant(node, tensor) for tensor in (a, b, y)))
    return _binary(graph, node, "add_s16", params.left_shift, params.a, params.b, params.output)


def sub(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_sub_s16`."""
    a, b, y = _three(graph, node)
    params = wide.add_params(*(_quant(node, tensor) for tensor in (a, b, y)))
    return _binary(graph, node, "sub_s16", params.left_shift, params.a, params.b, params.output)


def choice(family: str) -> Callable[[Graph, Node], tuple[Call, ...]]:
    """MAXIMUM and MINIMUM, which compare stored values."""

    def lowering(graph: Graph, node: Node) -> tuple[Call, ...]:
        a, b, y = _three(graph, node)
        params = Params("ek_choice_s8_t", fields.broadcast(a, b, y))
        operands = (Value(a.name, "int16_t"), Value(b.name, "int16_t"))
        return (Call(family, (ParamsArg(), *operands, Result(y.name, "int16_t")), params),)

    return lowering


def leaky_relu(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_leaky_relu_s16`."""
    assert isinstance(node.op, ops.LeakyRelu)
    x, y = graph.input(node), graph.output(node)
    return _either_side(graph, node, *leaky_requants(node.op, _quant(node, x), _quant(node, y)))


def absolute(graph: Graph, node: Node) -> tuple[Call, ...]:
    """ABS: one `ek_leaky_relu_s16` with the slope -1."""
    x, y = graph.input(node), graph.output(node)
    factor = distance_requant(_quant(node, x), _quant(node, y))
    return _either_side(graph, node, factor, Requant(-factor.multiplier, factor.shift))


def _either_side(
    graph: Graph, node: Node, positive: Requant, negative: Requant
) -> tuple[Call, ...]:
    """A factor for values from zero up and another below."""
    fields = (("count", graph.input(node).size), ("positive_q", positive), ("negative_q", negative))
    return (_one_to_one(graph, node, "leaky_relu_s16", Params("ek_leaky_relu_s16_t", fields)),)


def prelu(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_prelu_s16`; alpha, int8 in the model, is widened."""
    x, alpha, y = _three(graph, node)
    params = prelu_params(*(_quant(node, tensor) for tensor in (x, alpha, y)))
    [call] = _binary(graph, node, "prelu_s16", 0, params.positive, Requant(0, 0), params.negative)
    if not alpha.constant:
        raise calls.refuse(node, "an alpha computed at run time", "a constant")
    slopes = Array("alpha", "alpha", "int16_t", alpha.values.astype(np.int16))
    args = tuple(slopes if arg == Value(alpha.name, "int16_t") else arg for arg in call.args)
    return (replace(call, args=args),)


def mul(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_mul_s16`, which has one factor only."""
    a, b, y = _three(graph, node)
    unused = Requant(0, 0)
    factor = mul_requant(*(_quant(node, tensor) for tensor in (a, b, y)))
    return _binary(graph, node, "mul_s16", 0, unused, unused, factor)


def _three(graph: Graph, node: Node) -> tuple[Tensor, Tensor, Tensor]:
    return graph.input(node, 0), graph.input(node, 1), graph.output(node)


def _binary(
    graph: Graph, node: Node, family: str, left_shift: int, a_q: Requant, b_q: Requant, y_q: Requant
) -> tuple[Call, ...]:
    a, b, y = _three(graph, node)
    params = Params(
        "ek_binary_s8_t",
        (
            *fields.broadcast(a, b, y),
            ("a_zero", 0),
            ("b_zero", 0),
            ("output_zero", 0),
            ("left_shift", left_shift),
            ("a_q", a_q),
            ("b_q", b_q),
            ("output_q", y_q),
            *_range(node, y),
        ),
    )
    operands = (Value(a.name, "int16_t"), Value(b.name, "int16_t"))
    return (Call(family, (ParamsArg(), *operands, Result(y.name, "int16_t")), params),)


def logistic(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_logistic_s16` with its table."""
    return _sigmoid(graph, node, "logistic_s16")


def tanh(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_tanh_s16` with LOGISTIC's table."""
    return _sigmoid(graph, node, "tanh_s16")


def _sigmoid(graph: Graph, node: Node, family: str) -> tuple[Call, ...]:
    x = graph.input(node)
    steps = wide.table_input(_quant(node, x))
    params = Params(
        "ek_sigmoid_s16_t",
        (("count", x.size), ("multiplier", steps.multiplier), ("shift", steps.shift)),
    )
    table = Array("lut", "table", "uint16_t", wide.sigmoid_table().reshape(16, 16))
    return (_one_to_one(graph, node, family, params, table),)


def softmax(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_softmax_s16` with its two tables."""
    assert isinstance(node.op, ops.Softmax)
    x = graph.input(node)
    depth = x.shape[-1]
    params = Params(
        "ek_softmax_s16_t",
        (
            ("rows", x.size // depth),
            ("depth", depth),
            ("q", wide.softmax_factor(_quant(node, x), node.op.beta)),
        ),
    )
    powers = Array("lut", "exp", "int16_t", wide.exp_table())
    reciprocals = Array("lut2", "1 / (1 + x)", "int16_t", wide.reciprocal_table())
    return (_one_to_one(graph, node, "softmax_s16", params, powers, reciprocals),)


def clamped(activation: Activation) -> Callable[[Graph, Node], tuple[Call, ...]]:
    """RELU and RELU6 as one `ek_requantize_s16`."""
    return lambda graph, node: _requantize(graph, node, "requantize_s16", activation)


# ------------------------------------------------------------------- borders between formats


def quantize(graph: Graph, node: Node) -> tuple[Call, ...]:
    """float32 to int16, or between int8 and int16, or int16 to another scale."""
    x, y = graph.input(node), graph.output(node)
    if x.dtype is DType.FLOAT32:
        args = (
            NumberArg(x.size),
            NumberArg(_quant(node, y).scale),
            Value(x.name, "float"),
            Result(y.name, "int16_t"),
        )
        return (Call("quantize_f32_s16", args),)
    families = {
        (DType.INT16, DType.INT16): "requantize_s16",
        (DType.INT8, DType.INT16): "requantize_s8_s16",
        (DType.INT16, DType.INT8): "requantize_s16_s8",
    }
    family = families.get((x.dtype, y.dtype))
    if family is None:
        allowed = "float32 to int16, or between int8 and int16"
        raise calls.refuse(node, f"{x.dtype.value} to {y.dtype.value}", allowed)
    return _requantize(graph, node, family, Activation.NONE)


def dequantize(graph: Graph, node: Node) -> tuple[Call, ...]:
    """int16 to float32."""
    x, y = graph.input(node), graph.output(node)
    args = (
        NumberArg(x.size),
        NumberArg(_quant(node, x).scale),
        Value(x.name, "int16_t"),
        Result(y.name, "float"),
    )
    return (Call("dequantize_s16_f32", args),)


def _requantize(graph: Graph, node: Node, family: str, activation: Activation) -> tuple[Call, ...]:
    x, y = graph.input(node), graph.output(node)
    source, target = _quant(node, x), _quant(node, y)
    low, high = activation_range(activation, target, y.dtype)
    params = Params(
        "ek_requantize_t",
        (
            ("count", x.size),
            ("input_zero", source.zero_point),
            ("output_zero", target.zero_point),
            ("q", requant(source.scale / target.scale)),
            ("act_min", low),
            ("act_max", high),
        ),
    )
    return (_one_to_one(graph, node, family, params),)


# -------------------------------------------------------------------------------- in common


def _one_to_one(graph: Graph, node: Node, family: str, params: Params, *tables: Array) -> Call:
    """A call of parameters, tables, the input and the output."""
    x, y = graph.input(node), graph.output(node)
    values = (Value(x.name, calls.c_type(x)), Result(y.name, calls.c_type(y)))
    return Call(family, (ParamsArg(), *tables, *values), params)


def _range(node: Node, y: Tensor) -> Fields:
    """The fused activation's clamp."""
    activation = getattr(node.op, "activation", Activation.NONE)
    low, high = activation_range(activation, _quant(node, y), DType.INT16)
    return (("act_min", low), ("act_max", high))


def _quant(node: Node, tensor: Tensor) -> Quant:
    assert tensor.quant is not None, f"{node.name}: {tensor.name} has no scale"
    return tensor.quant


LOWERINGS: dict[type[ops.Op], Callable[[Graph, Node], tuple[Call, ...]]] = {
    ops.TreeEnsemble: trees.tree_ensemble,
    ops.Conv2D: conv2d,
    ops.DepthwiseConv2D: depthwise_conv2d,
    ops.FullyConnected: fully_connected,
    ops.TransposeConv: resizes.transpose_conv,
    ops.BatchMatmul: products.batch_matmul,
    ops.AveragePool2D: average_pool,
    ops.MaxPool2D: max_pool,
    ops.Mean: mean,
    ops.Sum: total,
    ops.ReduceMax: largest,
    ops.ReduceMin: reductions.minima,
    ops.ResizeBilinear: resizes.resize_bilinear,
    ops.Add: add,
    ops.Sub: sub,
    ops.Maximum: choice("maximum_s16"),
    ops.Minimum: choice("minimum_s16"),
    ops.Mul: mul,
    ops.Logistic: logistic,
    ops.Tanh: tanh,
    ops.Relu: clamped(Activation.RELU),
    ops.Relu6: clamped(Activation.RELU6),
    ops.LeakyRelu: leaky_relu,
    ops.Prelu: prelu,
    ops.Abs: absolute,
    ops.Softmax: softmax,
    ops.Pad: fields.pad_bytes,
    ops.Concatenation: fields.concatenation_bytes,
    ops.Reshape: fields.copy_bytes,
    ops.Squeeze: fields.copy_bytes,
    ops.ExpandDims: fields.copy_bytes,
    ops.PadV2: fields.pad_value,
    **moves.WIDE,
    ops.Quantize: quantize,
    ops.Dequantize: dequantize,
}
