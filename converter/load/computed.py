"""Weights that a file computes from constants at every invocation: signs of latent weights."""

from __future__ import annotations

from edgekit.converter.interpret.program import fold_constants
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.rule import WEIGHT_ROLES, operands


def fold_computed_weights(graph: Graph) -> Graph:
    """The graph with weights as constants where they depend on constants alone."""
    known = {name for name, tensor in graph.tensors.items() if tensor.constant}
    for node in graph.nodes:
        if all(name is None or name in known for name in node.inputs):
            known |= set(node.outputs)
    if any(_computed(graph, node) & known for node in graph.nodes):
        return fold_constants(graph)
    return graph


def _computed(graph: Graph, node: Node) -> set[str]:
    """Names of the node's weights that are no constants."""
    rows = operands(graph, node)
    return {t.name for role, t in rows if role in WEIGHT_ROLES and not t.constant}
