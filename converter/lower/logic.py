"""Comparisons, logic, selection and CAST, whatever the element types; sums along an axis."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edgekit.converter.fixed_point import compare_requant
from edgekit.converter.ir import ops_logic as logic
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Op
from edgekit.converter.ir.slicing import ints, proper_axis
from edgekit.converter.lower import calls, fields
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg

LESS, EQUAL, GREATER, UNORDERED = 1, 2, 4, 8
RELATIONS: dict[type[Op], int] = {
    logic.Equal: EQUAL,
    logic.NotEqual: LESS | GREATER | UNORDERED,
    logic.Greater: GREATER,
    logic.GreaterEqual: GREATER | EQUAL,
    logic.Less: LESS,
    logic.LessEqual: LESS | EQUAL,
}
"""The outcomes of which each comparison is true, as `ek_compare_t` has them."""

_TYPES = {DType.INT8: "s8", DType.INT16: "s16", DType.INT32: "s32", DType.FLOAT32: "f32"}
_POINTERS = {**calls.C_TYPES, DType.INT32: "int32_t", DType.BOOL: "int8_t"}

TRUTH: dict[type[Op], int] = {logic.LogicalAnd: 0b1000, logic.LogicalOr: 0b1110}
"""Bit 2 a + b is the result."""
_NEITHER = 0b0001


def compare(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_compare_s8`, `_s32` or `_f32`."""
    a, b, y = graph.input(node), graph.input(node, 1), graph.output(node)
    shape = (*fields.broadcast(a, b, y), ("relation", RELATIONS[type(node.op)]))
    if a.dtype is not DType.INT8:
        return (_pair(f"compare_{_TYPES[a.dtype]}", Params("ek_compare_t", shape), a, b, y),)
    first, second = calls.quant(node, a), calls.quant(node, b)
    scales = (
        ("a_zero", first.zero_point),
        ("b_zero", second.zero_point),
        ("a_q", compare_requant(first)),
        ("b_q", compare_requant(second)),
    )
    return (_pair("compare_s8", Params("ek_compare_s8_t", (*shape, *scales)), a, b, y),)


def combine(graph: Graph, node: Node) -> tuple[Call, ...]:
    """LOGICAL_AND and LOGICAL_OR: one `ek_logical_s8`."""
    a, b, y = graph.input(node), graph.input(node, 1), graph.output(node)
    shape = (*fields.broadcast(a, b, y), ("truth", TRUTH[type(node.op)]))
    return (_pair("logical_s8", Params("ek_logical_s8_t", shape), a, b, y),)


def negate(graph: Graph, node: Node) -> tuple[Call, ...]:
    """LOGICAL_NOT: neither the operand nor the operand."""
    x, y = graph.input(node), graph.output(node)
    shape = (*fields.broadcast(x, x, y), ("truth", _NEITHER))
    return (_pair("logical_s8", Params("ek_logical_s8_t", shape), x, x, y),)


def _pair(family: str, params: Params, a: Tensor, b: Tensor, y: Tensor) -> Call:
    first, second = (Value(tensor.name, _POINTERS[tensor.dtype]) for tensor in (a, b))
    return Call(family, (ParamsArg(), first, second, Result(y.name, _POINTERS[y.dtype])), params)


