"""AVERAGE_POOL_2D, MAX_POOL_2D, MEAN: many elements become one."""

from __future__ import annotations

from edgekit.converter.fixed_point import activation_range, mean_requant, window
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import AveragePool2D, Pool2D
from edgekit.converter.lower import calls, fields
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.program import Params, ParamsArg


def average_pool(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_average_pool2d_s8`, or that of legacy models."""
    assert isinstance(node.op, AveragePool2D)
    if node.op.half_up:
        return _pool(graph, node, "average_pool2d_up_s8")
    return _pool(graph, node, "average_pool2d_s8")


def max_pool(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_max_pool2d_s8`."""
    return _pool(graph, node, "max_pool2d_s8")


def _pool(graph: Graph, node: Node, family: str) -> tuple[Call, ...]:
    op, x, y = node.op, graph.input(node), graph.output(node)
    assert isinstance(op, Pool2D)
    calls.quant(node, x)
    batches, input_h, input_w, channels = x.shape
    _, output_h, output_w, _ = y.shape
    rows = window(op.padding, input_h, op.filter_h, op.stride_h)
    columns = window(op.padding, input_w, op.filter_w, op.stride_w)
    low, high = activation_range(op.activation, calls.quant(node, y))
    params = Params(
        "ek_pool2d_s8_t",
        (
            ("batches", batches),
            ("input_h", input_h), ("input_w", input_w), ("channels", channels),
            ("output_h", output_h), ("output_w", output_w),
            ("kernel_h", op.filter_h), ("kernel_w", op.filter_w),
            ("stride_h", op.stride_h), ("stride_w", op.stride_w),
            ("pad_top", rows.before), ("pad_left", columns.before),
            ("act_min", low), ("act_max", high),
        ),
    )  # fmt: skip
    return (Call(family, (ParamsArg(), Value(x.name), Result(y.name)), params),)


def mean(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_mean_s8`; axes count from the tensor's own rank, negative ones from its end."""
    x, y = graph.input(node), graph.output(node)
    shape, count = fields.reduced(graph, node)
    x_quant, y_quant = calls.quant(node, x), calls.quant(node, y)
    params = Params(
        "ek_mean_s8_t",
        (
            *shape,
            ("input_zero", x_quant.zero_point),
            ("output_zero", y_quant.zero_point),
            ("q", mean_requant(x_quant, y_quant, count)),
        ),
    )
    return (Call("mean_s8", (ParamsArg(), Value(x.name), Result(y.name)), params),)
