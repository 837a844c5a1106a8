"""Which lowering a node needs: one table of functions per number format."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from edgekit.converter.interpret.hybrid import is_hybrid
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import Op
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.lower import binary, calls, float32, int4, int16, legacy, logic, operators
from edgekit.converter.lower.calls import Call
from edgekit.converter.quantize.scheme import WEIGHTED
from edgekit.errors import UnsupportedError

Table = Mapping[type[Op], Callable[[Graph, Node], tuple[Call, ...]]]

_TABLES: Mapping[str, Table] = {
    "int8": operators.LOWERINGS,
    "int4": int4.LOWERINGS,
    "uint8": legacy.LOWERINGS,
    "int16": int16.LOWERINGS,
    "w4a16": int4.WIDE,
    "float32": float32.LOWERINGS,
    "b1": binary.LOWERINGS,
}


def lowered(graph: Graph, node: Node) -> tuple[Call, ...]:
    """The kernel calls of one node. Raises UnsupportedError where its format has no kernel."""
    if type(node.op) in logic.LOWERINGS:
        return logic.LOWERINGS[type(node.op)](graph, node)
    if type(node.op) in WEIGHTED and is_hybrid(graph, node):
        raise _dynamic(node)
    name = number_format(graph, node)
    table = _TABLES.get(name, {})
    if type(node.op) not in table:
        able = [format for format, other in _TABLES.items() if type(node.op) in other]
        hint = "quantize the model (the default of edgekit convert)" if name == "float32" else ""
        raise calls.refuse(node, f"computes in {name}", ", ".join(able), hint)
    return table[type(node.op)](graph, node)


def _dynamic(node: Node) -> UnsupportedError:
    found = (
        "has int8 weights under float32 activations; LiteRT quantizes those while it runs, and"
        " there is no C kernel that does"
    )
    hint = "convert with --precision int8, or float16 for float32 arithmetic from half the flash"
    return calls.refuse(node, found, "int8, int4, int16, float32 or float16 weights", hint)


def formats_of(operator: type[Op]) -> tuple[str, ...]:
    """The number formats an operator has C kernels for."""
    if operator in logic.FORMATS:
        return logic.FORMATS[operator]
    return tuple(name for name, table in _TABLES.items() if operator in table)


def number_format(graph: Graph, node: Node) -> str:
    """What a node computes in: "int8", "int4" or "uint8" (weights), "int16", "w4a16" (int16
    with int4 weights), "float32" or "b1" (packed signs)."""
    if isinstance(node.op, BINARY):
        return "b1"
    touched = {tensor.dtype for tensor in (graph.source(node), graph.output(node))}
    weights = graph.operand(node, 1)
    if DType.INT16 in touched:
        return "w4a16" if weights is not None and weights.dtype is DType.INT4 else "int16"
    if touched <= {DType.FLOAT32, DType.INT32} and DType.FLOAT32 in touched:
        return "float32"
    narrow = {DType.INT4: "int4", DType.UINT8: "uint8"}
    return narrow.get(weights.dtype, "int8") if weights is not None else "int8"
