"""Dynamic range: float activations over int8 weights, multiplied as integers.

The formulas of LiteRT's hybrid reference kernels: every sample (every row of FULLY_CONNECTED) is
quantized to int8 by its own range, the products are summed in integers, and each sum is scaled
back. XNNPACK's kernels do the same with another rounding here and there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.converter.interpret.kernel import Array, Build, Results, activate, constant, quant_of
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import Activation, FullyConnected

LOW, HIGH = -128, 127


def is_hybrid(graph: Graph, node: Node) -> bool:
    """Whether a convolution or FULLY_CONNECTED has int8 weights under float activations, with which
    LiteRT computes in integers."""
    x, weights = graph.source(node), graph.operand(node, 1)
    if x.dtype is not DType.FLOAT32 or weights is None or weights.dtype is not DType.INT8:
        return False
    channels = weights.quant is not None and weights.quant.axis is not None
    return channels or isinstance(node.op, FullyConnected)


def hybrid(build: Build) -> Build:
    """The builder of an operator, also for dynamic range; its kernel must then give the plain sums
    of products (see `accumulate`)."""

    def made(graph: Graph, node: Node) -> Callable[..., Results]:
        kernel = build(graph, node)
        return _scaled(graph, node, kernel) if is_hybrid(graph, node) else kernel

    return made


def _scaled(graph: Graph, node: Node, kernel: Callable[..., Results]) -> Callable[..., Results]:
    weights = constant(graph, node, 1)
    channels = np.array(quant_of(node, weights).scales, np.float32)
    bias = None if graph.operand(node, 2) is None else constant(graph, node, 2).values
    activation: Activation = getattr(node.op, "activation", Activation.NONE)
    dense = isinstance(node.op, FullyConnected)
    width = weights.shape[1] if dense else 0

    def run(x: Array, *_: Array | None) -> Array:
        rows = x.reshape(-1, width) if dense else x.reshape(len(x), -1)
        stored, scales = quantized_rows(rows)
        plain = kernel(stored.reshape(x.shape))
        assert not isinstance(plain, tuple), "one output"
        sums = plain.astype(np.float32)
        whole = sums.reshape(len(rows), -1, sums.shape[-1])
        each = scales.reshape(-1, 1, 1)
        # The order of LiteRT: convolutions scale twice, others by the product of both scales.
        result = whole * channels * each if _twice(node) else whole * (channels * each)
        if bias is not None:
            result = result + bias.reshape(-1)
        return activate(result.reshape(sums.shape), activation)

    return run


def _twice(node: Node) -> bool:
    return node.op.NAME == "CONV_2D"


def quantized_rows(rows: Array) -> tuple[Array, Array]:
    """Rows (n, m) as whole numbers, each row less its zero point; and the rows' scales (n,).

    The range of a row, with 0 in it and its width in float32, becomes -128..127; the zero point is
    computed from the end where that is more exact (as `asymmetric` in the quantizer).
    """
    low = np.minimum(rows.min(axis=1), np.float32(0))
    high = np.maximum(rows.max(axis=1), np.float32(0))
    flat = low == high
    real = np.where(flat, 1.0, (high - low).astype(np.float64) / (HIGH - LOW))
    from_low, from_high = LOW - low / real, HIGH - high / real
    nearer = abs(LOW) + np.abs(low / real) < abs(HIGH) + np.abs(high / real)
    zero = np.clip(_rounded(np.where(nearer, from_low, from_high)), LOW, HIGH)
    zero = np.where(flat, 0.0, zero).astype(np.float32)[:, None]
    scales = real.astype(np.float32)
    inverse = (np.float32(1) / scales)[:, None]
    stored = np.clip(_rounded(zero + rows.astype(np.float32) * inverse), LOW, HIGH)
    return (stored - zero).astype(np.float32), scales


def _rounded(x: Array) -> Array:
    """To the nearest integer, halves away from zero."""
    away: Array = np.copysign(np.floor(np.abs(x) + x.dtype.type(0.5)), x)
    return away
