"""BATCH_MATMUL, and convolutions in groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from edgekit.converter.fixed_point import matmul_requant
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import BatchMatmul
from edgekit.converter.lower import calls, weighted
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.fields import Fields
from edgekit.converter.lower.program import Params, ParamsArg

Shape = tuple[int, ...]
Lowering = Callable[[Graph, Node], tuple[Call, ...]]


def batch_matmul(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_batch_matmul_s8` or `ek_batch_matmul_s16`."""
    a, b, y = graph.input(node), graph.input(node, 1), graph.output(node)
    wide = y.dtype is DType.INT16
    a_quant, b_quant, y_quant = (_quant(node, tensor, wide=wide) for tensor in (a, b, y))
    params = Params(
        "ek_batch_matmul_s8_t",
        (
            *matrices(graph, node),
            ("a_zero", a_quant.zero_point),
            ("b_zero", b_quant.zero_point),
            ("output_zero", y_quant.zero_point),
            ("q", matmul_requant(a_quant, b_quant, y_quant)),
        ),
    )
    c_type = calls.c_type(y)
    args = (ParamsArg(), Value(a.name, c_type), Value(b.name, c_type), Result(y.name, c_type))
    return (Call("batch_matmul_s16" if wide else "batch_matmul_s8", args, params),)


def _quant(node: Node, tensor: Tensor, *, wide: bool) -> Quant:
    if not wide:
        return calls.quant(node, tensor)
    assert tensor.quant is not None, f"{node.name}: {tensor.name} has no scale"
    return tensor.quant


def matrices(graph: Graph, node: Node) -> Fields:
    """Extents and strides of a BATCH_MATMUL: what is transposed or repeated is in the strides."""
    op = node.op
    assert isinstance(op, BatchMatmul)
    a, b = graph.input(node), graph.input(node, 1)
    return (
        ("extent", calls.four(graph.output(node).shape)),
        ("inner", a.shape[-2 if op.adj_x else -1]),
        ("a_stride", _strides(a.shape, op.adj_x)),
        ("b_stride", _strides(b.shape, op.adj_y)),
    )


def _strides(shape: Shape, transposed: bool) -> Shape:
    """Elements between neighbours along both batch axes, rows and columns; 0 repeats a batch."""
    extents = calls.four(shape)
    outer, middle, rows, columns = extents
    steps = (columns, 1) if not transposed else (1, columns)
    matrix = rows * columns
    return (0 if outer == 1 else middle * matrix, 0 if middle == 1 else matrix, *steps)


def conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """`ek_conv2d_s8`, one or in groups."""
    return grouped(graph, node, weighted.conv2d)


def grouped(graph: Graph, node: Node, lowering: Lowering) -> tuple[Call, ...]:
    """The one call that `lowering` makes; in groups one each, between a cut and a join of the
    channels."""
    depth, own = graph.input(node).shape[3], graph.input(node, 1).shape[3]
    if depth == own:
        return lowering(graph, node)
    parts = (_group(graph, node, lowering, group, depth // own) for group in range(depth // own))
    return tuple(call for part in parts for call in part)


def _group(
    graph: Graph, node: Node, lowering: Lowering, group: int, groups: int
) -> tuple[Call, ...]:
    x, y = graph.input(node), graph.output(node)
    part_x, part_y = (
        Tensor(
            f"{node.name}:{word} {group}",
            (*tensor.shape[:3], tensor.shape[3] // groups),
            tensor.dtype,
            tensor.quant,
        )
        for word, tensor in (("input", x), ("output", y))
    )
    weights, bias = graph.input(node, 1), graph.operand(node, 2)
    parts = [_outputs(tensor, group, groups) for tensor in (weights, bias) if tensor is not None]
    inner = graph.with_tensors(part_x, part_y, *parts)
    names = (part_x.name, *(part.name for part in parts))
    [conv] = lowering(inner, replace(node, inputs=names, outputs=(part_y.name,)))
    return (
        _cut(x, part_x, group),
        replace(conv, tag=str(group), temporary=part_y),
        _join(part_y, y, group),
    )


def _outputs(tensor: Tensor, group: int, groups: int) -> Tensor:
    """A group's share of weights or bias: outputs are the first axis."""
    values = tensor.values
    values = values.reshape(-1) if values.ndim < 4 else values
    count = len(values) // groups
    chosen = slice(group * count, (group + 1) * count)
    quant = tensor.quant
    if quant is not None and len(quant.scales) > 1:
        quant = Quant(quant.scales[chosen], quant.zero_points[chosen], quant.axis)
    part = values[chosen]
    name = f"{tensor.name}:{group}"
    return Tensor(name, part.shape, tensor.dtype, quant, part)


def _cut(x: Tensor, part: Tensor, group: int) -> Call:
    """Bytes are copied, so a pixel is as many as its channels have."""
    size = x.dtype.numpy.itemsize
    depth, pixels = part.shape[3] * size, calls.product(x.shape[:3])
    params = Params(
        "ek_strided_copy_s8_t",
        (
            ("extent", (1, 1, pixels, depth)),
            ("stride", (0, 0, x.shape[3] * size, 1)),
            ("offset", group * depth),
        ),
    )
    args = (ParamsArg(), Value(x.name), Result(part.name))
    return Call("strided_copy_s8", args, params, tag=f"{group}_cut", temporary=part)


def _join(part: Tensor, y: Tensor, group: int) -> Call:
    size = y.dtype.numpy.itemsize
    depth = part.shape[3] * size
    params = Params(
        "ek_concat_s8_t",
        (
            ("rows", calls.product(y.shape[:3])),
            ("run", depth),
            ("output_run", y.shape[3] * size),
            ("offset", group * depth),
        ),
    )
    args = (ParamsArg(), Value(part.name), Result(y.name))
    return Call("concat_s8", args, params, tag=f"{group}_join")
