"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED with uint8 weights, as legacy models have them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.converter.fixed_point import accumulator_requants, activation_range
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.lower import calls, fields
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.fields import Fields
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg


def conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_conv2d_s8u8`."""
    if graph.input(node).shape[3] != graph.input(node, 1).shape[3]:
        raise calls.refuse(node, "uint8 weights in groups", "1 group", "use one per group")
    return _call(graph, node, "conv2d_s8u8", "ek_conv2d_s8_t", fields.convolution(graph, node))


def depthwise_conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_depthwise_conv2d_s8u8`."""
    shape = fields.convolution(graph, node)
    return _call(graph, node, "depthwise_conv2d_s8u8", "ek_depthwise_conv2d_s8_t", shape)


def fully_connected(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_conv2d_s8u8` over images of one pixel."""
    given = dict(fields.dense(graph, node))
    ones = ("input_h", "input_w", "output_h", "output_w", "kernel_h", "kernel_w")
    steps = ("stride_h", "stride_w", "dilation_h", "dilation_w")
    shape: Fields = (
        ("batches", given["rows"]),
        ("input_c", given["input_c"]),
        ("output_c", given["output_c"]),
        *((name, 1) for name in (*ones, *steps)),
        ("pad_top", 0),
        ("pad_left", 0),
    )
    return _call(graph, node, "conv2d_s8u8", "ek_conv2d_s8_t", shape)


def _call(graph: Graph, node: Node, family: str, struct: str, shape: Fields) -> tuple[Call, ...]:
    x, w, y = graph.input(node), graph.input(node, 1), graph.output(node)
    assert w.quant is not None, f"{node.name}: weights without a scale"
    x_quant, y_quant = calls.quant(node, x), calls.quant(node, y)
    low, high = activation_range(getattr(node.op, "activation"), y_quant)  # noqa: B009
    params = Params(
        struct,
        (
            *shape,
            ("input_zero", x_quant.zero_point),
            ("output_zero", y_quant.zero_point),
            ("act_min", low),
            ("act_max", high),
            ("q_step", 0),
        ),
    )
    given = graph.operand(node, 2)
    bias = np.zeros(y.shape[-1], np.int32) if given is None else given.values
    args = (
        ParamsArg(),
        calls.requants(accumulator_requants(x_quant, w.quant, y_quant)),
        NumberArg(w.quant.zero_point),
        Value(x.name),
        Array("w", "weights", "uint8_t", w.values),
        calls.bias(bias.astype(np.int32).reshape(-1)),
        Result(y.name),
    )
    return (Call(family, args, params),)


LOWERINGS: dict[type[ops.Op], Callable[[Graph, Node], tuple[Call, ...]]] = {
    ops.Conv2D: conv2d,
    ops.DepthwiseConv2D: depthwise_conv2d,
    ops.FullyConnected: fully_connected,
}
