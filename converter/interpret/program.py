"""A graph made ready to run: one kernel per node, constant arithmetic done, lifetimes known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from edgekit.converter.interpret.kernel import Array, Kernel, unsupported
from edgekit.converter.interpret.table import BUILDS
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import (
    Add,
    Concatenation,
    Maximum,
    Mean,
    Minimum,
    Mul,
    Pad,
    Prelu,
    Sub,
)


@dataclass(frozen=True, slots=True)
class Step:
    """A node, its kernel, and the activations nobody reads after it."""

    node: Node
    kernel: Kernel
    dead: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Steps in execution order; `stackable` says whether samples may share one call."""

    graph: Graph
    steps: tuple[Step, ...]
    stackable: bool

    @property
    def batch(self) -> int:
        """The leading extent the graph was written for."""
        shape = self.graph[self.graph.inputs[0]].shape
        return shape[0] if shape else 1

    @property
    def largest(self) -> int:
        """Elements of the largest activation, per sample."""
        sizes = [self.graph[name].size for name in self.graph.activations()]
        return max(1, max(sizes) // self.batch)


@lru_cache(maxsize=4)
def program(graph: Graph) -> Program:
    """The graph made ready to run; the last few are kept.

    Raises UnsupportedError for an operator, element type or attribute that cannot be computed.
    """
    folded = fold_constants(graph)
    steps = tuple(
        Step(node, build(folded, node), dead)
        for node, dead in zip(folded.nodes, _last_reads(folded), strict=True)
    )
    return Program(folded, steps, stackable(folded))


def build(graph: Graph, node: Node) -> Kernel:
    """The node's kernel."""
    make = BUILDS.get(type(node.op))
    if make is None:
        allowed = ", ".join(sorted(op.NAME for op in BUILDS))
        raise unsupported(node, "no kernel", allowed, "interpret-operator")
    return make(graph, node)


def operands(graph: Graph, node: Node, values: Mapping[str, Array]) -> list[Array | None]:
    """The node's operands: activations from `values`, constants from the graph."""
    return [
        None if name is None else values[name] if name in values else graph[name].values
        for name in node.inputs
    ]


def fold_constants(graph: Graph) -> Graph:
    """The graph without the nodes that compute on constants only (float16 weights widened)."""
    kept: list[Node] = []
    for node in graph.nodes:
        names = [name for name in node.inputs if name is not None]
        if node.output in graph.outputs or not all(graph[name].constant for name in names):
            kept.append(node)
            continue
        value = build(graph, node)(*operands(graph, node, {}))
        graph = graph.with_tensors(replace(graph.output(node), data=value))
    return graph.with_nodes(kept)


def _last_reads(graph: Graph) -> list[tuple[str, ...]]:
    """For each node the activations it is the last to read, or that nobody reads."""
    last: dict[str, int] = {}
    for index, node in enumerate(graph.nodes):
        for name in (*node.inputs, *node.outputs):
            if name is not None and not graph[name].constant:
                last[name] = index
    return [
        tuple(name for name, at in last.items() if at == index and name not in graph.outputs)
        for index in range(len(graph.nodes))
    ]


def stackable(graph: Graph) -> bool:
    """Whether the leading axis of every activation is the batch and no operator mixes it.

    Then n samples can be computed at once; else they are computed one by one.
    """
    shapes = [graph[name].shape for name in graph.activations()]
    if not all(shapes):
        return False
    batch = graph[graph.inputs[0]].shape[0]
    return all(shape[0] == batch for shape in shapes) and not any(
        _mixes_batch(graph, node) for node in graph.nodes
    )


def _mixes_batch(graph: Graph, node: Node) -> bool:
    """Whether the node reduces, pads or joins along axis 0, or broadcasts across it."""
    rank = len(graph.input(node).shape)
    if isinstance(node.op, Mean):
        return 0 in {int(axis) % rank for axis in graph.input(node, 1).values.ravel()}
    if isinstance(node.op, Pad):
        return bool(np.any(graph.input(node, 1).values[0]))
    if isinstance(node.op, Concatenation):
        # A constant operand has no batch to grow.
        constant = any(graph[name].constant for name in node.inputs if name is not None)
        return constant or node.op.axis % rank == 0
    if isinstance(node.op, Add | Sub | Mul | Maximum | Minimum | Prelu):
        return any(_fixes_batch(graph, node, index) for index in (0, 1))
    return False


def _fixes_batch(graph: Graph, node: Node, index: int) -> bool:
    """Whether this operand of a broadcast would not follow a larger batch."""
    tensor, rank = graph.input(node, index), len(graph.output(node).shape)
    if tensor.constant:
        return len(tensor.shape) == rank and tensor.shape[0] > 1
    return len(tensor.shape) < rank
