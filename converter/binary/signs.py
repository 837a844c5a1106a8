"""Signs in a float graph, in the forms in which frameworks write them.

    SELECT(x >= 0, 1, -1)       edgekit's layers, and most that are written by hand
    SIGN(SIGN(x) + 0.1)         Larq's: never 0, which SIGN alone is at 0

TensorFlow moves a RESHAPE in front of the first into its condition; it is moved back.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.bits import words
from edgekit.converter.compress.edit import constant_operand
from edgekit.converter.compress.tidy import drop_dead
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Add, LceDequantize, LceQuantize, Reshape
from edgekit.converter.ir.ops_functions import Sign
from edgekit.converter.ir.ops_logic import GreaterEqual, Less, Select, SelectV2

_CHOICES = {GreaterEqual: (1.0, -1.0), Less: (-1.0, 1.0)}
"""What is chosen where x compares so with 0, and where it does not."""


def find_signs(graph: Graph) -> Graph:
    """Each sign becomes an LceQuantize, one for all that want the signs of a tensor, and an
    LceDequantize to +1 and -1. Nodes and tensors keep their names."""
    graph = _reshaped_before(graph)
    packed: dict[str, str] = {}
    nodes: list[Node] = []
    tensors: list[Tensor] = []
    for node in graph.nodes:
        source = _selected(graph, node) or _added(graph, node)
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


def _selected(graph: Graph, node: Node) -> str | None:
    """The tensor whose sign the SELECT gives, if that is what it does."""
    if not isinstance(node.op, Select | SelectV2):
        return None
    condition = graph.producer(node.inputs[0] or "")
    if condition is None or not isinstance(condition.op, GreaterEqual | Less):
        return None
    chosen = _CHOICES[type(condition.op)]
    given = (graph.input(condition, 1), graph.input(node, 1), graph.input(node, 2))
    alike = all(_is(t, value) for t, value in zip(given, (0.0, *chosen), strict=True))
    return _plain(graph, condition.inputs[0], node) if alike else None


def _added(graph: Graph, node: Node) -> str | None:
    """The tensor whose sign SIGN(SIGN(x) + c) gives, with c between 0 and 1."""
    if not isinstance(node.op, Sign):
        return None
    moved = graph.producer(node.inputs[0] or "")
    found = constant_operand(graph, moved) if moved and isinstance(moved.op, Add) else None
    if moved is None or found is None:
        return None
    at, constant = found
    first = graph.producer(moved.inputs[1 - at] or "")
    if first is None or not isinstance(first.op, Sign) or not _between(constant):
        return None
    return _plain(graph, first.inputs[0], node)


def _plain(graph: Graph, source: str | None, node: Node) -> str | None:
    """`source`, if it is a float tensor of the shape of its sign."""
    if source is None or graph[source].constant or not graph[source].shape:
        return None
    x = graph[source]
    return source if x.shape == graph.output(node).shape and x.dtype is DType.FLOAT32 else None


def _is(tensor: Tensor, value: float) -> bool:
    return tensor.data is not None and bool(np.all(tensor.data == value))


def _between(tensor: Tensor) -> bool:
    if tensor.data is None:
        return False
    values = tensor.values.astype(np.float64)
    return bool(np.all((values > 0) & (values < 1)))


def _reshaped_before(graph: Graph) -> Graph:
    """The graph with every RESHAPE of a comparison with one number in front of the comparison."""
    for node in graph.nodes:
        compared = graph.producer(node.inputs[0] or "")
        if not isinstance(node.op, Reshape) or compared is None:
            continue
        if not isinstance(compared.op, GreaterEqual | Less) or not _one_number(graph, compared):
            continue
        x = graph.input(compared)
        moved = Tensor(f"{node.name}_values", graph.output(node).shape, x.dtype, x.quant)
        first = replace(
            node, name=moved.name, inputs=(x.name, *node.inputs[1:]), outputs=(moved.name,)
        )
        second = Node(node.name, compared.op, (moved.name, compared.inputs[1]), node.outputs)
        nodes = [m for n in graph.nodes for m in ((first, second) if n is node else (n,))]
        graph = graph.with_tensors(moved).with_nodes(nodes)
    return graph


def _one_number(graph: Graph, compared: Node) -> bool:
    """Whether it compares a tensor of floats with a single constant."""
    limit = graph.input(compared, 1)
    return limit.constant and limit.size == 1 and graph.input(compared).dtype is DType.FLOAT32
