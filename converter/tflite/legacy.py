"""Graphs that came from legacy uint8 files as files again: uint8 inside, int8 at the borders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops_logic import Cast
from edgekit.converter.tflite.names import Namer


def needs_uint8(graph: Graph) -> bool:
    """Whether only uint8 operators of TFLite compute what the graph says."""
    read = {name for n in graph.nodes if not isinstance(n.op, Cast) for name in n.inputs if name}
    weights = any(graph[name].dtype is DType.UINT8 for name in read)
    return weights or any(getattr(node.op, "half_up", False) for node in graph.nodes)


def as_uint8(graph: Graph) -> Graph:
    """The graph with every int8 value as uint8, 128 higher, between QUANTIZEs that change nothing
    but that."""
    namer = Namer(graph.tensors)
    borders = [*graph.inputs, *graph.outputs]
    inner = {n: namer.unique(f"{n}_uint8") for n in borders if graph[n].dtype is DType.INT8}
    tensors = {inner.get(n, n): _raised(t, inner.get(n, n)) for n, t in graph.tensors.items()}
    tensors |= {name: graph[name] for name in inner}
    entries = [
        Node(inner[name], ops.Quantize(), (name,), (inner[name],))
        for name in graph.inputs
        if name in inner
    ]
    exits = [
        Node(name, ops.Quantize(), (inner[name],), (name,))
        for name in graph.outputs
        if name in inner and name not in graph.inputs
    ]
    nodes = [_renamed(node, inner) for node in graph.nodes]
    states = tuple(
        replace(state.renamed(inner), initial=_codes(state.initial)) for state in graph.states
    )
    return replace(graph, tensors=tensors, nodes=(*entries, *nodes, *exits), states=states)


def _raised(tensor: Tensor, name: str) -> Tensor:
    if tensor.dtype is not DType.INT8 or tensor.quant is None:
        return replace(tensor, name=name)
    zeros = tuple(zero + 128 for zero in tensor.quant.zero_points)
    quant = Quant(tensor.quant.scales, zeros, tensor.quant.axis)
    data = None if tensor.data is None else _codes(tensor.data)
    return replace(tensor, name=name, dtype=DType.UINT8, quant=quant, data=data)


def _codes(values: NDArray[np.generic]) -> NDArray[np.generic]:
    if values.dtype != np.int8:
        return values
    return (values.astype(np.int16) + 128).astype(np.uint8)


def _renamed(node: Node, names: Mapping[str, str]) -> Node:
    inputs = tuple(None if name is None else names.get(name, name) for name in node.inputs)
    outputs = tuple(names.get(name, name) for name in node.outputs)
    return Node(names.get(node.name, node.name), node.op, inputs, outputs)
