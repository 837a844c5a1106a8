"""Graphs compared without their names, for files that were written and read back."""

from __future__ import annotations

from itertools import zip_longest

import numpy as np

from edgekit.converter.ir.graph import Graph, Quant, State, Tensor
from edgekit.converter.load.legacy import is_legacy, uint8_to_int8
from edgekit.converter.tflite.complete import with_biases
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite


def read_back(graph: Graph) -> Graph:
    """Written and read; a legacy uint8 file becomes int8 again, as when it is loaded."""
    read = read_tflite(write_tflite(graph), graph.name)
    return uint8_to_int8(read)[0] if is_legacy(read) else read


def changed_by_the_file(graph: Graph, read: Graph) -> str:
    """What is not as it was written, or "". The bias that the writer adds is expected."""
    written = with_biases(graph)
    if len(written.nodes) != len(read.nodes):
        return f"{len(written.nodes)} nodes became {len(read.nodes)}"
    pairs = [("graph", list(zip_longest(written.inputs, read.inputs)))]
    pairs.append(("graph", list(zip_longest(written.outputs, read.outputs))))
    if len(written.states) != len(read.states):
        return f"{len(written.states)} states became {len(read.states)}"
    for before, after in zip(_states(written), _states(read), strict=True):
        pairs.append(("state", [(before.read, after.read), (before.written, after.written)]))
        if not np.array_equal(before.initial, after.initial):
            return f"the initial value of {before.read} changed"
    for ours, theirs in zip(written.nodes, read.nodes, strict=True):
        if ours.op != theirs.op:
            return f"{ours.op} became {theirs.op}"
        pairs.append((ours.name, list(zip_longest(ours.inputs, theirs.inputs))))
        pairs.append((ours.name, list(zip_longest(ours.outputs, theirs.outputs))))
    for where, names in pairs:
        for old, new in names:
            text = _tensors(written, old, read, new)
            if text:
                return f"{where}: {text}"
    return ""


def _states(graph: Graph) -> list[State]:
    """Files have variables first, then what belongs to an operator."""
    return sorted(graph.states, key=lambda state: state.read in graph.updated)


def _tensors(written: Graph, old: str | None, read: Graph, new: str | None) -> str:
    if old is None or new is None:
        return "" if old is new else f"operand {old} became {new}"
    return _different(written[old], read[new])


def _different(old: Tensor, new: Tensor) -> str:
    for part in ("shape", "dtype"):
        before, after = getattr(old, part), getattr(new, part)
        if before != after:
            return f"{part} of {old.name} {before} became {after}"
    if _plain(old.quant) != _plain(new.quant):
        return f"{old.quant} of {old.name} became {new.quant}"
    if old.constant != new.constant:
        return f"{old.name} is a constant on one side only"
    same = not old.constant or np.array_equal(old.values, new.values)
    return "" if same else f"values of {old.name} changed"


def _plain(quant: Quant | None) -> tuple[object, ...]:
    """One scale along an axis is one scale."""
    if quant is None:
        return ()
    axis = quant.axis if len(quant.scales) > 1 else None
    return (quant.scales, quant.zero_points, axis)
