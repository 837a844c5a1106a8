"""PAD, CONCATENATION, RESHAPE, SQUEEZE and the borders between number formats."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation, Concatenation, PadV2, Quantize
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.elementwise import lookup_call, requantize_table
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg
from edgekit.converter.tables import lut_for


def pad(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_pad_s8`, filling with the zero point or with the constant third operand."""
    x, y = graph.input(node), graph.output(node)
    amounts = np.asarray(graph.input(node, 1).values, np.int64)
    calls.quant(node, x)
    value = calls.quant(node, y).zero_point
    if isinstance(node.op, PadV2):
        value = int(graph.input(node, 2).values.item())
    params = Params(
        "ek_pad_s8_t",
        (
            ("extent", calls.four(x.shape)),
            ("before", calls.four(tuple(amounts[:, 0]), fill=0)),
            ("after", calls.four(tuple(amounts[:, 1]), fill=0)),
            ("value", value),
        ),
    )
    return (Call("pad_s8", (ParamsArg(), Value(x.name), Result(y.name)), params),)


def concatenation(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_concat_s8` per operand; one of another scale goes through a table first."""
    op, y = node.op, graph.output(node)
    assert isinstance(op, Concatenation)
    assert op.activation is Activation.NONE, f"{node.name}: fused activation"
    axis = op.axis % len(y.shape)
    found: list[Call] = []
    offset = 0
    for index in range(len(node.inputs)):
        x = graph.input(node, index)
        run = calls.product(x.shape[axis:])
        found += _concat_operand(node, x, y, index, axis, offset)
        offset += run
    return tuple(found)


def _concat_operand(
    node: Node, x: Tensor, y: Tensor, index: int, axis: int, offset: int
) -> tuple[Call, ...]:
    x_quant, y_quant = calls.quant(node, x), calls.quant(node, y)
    params = Params(
        "ek_concat_s8_t",
        (
            ("rows", calls.product(x.shape[:axis])),
            ("run", calls.product(x.shape[axis:])),
            ("output_run", calls.product(y.shape[axis:])),
            ("offset", offset),
        ),
    )

    def copy(source: str) -> Call:
        args = (ParamsArg(), Value(source), Result(y.name))
        return Call("concat_s8", args, params, tag=str(index))

    if x_quant == y_quant:
        return (copy(x.name),)
    moved = Tensor(f"{node.name}:operand {index}", x.shape, DType.INT8, y_quant)
    values = lut_for(Quantize(), x_quant, y_quant)
    args = (NumberArg(x.size), calls.table(values), Value(x.name), Result(moved.name))
    return Call("lut_s8", args, tag=f"{index}_rescale", temporary=moved), copy(moved.name)


def copy(graph: Graph, node: Node) -> tuple[Call, ...]:
    """A reshape that could not become another name for its input."""
    x, y = graph.input(node), graph.output(node)
    return (Call("copy_s8", (NumberArg(x.bytes), Value(x.name), Result(y.name))),)


def quantize(graph: Graph, node: Node) -> tuple[Call, ...]:
    """float32 to int8, or a table between two 8-bit formats."""
    x, y = graph.input(node), graph.output(node)
    bytes_ = (DType.INT8, DType.UINT8)
    if x.dtype is DType.FLOAT32 and y.dtype is DType.INT8:
        target = calls.quant(node, y)
        args = (
            NumberArg(x.size),
            NumberArg(target.scale),
            NumberArg(target.zero_point),
            Value(x.name, "float"),
            Result(y.name),
        )
        return (Call("quantize_f32_s8", args),)
    if x.dtype in bytes_ and y.dtype in bytes_ and x.quant and y.quant:
        return (lookup_call(x, y, requantize_table(x.quant, y.quant, x.dtype, y.dtype)),)
    raise calls.refuse(
        node, f"{x.dtype.value} to {y.dtype.value}", "float32 to int8, or between int8 and uint8"
    )


def dequantize(graph: Graph, node: Node) -> tuple[Call, ...]:
    """int8 to float32."""
    x, y = graph.input(node), graph.output(node)
    source = calls.quant(node, x)
    args = (
        NumberArg(x.size),
        NumberArg(source.scale),
        NumberArg(source.zero_point),
        Value(x.name),
        Result(y.name, "float"),
    )
    return (Call("dequantize_s8_f32", args),)
