"""Ranges that a model brings with it: quantization-aware training records them on its tensors."""

from __future__ import annotations

from edgekit.artifacts.figures import Note
from edgekit.converter.ir.graph import Graph
from edgekit.converter.quantize.groups import Range
from edgekit.converter.quantize.params import float_tensor


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


def recorded_note(graph: Graph) -> Note:
    """Tells the user that data do not set the ranges."""
    return Note(
        "recorded-ranges",
        graph.name,
        "activations have the ranges of its quantization-aware training; calibration data only"
        " serve to look at the result",
        level="info",
    )
