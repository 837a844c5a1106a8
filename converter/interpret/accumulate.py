"""What the three multiply-accumulate operators share: exact sums, and how they end.

int8 sums are taken in floating point, because only that has a fast matrix product: float32 holds
every integer below 2**24, float64 below 2**53, and no partial sum of a layer is larger than its
weights' absolute sum times the largest input. The zero point of the input is folded into the
bias, as in the C kernels: bias - zero_point * sum(weights).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.converter.fixed_point import accumulator_requants, activation_range
from edgekit.converter.interpret.hybrid import is_hybrid
from edgekit.converter.interpret.kernel import Array, activate, constant, number_format, quant_of
from edgekit.converter.interpret.requantize import Requantizer
from edgekit.converter.interpret.wide import wide_finish
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import Activation

INPUT_PEAK = 128
"""Largest |int8|."""
MOST_APART = 255
"""Largest distance of an int8 value from a zero point."""


@dataclass(frozen=True, slots=True)
class Accumulation:
    """Weights as (taps, channels), the value of padding, and the step from sums to outputs."""

    weights: Array
    fill: float
    finish: Callable[[Array], Array]


def accumulation(
    graph: Graph, node: Node, *, channel_axis: int, activation: Activation
) -> Accumulation:
    """The weights of `node`, whose output channels lie on `channel_axis`, flattened to a matrix."""
    weights = np.moveaxis(constant(graph, node, 1).values, channel_axis, -1)
    matrix = weights.reshape(-1, weights.shape[-1])
    build = {DType.FLOAT32: _float, DType.INT8: _int8, DType.INT16: _int16}
    return build[number_format(graph, node)](graph, node, matrix, activation)


def _bias(graph: Graph, node: Node, channels: int) -> Array:
    if graph.operand(node, 2) is None:
        return np.zeros(channels, np.int64)
    return constant(graph, node, 2).values


def _float(graph: Graph, node: Node, matrix: Array, activation: Activation) -> Accumulation:
    if is_hybrid(graph, node):
        largest = int((np.abs(matrix.astype(np.int64)).sum(axis=0) * MOST_APART).max(initial=0))
        whole = np.ascontiguousarray(matrix, exact_dtype(largest))
        return Accumulation(whole, 0.0, lambda sums: sums)
    weights = np.ascontiguousarray(_real(graph, node, matrix))
    bias = _bias(graph, node, weights.shape[1]).astype(np.float32)

    def finish(sums: Array) -> Array:
        sums += bias
        return activate(sums, activation)

    return Accumulation(weights, 0.0, finish)


def _real(graph: Graph, node: Node, matrix: Array) -> Array:
    """The weights as float32, also where they are stored as int8 (dynamic-range models)."""
    tensor = constant(graph, node, 1)
    real = matrix.astype(np.float32)
    if not np.issubdtype(matrix.dtype, np.integer):
        return real
    quant = quant_of(node, tensor)
    scaled: Array = (real - np.float32(quant.zero_point)) * np.array(quant.scales, np.float32)
    return scaled


def _int8(graph: Graph, node: Node, matrix: Array, activation: Activation) -> Accumulation:
    source, target = quant_of(node, graph.input(node)), quant_of(node, graph.output(node))
    scale = quant_of(node, graph.input(node, 1))
    # Only legacy models have weights with a zero point; they have one for all channels.
    whole = matrix.astype(np.int64) - scale.zero_point
    bias = _bias(graph, node, whole.shape[1]).astype(np.int64)
    folded = bias - source.zero_point * whole.sum(axis=0)
    largest = np.abs(whole).sum(axis=0) * INPUT_PEAK
    finish = Requantizer.of(
        folded,
        accumulator_requants(source, scale, target),
        target.zero_point,
        activation_range(activation, target),
        peak=int((largest + np.abs(folded)).max()),
    )
    weights = np.ascontiguousarray(whole, exact_dtype(int(largest.max())))
    return Accumulation(weights, float(source.zero_point), finish)


def _int16(graph: Graph, node: Node, matrix: Array, activation: Activation) -> Accumulation:
    """Input and weights have zero point 0; the bias is int64."""
    source, target = quant_of(node, graph.input(node)), quant_of(node, graph.output(node))
    finish = wide_finish(
        _bias(graph, node, matrix.shape[1]).astype(np.int64),
        accumulator_requants(source, quant_of(node, graph.input(node, 1)), target),
        activation_range(activation, target, DType.INT16),
    )
    return Accumulation(np.ascontiguousarray(matrix, np.float64), 0.0, finish)


def exact_dtype(largest: int) -> np.dtype[Any]:
    """The floating type in which sums up to `largest` are exact."""
    return np.dtype(np.float32 if largest < 1 << 24 else np.float64)
