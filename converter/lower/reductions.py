"""SUM, REDUCE_MAX and ARG_MAX."""

from __future__ import annotations

from edgekit.converter.fixed_point import sum_requant
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.shapes import reduced_axes
from edgekit.converter.ir.slicing import ints, proper_axis
from edgekit.converter.lower import calls, fields
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.fields import Fields
from edgekit.converter.lower.program import Params, ParamsArg

Shape = tuple[int, ...]


def total(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_mean_s8`, whose factor has no count in it."""
    x, y = graph.input(node), graph.output(node)
    shape, _ = fields.reduced(graph, node)
    x_quant, y_quant = calls.quant(node, x), calls.quant(node, y)
    params = Params(
        "ek_mean_s8_t",
        (
            *shape,
            ("input_zero", x_quant.zero_point),
            ("output_zero", y_quant.zero_point),
            ("q", sum_requant(x_quant, y_quant)),
        ),
    )
    return (Call("mean_s8", (ParamsArg(), Value(x.name), Result(y.name)), params),)


def largest(graph: Graph, node: Node) -> tuple[Call, ...]:
    """`ek_max_pool2d_s8`."""
    calls.quant(node, graph.input(node))
    return maxima(graph, node, "s8", "int8_t", (("act_min", -128), ("act_max", 127)))


def maxima(graph: Graph, node: Node, types: str, c_type: str, limits: Fields) -> tuple[Call, ...]:
    """A max pooling per run of neighbouring axes: a window as high as they are long."""
    x, y = graph.input(node), graph.output(node)
    struct = "f32" if types == "f32" else "s8"
    spans = _spans(reduced_axes(graph, node)) or [(0, 0)]
    made: list[Call] = []
    source = x
    for index, (first, end) in enumerate(spans):
        last = index == len(spans) - 1
        shape = (*source.shape[:first], *(1,) * (end - first), *source.shape[end:])
        target = y if last else Tensor(f"{node.name}:axis {first}", shape, x.dtype, x.quant)
        tag = "" if last else str(first)
        args = (ParamsArg(), Value(source.name, c_type), Result(target.name, c_type))
        params = Params(f"ek_pool2d_{struct}_t", (*_column(source.shape, first, end), *limits))
        temporary = None if last else target
        made.append(Call(f"max_pool2d_{types}", args, params, tag=tag, temporary=temporary))
        source = target
    return tuple(made)


def minima(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_reduce_min_s8`, `_s16` or `_f32` per run of neighbouring axes."""
    x, y = graph.input(node), graph.output(node)
    spans = _spans(reduced_axes(graph, node)) or [(0, 0)]
    kind = {DType.FLOAT32: "f32", DType.INT16: "s16"}.get(x.dtype, "s8")
    made: list[Call] = []
    source = x
    for index, (first, end) in enumerate(spans):
        last = index == len(spans) - 1
        shape = (*source.shape[:first], *(1,) * (end - first), *source.shape[end:])
        target = y if last else Tensor(f"{node.name}:axis {first}", shape, x.dtype, x.quant)
        fields = (
            ("outer", calls.product(source.shape[:first])),
            ("count", calls.product(source.shape[first:end])),
            ("inner", calls.product(source.shape[end:])),
        )
        c_type = calls.c_type(x)
        args = (ParamsArg(), Value(source.name, c_type), Result(target.name, c_type))
        params = Params("ek_arg_max_s8_t", fields)
        tag, temporary = ("", None) if last else (str(first), target)
        made.append(Call(f"reduce_min_{kind}", args, params, tag=tag, temporary=temporary))
        source = target
    return tuple(made)


def _spans(axes: Shape) -> list[tuple[int, int]]:
    """Sorted axes as runs [first, end) of neighbours."""
    spans: list[tuple[int, int]] = []
    for axis in axes:
        if spans and spans[-1][1] == axis:
            spans[-1] = (spans[-1][0], axis + 1)
        else:
            spans.append((axis, axis + 1))
    return spans


def _column(shape: Shape, first: int, end: int) -> Fields:
    """The tensor as an image one pixel wide, whose column is reduced."""
    height = calls.product(shape[first:end])
    return (
        ("batches", calls.product(shape[:first])),
        ("input_h", height), ("input_w", 1), ("channels", calls.product(shape[end:])),
        ("output_h", 1), ("output_w", 1),
        ("kernel_h", height), ("kernel_w", 1),
        ("stride_h", 1), ("stride_w", 1),
        ("pad_top", 0), ("pad_left", 0),
    )  # fmt: skip


def arg_max(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_arg_max_s8` or `ek_arg_max_f32`."""
    x, y = graph.input(node), graph.output(node)
    axis = proper_axis(ints(graph.input(node, 1))[0], len(x.shape))
    params = Params(
        "ek_arg_max_s8_t",
        (
            ("outer", calls.product(x.shape[:axis])),
            ("count", x.shape[axis]),
            ("inner", calls.product(x.shape[axis + 1 :])),
        ),
    )
    family = "arg_max_f32" if x.dtype is DType.FLOAT32 else "arg_max_s8"
    args = (ParamsArg(), Value(x.name, calls.c_type(x)), Result(y.name, "int32_t"))
    return (Call(family, args, params),)
