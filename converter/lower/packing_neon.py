"""Weights and factors as the `neon` and `neondot` kernels read them; ek_neon_dot.h and
depthwise_conv2d_s8.c draw the layouts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.variants import Packing, Request

CHUNK = 16
"""Bytes of a vector."""


def padded(values: NDArray[np.generic], *multiples: int) -> NDArray[np.generic]:
    """`values` with zeros appended until each extent is a multiple.

    >>> padded(np.ones((3, 2)), 2, 4).shape
    (4, 4)
    """
    short = [-extent % multiple for extent, multiple in zip(values.shape, multiples, strict=True)]
    return np.pad(values, [(0, amount) for amount in short])


def columns(request: Request) -> NDArray[np.int32]:
    """(bias, multiplier, left, right) as rows of one value a channel: shape (4, C), right <= 0."""
    multiplier, shift = request.factors.T
    rows = [request.bias, multiplier, np.maximum(shift, 0), np.minimum(shift, 0)]
    stacked: NDArray[np.int32] = np.stack(rows).astype(np.int32)
    return stacked


def quad_columns(request: Request) -> NDArray[np.int32]:
    """`columns` of four channels at a time: shape (C/4, 4, 4), zeros for channels of padding."""
    whole = padded(columns(request), 4, 4).astype(np.int32)
    return whole.reshape(4, -1, 4).transpose(1, 0, 2)


def quad_rows(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows of weights (O, K) as (O/4, K/16, 4, 16): chunks of four channels in turn."""
    whole = padded(rows, 4, CHUNK).astype(np.int8)
    outputs, taps = whole.shape
    return whole.reshape(outputs // 4, 4, taps // CHUNK, CHUNK).transpose(0, 2, 1, 3)


def unpacked_quad_rows(packed: NDArray[np.int8], outputs: int, taps: int) -> NDArray[np.int8]:
    """The rows (O, K) that `quad_rows` was given."""
    quads, chunks, _, _ = packed.shape
    rows = packed.transpose(0, 2, 1, 3).reshape(quads * 4, chunks * CHUNK)
    return rows[:outputs, :taps]


def dense(request: Request) -> tuple[Array, ...]:
    """Weights by `quad_rows`, factors by `quad_columns`."""
    rows = request.weights.reshape(request.weights.shape[0], -1)
    return _arrays(quad_rows(rows), quad_columns(request))


def depthwise(request: Request) -> tuple[Array, ...]:
    """Weights as the model has them, factors by `columns`."""
    return _arrays(request.weights, columns(request))


def _arrays(weights: NDArray[np.int8], factors: NDArray[np.int32]) -> tuple[Array, ...]:
    return (
        Array("w", "weights", "int8_t", weights, align=CHUNK),
        Array("f", "bias, requantization", "int32_t", factors, align=CHUNK),
    )


PACKINGS: dict[str, Packing] = {
    "neon_dense": dense,
    "neon_depthwise": depthwise,
}
