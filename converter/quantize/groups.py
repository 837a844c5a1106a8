"""Tensors that must share one scale and zero point.

TFLite's kernels for these operators move or compare stored values without requantizing, so their
input and output need the same quantization.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import cycle

import numpy as np

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import (
    AveragePool2D,
    Concatenation,
    Maximum,
    MaxPool2D,
    Minimum,
    Op,
    Pack,
    ReduceMax,
    ReduceMin,
    ResizeBilinear,
    UnidirectionalSequenceLstm,
)
from edgekit.converter.ir.ops_logic import SELECTIONS
from edgekit.converter.ir.rule import PARAMETER_ROLES
from edgekit.converter.ir.shapes_movement import MOVED, PARTS
from edgekit.converter.quantize.params import constant_values

Range = tuple[float, float]
Ranges = Mapping[str, Range]

SAME_SCALE: tuple[type[Op], ...] = (
    *MOVED,
    *PARTS,
    MaxPool2D,
    AveragePool2D,
    ResizeBilinear,
    ReduceMax,
    ReduceMin,
    Maximum,
    Minimum,
    *SELECTIONS,
)


ENDLESS = 1e4
"""From here on a constant that a SELECT puts in place of values stands for infinity."""

_JOINING = (Concatenation, Pack, Maximum, Minimum, *SELECTIONS)
"""Same-scale operators all of whose operands carry data."""


def same_scale_groups(graph: Graph) -> dict[str, str]:
    """For every tensor of a same-scale operator the name that stands for its group.

    Groups join through shared tensors: CONV -> PAD -> MAX_POOL -> CONCATENATION is one. What a
    state is read as and what it becomes join too.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        parent.setdefault(name, name)
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for node in graph.nodes:
        if isinstance(node.op, SAME_SCALE):
            first, *rest = _members(node)
            for name in rest:
                parent[root(name)] = root(first)
        elif isinstance(node.op, UnidirectionalSequenceLstm):
            parent[root(str(node.inputs[node.op.STATES[0]]))] = root(node.output)
    for state in graph.states:
        parent[root(state.written)] = root(state.read)
    return {name: root(name) for name in parent}


def _members(node: Node) -> list[str]:
    """The operands and results of a same-scale node that carry data, not shapes or paddings."""
    roles = PARAMETER_ROLES if not isinstance(node.op, _JOINING) else ()
    named = zip(node.inputs, cycle(node.op.INPUTS), strict=False)
    apart = {*roles, "condition"}
    data = [name for name, role in named if name and role.rstrip("?.") not in apart]
    return [*node.outputs, *data]


def union_ranges(graph: Graph, ranges: Ranges) -> dict[str, Range]:
    """The ranges with every group's members widened to the union of the group.

    Constant members (a constant operand of CONCATENATION) count with their values and get an
    entry too. A bound of MAXIMUM or MINIMUM does not count: one beyond the range changes nothing,
    and is clipped to it (a normalization layer's 1e12 would leave no step for its values). So does
    what a SELECT puts in for infinity (an attention mask's -1e9).
    """
    groups = same_scale_groups(graph)
    known = dict(ranges)
    for state in graph.states:
        if np.issubdtype(state.initial.dtype, np.floating):
            low, high = float(state.initial.min()), float(state.initial.max())
            known[state.read] = (min(low, 0.0), max(high, 0.0))
    for name in groups:
        if graph[name].constant:
            readers = graph.consumers(name)
            bound = all(isinstance(node.op, Maximum | Minimum) for node in readers)
            values = np.zeros(1, np.float32) if bound else constant_values(graph[name])
            if any(isinstance(node.op, SELECTIONS) for node in readers):
                values = values[np.abs(values) < ENDLESS]
            known[name] = (float(values.min(initial=0.0)), float(values.max(initial=0.0)))
    for node in graph.nodes:
        if isinstance(node.op, SELECTIONS) and max(map(abs, known[node.output])) >= ENDLESS:
            known[node.output] = (0.0, 0.0)  # what it chooses from counts
    members = defaultdict(list)
    for name, group in groups.items():
        if name in known:
            members[group].append(known[name])
    unions = {
        group: (min(low for low, _ in found), max(high for _, high in found))
        for group, found in members.items()
    }
    return {name: unions.get(groups.get(name, ""), known[name]) for name in known}
