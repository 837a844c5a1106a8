"""RESIZE_BILINEAR and TRANSPOSE_CONV: layers of decoders."""

from __future__ import annotations

import numpy as np

from edgekit.converter.bilinear import places
from edgekit.converter.fixed_point import accumulator_requants, activation_range
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import ResizeBilinear, TransposeConv
from edgekit.converter.lower import calls, fields
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.program import Params, ParamsArg


def resize_bilinear(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_resize_bilinear_s8` or `_s16`, with the neighbours of every row and column."""
    assert isinstance(node.op, ResizeBilinear)
    x, y = graph.input(node), graph.output(node)
    wide, c_type = x.dtype is DType.INT16, calls.c_type(x)
    params = Params("ek_resize_bilinear_s8_t", fields.resized(graph, node))
    rows, columns = (
        Array(suffix, what, "int16_t", places(x.shape[axis], y.shape[axis], node.op))
        for axis, suffix, what in ((1, "rows", "rows"), (2, "cols", "columns"))
    )
    args = (ParamsArg(), rows, columns, Value(x.name, c_type), Result(y.name, c_type))
    return (Call("resize_bilinear_s16" if wide else "resize_bilinear_s8", args, params),)


def transpose_conv(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_transpose_conv2d_s8` or `_s16w8`; the bias stays as it is, since not every tap meets
    an input."""
    op = node.op
    assert isinstance(op, TransposeConv)
    x, w, y = graph.source(node), graph.input(node, 1), graph.output(node)
    wide, c_type = x.dtype is DType.INT16, calls.c_type(x)
    assert x.quant is not None, f"{node.name}: input without a scale"
    assert y.quant is not None, f"{node.name}: output without a scale"
    assert w.quant is not None, f"{node.name}: weights without a scale"
    factors = accumulator_requants(x.quant, w.quant, y.quant)
    low, high = activation_range(op.activation, y.quant, y.dtype)
    params = Params(
        "ek_transpose_conv2d_s8_t",
        (
            *fields.transposed(graph, node),
            ("input_zero", x.quant.zero_point),
            ("output_zero", y.quant.zero_point),
            ("act_min", low),
            ("act_max", high),
            ("q_step", int(len(factors) > 1)),
        ),
    )
    given = graph.role(node, "bias")
    bias = np.zeros(y.shape[3], np.int32) if given is None else given.values.reshape(-1)
    args = (
        ParamsArg(),
        calls.requants(factors),
        Value(x.name, c_type),
        calls.weights(w.values),
        calls.wide_bias(bias) if wide else calls.bias(bias.astype(np.int32)),
        Result(y.name, c_type),
    )
    return (Call("transpose_conv2d_s16w8" if wide else "transpose_conv2d_s8", args, params),)
