"""Operators on packed signs: kernels of type "b1"."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.converter.binary_ends import End, output_end
from edgekit.converter.fixed_point import window
from edgekit.converter.interpret.binary import int8_signs
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import (
    LceBconv2d,
    LceBMaxPool2d,
    LceDequantize,
    LceQuantize,
    Op,
    Padding,
)
from edgekit.converter.ir.shapes_binary import groups
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.program import FieldValue, NumberArg, Params, ParamsArg

Arg = Value | Result | Array | ParamsArg

Fields = tuple[tuple[str, FieldValue], ...]
WORDS = "uint32_t"


def quantize(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_sign_s8_b1` or `ek_sign_f32_b1`."""
    x, y = graph.input(node), graph.output(node)
    rows = (NumberArg(calls.product(x.shape[:-1])), NumberArg(x.shape[-1]))
    if x.dtype is not DType.FLOAT32:
        # Of bool, stored as 0 and 1, false is -1.
        zero = NumberArg(calls.quant(node, x).zero_point if x.dtype is DType.INT8 else 1)
        return (Call("sign_s8_b1", (*rows, zero, Value(x.name), Result(y.name, WORDS))),)
    return (Call("sign_f32_b1", (*rows, Value(x.name, "float"), Result(y.name, WORDS))),)


def dequantize(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_unpack_b1_s8` or `ek_unpack_b1_f32`."""
    x, y = graph.input(node), graph.output(node)
    rows = (NumberArg(calls.product(y.shape[:-1])), NumberArg(y.shape[-1]))
    if y.dtype is not DType.FLOAT32:
        values = int8_signs(node, y) if y.dtype is DType.INT8 else (1, 0)
        pair = tuple(NumberArg(value) for value in values)
        return (Call("unpack_b1_s8", (*rows, *pair, Value(x.name, WORDS), Result(y.name))),)
    return (Call("unpack_b1_f32", (*rows, Value(x.name, WORDS), Result(y.name, "float"))),)


def max_pool(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_max_pool2d_b1`."""
    op, x, y = node.op, graph.input(node), graph.output(node)
    assert isinstance(op, LceBMaxPool2d)
    rows = window(op.padding, x.shape[1], op.filter_h, op.stride_h)
    columns = window(op.padding, x.shape[2], op.filter_w, op.stride_w)
    fields: Fields = (
        ("batches", x.shape[0]),
        ("input_h", x.shape[1]), ("input_w", x.shape[2]), ("words", x.shape[3]),
        ("output_h", y.shape[1]), ("output_w", y.shape[2]),
        ("kernel_h", op.filter_h), ("kernel_w", op.filter_w),
        ("stride_h", op.stride_h), ("stride_w", op.stride_w),
        ("pad_top", rows.before), ("pad_left", columns.before),
    )  # fmt: skip
    params = Params("ek_max_pool2d_b1_t", fields)
    args = (ParamsArg(), Value(x.name, WORDS), Result(y.name, WORDS))
    return (Call("max_pool2d_b1", args, params),)


def conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_conv2d_b1`, `ek_conv2d_b1_s8` or `ek_conv2d_b1_f32`; weights (O, H, W, words)."""
    x, y, end = graph.input(node), graph.output(node), output_end(graph, node)
    family, c_type = _ENDS[y.dtype]
    weights = graph.input(node, 1).values.astype(np.int32).view(np.uint32)
    args: tuple[Arg, ...] = (
        ParamsArg(),
        Value(x.name, WORDS),
        Array("w", "weights", WORDS, weights, align=4),
        *_ends(end),
        Result(y.name, c_type),
    )
    return (Call(family, args, Params("ek_conv2d_b1_t", _fields(graph, node, end))),)


_ENDS = {
    DType.INT32: ("conv2d_b1", WORDS),
    DType.INT8: ("conv2d_b1_s8", "int8_t"),
    DType.FLOAT32: ("conv2d_b1_f32", "float"),
}
"""Kernel family and C type by the output's element type."""


def _ends(end: End) -> tuple[Array, ...]:
    if end.thresholds is not None:
        return (Array("t", "thresholds", "int32_t", end.thresholds),)
    return Array("m", "multipliers", "float", end.multiplier), Array("b", "bias", "float", end.bias)


def _fields(graph: Graph, node: Node, end: End) -> Fields:
    op, x, y, weights = node.op, graph.input(node), graph.output(node), graph.input(node, 1)
    assert isinstance(op, LceBconv2d)
    output_c, kernel_h, kernel_w, own = weights.shape
    count = groups(graph, node)
    rows = window(op.padding, x.shape[1], kernel_h, op.stride_h, op.dilation_h)
    columns = window(op.padding, x.shape[2], kernel_w, op.stride_w, op.dilation_w)
    ones = op.padding is Padding.VALID or op.pad_values == 1
    return (
        ("batches", x.shape[0]),
        ("input_h", x.shape[1]), ("input_w", x.shape[2]),
        ("group_words", own), ("groups", count),
        ("output_h", y.shape[1]), ("output_w", y.shape[2]), ("output_c", output_c),
        ("kernel_h", kernel_h), ("kernel_w", kernel_w),
        ("stride_h", op.stride_h), ("stride_w", op.stride_w),
        ("dilation_h", op.dilation_h), ("dilation_w", op.dilation_w),
        ("pad_top", rows.before), ("pad_left", columns.before),
        ("pad_ones", int(ones)), ("pad_bits", 0 if ones else op.channels_in // count // 2),
        ("acc2_min", end.low), ("acc2_max", end.high),
    )  # fmt: skip


LOWERINGS: dict[type[Op], Callable[[Graph, Node], tuple[Call, ...]]] = {
    LceQuantize: quantize,
    LceDequantize: dequantize,
    LceBconv2d: conv2d,
    LceBMaxPool2d: max_pool,
}
