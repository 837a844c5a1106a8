"""Small graph edits shared by the passes that run right after reading."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.tflite.names import Namer


def bypass(graph: Graph, nodes: Collection[str]) -> Graph:
    """The graph without the named one-input nodes: their input stands in for their output.

    The graph's own inputs and outputs keep their names. A node between a graph input and a graph
    output has to stay, and does.
    """
    same: dict[str, str] = {}
    kept: list[Node] = []
    for node in graph.nodes:
        source = node.inputs[0] if node.inputs else None
        removable = source is not None and node.name in nodes
        if removable and source is not None and not _between_borders(graph, same, source, node):
            same[node.output] = same.get(source, source)
        else:
            kept.append(node)
    return _renamed(graph, kept, same)


def _between_borders(graph: Graph, same: dict[str, str], source: str, node: Node) -> bool:
    origin = same.get(source, source)
    fixed = origin in graph.sources or graph[origin].constant or origin in graph.outputs
    taken = any(same.get(output) == origin for output in graph.outputs)
    return node.output in graph.outputs and (fixed or taken)


def _renamed(graph: Graph, nodes: list[Node], same: dict[str, str]) -> Graph:
    """Apply the substitutions; a bypassed graph output gives its name to what replaces it."""
    back = {origin: output for output, origin in same.items() if output in graph.outputs}
    final = {name: back.get(origin, origin) for name, origin in same.items()} | back
    tensors = {
        final.get(name, name): replace(tensor, name=final.get(name, name))
        for name, tensor in graph.tensors.items()
        if name not in same
    }

    def rename(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(final.get(name, name) for name in names)

    renamed = [
        Node(
            final.get(node.name, node.name),
            node.op,
            tuple(None if name is None else final.get(name, name) for name in node.inputs),
            rename(node.outputs),
        )
        for node in nodes
    ]
    states = tuple(state.renamed(final) for state in graph.states)
    slimmer = replace(graph, tensors=tensors, nodes=tuple(renamed), states=states)
    return slimmer.with_nodes(slimmer.nodes)


def own_biases(graph: Graph) -> Graph:
    """The graph with one constant bias per node.

    TensorFlow lets layers share equal constants, all-zero biases above all, but each layer's
    int8 bias has a scale of its own. The copies share their array.
    """
    namer, seen = Namer(graph.tensors), set[str]()
    copies: list[Tensor] = []
    nodes = []
    for node in graph.nodes:
        at = node.op.INPUTS.index("bias?") if "bias?" in node.op.INPUTS else len(node.inputs)
        name = node.inputs[at] if at < len(node.inputs) else None
        if name is None or not graph[name].constant:
            pass
        elif name in seen:
            copy = replace(graph[name], name=namer.unique(f"{node.name}_bias"))
            copies.append(copy)
            node = replace(node, inputs=(*node.inputs[:at], copy.name))
        else:
            seen.add(name)
        nodes.append(node)
    return graph.with_tensors(*copies).with_nodes(nodes) if copies else graph
