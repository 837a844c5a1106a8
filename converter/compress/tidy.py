"""Nodes that do nothing, and nodes that nobody reads."""

from __future__ import annotations

from dataclasses import replace

from edgekit.converter.compress.edit import bypassed, named, only_reader
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Concatenation, Pad, Relu, Relu6, Reshape, Squeeze
from edgekit.converter.ir.ops_logic import Select, SelectV2

_SHAPES_ONLY = (Reshape, Squeeze)


def drop_identities(graph: Graph) -> Graph:
    """RESHAPE, SQUEEZE, PAD and CONCATENATION that change nothing go; RESHAPEs in a row become one.

    A RELU that follows a RELU goes as well.
    """
    graph = _join_reshapes(graph)
    for name in [node.name for node in graph.nodes]:
        node = named(graph, name)
        if _is_identity(graph, node):
            graph = bypassed(graph, node) or graph
    return graph


def broadcast_selections(graph: Graph) -> Graph:
    """SELECT becomes SELECT_V2, which tflite-micro has as well."""
    nodes = [
        replace(node, op=SelectV2()) if isinstance(node.op, Select) else node
        for node in graph.nodes
    ]
    return graph.with_nodes(nodes)


def drop_dead(graph: Graph) -> Graph:
    """Nodes whose results reach no output of the graph go, with their constants."""
    alive = set(graph.results)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if alive.intersection(node.outputs):
            kept.append(node)
            alive.update(name for name in node.inputs if name is not None)
    return graph.with_nodes(reversed(kept))


def _is_identity(graph: Graph, node: Node) -> bool:
    source = node.inputs[0] if node.inputs else None
    if source is None or graph[source].shape != graph.output(node).shape:
        return False
    if isinstance(node.op, Concatenation):
        return len(node.inputs) == 1
    if isinstance(node.op, Relu | Relu6):
        producer = graph.producer(source)
        return producer is not None and type(producer.op) is type(node.op)
    return isinstance(node.op, (*_SHAPES_ONLY, Pad))


def _join_reshapes(graph: Graph) -> Graph:
    """The first of two shape changes in a row goes: the second one's output shape decides."""
    for name in [node.name for node in reversed(graph.nodes)]:
        node = named(graph, name)
        if not isinstance(node.op, _SHAPES_ONLY):
            continue
        reader = only_reader(graph, node.output)
        if reader is not None and isinstance(reader.op, Reshape):
            graph = bypassed(graph, node) or graph
    return graph
