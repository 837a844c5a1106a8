"""Scales no smaller than TFLite's kernels compute with.

Calibration may find next to nothing on a tensor that is not zero. SOFTMAX and LOG_SOFTMAX stop the
program at an input scale that, times beta, is 2^-26 or less (their multiplier has to exceed 1), ADD
and SUB at an output scale of 2^-19 of the larger input scale or less (it has to stay below 1).
"""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Add, LogSoftmax, Softmax, Sub
from edgekit.converter.quantize.groups import Range, Ranges, same_scale_groups
from edgekit.converter.quantize.params import NEAR_ZERO, constant_values
from edgekit.converter.quantize.scheme import Format

LEAST_EXPONENT = 2.0**-25
LEAST_SUM = 2.0**-18
"""Twice what the kernels demand, so that rounding a scale to float32 cannot undo it."""


def raise_floors(
    graph: Graph, ranges: Ranges, form: Format
) -> tuple[dict[str, Range], tuple[str, ...]]:
    """The ranges with those widened that would get too small a scale, and their names.

    All of a same-scale group are widened together; of a range of nothing but 0, which gets scale
    1, nothing is changed.
    """
    known, raised = dict(ranges), []
    groups = same_scale_groups(graph)
    steps = form.high - form.low
    for node in graph.nodes:
        name, least = _least(graph, node, known, steps)
        low, high = known.get(name, (0.0, 0.0))
        if not NEAR_ZERO <= high - low < least * steps:
            continue
        factor = least * steps / (high - low)
        for member in _sharing(known, groups, name):
            known[member] = (low * factor, high * factor)
        raised.append(name)
    return known, tuple(raised)


def _least(graph: Graph, node: Node, known: Ranges, steps: int) -> tuple[str, float]:
    """The tensor whose scale `node` bounds, and the bound; ("", 0) where there is none."""
    if isinstance(node.op, Softmax):
        return str(node.inputs[0]), LEAST_EXPONENT / node.op.beta
    if isinstance(node.op, LogSoftmax):
        return str(node.inputs[0]), LEAST_EXPONENT
    if isinstance(node.op, Add | Sub):
        widest = max(_width(graph, str(name), known) for name in node.inputs)
        return node.output, LEAST_SUM * widest / steps
    return "", 0.0


def _width(graph: Graph, name: str, known: Ranges) -> float:
    if name not in known and graph[name].constant:
        values = constant_values(graph[name])
        return float(values.max(initial=0.0)) - float(values.min(initial=0.0))
    low, high = known.get(name, (0.0, 0.0))
    return max(high, 0.0) - min(low, 0.0)


def _sharing(known: Ranges, groups: Mapping[str, str], name: str) -> list[str]:
    """The tensors that share the scale of `name`."""
    if name not in groups:
        return [name]
    return [member for member in known if groups.get(member) == groups[name]]
