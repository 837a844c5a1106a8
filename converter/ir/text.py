"""A graph as text: one line per node, for `--dump`, golden tests and eyes."""

from __future__ import annotations

from dataclasses import fields
from enum import Enum

from edgekit.converter.ir.graph import Graph, Node, Quant, Tensor

_SHOWN_VALUES = 8


def graph_text(graph: Graph) -> str:
    """Inputs, nodes in execution order, outputs. Equal graphs give equal text.

    A tensor reads `name: int8[1,48,48,8] q(0.0149 -128)`; q(n scales, axis) is per channel;
    small constants show their values.
    """
    lines = [f"graph {graph.name}"]
    lines += [f"input  {_declared(graph[name])}" for name in graph.inputs]
    lines += [f"state  {_declared(graph[state.read])}" for state in graph.states]
    for node in graph.nodes:
        lines += _node_lines(graph, node)
    lines += [f"next   {state.read} = {state.written}" for state in graph.states]
    lines += [f"output {name}" for name in graph.outputs]
    return "\n".join(lines) + "\n"


def _node_lines(graph: Graph, node: Node) -> list[str]:
    outputs = ", ".join(_declared(graph[name]) for name in node.outputs)
    label = "" if node.name == node.output else f"{node.name}: "
    operands = ", ".join(_operand(graph, name) for name in node.inputs)
    return [f"{label}{outputs} = {node.op.NAME}({operands}){_attributes(node)}"]


def _attributes(node: Node) -> str:
    """Attributes that differ from their defaults, in braces."""
    shown = []
    for field in fields(node.op):
        value = getattr(node.op, field.name)
        if value != field.default:
            shown.append(f"{field.name}={value.value if isinstance(value, Enum) else value}")
    return " {" + ", ".join(shown) + "}" if shown else ""


def _operand(graph: Graph, name: str | None) -> str:
    if name is None:
        return "-"
    tensor = graph[name]
    if tensor.data is None:
        return name
    if tensor.dtype.value.startswith("int32") and tensor.size <= _SHOWN_VALUES and not tensor.quant:
        return f"{name}={tensor.values.tolist()}"
    return _declared(tensor)


def _declared(tensor: Tensor) -> str:
    extents = ",".join(map(str, tensor.shape))
    return f"{tensor.name}: {tensor.dtype}[{extents}]{_quant(tensor.quant)}"


def _quant(quant: Quant | None) -> str:
    if quant is None:
        return ""
    if quant.axis is None:
        return f" q({quant.scale:.6g} {quant.zero_point})"
    low, high = min(quant.scales), max(quant.scales)
    return f" q({len(quant.scales)} on {quant.axis}, {low:.3g}..{high:.3g})"
