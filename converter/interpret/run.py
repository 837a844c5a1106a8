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
    stacked. Where the graph has states they are those of n invocations in a row, from the initial
    states on.

    Raises DataError for inputs that do not fit, UnsupportedError for what cannot be computed.
    """
    ready = program(graph)
    arrays = named_inputs(graph, inputs, ready.stackable)
    names = graph.outputs if keep == "outputs" else graph.activations()
    if graph.states:
        kept = list(_in_a_row(ready, _blocks(ready, arrays), names))
        return {name: _joined([one[name] for one in kept]) for name in names}
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
    """The results of `run` for each batch; `total` samples, if known, is handed to `progress`.
    States begin anew with every batch."""
    done = 0
    for batch in batches:
        yield run(graph, batch, keep=keep)
        if progress is not None:
            done += len(next(iter(named_inputs(graph, batch, True).values())))
            progress(done, total)


def run_in_a_row(
    graph: Graph, samples: Iterable[Inputs], *, keep: Keep = "outputs"
) -> Iterator[dict[str, NDArray[Any]]]:
    """The results of one invocation per sample, from the graph's initial states on."""
    ready = program(graph)
    names = graph.outputs if keep == "outputs" else graph.activations()
    arrays = (named_inputs(graph, sample, ready.stackable) for sample in samples)
    return _in_a_row(ready, arrays, names)


def iterate(graph: Graph, inputs: Inputs) -> Iterator[tuple[Node, dict[str, NDArray[Any]]]]:
    """Each node with its outputs by name, in execution order; what nobody reads later is freed.

    Inputs and errors as for `run`. Nodes that compute on constants only are not shown.
    """
    ready = program(graph)
    arrays = named_inputs(graph, inputs, ready.stackable)
    if graph.states:
        kept = list(_in_a_row(ready, _blocks(ready, arrays), graph.activations()))
        nodes = [step.node for step in ready.steps]
        return (
            (node, {name: _joined([one[name] for one in kept]) for name in node.outputs})
            for node in nodes
        )
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


def _in_a_row(
    ready: Program, invocations: Iterable[dict[str, Array]], names: Sequence[str]
) -> Iterator[dict[str, Array]]:
    """The named activations of one invocation after the other, each with the states that the one
    before left behind."""
    states, constants = ready.graph.states, ready.graph.tensors
    known: dict[str, Array] = {state.read: state.initial for state in states}
    for inputs in invocations:
        found = {**inputs, **known}
        for _, results in _steps(ready, [found]):
            found.update(results)
        wanted = {*names, *(state.written for state in states)}
        found |= {name: constants[name].values for name in wanted if name not in found}
        yield {name: found[name] for name in names}
        known = {state.read: found[state.written] for state in states}


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
