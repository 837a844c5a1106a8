"""Some layers with int16 activations in an int8 graph.

Both quantizations of one float graph are made from the same ranges and joined node by node. A
tensor has the format of the node that writes it; a reader of the other format gets it through a
QUANTIZE. Operators without weights between int16 layers are int16 as well, so that nothing is
narrowed on the way.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Quantize
from edgekit.converter.lower.formats import formats_of
from edgekit.converter.quantize.groups import Ranges
from edgekit.converter.quantize.int8 import quantize_ranges
from edgekit.converter.quantize.scheme import INT16, SCHEMES, WEIGHTED

NARROW, WIDE = "/int8", "/int16"
"""What ends the name of a tensor in the other format than its own."""


def widened(exact: Graph, narrow: Graph, ranges: Ranges, layers: Mapping[str, str]) -> Graph:
    """`narrow`, an int8 graph made from `exact` and `ranges`, with the named layers in int16, by
    the scheme of the name given for each ("int16", or "w4a16" with weights of 4 bits).

    Graph inputs that int16 nodes alone read, and outputs that they write, become int16.
    """
    chosen = wide_nodes(exact, layers)
    if not chosen:
        return narrow
    schemes = {node.name: SCHEMES[layers[node.name]] for node in exact.nodes if node.name in layers}
    weights = {n.name: schemes[n.name].weights_of(n) for n in exact.nodes if n.name in schemes}
    wide = quantize_ranges(exact, ranges, replace(INT16, exceptions=weights)).graph
    return _Joiner(exact, narrow, wide, chosen).joined()


def wide_nodes(graph: Graph, layers: Collection[str]) -> frozenset[str]:
    """The layers, and the nodes without weights all of whose operands int16 nodes write."""
    chosen: set[str] = set()
    written: set[str] = set()
    inputs = {
        name
        for name in graph.inputs
        if {node.name for node in graph.consumers(name)} <= set(layers)
    }
    for node in graph.nodes:
        read = {name for name in node.inputs if name is not None and not graph[name].constant}
        follows = "int16" in formats_of(type(node.op)) and type(node.op) not in WEIGHTED
        if node.name in layers or (follows and read and read <= written | inputs):
            chosen.add(node.name)
            written.update(node.outputs)
    return frozenset(chosen)


class _Joiner:
    """Puts the joined graph together, in execution order."""

    def __init__(self, exact: Graph, narrow: Graph, wide: Graph, chosen: frozenset[str]) -> None:
        self.exact, self.chosen = exact, chosen
        self.graphs = {False: narrow, True: wide}
        self.tensors: dict[str, Tensor] = {}
        self.nodes: list[Node] = []
        self.wide: set[str] = set()
        """Tensors whose own format is int16."""

    def joined(self) -> Graph:
        """The graph."""
        narrow = self.graphs[False]
        for name in narrow.sources:
            readers = [node.name for node in self.exact.consumers(name)]
            self._own(name, bool(readers) and self.chosen.issuperset(readers))
        parts = {kind: _parts(self.exact, graph) for kind, graph in self.graphs.items()}
        for node in self.exact.nodes:
            kind = node.name in self.chosen
            for made in parts[kind][node.name]:
                self.nodes.append(self._node(made, kind))
        base = replace(narrow, tensors={**narrow.tensors, **self.tensors})
        return base.with_nodes(self.nodes)

    def _own(self, name: str, kind: bool) -> None:
        self.tensors[name] = self.graphs[kind][name]
        if kind:
            self.wide.add(name)

    def _node(self, made: Node, kind: bool) -> Node:
        inputs = tuple(None if name is None else self._read(name, kind) for name in made.inputs)
        for name in made.outputs:
            self._own(name, kind)
        return replace(made, inputs=inputs)

    def _read(self, name: str, kind: bool) -> str:
        """The tensor as nodes of this kind read it."""
        tensor = self.graphs[kind][name]
        if tensor.constant:
            own = f"{name}{WIDE}" if kind and tensor.quant is not None else name
            self.tensors[own] = replace(tensor, name=own)
            return own
        if (name in self.wide) == kind or tensor.dtype not in (DType.INT8, DType.INT16):
            return name
        other = f"{name}{WIDE if kind else NARROW}"
        if other not in self.tensors:
            self.tensors[other] = replace(tensor, name=other)
            self.nodes.append(Node(other, Quantize(), (name,), (other,)))
        return other


def _parts(exact: Graph, quantized: Graph) -> dict[str, list[Node]]:
    """The nodes that each node of the float graph became: the last writes what it wrote."""
    parts: dict[str, list[Node]] = {}
    made = iter(quantized.nodes)
    for node in exact.nodes:
        parts[node.name] = list(_until(made, node.outputs))
    return parts


def _until(nodes: Iterator[Node], outputs: tuple[str, ...]) -> Iterator[Node]:
    for node in nodes:
        yield node
        if node.outputs == outputs:
            return
