"""Layers whose weights can be pruned, and how much each is worth.

A weight w that multiplies an input x costs about w^2 E[x^2] of the output when it goes; without
data E[x^2] is taken as 1, which is pruning by magnitude (Han et al. 2015, "Learning both Weights
and Connections"). With the second moments H of the inputs the others can make up for part of it,
and the cost is w^2 / (H^-1)_ii (Hassibi and Stork 1993, "Optimal Brain Surgeon").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import DepthwiseConv2D
from edgekit.converter.prune.coupling import WHOLE, Coupling, weight_columns
from edgekit.converter.quantize.closed_form import DAMPING
from edgekit.converter.quantize.execute import Batch
from edgekit.converter.quantize.moments import input_moments
from edgekit.converter.quantize.products import MATRICES, stored_weights, weight_matrices
from edgekit.converter.quantize.rounding import MOST_TAPS
from edgekit.converter.quantize.walk import Walk

Floats = NDArray[np.float64]


def prunable(graph: Graph) -> tuple[Node, ...]:
    """Convolutions, depthwise ones and fully connected layers with float weights of their own."""
    found = []
    for node in graph.nodes:
        weights = graph.input(node, 1) if isinstance(node.op, MATRICES) else None
        if weights is None or not weights.constant or weights.dtype is not DType.FLOAT32:
            continue
        if len(graph.consumers(weights.name)) == 1 and not graph.source(node).constant:
            found.append(node)
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class InputPower:
    """What enters a layer, as (groups, taps): the diagonal of the second moments about the mean,
    and that of their inverse's reciprocal, 1 / (H^-1)_ii."""

    variance: Floats
    alone: Floats


def input_powers(graph: Graph, samples: Batch) -> dict[str, InputPower]:
    """Of every prunable layer but those with more than `MOST_TAPS` weights per output."""
    walk, layers = Walk.start(graph, samples), {node.name for node in prunable(graph)}
    found = {}
    for node in graph.nodes:
        if node.name in layers and taps_of(graph, node) <= MOST_TAPS:
            centred = graph.role(node, "bias") is not None
            found[node.name] = _power(input_moments(walk, walk, node, node, centred=centred).own)
        walk.compute(node)
    return found


def taps_of(graph: Graph, node: Node) -> int:
    """Weights per output."""
    return int(weight_matrices(graph, node, graph.input(node, 1).values).shape[2])


def _power(own: Floats) -> InputPower:
    variance = np.diagonal(own, axis1=1, axis2=2)
    ridge = np.maximum(DAMPING * variance.mean(axis=1), 1e-12)
    inverse = np.linalg.inv(own + np.eye(own.shape[1]) * ridge[:, None, None])
    alone = 1 / np.maximum(np.diagonal(inverse, axis1=1, axis2=2), 1e-30)
    return InputPower(np.maximum(variance, 0), alone)


def weight_costs(graph: Graph, powers: Mapping[str, InputPower]) -> dict[str, Floats]:
    """What each weight costs when it goes, by layer, in the shape of its weights; layers without
    known inputs by magnitude."""
    found = {}
    for node in prunable(graph):
        weights = graph.input(node, 1).values.astype(np.float64)
        costs = weight_matrices(graph, node, weights) ** 2
        if node.name in powers:
            costs = costs * powers[node.name].alone[:, None, :]
        found[node.name] = np.asarray(stored_weights(graph, node, costs), np.float64)
    return found


def group_costs(graph: Graph, coupling: Coupling, powers: Mapping[str, InputPower]) -> Floats:
    """What each group of channels costs when it goes, shares of layers summed up.

    Without data a layer's share is the squared norm of the weights that make the channel (Li et al.
    2017, "Pruning Filters for Efficient ConvNets", with the L2 norm); with data it is what the
    channel adds to the variance of the layers that read it.
    """
    total = np.zeros(coupling.count + 1)
    for node in prunable(graph):
        weights = graph.input(node, 1).values.astype(np.float64)
        matrices = weight_matrices(graph, node, weights) ** 2
        if not powers:
            share = matrices.sum(axis=2).reshape(-1)
            groups: Any = coupling.channels[node.output].groups
        elif node.name in powers:
            share = (matrices.sum(axis=1) * powers[node.name].variance).reshape(-1)
            groups = _by_tap(graph, node, coupling)
        else:
            continue
        if groups is not None and share.sum() > 0:
            np.add.at(total, groups, share / share.sum())
    total[WHOLE] = np.inf
    return total


def _by_tap(graph: Graph, node: Node, coupling: Coupling) -> NDArray[np.int64] | None:
    """The group of each input of the weights, in the order of (groups, taps)."""
    source = coupling.channels[graph.source(node).name]
    shape = graph.input(node, 1).shape
    if len(shape) == 2:
        return weight_columns(graph, node, source)
    if source.axis != 3:
        return None
    window = shape[1] * shape[2]
    if isinstance(node.op, DepthwiseConv2D):
        return np.repeat(source.groups, window)
    return np.tile(source.groups, window) if shape[3] == len(source.groups) else None
