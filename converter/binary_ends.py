"""How a binarized convolution ends: from counts of differing bits to outputs.

The factors are computed here once, for the interpreter and for the generated C, as LCE 0.16 does:
in float64, then stored as float32.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import Activation, LceBconv2d
from edgekit.converter.ir.shapes_binary import taps

ACTIVATION_LIMITS: dict[Activation, tuple[int | None, int | None]] = {
    Activation.NONE: (None, None),
    Activation.RELU: (0, None),
    Activation.RELU_N1_TO_1: (-1, 1),
    Activation.RELU6: (0, 6),
}
"""Smallest and largest sum that an activation lets through."""


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """`thresholds`: packed output, 1 where acc > threshold. Else y = x * multiplier + bias in
    float32 with x = clamp(2 * acc, low, high), for int8 rounded half away from zero."""

    dtype: DType
    low: int
    high: int
    multiplier: NDArray[np.float32]
    bias: NDArray[np.float32]
    thresholds: NDArray[np.int32] | None = None


def sum_limits(activation: Activation, count: int) -> tuple[int, int]:
    """Smallest and largest sum of `count` products behind the activation."""
    low, high = ACTIVATION_LIMITS[activation]
    return max(-count, -count if low is None else low), min(count, count if high is None else high)


def output_end(graph: Graph, node: Node) -> End:
    """The end of a verified LceBconv2d."""
    op, y, count = node.op, graph.output(node), taps(graph, node)
    assert isinstance(op, LceBconv2d)
    low, high = sum_limits(op.activation, count)
    empty = np.zeros(0, np.float32)
    limits = (count - high, count - low)
    threshold = graph.role(node, "threshold")
    if threshold is not None:
        values = threshold.values.astype(np.int32).reshape(-1)
        return End(DType.INT32, *limits, empty, empty, values)
    factor, bias = graph.role(node, "multiplier"), graph.role(node, "bias")
    assert factor is not None
    assert bias is not None
    scale, zero = (y.quant.scale, y.quant.zero_point) if y.quant is not None else (1.0, 0)
    multiplier = factor.values.astype(np.float64).reshape(-1)
    moved = bias.values.astype(np.float64).reshape(-1) + count * multiplier
    return End(
        y.dtype,
        *limits,
        (-multiplier / scale).astype(np.float32),
        (moved / scale + zero).astype(np.float32),
    )
