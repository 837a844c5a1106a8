"""SOFTMAX along the last axis."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter import gemmlowp
from edgekit.converter.fixed_point import softmax_params
from edgekit.converter.interpret.kernel import (
    Array,
    Kernel,
    in_blocks,
    number_format,
    quant_of,
    unsupported,
)
from edgekit.converter.ir.graph import DType, Graph, Node, Quant
from edgekit.converter.ir.ops import Softmax
from edgekit.converter.tables import exponential_table

SUM_INTEGER_BITS = 12
OUTPUT = Quant.per_tensor(1 / 256, -128)


def softmax(graph: Graph, node: Node) -> Kernel:
    """exp(beta * x) over its sum; int8 as gemmlowp computes it, into scale 1/256 and zero -128."""
    op = node.op
    assert isinstance(op, Softmax)
    if number_format(graph, node) is DType.FLOAT32:
        beta = np.float32(op.beta)
        return lambda x: _float_softmax(x, beta)
    if quant_of(node, graph.output(node)) != OUTPUT:
        found = f"output quantized as {graph.output(node).quant}"
        raise unsupported(node, found, "scale 1/256, zero point -128", "interpret-softmax-scale")
    exponentials = exponential_table(softmax_params(quant_of(node, graph.input(node)), op.beta))
    return lambda x: in_blocks(
        lambda block: _int8_softmax(block, exponentials), x, 4 * int(np.prod(x.shape[1:]))
    )


def _float_softmax(x: Array, beta: np.float32) -> Array:
    powers = np.exp((x - x.max(axis=-1, keepdims=True)) * beta)
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _int8_softmax(x: Array, exponentials: NDArray[np.int32]) -> Array:
    powers = exponentials[x.max(axis=-1, keepdims=True).astype(np.int32) - x]
    addends = gemmlowp.rounding_divide_by_pot(powers, SUM_INTEGER_BITS)
    total = np.minimum(addends.sum(axis=-1, keepdims=True, dtype=np.int64), 1 << 30)
    scale, bits_over_unit = gemmlowp.reciprocal(total.astype(np.int32), SUM_INTEGER_BITS)
    shares = gemmlowp.saturating_rounding_doubling_high_mul(powers, scale)
    right = bits_over_unit + (31 - 8)
    # Sums of 512 and more: no share reaches half a step, and the reference has no answer.
    codes = np.where(right > 31, 0, gemmlowp.rounding_divide_by_pot(shares, right)) - 128
    return np.minimum(codes, 127).astype(np.int8)
