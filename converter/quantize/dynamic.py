"""Dynamic range: int8 weights under float32 activations, which LiteRT quantizes while it runs."""

from __future__ import annotations

from dataclasses import replace

from edgekit.artifacts.figures import Note
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Conv2D, DepthwiseConv2D, FullyConnected
from edgekit.converter.quantize.params import (
    constant_values,
    half_ranges,
    quantize_array,
    symmetric,
)
from edgekit.converter.quantize.scheme import INT8_WEIGHTS, WEIGHTED

LEAST_WEIGHTS = 1024
"""Tensors with fewer stay float32, as in TensorFlow's converter: they would save little."""
_LAYERS = (Conv2D, DepthwiseConv2D, FullyConnected)


def dynamic_weights(graph: Graph) -> tuple[Graph, tuple[Note, ...]]:
    """A float graph whose CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED have int8 weights, one
    scale per output channel, where there are at least `LEAST_WEIGHTS`; all else stays float32.

    A note says so where no layer has as many.
    """
    made: dict[str, Tensor] = {}
    nodes = [_quantized(graph, node, made) for node in graph.nodes]
    if not made:
        return graph, (_none(graph),)
    return graph.with_tensors(*made.values()).with_nodes(nodes), ()


def _quantized(graph: Graph, node: Node, made: dict[str, Tensor]) -> Node:
    """The node over int8 weights; those that others read as they are get a second name."""
    weights = graph.operand(node, 1)
    if not isinstance(node.op, _LAYERS) or weights is None or not weights.constant:
        return node
    if weights.dtype is not DType.FLOAT32 or weights.size < LEAST_WEIGHTS:
        return node
    axis = WEIGHTED[type(node.op)]
    values = constant_values(weights)
    quant = symmetric(half_ranges(values, axis), INT8_WEIGHTS, axis)
    name = f"{weights.name}_int8" if len(graph.consumers(weights.name)) > 1 else weights.name
    stored = quantize_array(values, quant, INT8_WEIGHTS)
    made[name] = replace(weights, name=name, dtype=DType.INT8, quant=quant, data=stored)
    return replace(node, inputs=(node.inputs[0], name, *node.inputs[2:]))


def _none(graph: Graph) -> Note:
    return Note(
        "nothing-quantized",
        graph.name,
        f"no layer has {LEAST_WEIGHTS:,} weights or more, and smaller ones stay float32",
        "use --precision int8, or float16",
    )
