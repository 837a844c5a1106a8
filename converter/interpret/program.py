"""A graph made ready to run: one kernel per node, constant arithmetic done, lifetimes known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from edgekit.converter.interpret import int16
from edgekit.converter.interpret.batch import stackable
from edgekit.converter.interpret.kernel import Array, Results, unsupported
from edgekit.converter.interpret.table import BUILDS
from edgekit.converter.ir.graph import DType, Graph, Node


@dataclass(frozen=True, slots=True)
class Step:
    """A node, its kernel, and the activations nobody reads after it."""

    node: Node
    kernel: Callable[..., Results]
    dead: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """Steps in execution order; `stackable` says whether samples may share one call. `folded` are
    the activations that depend on constants only."""

    graph: Graph
    steps: tuple[Step, ...]
    stackable: bool
    folded: Mapping[str, Array]

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
    folded, values = _folded(graph)
    steps = tuple(
        Step(node, build(folded, node), dead)
        for node, dead in zip(folded.nodes, _last_reads(folded), strict=True)
    )
    return Program(folded, steps, stackable(folded), values)


def build(graph: Graph, node: Node) -> Callable[..., Results]:
    """The node's kernel."""
    wide = DType.INT16 in (graph.input(node).dtype, graph.output(node).dtype)
    builds = int16.BUILDS if wide else BUILDS
    make = builds.get(type(node.op))
    if make is None:
        allowed = ", ".join(sorted(op.NAME for op in builds))
        raise unsupported(node, "no kernel", allowed, "interpret-operator")
    return make(graph, node)


def operands(graph: Graph, node: Node, values: Mapping[str, Array]) -> list[Array | None]:
    """The node's operands: activations from `values`, constants from the graph."""
    return [
        None if name is None else values[name] if name in values else graph[name].values
        for name in node.inputs
    ]


def named_results(node: Node, results: Results) -> dict[str, Array]:
    """What a kernel returned, by tensor name."""
    several = results if isinstance(results, tuple) else (results,)
    return dict(zip(node.outputs, several, strict=True))


def fold_constants(graph: Graph) -> Graph:
    """The graph without the nodes that compute on constants only (float16 weights widened)."""
    return _folded(graph)[0]


def _folded(graph: Graph) -> tuple[Graph, dict[str, Array]]:
    """The graph without the nodes that compute on constants only, and what those compute."""
    kept: list[Node] = []
    values: dict[str, Array] = {}
    for node in graph.nodes:
        names = [name for name in node.inputs if name is not None]
        if not set(node.outputs).isdisjoint(graph.results) or not all(
            graph[name].constant for name in names
        ):
            kept.append(node)
            continue
        found = named_results(node, build(graph, node)(*operands(graph, node, {})))
        values |= found
        made = [replace(graph[name], data=value) for name, value in found.items()]
        graph = graph.with_tensors(*made)
    return graph.with_nodes(kept), values


def _last_reads(graph: Graph) -> list[tuple[str, ...]]:
    """For each node the activations it is the last to read, or that nobody reads."""
    last: dict[str, int] = {}
    for index, node in enumerate(graph.nodes):
        for name in (*node.inputs, *node.outputs):
            if name is not None and not graph[name].constant:
                last[name] = index
    return [
        tuple(name for name, at in last.items() if at == index and name not in graph.results)
        for index in range(len(graph.nodes))
    ]
