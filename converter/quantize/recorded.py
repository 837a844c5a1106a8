"""Ranges that a model brings with it: quantization-aware training records them on its tensors."""

from __future__ import annotations

from dataclasses import replace

from edgekit.artifacts.figures import Note
from edgekit.converter.ir.graph import Graph
from edgekit.converter.quantize.groups import Range
from edgekit.converter.quantize.params import float_tensor
from edgekit.converter.quantize.scheme import SCHEMES
from edgekit.converter.tflite.reader import TRAINED_FOR


def recorded_ranges(graph: Graph) -> dict[str, Range]:
    """The real range of every float activation by name; empty unless each has one."""
    found = {}
    for name in graph.activations():
        if float_tensor(graph[name]):
            known = graph[name].range
            if known is None:
                return {}
            found[name] = known
    return found


def without_record(graph: Graph) -> Graph:
    """The graph without what an earlier quantization-aware training recorded on it."""
    facts = {name: text for name, text in graph.metadata.items() if name != TRAINED_FOR}
    bare = graph.with_tensors(*(replace(tensor, range=None) for tensor in graph.tensors.values()))
    return replace(bare, metadata=facts)


def recorded_notes(graph: Graph, precision: str) -> tuple[Note, ...]:
    """What the user should know about a model with recorded ranges that becomes `precision`."""
    trained = graph.metadata.get(TRAINED_FOR, precision)
    if trained == precision or trained not in SCHEMES:
        return (_ranges_note(graph),)
    other = Note(
        "trained-for-other",
        graph.name,
        f"its quantization-aware training was for {trained}, and it is converted to {precision}:"
        " weights and activations are rounded otherwise than it learned",
        f"pass --precision {trained}, or train it on with `edgekit train --start MODEL --qat`",
    )
    return _ranges_note(graph), other


def _ranges_note(graph: Graph) -> Note:
    """Tells the user that data do not set the ranges."""
    return Note(
        "recorded-ranges",
        graph.name,
        "activations have the ranges of its quantization-aware training; calibration data only"
        " serve to look at the result",
        level="info",
    )
