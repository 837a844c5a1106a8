"""The one place where quantization and its judges run a graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.quantize.params import quantize_input, real_values

Array = NDArray[Any]


def iterate(graph: Graph, batch: Array) -> Iterator[tuple[Node, dict[str, Array]]]:
    """Each node with its output arrays, in execution order; `batch` feeds the single input."""
    from edgekit.converter.interpret.run import iterate as interpret

    yield from interpret(graph, {graph.inputs[0]: batch})


def iterate_real(graph: Graph, batch: Array) -> Iterator[tuple[Node, dict[str, Array]]]:
    """As `iterate`, from real inputs to real values: quantized on the way in, dequantized out."""
    stored = quantize_input(batch, graph[graph.inputs[0]])
    for node, results in iterate(graph, stored):
        yield node, {name: _real(graph[name], array) for name, array in results.items()}


def outputs_real(graph: Graph, batch: Array, names: tuple[str, ...] = ()) -> dict[str, Array]:
    """The named tensors (default: the graph's outputs) as float32 for a batch of real inputs."""
    wanted = names or graph.outputs
    stored = quantize_input(batch, graph[graph.inputs[0]])
    found: dict[str, Array] = {}
    for _, results in iterate(graph, stored):
        found |= {name: array for name, array in results.items() if name in wanted}
    return {name: _real(graph[name], found[name]) for name in wanted}


def _real(tensor: Tensor, stored: Array) -> NDArray[np.float32]:
    return real_values(stored, tensor)
