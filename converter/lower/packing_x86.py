"""Weights and factors as the int8 `x86` kernels read them; ek_x86_s8.h and depthwise_conv2d_s8.c
draw the layouts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.packing_neon import padded
from edgekit.converter.lower.variants import Packing, Request

BLOCK, QUAD = 16, 4
"""Channels of a vector, and inputs of a channel that one instruction adds up."""
RAISED = 128
"""What the kernels add to activations."""
ALIGN = 64
"""Bytes of a cache line and of the widest vector."""


def _columns(request: Request, bias: NDArray[np.int32]) -> NDArray[np.int32]:
    """(bias, multiplier, left, right) as rows of one value a channel: shape (4, C)."""
    multiplier, shift = request.factors.T
    rows = [bias, multiplier, np.maximum(shift, 0), np.maximum(-shift, 0)]
    stacked: NDArray[np.int32] = np.stack(rows).astype(np.int32)
    return stacked


def dense(request: Request) -> tuple[Array, ...]:
    """Weights (O, K) as (O/16, K/4, 16, 4), factors as (O/16, 4, 16).

    Biases are lowered by 128 times the sum of a channel's weights, modulo 2^32.
    """
    rows = request.weights.reshape(request.weights.shape[0], -1)
    lowered = request.bias.astype(np.int64) - RAISED * rows.sum(axis=1, dtype=np.int64)
    whole = padded(rows, BLOCK, QUAD).astype(np.int8)
    blocks = whole.reshape(whole.shape[0] // BLOCK, BLOCK, -1, QUAD).transpose(0, 2, 1, 3)
    columns = padded(_columns(request, lowered.astype(np.int32)), 4, BLOCK).astype(np.int32)
    return _arrays(blocks, columns.reshape(4, -1, BLOCK).transpose(1, 0, 2))


def depthwise(request: Request) -> tuple[Array, ...]:
    """Weights (1, H, W, C) as (HW/2, C, 2): two taps of a channel beside each other."""
    channels = request.weights.shape[-1]
    taps = padded(request.weights.reshape(-1, channels), 2, 1).astype(np.int8)
    pairs = taps.reshape(-1, 2, channels).transpose(0, 2, 1)
    return _arrays(pairs, _columns(request, request.bias))


def _arrays(weights: NDArray[np.int8], factors: NDArray[np.int32]) -> tuple[Array, ...]:
    return (
        Array("w", "weights", "int8_t", weights, align=ALIGN),
        Array("f", "bias, requantization", "int32_t", factors, align=ALIGN),
    )


PACKINGS: dict[str, Packing] = {"x86_dense": dense, "x86_depthwise": depthwise}
