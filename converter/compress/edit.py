"""Small questions and edits that the passes share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.ir.graph import DType, Graph, Node, Tensor


def computes_in_integers(graph: Graph) -> bool:
    """Whether any activation is quantized: such graphs are not touched."""
    return any(graph[name].quant is not None for name in graph.activations())


def named(graph: Graph, name: str) -> Node:
    """The node of this name: passes that edit as they go hold names, since nodes are replaced."""
    return next(node for node in graph.nodes if node.name == name)


def only_reader(graph: Graph, name: str) -> Node | None:
    """The one node that reads `name`; None when there are more, none, or it is an output."""
    readers = graph.consumers(name)
    if len(readers) != 1 or name in graph.results or readers[0].inputs.count(name) != 1:
        return None
    return readers[0]


def constant_operand(graph: Graph, node: Node) -> tuple[int, Tensor] | None:
    """(index, tensor) of the constant operand of a two-operand node, if exactly one is."""
    found = [
        (index, graph[name])
        for index, name in enumerate(node.inputs)
        if name is not None and graph[name].constant
    ]
    return found[0] if len(found) == 1 and len(node.inputs) == 2 else None


def merged(graph: Graph, first: Node, second: Node, made: Node) -> Graph:
    """The graph with `made` in place of `first` and its only reader `second`."""
    nodes = [made if node is first else node for node in graph.nodes if node is not second]
    return graph.with_nodes(nodes)


def replaced(graph: Graph, old: Node, new: Node) -> Graph:
    """The graph with `new` in place of `old`."""
    return graph.with_nodes(new if node is old else node for node in graph.nodes)


def bypassed(graph: Graph, node: Node) -> Graph | None:
    """The graph without `node`, whose readers read its first input instead.

    When the node makes a graph output, the producer of its input writes that output. None where
    that is impossible because the input is a graph input, a constant, or has other readers.
    """
    source, output = node.inputs[0], node.output
    assert source is not None
    kept = [other for other in graph.nodes if other is not node]
    if output not in graph.results:
        return graph.with_nodes(_reading(other, output, source) for other in kept)
    producer = graph.producer(source) if output in graph.outputs else None
    if producer is None or only_reader(graph, source) is not node:
        return None
    return replaced(graph.with_nodes(kept), producer, _writing(producer, source, output))


def float_constant(name: str, like: Tensor, data: object) -> Tensor:
    """A float32 constant named `name` with the values of `data`."""
    array = np.asarray(data, np.float32)
    return replace(like, name=name, shape=array.shape, dtype=DType.FLOAT32, quant=None, data=array)


def _reading(node: Node, old: str, new: str) -> Node:
    return replace(node, inputs=tuple(new if name == old else name for name in node.inputs))


def _writing(node: Node, old: str, new: str) -> Node:
    return replace(node, outputs=tuple(new if name == old else name for name in node.outputs))
