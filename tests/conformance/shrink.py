"""From a graph that fails to the smallest one found that still fails in the same way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.shapes import ShapeError, infer_shapes
from edgekit.converter.ir.verify import verify
from edgekit.errors import EdgeKitError
from tests.conformance.against_references import activations, probed
from tests.conformance.graphs import random_inputs
from tests.conformance.maker import Array

Samples = tuple[tuple[Array, ...], ...]
Fails = Callable[[Graph, Samples], bool]
MOST_TRIES = 200


@dataclass(frozen=True, slots=True, eq=False)
class Shrunk:
    """A graph with inputs for which it fails."""

    graph: Graph
    samples: Samples


def shrink(graph: Graph, samples: Samples, fails: Fails) -> Shrunk:
    """Take every step that keeps the failure, until none does or the tries are used up."""
    best, tries = Shrunk(graph, samples), 0
    progress = True
    while progress and tries < MOST_TRIES:
        progress = False
        for smaller in _candidates(best):
            tries += 1
            if _sound(smaller.graph) and fails(smaller.graph, smaller.samples):
                best, progress = smaller, True
                break
            if tries >= MOST_TRIES:
                break
    return best


def _sound(graph: Graph) -> bool:
    try:
        verify(graph)
    except EdgeKitError:
        return False
    return True


def _candidates(shrunk: Shrunk) -> Iterator[Shrunk]:
    """Smaller graphs, the most drastic steps first."""
    graph = shrunk.graph
    values = _values(shrunk)
    if len(graph.nodes) > 1:
        for node in graph.nodes:
            yield from _given(probed(graph, [node]), values)
        for node in graph.nodes:
            yield from _given(probed(graph, _without(graph, node)), values)
    for name in graph.outputs if len(graph.outputs) > 1 else ():
        kept = replace(graph, outputs=tuple(other for other in graph.outputs if other != name))
        yield from _given(_pruned(kept), values)
    if len(shrunk.samples) > 1:
        for sample in shrunk.samples:
            yield Shrunk(graph, (sample,))
    for plainer in _plainer(graph):
        yield Shrunk(plainer, shrunk.samples)
    yield from _narrower(shrunk)


def _values(shrunk: Shrunk) -> list[dict[str, Array]]:
    """Every activation; random ones where the interpreter itself is what fails."""
    try:
        return [dict(values) for values in activations(shrunk.graph, shrunk.samples)]
    except Exception:
        rng = np.random.default_rng(0)
        every = replace(shrunk.graph, inputs=shrunk.graph.activations())
        return [dict(zip(every.inputs, random_inputs(every, rng), strict=True))]


def _given(graph: Graph | None, values: Sequence[dict[str, Array]]) -> Iterator[Shrunk]:
    if graph is not None and graph.nodes:
        yield Shrunk(graph, tuple(tuple(v[name] for name in graph.inputs) for v in values))


def _without(graph: Graph, node: Node) -> list[Node]:
    return [other for other in graph.nodes if other.name != node.name]


def _pruned(graph: Graph) -> Graph:
    """Without the nodes and inputs that no output depends on."""
    needed, kept = set(graph.outputs), []
    for node in reversed(graph.nodes):
        if needed & set(node.outputs):
            kept.append(node)
            needed |= {name for name in node.inputs if name}
    inputs = tuple(name for name in graph.inputs if name in needed)
    return replace(graph, inputs=inputs).with_nodes(reversed(kept))


def _plainer(graph: Graph) -> Iterator[Graph]:
    """The graph with one fused activation or one bias less."""
    for node in graph.nodes:
        names = {field.name for field in fields(node.op)}
        if "activation" in names and node.op.activation is not Activation.NONE:  # type: ignore[attr-defined]
            op = replace(node.op, activation=Activation.NONE)  # type: ignore[call-arg]
            yield _replaced(graph, replace(node, op=op))
        if "bias?" in node.op.INPUTS and graph.operand(node, 2) is not None:
            yield _replaced(graph, replace(node, inputs=(*node.inputs[:2], None)))


def _replaced(graph: Graph, node: Node) -> Graph:
    return graph.with_nodes(node if other.name == node.name else other for other in graph.nodes)


def _narrower(shrunk: Shrunk) -> Iterator[Shrunk]:
    """One extent of one input halved or less by one, where all shapes behind it still fit."""
    graph = shrunk.graph
    for place, name in enumerate(graph.inputs):
        for axis, extent in enumerate(graph[name].shape):
            for size in sorted({extent // 2, extent - 1} - {0, extent}):
                smaller = _resized(graph, name, axis, size)
                if smaller is not None:
                    yield Shrunk(smaller, _cropped(shrunk.samples, place, axis, size))


def _cropped(samples: Samples, place: int, axis: int, size: int) -> Samples:
    return tuple(
        tuple(
            np.ascontiguousarray(np.take(value, range(size), axis)) if index == place else value
            for index, value in enumerate(sample)
        )
        for sample in samples
    )


def _resized(graph: Graph, name: str, axis: int, size: int) -> Graph | None:
    old = graph[name]
    shape = (*old.shape[:axis], size, *old.shape[axis + 1 :])
    changed = graph.with_tensors(replace(old, shape=shape))
    for node in graph.nodes:
        try:
            shapes = infer_shapes(changed, node)
        except ShapeError:
            return None
        made: list[Tensor] = [
            replace(changed[output], shape=tuple(map(int, inferred)))
            for output, inferred in zip(node.outputs, shapes, strict=False)
        ]
        changed = changed.with_tensors(*made)
    return changed
