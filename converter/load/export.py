"""What TensorFlow hands over: a float .tflite and the names it lost on the way."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.load.norms import Norm
from edgekit.converter.tflite.names import Namer, identifier
from edgekit.converter.tflite.reader import SIGNATURE_INPUTS, SIGNATURE_OUTPUTS

_SCOPE_COUNT = re.compile(r"_\d+\Z")


@dataclass(frozen=True, slots=True)
class Exported:
    """A float .tflite. `layers` are the model's layer names; `inputs` and `outputs` its own names
    for them, in order, empty where unknown; `norms` the statistics of its normalizations; `sha256`
    is set where no file stands for the model.
    """

    tflite: bytes
    layers: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    input_range: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    norms: tuple[Norm, ...] = ()
    sha256: str = ""


def restore_names(graph: Graph, exported: Exported) -> Graph:
    """The graph with nodes named after the model's layers, and the model's signature names.

    Tracing numbers every name scope once more (layer "conv1" becomes "conv1_1"); the number goes
    again where that gives a layer's name. A last node without a layer's name takes the name of
    the model's output.
    """
    layers = {identifier(layer, "layer") for layer in exported.layers}
    graph = rename(graph, _layer_names(graph, layers))
    graph = rename(graph, output_names(graph, exported.outputs))
    facts = {key: value for key, value in graph.metadata.items() if key != "description"}
    for key, names, tensors in (
        (SIGNATURE_INPUTS, exported.inputs, graph.inputs),
        (SIGNATURE_OUTPUTS, exported.outputs, graph.outputs),
    ):
        if len(names) == len(tensors):
            facts[key] = "\n".join(names)
    return replace(graph, metadata=facts)


def _layer_names(graph: Graph, layers: Collection[str]) -> dict[str, str]:
    """New name by old, for nodes whose name is a layer's with a scope count behind it."""
    namer = Namer(graph.inputs)
    names = {}
    for node in graph.nodes:
        bare = _SCOPE_COUNT.sub("", node.name)
        names[node.name] = namer.unique(bare if bare in layers else node.name)
    return names


def output_names(graph: Graph, signature: Sequence[str]) -> dict[str, str]:
    """Names for last nodes that are called after their operator only, from the signature's."""
    if len(signature) != len(graph.outputs):
        return {}
    names: dict[str, str] = {}
    for output, wanted in zip(graph.outputs, signature, strict=True):
        node, name = graph.producer(output), identifier(wanted, "output")
        plain = node is not None and node.name == node.op.NAME.lower()
        if plain and name not in graph.tensors and name not in names.values():
            names[output] = name
    return names


def rename(graph: Graph, names: Mapping[str, str]) -> Graph:
    """The graph with nodes, their outputs and their constants renamed by the nodes' names."""
    full: dict[str, str] = {}
    for node in graph.nodes:
        new = names.get(node.name, node.name)
        for name in (*node.inputs, *node.outputs):
            if name is not None and (name == node.name or name.startswith(f"{node.name}_")):
                constant = graph[name].constant or name in node.outputs
                if constant:
                    full.setdefault(name, new + name.removeprefix(node.name))
    tensors = {
        full.get(name, name): replace(tensor, name=full.get(name, name))
        for name, tensor in graph.tensors.items()
    }
    nodes = tuple(_renamed(node, names, full) for node in graph.nodes)
    outputs = tuple(full.get(name, name) for name in graph.outputs)
    states = tuple(state.renamed(full) for state in graph.states)
    return replace(graph, tensors=tensors, nodes=nodes, outputs=outputs, states=states)


def _renamed(node: Node, names: Mapping[str, str], full: Mapping[str, str]) -> Node:
    return Node(
        names.get(node.name, node.name),
        node.op,
        tuple(None if name is None else full.get(name, name) for name in node.inputs),
        tuple(full.get(name, name) for name in node.outputs),
    )
