"""Shape inference of the operators with states of their own."""

from __future__ import annotations

from typing import Any

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops_recurrent import GATES
from edgekit.converter.ir.slicing import Shape, need


def svdf(graph: Graph, node: Node, op: Any) -> tuple[Shape, ...]:
    """(batch, units) and the state."""
    x, weights, times = (graph.input(node, index).shape for index in (0, 1, 2))
    bias, state = graph.operand(node, 3), graph.input(node, 4).shape
    need(len(x) == len(weights) == len(times) == 2, "input and weights are not all of rank 2")
    filters, memory = times
    need(weights == (filters, x[1]), f"weights {list(weights)} of {filters} filters on {list(x)}")
    need(op.rank > 0 and filters % op.rank == 0, f"{filters} filters of rank {op.rank}")
    need(bias is None or bias.size == filters // op.rank, f"bias for {filters // op.rank} units")
    need(state == (x[0], filters * memory), f"state {list(state)} of {filters} x {memory}")
    return (x[0], filters // op.rank), state


def lstm(graph: Graph, node: Node, op: Any) -> tuple[Shape, ...]:
    """The sequence with units instead of values, and both states."""
    x, roles = graph.input(node).shape, node.op.INPUTS
    need(len(x) == 3, f"input {list(x)} is not of rank 3")
    units = graph.input(node, roles.index("hidden")).shape[-1]
    batch = x[1] if op.time_major else x[0]
    for gate in GATES:
        for kind, shape in (("weights", (units, x[2])), ("recurrent", (units, units))):
            found = graph.input(node, roles.index(f"{kind}_{gate}")).shape
            need(found == shape, f"{kind}_{gate} {list(found)} instead of {list(shape)}")
        bias = graph.input(node, roles.index(f"bias_{gate}"))
        need(bias.size == units, f"bias_{gate} {list(bias.shape)} for {units} units")
    for role in ("hidden", "cell"):
        found = graph.input(node, roles.index(role)).shape
        need(found == (batch, units), f"{role} {list(found)} instead of {[batch, units]}")
    return (*x[:2], units), (batch, units), (batch, units)
