"""Compute at conversion time what does not depend on the input."""

from __future__ import annotations

from edgekit.converter.interpret.program import fold_constants as fold
from edgekit.converter.ir.graph import Graph


def fold_constants(graph: Graph) -> Graph:
    """Nodes whose operands are all constant become constants (float16 weights widened, too)."""
    return fold(graph)
