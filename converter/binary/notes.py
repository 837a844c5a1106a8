"""What a conversion says about binarized layers, and about those that only resemble them."""

from __future__ import annotations

from edgekit.artifacts.figures import Note
from edgekit.converter.binary.convolutions import unpacked_layers
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops_binary import BINARY


def binary_notes(graph: Graph, binary_format: str) -> tuple[Note, ...]:
    """Layers of signs that stay unpacked, each with the reason and what to change; and a form of
    binarized layers asked for where there are none."""
    notes = [
        Note(
            "unpacked-signs",
            node.name,
            f"{node.op.NAME} multiplies signs as values, not packed: {stays.found}",
            stays.advice,
        )
        for node, stays in unpacked_layers(graph)
    ]
    if binary_format != "lce" and not any(isinstance(node.op, BINARY) for node in graph.nodes):
        found = f"--binary-format {binary_format} changes nothing: no layer is binarized"
        advice = "build the network of BinaryConv2D and BinaryDense, or of Larq's layers"
        notes.append(Note("binary-format-unused", graph.name, found, advice))
    return tuple(notes)
