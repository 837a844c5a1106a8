"""Which layers of a graph may have which number format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.rules_numbers import WRONG_DEPTHWISE
from edgekit.converter.lower.formats import formats_of
from edgekit.converter.mixed.choices import NAMES, LayerChoice
from edgekit.converter.patterns import matches
from edgekit.converter.quantize.scheme import WEIGHTED
from edgekit.errors import UsageError

Mix = Mapping[str, str]
"""Format by layer; layers that are not in it are int8."""


def layers_of(graph: Graph) -> tuple[Node, ...]:
    """The layers that a format can be chosen for: those with constant weights, in order."""
    found = (node for node in graph.nodes if type(node.op) in WEIGHTED)
    return tuple(node for node in found if graph.input(node, 1).constant)


def obstacle(graph: Graph, node: Node, name: str) -> str:
    """Why a layer cannot have a format; "" where it can."""
    if name == "binary":
        return next((why for check in _BINARY for why in [check(graph, node)] if why), "")
    if name in formats_of(type(node.op)):
        return ""
    if name == "w4a16" and isinstance(node.op, ops.DepthwiseConv2D):
        return f"a depthwise convolution of int16 with int4 weights: {WRONG_DEPTHWISE}"
    return f"{node.op.NAME} has no kernel for {NAMES[name]}"


def _operator(graph: Graph, node: Node) -> str:
    if isinstance(node.op, ops.DepthwiseConv2D):
        taps = int(graph.input(node, 1).size // graph.output(node).shape[-1])
        return (
            f"a depthwise sum of {taps} signs takes {taps + 1} values only, and no kernel counts"
            " it; binarize the 1x1 convolution beside it, or replace both by one convolution"
        )
    if not isinstance(node.op, ops.Conv2D | ops.FullyConnected):
        return f"{node.op.NAME} has no binarized form; use CONV_2D behind a resize"
    return ""


def _whole(graph: Graph, node: Node) -> str:
    x, weights = graph.source(node), graph.input(node, 1)
    if isinstance(node.op, ops.Conv2D) and weights.shape[3] != x.shape[3]:
        return "convolutions in groups are binarized in training only; use one group"
    if isinstance(node.op, ops.FullyConnected) and x.size != x.shape[0] * weights.shape[1]:
        return "its input is several rows; reshape it to one row for each sample"
    return ""


def _states(graph: Graph, node: Node) -> str:
    return "the model keeps states from one inference to the next" if graph.states else ""


_BINARY: tuple[Callable[[Graph, Node], str], ...] = (_operator, _whole, _states)


def given_mix(graph: Graph, choices: Iterable[LayerChoice]) -> dict[str, str]:
    """The formats that the rules give to layers. Raises UsageError for a rule that names no layer,
    or gives a layer it names a format that it cannot have. Rules with * skip those."""
    nodes = layers_of(graph)
    mix: dict[str, str] = {}
    for rule in choices:
        found = [node for node in nodes if matches(rule.pattern, node.name)]
        if not found:
            raise _unknown(graph, rule)
        able = [node for node in found if not obstacle(graph, node, rule.format)]
        if not able or (rule.pattern == found[0].name and len(able) < len(found)):
            raise _unable(graph, rule, found[0])
        mix |= {node.name: rule.format for node in able}
    return mix


def _unknown(graph: Graph, rule: LayerChoice) -> UsageError:
    from difflib import get_close_matches

    names = [node.name for node in layers_of(graph)]
    near = get_close_matches(rule.pattern, names, 3, 0.4) or names[:8]
    return UsageError(
        "--layer-precision",
        f"{graph.name} has no layer {rule.pattern!r} with weights",
        allowed=", ".join(near) + (", ..." if len(near) < len(names) else ""),
        hint="`edgekit inspect MODEL` lists the layers; * and ? stand for any letters",
        code="unknown-layer",
    )


def _unable(graph: Graph, rule: LayerChoice, node: Node) -> UsageError:
    allowed = [name for name in NAMES if not obstacle(graph, node, name)]
    return UsageError(
        f"--layer-precision {rule.pattern}={rule.format}",
        obstacle(graph, node, rule.format),
        allowed=f"{', '.join(allowed)} for {node.op.NAME} {node.name}",
        hint="choose one of those, or change the layer as said",
        code="layer-precision",
    )
