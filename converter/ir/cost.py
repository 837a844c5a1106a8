"""What a graph costs: multiply-accumulates and bytes of constants, per node and in all.

Only convolutions and fully connected layers count MACs, one per weight per output position;
padding taps count as well. This is the convention of MLPerf Tiny's tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.shapes_binary import taps


@dataclass(frozen=True, slots=True)
class NodeCost:
    """One node's share; `weight_bytes` counts all its constants, shared ones at first use only."""

    node: str
    operator: str
    macs: int
    weight_bytes: int
    output_bytes: int


@dataclass(frozen=True, slots=True)
class GraphCost:
    """Costs of all nodes in execution order."""

    nodes: tuple[NodeCost, ...]

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(node.macs for node in self.nodes)

    @property
    def weight_bytes(self) -> int:
        """Bytes of all constants."""
        return sum(node.weight_bytes for node in self.nodes)


def graph_cost(graph: Graph) -> GraphCost:
    """The cost of every node of a verified graph."""
    counted: set[str] = set()
    rows = []
    for node in graph.nodes:
        fresh = {name for name in node.inputs if name is not None} - counted
        counted |= fresh
        weights = sum(graph[name].bytes for name in fresh if graph[name].constant)
        size = sum(graph[name].bytes for name in node.outputs)
        rows.append(NodeCost(node.name, node.op.NAME, node_macs(graph, node), weights, size))
    return GraphCost(tuple(rows))


def node_macs(graph: Graph, node: Node) -> int:
    """Multiply-accumulates of one node; 0 for what is no convolution or matrix product."""
    if isinstance(node.op, ops.TransposeConv):
        weights = graph.input(node, 1)
        return graph.source(node).size * (weights.size // weights.shape[3])
    if isinstance(node.op, ops.BatchMatmul):
        inner = graph.input(node).shape[-2 if node.op.adj_x else -1]
        return graph.output(node).size * inner
    if isinstance(node.op, ops.Svdf):
        return graph.input(node).shape[0] * sum(graph.input(node, at).size for at in (1, 2))
    if isinstance(node.op, ops.UnidirectionalSequenceLstm):
        first, second, _ = graph.output(node).shape
        return first * second * sum(graph.input(node, at).size for at in range(1, 9))
    if isinstance(node.op, ops.LceBconv2d):
        positions = graph.output(node).size // graph.output(node).shape[3]
        return positions * graph.input(node, 1).shape[0] * taps(graph, node)
    if not isinstance(node.op, ops.Conv2D | ops.DepthwiseConv2D | ops.FullyConnected):
        return 0
    weights, outputs = graph.input(node, 1), graph.output(node)
    channel = 3 if isinstance(node.op, ops.DepthwiseConv2D) else 0
    return outputs.size * (weights.size // weights.shape[channel])
