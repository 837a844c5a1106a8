"""The one place where quantization and its judges run a graph.

A batch is an array for a graph with one input, else arrays by the inputs' names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.bits import WORD, signs
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.quantize.params import quantize_input, real_values

Array = NDArray[Any]
Batch = Array | Mapping[str, Array]


def by_name(graph: Graph, batch: Batch) -> dict[str, Array]:
    """The batch as arrays by the names of the graph's inputs."""
    return dict(batch) if isinstance(batch, Mapping) else {graph.inputs[0]: batch}


def count_of(batch: Batch) -> int:
    """Samples in the batch."""
    return len(next(iter(batch.values())) if isinstance(batch, Mapping) else batch)


def cut(batch: Batch, start: int, stop: int, step: int = 1) -> Batch:
    """The samples from `start` to `stop`, or every `step`-th of them."""
    if isinstance(batch, Mapping):
        return {name: array[start:stop:step] for name, array in batch.items()}
    part: Array = batch[start:stop:step]
    return part


def chosen(batch: Batch, mask: NDArray[np.bool_]) -> Batch:
    """The samples where `mask` is true."""
    if isinstance(batch, Mapping):
        return {name: array[mask] for name, array in batch.items()}
    part: Array = batch[mask]
    return part


def joined(batches: Sequence[Batch]) -> Batch:
    """The samples of all batches in one."""
    first = batches[0]
    if not isinstance(first, Mapping):
        whole: Array = np.concatenate([np.asarray(batch) for batch in batches])
        return whole
    rows = [batch for batch in batches if isinstance(batch, Mapping)]
    return {name: np.concatenate([row[name] for row in rows]) for name in first}


def iterate(graph: Graph, batch: Batch) -> Iterator[tuple[Node, dict[str, Array]]]:
    """Each node with its output arrays, in execution order."""
    from edgekit.converter.interpret.run import iterate as interpret

    yield from interpret(graph, by_name(graph, batch))


def iterate_real(graph: Graph, batch: Batch) -> Iterator[tuple[Node, dict[str, Array]]]:
    """As `iterate`, from real inputs to real values: quantized on the way in, dequantized out,
    packed signs as +1 and -1, those that fill up the last word among them."""
    for node, results in iterate(graph, _stored(graph, batch)):
        packed = isinstance(node.op, BINARY) and graph.output(node).dtype is DType.INT32
        yield (
            node,
            {
                name: signs(array, WORD * array.shape[-1]) if packed else _real(graph[name], array)
                for name, array in results.items()
            },
        )


def outputs_real(graph: Graph, batch: Batch, names: tuple[str, ...] = ()) -> dict[str, Array]:
    """The named tensors (default: the graph's outputs) as float32 for a batch of real inputs."""
    wanted = names or graph.outputs
    found = _stored(graph, batch)  # an input may be an output as well
    for _, results in iterate(graph, dict(found)):
        found |= {name: array for name, array in results.items() if name in wanted}
    missing = [name for name in wanted if name not in found]
    found |= {name: graph[name].values for name in missing if graph[name].constant}
    return {name: _real(graph[name], found[name]) for name in wanted}


def _stored(graph: Graph, batch: Batch) -> dict[str, Array]:
    """Real inputs as the graph's own numbers."""
    real = by_name(graph, batch)
    return {name: quantize_input(array, graph[name]) for name, array in real.items()}


def _real(tensor: Tensor, stored: Array) -> NDArray[np.float32]:
    return real_values(stored, tensor)
