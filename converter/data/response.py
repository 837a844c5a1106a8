"""What a float model's first layer and outputs say about the scale of its input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import (
    Activation,
    Add,
    Conv2D,
    DepthwiseConv2D,
    FullyConnected,
    Mul,
    Pad,
    Reshape,
)
from edgekit.converter.quantize.execute import outputs_real

RESCALE_BELOW = 1 / 50
"""A factor on the input below this takes bytes: 1/255, 1/127.5 and 1/58 (ImageNet) do."""


def rescaling(graph: Graph) -> bool:
    """Whether the model starts with a multiplication that brings 0..255 down."""
    name = graph.inputs[0]
    for node in graph.nodes:
        if name not in node.inputs or not isinstance(node.op, Add | Mul | Reshape | Pad):
            return False
        constants = [
            graph[other] for other in node.inputs if other is not None and graph[other].constant
        ]
        if isinstance(node.op, Mul) and constants:
            factors = np.abs(constants[0].values.astype(np.float64))
            return bool(factors.max(initial=1.0 if factors.size == 0 else 0.0) < RESCALE_BELOW)
        name = node.output
    return False


def first_layer_spread(graph: Graph, inputs: NDArray[np.float32]) -> float | None:
    """Median over channels of the standard deviation of the first layer before its activation.

    `inputs` is (samples, *input shape). None when the input reaches no layer with weights.
    """
    cut = _first_layer(graph)
    if cut is None:
        return None
    response = outputs_real(cut, inputs)[cut.outputs[0]]
    flat = response.reshape(-1, response.shape[-1]).astype(np.float64)
    return float(np.median(flat.std(axis=0)))


def outputs(graph: Graph, inputs: NDArray[np.float32]) -> NDArray[Any]:
    """The first output for (samples, *input shape), as (samples, elements), in small batches."""
    name = graph.outputs[0]
    parts = [
        outputs_real(graph, inputs[start : start + 16])[name] for start in range(0, len(inputs), 16)
    ]
    whole = np.concatenate(parts)
    return whole.reshape(len(inputs), -1)


def _first_layer(graph: Graph) -> Graph | None:
    """The graph up to its first layer with weights, whose activation is taken off."""
    kept: list[Node] = []
    for node in graph.nodes:
        if isinstance(node.op, Conv2D | DepthwiseConv2D | FullyConnected):
            bare = replace(node, op=replace(node.op, activation=Activation.NONE))
            held = tuple(replace(state, written=state.read) for state in graph.states)
            cut = replace(graph, outputs=node.outputs, states=held)
            return cut.with_nodes((*kept, bare))
        kept.append(node)
    return None
