"""Signs in a float graph: SELECT(x >= 0, 1, -1)."""

from __future__ import annotations

import numpy as np

from edgekit.converter.bits import words
from edgekit.converter.compress.tidy import drop_dead
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import LceDequantize, LceQuantize
from edgekit.converter.ir.ops_logic import GreaterEqual, Less, Select, SelectV2

_CHOICES = {GreaterEqual: (1.0, -1.0), Less: (-1.0, 1.0)}
"""What is chosen where x compares so with 0, and where it does not."""


def find_signs(graph: Graph) -> Graph:
    """Each sign becomes an LceQuantize, one for all that want the signs of a tensor, and an
    LceDequantize to +1 and -1. Nodes and tensors keep their names."""
    packed: dict[str, str] = {}
    nodes: list[Node] = []
    tensors: list[Tensor] = []
    for node in graph.nodes:
        source = _signed(graph, node)
        if source is None:
            nodes.append(node)
            continue
        if source not in packed:
            x = graph[source]
            packed[source] = f"{node.name}_packed"
            shape = (*x.shape[:-1], words(x.shape[-1]))
            tensors.append(Tensor(packed[source], shape, DType.INT32))
            nodes.append(Node(packed[source], LceQuantize(), (source,), (packed[source],)))
        nodes.append(Node(node.name, LceDequantize(), (packed[source],), node.outputs))
    return drop_dead(graph.with_tensors(*tensors).with_nodes(nodes)) if packed else graph


def _signed(graph: Graph, node: Node) -> str | None:
    """The tensor whose sign the node gives, if that is what it does."""
    if not isinstance(node.op, Select | SelectV2):
        return None
    condition = graph.producer(node.inputs[0] or "")
    if condition is None or not isinstance(condition.op, GreaterEqual | Less):
        return None
    source = condition.inputs[0]
    chosen = _CHOICES[type(condition.op)]
    plain = source is not None and not graph[source].constant and bool(graph[source].shape)
    if not plain or source is None or graph[source].shape != graph.output(node).shape:
        return None
    given = (graph.input(condition, 1), graph.input(node, 1), graph.input(node, 2))
    alike = all(_is(t, value) for t, value in zip(given, (0.0, *chosen), strict=True))
    return source if alike and graph[source].dtype is DType.FLOAT32 else None


def _is(tensor: Tensor, value: float) -> bool:
    return tensor.data is not None and bool(np.all(tensor.data == value))
