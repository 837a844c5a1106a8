"""Additive masks, `x + (1 - m) * -1e9` or a constant, brought near the values they mask.

Attention hides positions by adding a number that stands for minus infinity. A range that held it
would leave no step of int8 for the scores, so the mask is cut to what still hides: a masked score
ends up `ROOM` below every other, whatever score it was added to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.ir.ops import Add, Mul, Sub
from edgekit.converter.ir.shapes_movement import MOVED
from edgekit.converter.quantize.groups import ENDLESS, Range, Ranges, same_scale_groups
from edgekit.converter.quantize.params import constant_values, float_tensor

ROOM = 8.0
"""e^-8 = 0.0003: a masked position rounds to no step of a SOFTMAX output (1/256)."""

MASKED = (Add, Sub)


def near_masks(graph: Graph, ranges: Ranges) -> tuple[Graph, dict[str, Range], tuple[str, ...]]:
    """The graph and the ranges with every additive mask cut, and the names of the masked results.

    `ranges` holds the real ranges of activations; ADD and SUB of one ordinary operand and one
    that reaches `ENDLESS` are taken for masks, where it is a constant or a product with one.
    """
    known = dict(ranges)
    cuts: dict[str, float] = {}
    depths: dict[str, float] = {}
    masked = []
    groups = same_scale_groups(graph)
    for node in graph.nodes:
        for index in (0, 1) if isinstance(node.op, MASKED) else ():
            mask, kept = node.inputs[index], node.inputs[1 - index]
            source = _mask_constant(graph, mask, ranges)
            near = _range(graph, kept, known)
            if source is None or near is None or _far(near):
                continue
            low, high = _masked_range(graph, node, index, near, ranges)
            factor, scaled = source
            cuts[factor] = max(cuts.get(factor, 0.0), (high - low) / scaled)
            depths[str(mask)] = max(depths.get(str(mask), 0.0), high - low)
            _clip(known, groups, node.output, (low, high))
            masked.append(node.output)
    for name, depth in depths.items():
        _clip(known, groups, name, (-depth, depth))
    cut = {name: np.clip(constant_values(graph[name]), -far, far) for name, far in cuts.items()}
    done = graph.with_tensors(*(_with(graph[name], values) for name, values in cut.items()))
    return done, known, tuple(masked)


def _mask_constant(graph: Graph, name: str | None, ranges: Ranges) -> tuple[str, float] | None:
    """The constant that makes an operand endless, and the largest value it is multiplied by."""
    if name is None or not float_tensor(graph[name]):
        return None
    if graph[name].constant:
        return (name, 1.0) if _far(_bounds(graph[name])) else None
    node = graph.producer(name)
    while node is not None and type(node.op) in MOVED:
        node = graph.producer(str(node.inputs[0]))
    if node is None or not isinstance(node.op, Mul):
        return None
    for factor, other in (node.inputs, node.inputs[::-1]):
        seen = _range(graph, other, ranges)
        if factor and graph[factor].constant and seen and _far(_bounds(graph[factor])):
            return factor, max(map(abs, seen)) or 1.0
    return None


def _masked_range(graph: Graph, node: Node, index: int, near: Range, ranges: Ranges) -> Range:
    """The lowest and highest result that `node` is left with; operand `index` is the mask."""
    mask = graph[str(node.inputs[index])]
    values = constant_values(mask) if mask.constant else np.zeros(1, np.float32)
    finite = values[np.abs(values) < ENDLESS]
    spread = float(finite.min(initial=0.0)), float(finite.max(initial=0.0))
    down, up = _range(graph, mask.name, ranges) or (0.0, 0.0)
    if isinstance(node.op, Sub) and index == 1:
        (down, up), spread = (-up, -down), (-spread[1], -spread[0])
    elif isinstance(node.op, Sub):
        near = (-near[1], -near[0])
    below, above = ROOM * (down <= -ENDLESS), ROOM * (up >= ENDLESS)
    return near[0] + spread[0] - below, near[1] + spread[1] + above


def _clip(known: dict[str, Range], groups: Mapping[str, str], name: str, to: Range) -> None:
    """The ranges of a tensor and of all that share its scale, cut to `to`."""
    for member in list(known):
        if member == name or (name in groups and groups.get(member) == groups[name]):
            low, high = known[member]
            known[member] = (max(low, to[0]), min(high, to[1]))


def _range(graph: Graph, name: str | None, ranges: Ranges) -> Range | None:
    if name is None:
        return None
    return _bounds(graph[name]) if graph[name].constant else ranges.get(name)


def _bounds(tensor: Tensor) -> Range:
    values = constant_values(tensor)
    return float(values.min(initial=0.0)), float(values.max(initial=0.0))


def _far(seen: Range) -> bool:
    return max(map(abs, seen)) >= ENDLESS


def _with(tensor: Tensor, values: object) -> Tensor:
    return replace(tensor, quant=None, data=np.asarray(values, np.float32))
