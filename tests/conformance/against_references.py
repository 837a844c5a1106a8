"""The interpreter against a reference, node by node, whatever the reference lacks cut out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgekit.converter.interpret import run, run_in_a_row
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.tflite.writer import write_tflite
from tests.conformance.deviations import Deviation, deviation
from tests.conformance.maker import Array
from tests.conformance.references import Reference, Refused

Values = Mapping[str, Array]

FLOAT_TOLERANCE = 2e-5
"""Relative to the largest value of a tensor: float32 sums depend on their order."""

FLOAT_FLOOR = 1e-5
"""Relative to the largest value that went in: what is left where large terms cancel."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """What went wrong, in which stage; `stage` is what shrinking must keep."""

    stage: str
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """How one graph fared at one reference."""

    compared: int
    """Node outputs."""
    skipped: tuple[Deviation, ...]
    mismatch: Mismatch | None


def activations(graph: Graph, samples: Sequence[Sequence[Array]]) -> list[Values]:
    """Every activation that the interpreter has, per sample; states go on from one to the next."""
    if graph.states:
        return list(run_in_a_row(graph, [list(sample) for sample in samples], keep="all"))
    return [run(graph, list(sample), keep="all") for sample in samples]


def compare(graph: Graph, expected: Sequence[Values], reference: Reference) -> Answer:
    """Every node's outputs against the reference, except where a documented row says no."""
    rows = {node.name: deviation(reference.name, graph, node) for node in graph.nodes}
    skipped = tuple(row for row in rows.values() if row is not None)
    asked = probed(graph, [node for node in graph.nodes if rows[node.name] is None])
    if asked is None:
        return Answer(0, skipped, None)
    samples = [[values[name] for name in asked.inputs] for values in expected]
    try:
        found = reference.run(write_tflite(asked), len(asked.outputs), samples)
    except Refused as error:
        return Answer(0, skipped, Mismatch(f"{reference.name} runs it", str(error)))
    text = _first_difference(asked, expected, found)
    problem = Mismatch(f"{reference.name} equals the interpreter", text) if text else None
    return Answer(len(asked.outputs), skipped, problem)


def probed(graph: Graph, nodes: Sequence[Node]) -> Graph | None:
    """These nodes with all their outputs as graph outputs; values of the others are inputs, and so
    are states, except those that a node of its own updates."""
    hidden = {name for node in nodes if node.op.STATES for name in node.outputs[1:]}
    states = tuple(state for state in graph.states if state.written in hidden)
    made = tuple(name for node in nodes for name in node.outputs)
    known = {*made, *(state.read for state in states)}
    needed = [name for node in nodes for name in node.inputs if name is not None]
    given = dict.fromkeys(n for n in needed if n not in known and not graph[n].constant)
    outputs = tuple(name for name in made if name not in hidden)
    if not outputs or not given:
        return None
    asked = replace(graph, inputs=tuple(given), outputs=outputs, states=states)
    return asked.with_nodes(nodes)


def _first_difference(
    graph: Graph, expected: Sequence[Values], found: Sequence[Sequence[Array]]
) -> str:
    """The first node, in execution order, whose output differs; "" where none does."""
    for index, name in enumerate(graph.outputs):
        for sample, (wanted, outputs) in enumerate(zip(expected, found, strict=True)):
            node = graph.producer(name)
            floor = FLOAT_FLOOR * largest(wanted, node.inputs if node else ())
            text = difference(wanted[name], outputs[index], floor)
            if text:
                operator = node.op.NAME if node else "input"
                return f"{operator} {name} {graph[name].dtype}, sample {sample}: {text}"
    return ""


def largest(values: Values, names: Iterable[str | None]) -> float:
    """The largest magnitude of the float tensors among these."""
    floats = [values[name] for name in names if name in values]
    peaks = [np.max(np.abs(value), initial=0) for value in floats if value.dtype == np.float32]
    return float(max(peaks, default=0))


def difference(ours: Array, theirs: Array, floor: float = 0) -> str:
    """How two arrays differ; "" where they are equal, floats but for the order of summation.

    `floor` is a difference of floats that never counts.
    """
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return f"{ours.dtype} {list(ours.shape)}, theirs {theirs.dtype} {list(theirs.shape)}"
    if ours.dtype == np.float32:
        return _float_difference(ours, theirs, floor)
    wrong = np.argwhere(ours != theirs)
    if not len(wrong):
        return ""
    at = tuple(int(i) for i in wrong[0])
    return f"{len(wrong)} of {ours.size} differ, at {list(at)} {ours[at]}, theirs {theirs[at]}"


def _float_difference(ours: Array, theirs: Array, floor: float) -> str:
    peak = float(np.max(np.abs(theirs), initial=1e-3))
    off = float(np.max(np.abs(ours.astype(np.float64) - theirs), initial=0))
    close = off <= max(floor, FLOAT_TOLERANCE * peak)
    return "" if close else f"{off:.3g} off, largest value {peak:.3g}"
