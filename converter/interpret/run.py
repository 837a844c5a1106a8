"""Running a graph over any number of samples."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.interpret.inputs import named_inputs
from edgekit.converter.interpret.kernel import Array
from edgekit.converter.interpret.program import Program, named_results, operands, program
from edgekit.converter.ir.graph import Graph, Node

Inputs = Mapping[str, NDArray[Any]] | Sequence[NDArray[Any]] | NDArray[Any]
"""Arrays by input name or in the graph's order; a bare array for a graph with one input."""

Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all; 0 when not known)."""

Keep = Literal["outputs", "all"]

BLOCK_ELEMENTS = 1 << 22
"""Elements of the largest activation of a block of samples."""


def run(graph: Graph, inputs: Inputs, *, keep: Keep = "outputs") -> dict[str, NDArray[Any]]:
    """Outputs by name, or with `keep="all"` every activation, inputs included.

    Each input has the shape and dtype of its tensor, but any leading extent n (a multiple of the
    graph's own where samples cannot share a call); the results are those of n separate runs,
    stacked.

    Raises DataError for inputs that do not fit, UnsupportedError for what cannot be computed.
    """
    ready = program(graph)
    arrays = named_inputs(graph, inputs, ready.stackable)
    names = graph.outputs if keep == "outputs" else graph.activations()
    blocks = [_kept(ready, block, names) for block in _blocks(ready, arrays)]
    if len(blocks) == 1:
        return blocks[0]
    return {name: np.concatenate([block[name] for block in blocks]) for name in names}


def run_batches(
    graph: Graph,
    batches: Iterable[Inputs],
    *,
    keep: Keep = "outputs",
    total: int = 0,
    progress: Progress | None = None,
) -> Iterator[dict[str, NDArray[Any]]]:
    """The results of `run` for each batch; `total` samples, if known, is handed to `progress`."""
    done = 0
    for batch in batches:
        yield run(graph, batch, keep=keep)
        if progress is not None:
            done += len(next(iter(named_inputs(graph, batch, True).values())))
            progress(done, total)


def iterate(graph: Graph, inputs: Inputs) -> Iterator[tuple[Node, dict[str, NDArray[Any]]]]:
    """Each node with its outputs by name, in execution order; what nobody reads later is freed.

    Inputs and errors as for `run`. Nodes that compute on constants only are not shown.
    """
    ready = program(graph)
    arrays = named_inputs(graph, inputs, ready.stackable)
    return _steps(ready, [arrays] if ready.stackable else _blocks(ready, arrays))


def _blocks(ready: Program, arrays: Mapping[str, Array]) -> list[dict[str, Array]]:
    """The inputs cut along the leading axis, so that a block's activations stay small."""
    first = next(iter(arrays.values()))
    count = len(first) if first.ndim else 1
    step = max(1, BLOCK_ELEMENTS // ready.largest) if ready.stackable else ready.batch
    if count <= step:
        return [dict(arrays)]
    return [
        {name: array[start : start + step] for name, array in arrays.items()}
        for start in range(0, count, step)
    ]


def _kept(ready: Program, inputs: dict[str, Array], names: Sequence[str]) -> dict[str, Array]:
    """The named activations of one block."""
    found = {**ready.folded, **inputs}
    for _, results in _steps(ready, [inputs]):
        found.update((name, value) for name, value in results.items() if name in names)
    return {name: found[name] if name in found else ready.graph[name].values for name in names}


def _steps(
    ready: Program, parts: list[dict[str, Array]]
) -> Iterator[tuple[Node, dict[str, Array]]]:
    """Run the parts node by node; a node's outputs are the parts' outputs, joined."""
    values = [dict(part) for part in parts]
    for step in ready.steps:
        for known in values:
            results = step.kernel(*operands(ready.graph, step.node, known))
            known |= named_results(step.node, results)
        names = step.node.outputs
        yield step.node, {name: _joined([known[name] for known in values]) for name in names}
        for known in values:
            for dead in step.dead:
                known.pop(dead, None)


def _joined(arrays: list[Array]) -> Array:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
