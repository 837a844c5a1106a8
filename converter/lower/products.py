"""BATCH_MATMUL, and convolutions in groups."""

from __future__ import annotations

from dataclasses import replace

from edgekit.converter.fixed_point import matmul_requant
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import BatchMatmul
from edgekit.converter.lower import calls, weighted
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.program import Params, ParamsArg

Shape = tuple[int, ...]


def batch_matmul(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_batch_matmul_s8`; what is transposed or repeated is in the strides."""
    op = node.op
    assert isinstance(op, BatchMatmul)
    a, b, y = graph.input(node), graph.input(node, 1), graph.output(node)
    a_quant, b_quant, y_quant = (calls.quant(node, tensor) for tensor in (a, b, y))
    inner = a.shape[-2 if op.adj_x else -1]
    params = Params(
        "ek_batch_matmul_s8_t",
        (
            ("extent", calls.four(y.shape)),
            ("inner", inner),
            ("a_stride", _strides(a.shape, op.adj_x)),
            ("b_stride", _strides(b.shape, op.adj_y)),
            ("a_zero", a_quant.zero_point),
            ("b_zero", b_quant.zero_point),
            ("output_zero", y_quant.zero_point),
            ("q", matmul_requant(a_quant, b_quant, y_quant)),
        ),
    )
    args = (ParamsArg(), Value(a.name), Value(b.name), Result(y.name))
    return (Call("batch_matmul_s8", args, params),)


def _strides(shape: Shape, transposed: bool) -> Shape:
    """Elements between neighbours along both batch axes, rows and columns; 0 repeats a batch."""
    extents = calls.four(shape)
    outer, middle, rows, columns = extents
    steps = (columns, 1) if not transposed else (1, columns)
    matrix = rows * columns
    return (0 if outer == 1 else middle * matrix, 0 if middle == 1 else matrix, *steps)


def conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_conv2d_s8`; in groups one each, between a cut and a join of the channels."""
    depth, own = graph.input(node).shape[3], graph.input(node, 1).shape[3]
    if depth == own:
        return weighted.conv2d(graph, node)
    groups = depth // own
    return tuple(call for group in range(groups) for call in _group(graph, node, group, groups))


def _group(graph: Graph, node: Node, group: int, groups: int) -> tuple[Call, ...]:
    x, y = graph.input(node), graph.output(node)
    part_x, part_y = (
        Tensor(
            f"{node.name}:{word} {group}",
            (*tensor.shape[:3], tensor.shape[3] // groups),
            DType.INT8,
            tensor.quant,
        )
        for word, tensor in (("input", x), ("output", y))
    )
    weights, bias = graph.input(node, 1), graph.operand(node, 2)
    parts = [_outputs(tensor, group, groups) for tensor in (weights, bias) if tensor is not None]
    inner = graph.with_tensors(part_x, part_y, *parts)
    names = (part_x.name, *(part.name for part in parts))
    [conv] = weighted.conv2d(inner, replace(node, inputs=names, outputs=(part_y.name,)))
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
    depth = part.shape[3]
    pixels = calls.product(x.shape[:3])
    params = Params(
        "ek_strided_copy_s8_t",
        (
            ("extent", (1, 1, pixels, depth)),
            ("stride", (0, 0, x.shape[3], 1)),
            ("offset", group * depth),
        ),
    )
    args = (ParamsArg(), Value(x.name), Result(part.name))
    return Call("strided_copy_s8", args, params, tag=f"{group}_cut", temporary=part)


def _join(part: Tensor, y: Tensor, group: int) -> Call:
    depth = part.shape[3]
    params = Params(
        "ek_concat_s8_t",
        (
            ("rows", calls.product(y.shape[:3])),
            ("run", depth),
            ("output_run", y.shape[3]),
            ("offset", group * depth),
        ),
    )
    args = (ParamsArg(), Value(part.name), Result(y.name))
    return Call("concat_s8", args, params, tag=f"{group}_join")
