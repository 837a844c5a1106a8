"""Cross-layer equalization and bias absorption, which need no data.

Two layers with RELU (or nothing) between them compute the same when channel i of the first is
divided by s_i and the second's weights for it are multiplied by s_i. With
s_i = sqrt(r1_i / r2_i), r the largest magnitude of the weights of channel i in each, both have
equal ranges; channels that are far wider than others no longer set the scale for all. Then what a
RELU always lets through, c = max(0, beta - 3 gamma), moves from the first bias into the second
(Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction",
sections 3.1 and 3.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.compress.edit import float_constant, only_reader
from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.ir.ops import Activation, Conv2D, DepthwiseConv2D, FullyConnected, Padding
from edgekit.converter.load.norms import Norm

Floats = NDArray[np.float64]
Norms = Mapping[str, Norm]

SWEEPS = 10
MOST = 64.0
"""Bound of a channel's factor, over all sweeps."""
ALIVE = 1e-3
"""Channels whose weights are less than this of the largest, on one side, died in training: to give
them the range of others would only make their noise count."""

_LINEAR = (Activation.NONE, Activation.RELU)


def equalize(graph: Graph, norms: Norms) -> tuple[Graph, dict[str, Norm], int]:
    """The graph with pairs of layers equalized until nothing changes much, the statistics scaled
    with it, and the number of pairs."""
    found = dict(norms)
    pairs = pairs_of(graph)
    totals = {first.name: np.ones(1) for first, _ in pairs}
    for _ in range(SWEEPS):
        moved = 0.0
        for first, second in pairs:
            before = totals[first.name]
            totals[first.name] = np.clip(before * _factors(graph, first, second), 1 / MOST, MOST)
            factors = totals[first.name] / before
            moved = max(moved, float(np.abs(np.log(factors)).max()))
            graph = _scaled(graph, first, second, factors)
            if first.name in found:
                found[first.name] = _norm_over(found[first.name], factors)
        if moved < 0.01:
            break
    return graph, found, len(pairs)


def absorb_biases(graph: Graph, norms: Norms) -> tuple[Graph, dict[str, Norm], int]:
    """The graph with high biases moved behind the RELU where no padding sees the difference, the
    statistics with it, and the number of channels."""
    found, count = dict(norms), 0
    for first, second in pairs_of(graph):
        norm = found.get(first.name)
        if norm is None or not _unpadded(graph, second) or _activation(first) is Activation.NONE:
            continue
        surplus = np.maximum(norm.mean - 3 * norm.deviation, 0.0)
        if not surplus.any():
            continue
        count += int((surplus > 0).sum())
        graph = _with_bias(graph, first, -surplus)
        graph = _with_bias(graph, second, _through(graph, second, surplus))
        found[first.name] = replace(norm, mean=norm.mean - surplus, shift=norm.shift - surplus)
    return graph, found, count


def pairs_of(graph: Graph) -> tuple[tuple[Node, Node], ...]:
    """Pairs of weighted layers where only the second reads the first, with RELU or nothing in
    between, and both have weights and biases of their own."""
    found = []
    for node in graph.nodes:
        reader = only_reader(graph, node.output)
        fits = isinstance(node.op, Conv2D | DepthwiseConv2D | FullyConnected)
        if reader is None or not fits or _activation(node) not in _LINEAR:
            continue
        if not isinstance(reader.op, Conv2D | DepthwiseConv2D | FullyConnected):
            continue
        if graph.input(reader, 1).shape[-1] == graph.output(node).shape[-1] and all(
            _own(graph, layer) for layer in (node, reader)
        ):
            found.append((node, reader))
    return tuple(found)


def _own(graph: Graph, node: Node) -> bool:
    tensors = [graph.operand(node, 1), graph.operand(node, 2)]
    return all(t is not None and t.constant and len(graph.consumers(t.name)) == 1 for t in tensors)


def _activation(node: Node) -> Activation:
    return getattr(node.op, "activation", Activation.NONE)


def _unpadded(graph: Graph, node: Node) -> bool:
    if isinstance(node.op, FullyConnected):
        return True
    assert isinstance(node.op, Conv2D | DepthwiseConv2D)
    return node.op.padding is Padding.VALID or graph.input(node, 1).shape[1:3] == (1, 1)


def _per_output(node: Node, weights: NDArray[Any]) -> NDArray[Any]:
    """Weights as (..., output channels)."""
    return weights if isinstance(node.op, DepthwiseConv2D) else np.moveaxis(weights, 0, -1)


def _factors(graph: Graph, first: Node, second: Node) -> Floats:
    behind = graph.input(first, 1).values.astype(np.float64)
    ahead = graph.input(second, 1).values.astype(np.float64)
    ranges = [
        np.abs(each).reshape(-1, each.shape[-1]).max(axis=0)
        for each in (_per_output(first, behind), ahead)
    ]
    alive = np.logical_and(*(each > ALIVE * each.max(initial=0.0) for each in ranges))
    ratio = np.divide(ranges[0], ranges[1], out=np.ones_like(ranges[0]), where=alive)
    factors: Floats = np.sqrt(ratio)
    return factors


def _scaled(graph: Graph, first: Node, second: Node, factors: Floats) -> Graph:
    weights, bias, after = graph.input(first, 1), graph.input(first, 2), graph.input(second, 1)
    shape = (
        [-1] if isinstance(first.op, DepthwiseConv2D) else [-1] + [1] * (weights.values.ndim - 1)
    )
    return graph.with_tensors(
        float_constant(weights.name, weights, _real(weights) / factors.reshape(shape)),
        float_constant(bias.name, bias, _real(bias) / factors),
        float_constant(after.name, after, _real(after) * factors),
    )


def _real(tensor: Tensor) -> Floats:
    return tensor.values.astype(np.float64)


def _norm_over(norm: Norm, factors: Floats) -> Norm:
    return replace(
        norm,
        mean=norm.mean / factors,
        deviation=norm.deviation / factors,
        shift=norm.shift / factors,
    )


def _through(graph: Graph, second: Node, surplus: Floats) -> Floats:
    """What the second layer makes of a constant input."""
    weights = graph.input(second, 1).values.astype(np.float64)
    if isinstance(second.op, DepthwiseConv2D):
        through: Floats = weights.sum(axis=(0, 1, 2)) * surplus
        return through
    sums: Floats = (weights * surplus).reshape(len(weights), -1).sum(axis=1)
    return sums


def _with_bias(graph: Graph, node: Node, added: Floats) -> Graph:
    bias = graph.input(node, 2)
    return graph.with_tensors(float_constant(bias.name, bias, _real(bias) + added))
