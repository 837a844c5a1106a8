"""A graph run node by node, while the passes that follow its values change it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from edgekit.converter.interpret.batch import stackable
from edgekit.converter.interpret.program import build, named_results, operands
from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.quantize.execute import Array, Batch, by_name, count_of
from edgekit.converter.quantize.params import quantize_input, real_values


@dataclass(slots=True)
class Walk:
    """A graph being run node by node, on one block of samples or, where samples cannot share a
    call, on several. An activation is dropped after its last reader."""

    graph: Graph
    blocks: list[dict[str, Array]]
    reads: Counter[str]
    done: int = 0

    @classmethod
    def start(cls, graph: Graph, samples: Batch) -> Walk:
        """Before the first node."""
        real = by_name(graph, samples)
        stored = {name: quantize_input(array, graph[name]) for name, array in real.items()}
        own = graph[graph.inputs[0]].shape[0]
        count = count_of(stored)
        step = count if stackable(graph) else own
        blocks = [
            {name: array[start : start + step] for name, array in stored.items()}
            for start in range(0, count - count % own, step)
        ]
        reads = Counter(name for node in graph.nodes for name in node.inputs if name is not None)
        return cls(graph, blocks, reads)

    def until(self, node: Node) -> None:
        """Compute everything before `node`, so that its operands are there."""
        while self.graph.nodes[self.done].name != node.name:
            self.compute(self.graph.nodes[self.done])

    def compute(self, node: Node) -> None:
        """Compute one node."""
        kernel = build(self.graph, node)
        for block in self.blocks:
            results = kernel(*operands(self.graph, node, block))
            block |= named_results(node, results)
        self.done += 1
        for name in node.inputs:
            if name is not None:
                self.reads[name] -= 1
        for name in {*node.inputs, *node.outputs}:
            if name is not None and not self.reads[name]:
                for block in self.blocks:
                    block.pop(name, None)

    def real(self, tensor: Tensor) -> list[Array]:
        """A tensor's real values, by block."""
        if tensor.constant:
            return [real_values(tensor.values, tensor)] * len(self.blocks)
        return [real_values(block[tensor.name], tensor) for block in self.blocks]
