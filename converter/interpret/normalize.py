"""LOG_SOFTMAX and L2_NORMALIZATION, along the last axis."""

from __future__ import annotations

import numpy as np

from edgekit.converter import gemmlowp
from edgekit.converter.fixed_point import log_softmax_params, multiply_by_quantized_multiplier
from edgekit.converter.interpret.kernel import Array, Kernel, number_format, quant_of
from edgekit.converter.ir.graph import DType, Graph, Node

SMALLEST_NORM = np.float32(1e-6)


def log_softmax(graph: Graph, node: Node) -> Kernel:
    """x - max - log(sum of exp(x - max)); int8 in fixed point, into scale 1/16 and zero 127."""
    if number_format(graph, node) is DType.FLOAT32:
        return _float_log_softmax
    params = log_softmax_params(quant_of(node, graph.input(node)))

    def scaled(difference: Array) -> Array:
        return multiply_by_quantized_multiplier(difference, params.multiplier, params.left_shift)

    def kernel(x: Array) -> Array:
        below = x.astype(np.int32) - x.max(axis=-1, keepdims=True)
        near = np.maximum(below, params.diff_min)
        powers = gemmlowp.exp_on_negative_values(scaled(near), 5)
        parts = np.where(below >= params.diff_min, gemmlowp.rounding_divide_by_pot(powers, 12), 0)
        total = parts.sum(axis=-1, keepdims=True, dtype=np.int64).astype(np.int32)
        logarithm = gemmlowp.log_from_1(total, 12, 5)
        lowest = multiply_by_quantized_multiplier(
            logarithm.astype(np.int64) - (1 << 31), params.reverse.multiplier, params.reverse.shift
        )
        limit = np.maximum(params.diff_min - 1, lowest)
        difference = scaled(np.maximum(below, limit + 1)).astype(np.int64) - logarithm
        codes = gemmlowp.rounding_divide_by_pot(difference, 31 - 5 - 4) + 127
        kept: Array = np.where(below > limit, np.clip(codes, -128, 127), -128)
        return kept.astype(np.int8)

    return kernel


def _float_log_softmax(x: Array) -> Array:
    below = x - x.max(axis=-1, keepdims=True)
    result: Array = below - np.log(np.exp(below).sum(axis=-1, keepdims=True))
    return result


def l2_normalization(graph: Graph, node: Node) -> Kernel:
    """x / sqrt(sum of x^2); int8 in fixed point, into scale 1/128 and zero 0."""
    if number_format(graph, node) is DType.FLOAT32:
        return _float_l2
    zero = quant_of(node, graph.input(node)).zero_point

    def kernel(x: Array) -> Array:
        centred = x.astype(np.int64) - zero
        squares = np.square(centred).sum(axis=-1, keepdims=True)
        factors = [gemmlowp.inverse_sqrt(int(square)) for square in squares.ravel()]
        multiplier, shift = (np.reshape(part, squares.shape) for part in zip(*factors, strict=True))
        codes = multiply_by_quantized_multiplier(centred, multiplier, shift + 7)
        return np.clip(codes, -128, 127).astype(np.int8)

    return kernel


def _float_l2(x: Array) -> Array:
    norm = np.sqrt(np.square(x).sum(axis=-1, keepdims=True))
    result: Array = x / np.maximum(norm, SMALLEST_NORM)
    return result
