"""What stays makes up for what went: weights fitted to the outputs of the network before.

Layer by layer from the input on, with the inputs x' that the layers before, already pruned, really
give, each row w of a layer's weights moves to the w' on its mask that minimizes
E (w x - w' x')^2 over calibration data: the linear system of its second moments, damped towards
the weights as they are. What is left of the mean goes into the bias. SparseGPT (Frantar and
Alistarh 2023) solves the same problem row by row approximately, for layers where this would take
too long; He et al. 2017 ("Channel Pruning for Accelerating Very Deep Neural Networks") do it for
channels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.prune.layers import taps_of
from edgekit.converter.prune.masks import Mask
from edgekit.converter.quantize.closed_form import best_on
from edgekit.converter.quantize.execute import Batch
from edgekit.converter.quantize.moments import input_moments
from edgekit.converter.quantize.products import MATRICES, stored_weights, weight_matrices
from edgekit.converter.quantize.rounding import MOST_TAPS
from edgekit.converter.quantize.walk import Walk


def masked(graph: Graph, masks: Mapping[str, Mask]) -> Graph:
    """The graph with weights set to zero where a layer's mask is false."""
    made = []
    for node in graph.nodes:
        if node.name in masks:
            weights = graph.input(node, 1)
            zeroed = np.where(masks[node.name], weights.values, np.float32(0))
            made.append(replace(weights, data=zeroed))
    return graph.with_tensors(*made)


def fitted(exact: Graph, masks: Mapping[str, Mask], samples: Batch) -> Graph:
    """The graph with masked weights, those that stay fitted to what `exact` computes of the
    samples; layers with more than `MOST_TAPS` weights per output keep theirs."""
    ours, theirs = Walk.start(masked(exact, masks), samples), Walk.start(exact, samples)
    for node in exact.nodes:
        theirs.until(node)
        fits = node.name in masks and isinstance(node.op, MATRICES)
        if fits and taps_of(exact, node) <= MOST_TAPS:
            ours.graph = _refitted(ours, theirs, node, masks[node.name])
        ours.compute(node)
    return ours.graph


def _refitted(ours: Walk, theirs: Walk, node: Node, mask: Mask) -> Graph:
    exact, graph = theirs.graph, ours.graph
    bias = exact.role(node, "bias")
    moments = input_moments(ours, theirs, node, node, centred=bias is not None)
    weights = weight_matrices(exact, node, exact.input(node, 1).values).astype(np.float64)
    stays = weight_matrices(exact, node, mask)
    found = best_on(weights, stays, moments.own, moments.cross)
    stored = graph.input(node, 1)
    data = stored_weights(exact, node, found).astype(np.float32)
    graph = graph.with_tensors(replace(stored, data=data))
    if bias is None:
        return graph
    lost = weights @ moments.exact_mean[..., None] - found @ moments.mean[..., None]
    shifted = bias.values.reshape(-1).astype(np.float64) + lost.reshape(-1)
    return graph.with_tensors(
        replace(graph.input(node, 2), data=shifted.reshape(bias.shape).astype(np.float32))
    )
