"""Parameters that say shapes only, the same in every number format."""

from __future__ import annotations

import numpy as np

from edgekit.converter.axes import merged, merged_operands
from edgekit.converter.fixed_point import window
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import (
    Concatenation,
    Conv2D,
    DepthwiseConv2D,
    Mean,
    Pool2D,
    Sum,
    TransposeConv,
)
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.program import FieldValue, NumberArg, Params, ParamsArg

Fields = tuple[tuple[str, FieldValue], ...]


def convolution(graph: Graph, node: Node) -> Fields:
    """Extents, strides, dilations and padding of CONV_2D and DEPTHWISE_CONV_2D."""
    op = node.op
    assert isinstance(op, Conv2D | DepthwiseConv2D)
    batches, input_h, input_w, input_c = graph.input(node).shape
    _, output_h, output_w, output_c = graph.output(node).shape
    _, kernel_h, kernel_w, _ = graph.input(node, 1).shape
    rows = window(op.padding, input_h, kernel_h, op.stride_h, op.dilation_h)
    columns = window(op.padding, input_w, kernel_w, op.stride_w, op.dilation_w)
    multiplier: Fields = ()
    if isinstance(op, DepthwiseConv2D):
        multiplier = (("depth_multiplier", output_c // input_c),)
    return (
        ("batches", batches),
        ("input_h", input_h), ("input_w", input_w), ("input_c", input_c),
        ("output_h", output_h), ("output_w", output_w), ("output_c", output_c),
        ("kernel_h", kernel_h), ("kernel_w", kernel_w),
        ("stride_h", op.stride_h), ("stride_w", op.stride_w),
        ("dilation_h", op.dilation_h), ("dilation_w", op.dilation_w),
        ("pad_top", rows.before), ("pad_left", columns.before),
        *multiplier,
    )  # fmt: skip


def transposed(graph: Graph, node: Node) -> Fields:
    """Extents, strides and padding of TRANSPOSE_CONV."""
    op = node.op
    assert isinstance(op, TransposeConv)
    batches, input_h, input_w, input_c = graph.source(node).shape
    _, output_h, output_w, output_c = graph.output(node).shape
    _, kernel_h, kernel_w, _ = graph.input(node, 1).shape
    return (
        ("batches", batches),
        ("input_h", input_h), ("input_w", input_w), ("input_c", input_c),
        ("output_h", output_h), ("output_w", output_w), ("output_c", output_c),
        ("kernel_h", kernel_h), ("kernel_w", kernel_w),
        ("stride_h", op.stride_h), ("stride_w", op.stride_w),
        ("pad_top", window(op.padding, output_h, kernel_h, op.stride_h).before),
        ("pad_left", window(op.padding, output_w, kernel_w, op.stride_w).before),
    )  # fmt: skip


def resized(graph: Graph, node: Node) -> Fields:
    """Extents of a resize."""
    batches, input_h, input_w, channels = graph.input(node).shape
    _, output_h, output_w, _ = graph.output(node).shape
    return (
        ("batches", batches),
        ("input_h", input_h), ("input_w", input_w), ("channels", channels),
        ("output_h", output_h), ("output_w", output_w),
    )  # fmt: skip


def dense(graph: Graph, node: Node) -> Fields:
    """Rows, inputs and outputs of FULLY_CONNECTED; all axes but the weights' are rows."""
    output_c, input_c = graph.input(node, 1).shape
    rows = graph.input(node).size // input_c
    return (("rows", rows), ("input_c", input_c), ("output_c", output_c))


def pooling(graph: Graph, node: Node) -> Fields:
    """Extents, window, strides and padding of the poolings."""
    op = node.op
    assert isinstance(op, Pool2D)
    batches, input_h, input_w, channels = graph.input(node).shape
    _, output_h, output_w, _ = graph.output(node).shape
    rows = window(op.padding, input_h, op.filter_h, op.stride_h)
    columns = window(op.padding, input_w, op.filter_w, op.stride_w)
    return (
        ("batches", batches),
        ("input_h", input_h), ("input_w", input_w), ("channels", channels),
        ("output_h", output_h), ("output_w", output_w),
        ("kernel_h", op.filter_h), ("kernel_w", op.filter_w),
        ("stride_h", op.stride_h), ("stride_w", op.stride_w),
        ("pad_top", rows.before), ("pad_left", columns.before),
    )  # fmt: skip


def reduced(graph: Graph, node: Node) -> tuple[Fields, int]:
    """Extents and reduced axes of MEAN and SUM, and the elements of each."""
    assert isinstance(node.op, Mean | Sum)
    shape = graph.input(node).shape
    listed = np.asarray(graph.input(node, 1).values, np.int64).reshape(-1)
    axes = {int(axis) % len(shape) for axis in listed}
    count = calls.product(tuple(shape[axis] for axis in axes))
    extents, flags = shape, tuple(axis in axes for axis in range(len(shape)))
    if len(shape) > 4:
        extents, [flags] = merged(shape, flags)
    reduce = calls.four(tuple(map(int, flags)), fill=0)
    return (("extent", calls.four(extents)), ("reduce", reduce)), count


def broadcast(a: Tensor, b: Tensor, y: Tensor) -> Fields:
    """Extents and the operands' strides of a binary operator."""
    return broadcast_of(y, a=a, b=b)


def broadcast_of(y: Tensor, **operands: Tensor) -> Fields:
    """Extents and the strides of operands, by their roles."""
    extents, shapes = y.shape, tuple(tensor.shape for tensor in operands.values())
    if len(extents) > 4:
        extents, shapes = merged_operands(extents, *shapes)
    steps = (strides(calls.four(shape)) for shape in shapes)
    named = zip(operands, steps, strict=True)
    return (("extent", calls.four(extents)), *((f"{role}_stride", row) for role, row in named))


def strides(extents: tuple[int, ...]) -> tuple[int, ...]:
    """Elements between neighbours along each axis; 0 along an axis of extent 1, to repeat it.

    >>> strides((1, 4, 1, 3))
    (0, 3, 0, 1)
    """
    steps = [calls.product(extents[axis + 1 :]) for axis in range(len(extents))]
    return tuple(0 if n == 1 else step for n, step in zip(extents, steps, strict=True))


# Operators that move whole elements, as the kernels of bytes: along the last axis an element is
# as many neighbours as it has bytes.


def pad_bytes(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_pad_s8` that fills with zero bytes."""
    x, y = graph.input(node), graph.output(node)
    amounts = np.asarray(graph.input(node, 1).values, np.int64)
    params = Params(
        "ek_pad_s8_t",
        (
            ("extent", _in_bytes(x, calls.four(x.shape))),
            ("before", _in_bytes(x, calls.four(tuple(amounts[:, 0]), fill=0))),
            ("after", _in_bytes(x, calls.four(tuple(amounts[:, 1]), fill=0))),
            ("value", 0),
        ),
    )
    return (Call("pad_s8", (ParamsArg(), Value(x.name), Result(y.name)), params),)


def pad_value(graph: Graph, node: Node) -> tuple[Call, ...]:
    """PADV2 of wide elements: one `ek_pad_s16` or `ek_pad_f32`."""
    x, y = graph.input(node), graph.output(node)
    amounts = np.asarray(graph.input(node, 1).values, np.int64)
    wide = x.dtype is DType.INT16
    params = Params(
        "ek_pad_s8_t" if wide else "ek_pad_f32_t",
        (
            ("extent", calls.four(x.shape)),
            ("before", calls.four(tuple(amounts[:, 0]), fill=0)),
            ("after", calls.four(tuple(amounts[:, 1]), fill=0)),
            ("value", graph.input(node, 2).values.item()),
        ),
    )
    c_type = calls.c_type(x)
    args = (ParamsArg(), Value(x.name, c_type), Result(y.name, c_type))
    return (Call("pad_s16" if wide else "pad_f32", args, params),)


def _in_bytes(tensor: Tensor, extents: tuple[int, ...]) -> tuple[int, ...]:
    return (*extents[:-1], extents[-1] * tensor.dtype.numpy.itemsize)


def concatenation_bytes(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_concat_s8` per operand; all have the output's scale."""
    op, y = node.op, graph.output(node)
    assert isinstance(op, Concatenation)
    axis, size = op.axis % len(y.shape), y.dtype.numpy.itemsize
    found: list[Call] = []
    offset = 0
    for index in range(len(node.inputs)):
        x = graph.input(node, index)
        run = calls.product(x.shape[axis:]) * size
        params = Params(
            "ek_concat_s8_t",
            (
                ("rows", calls.product(x.shape[:axis])),
                ("run", run),
                ("output_run", calls.product(y.shape[axis:]) * size),
                ("offset", offset),
            ),
        )
        args = (ParamsArg(), Value(x.name), Result(y.name))
        found.append(Call("concat_s8", args, params, tag=str(index)))
        offset += run
    return tuple(found)


def copy_bytes(graph: Graph, node: Node) -> tuple[Call, ...]:
    """A reshape that could not become another name for its input."""
    x, y = graph.input(node), graph.output(node)
    return (Call("copy_s8", (NumberArg(x.bytes), Value(x.name), Result(y.name))),)
