"""RESIZE_BILINEAR and TRANSPOSE_CONV: layers of decoders."""

from __future__ import annotations

import numpy as np

from edgekit.converter.bilinear import places
from edgekit.converter.fixed_point import accumulator_requants, activation_range
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import ResizeBilinear, TransposeConv
from edgekit.converter.lower import calls, fields
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.program import Params, ParamsArg


def resize_bilinear(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_resize_bilinear_s8`, with the neighbours of every row and column."""
    assert isinstance(node.op, ResizeBilinear)
    x, y = graph.input(node), graph.output(node)
    calls.quant(node, x)
    params = Params("ek_resize_bilinear_s8_t", fields.resized(graph, node))
    rows, columns = (
        Array(suffix, what, "int16_t", places(x.shape[axis], y.shape[axis], node.op))
        for axis, suffix, what in ((1, "rows", "rows"), (2, "cols", "columns"))
    )
    args = (ParamsArg(), rows, columns, Value(x.name), Result(y.name))
    return (Call("resize_bilinear_s8", args, params),)


def transpose_conv(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_transpose_conv2d_s8`; the bias stays as it is, since not every tap meets an input."""
    op = node.op
    assert isinstance(op, TransposeConv)
    x, w, y = graph.source(node), graph.input(node, 1), graph.output(node)
    x_quant, y_quant = calls.quant(node, x), calls.quant(node, y)
    assert w.quant is not None, f"{node.name}: weights without a scale"
    factors = accumulator_requants(x_quant, w.quant, y_quant)
    low, high = activation_range(op.activation, y_quant)
    params = Params(
        "ek_transpose_conv2d_s8_t",
        (
            *fields.transposed(graph, node),
            ("input_zero", x_quant.zero_point),
            ("output_zero", y_quant.zero_point),
            ("act_min", low),
            ("act_max", high),
            ("q_step", int(len(factors) > 1)),
        ),
    )
    given = graph.role(node, "bias")
    bias = np.zeros(y.shape[3], np.int32) if given is None else given.values.astype(np.int32)
    args = (
        ParamsArg(),
        calls.requants(factors),
        Value(x.name),
        calls.weights(w.values),
        calls.bias(bias.reshape(-1)),
        Result(y.name),
    )
    return (Call("transpose_conv2d_s8", args, params),)