def select(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_select_s8`, `_s16` or `_f32`."""
    condition, a, b = (graph.input(node, at) for at in range(3))
    y = graph.output(node)
    params = Params("ek_select_t", fields.broadcast_of(y, condition=condition, a=a, b=b))
    chosen, first, second = (Value(t.name, _POINTERS[t.dtype]) for t in (condition, a, b))
    args = (ParamsArg(), chosen, first, second, Result(y.name, _POINTERS[y.dtype]))
    return (Call(f"select_{_TYPES[y.dtype]}", args, params),)


def cast(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_cast_<from>_<to>`; to bool the comparison with 0, between equal types a copy."""
    x, y = graph.input(node), graph.output(node)
    if y.dtype is DType.BOOL:
        return (_differs_from_zero(x, y),)
    if x.dtype is y.dtype:
        return fields.copy_bytes(graph, node)
    narrow = "s8" if x.dtype is DType.BOOL else _TYPES[x.dtype]
    values = (Value(x.name, _POINTERS[x.dtype]), Result(y.name, _POINTERS[y.dtype]))
    return (Call(f"cast_{narrow}_{_TYPES[y.dtype]}", (NumberArg(x.size), *values)),)


def _differs_from_zero(x: Tensor, y: Tensor) -> Call:
    zero = Tensor("zero", (1,), x.dtype)
    shape = (*fields.broadcast(x, zero, y), ("relation", RELATIONS[logic.NotEqual]))
    c_type = _POINTERS[x.dtype]
    constant = Array("zero", "data", c_type, np.zeros(1, x.dtype.numpy))
    args = (ParamsArg(), Value(x.name, c_type), constant, Result(y.name))
    return Call(f"compare_{_TYPES[x.dtype]}", args, Params("ek_compare_t", shape))


def cumsum(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_cumsum_f32`."""
    assert isinstance(node.op, logic.Cumsum)
    x, y = graph.input(node), graph.output(node)
    axis = proper_axis(ints(graph.input(node, 1))[0], len(x.shape))
    params = Params(
        "ek_cumsum_f32_t",
        (
            ("outer", calls.product(x.shape[:axis])),
            ("count", x.shape[axis]),
            ("inner", calls.product(x.shape[axis + 1 :])),
            ("exclusive", int(node.op.exclusive)),
            ("reverse", int(node.op.reverse)),
        ),
    )
    args = (ParamsArg(), Value(x.name, "float"), Result(y.name, "float"))
    return (Call("cumsum_f32", args, params),)


def add_n(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_add_f32` after the other; of a single operand a copy."""
    operands = [graph.input(node, at) for at in range(len(node.inputs))]
    y, limit = graph.output(node), float(np.finfo(np.float32).max)
    if len(operands) == 1:
        return fields.copy_bytes(graph, node)
    made: list[Call] = []
    total = operands[0]
    for index, operand in enumerate(operands[1:], 1):
        last = index == len(operands) - 1
        target = y if last else Tensor(f"{node.name}:sum {index}", y.shape, y.dtype)
        shape = (*fields.broadcast(total, operand, y), ("act_min", -limit), ("act_max", limit))
        values = (Value(total.name, "float"), Value(operand.name, "float"))
        args = (ParamsArg(), *values, Result(target.name, "float"))
        params = Params("ek_binary_f32_t", shape)
        tag, temporary = ("", None) if last else (str(index), target)
        made.append(Call("add_f32", args, params, tag=tag, temporary=temporary))
        total = target
    return tuple(made)


LOWERINGS: Mapping[type[Op], Callable[[Graph, Node], tuple[Call, ...]]] = {
    **dict.fromkeys(logic.COMPARISONS, compare),
    logic.LogicalAnd: combine,
    logic.LogicalOr: combine,
    logic.LogicalNot: negate,
    **dict.fromkeys(logic.SELECTIONS, select),
    logic.Cast: cast,
    logic.Cumsum: cumsum,
    logic.AddN: add_n,
}
"""Operators that choose their kernel by the element types themselves."""

FORMATS: Mapping[type[Op], tuple[str, ...]] = {
    **dict.fromkeys(logic.COMPARISONS, ("int8", "int32", "float32")),
    **dict.fromkeys(logic.LOGIC, ("bool",)),
    **dict.fromkeys(logic.SELECTIONS, ("int8", "int16", "float32")),
    logic.Cast: ("bool", "int8", "int32", "float32"),
    **dict.fromkeys(logic.SUMS, ("float32",)),
}
"""Element types of the operands."""
