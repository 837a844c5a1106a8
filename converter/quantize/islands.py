"""Which nodes stay in float32 when a graph is quantized."""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.converter.ir.graph import Graph, Node, Quant
from edgekit.converter.ir.ops import (
    Abs,
    Add,
    Div,
    ExpandDims,
    Log,
    Maximum,
    Minimum,
    Mul,
    Reshape,
    Sqrt,
    Square,
    Squeeze,
    Sub,
)
from edgekit.converter.ir.ops_functions import Pow
from edgekit.converter.ir.ops_logic import COMPARISONS
from edgekit.converter.quantize.scheme import ISLANDS

STEEP = (Log, Sqrt, Pow, Div)
"""Near zero a step of int8 changes their results by more than all others together."""

_INNER = (Add, Sub, Mul, Square, Abs, Maximum, Minimum, Reshape, Squeeze, ExpandDims)

LEAST, MOST = 1 / 256, 1.0
"""Scales of a comparison's operands: int8 ones are compared in 256ths of 1, and TFLite stops at
scales from 1 on."""


def real_nodes(graph: Graph, quants: Mapping[str, Quant]) -> frozenset[str]:
    """Names of the nodes that stay in float32: `ISLANDS`, comparisons that int8 is too coarse for,
    and what leads up to a steep function, value by value, and is read by nothing else."""
    real: set[str] = set()
    steep: set[str] = set()
    for node in reversed(graph.nodes):
        readers = [reader.name for reader in graph.consumers(node.output)]
        leads = bool(readers) and steep.issuperset(readers) and node.output not in graph.results
        grown = leads and isinstance(node.op, _INNER) and _values(graph, node) == 1
        if isinstance(node.op, ISLANDS) or grown or _coarse(graph, node, quants):
            real.add(node.name)
        if isinstance(node.op, STEEP) or grown:
            steep.add(node.name)
    return frozenset(real)


def _values(graph: Graph, node: Node) -> int:
    """Different activations that the node reads."""
    return len({name for name in node.inputs if name is not None and not graph[name].constant})


def _coarse(graph: Graph, node: Node, quants: Mapping[str, Quant]) -> bool:
    """Whether an operand of a comparison has a scale that int8 comparisons cannot take."""
    if not isinstance(node.op, COMPARISONS):
        return False
    scales = [quants[name].scale for name in node.inputs if name is not None and name in quants]
    return any(not LEAST <= scale < MOST for scale in scales)
