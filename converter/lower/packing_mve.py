"""Weights and factors as the `mve` kernels read them; each kernel's C file draws its layout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.variants import Packing, Request

CHUNK = 16
"""Bytes of a vector."""
QUAD = (0, 2, 1, 3)
"""Order of four channels whose narrowing interleaves them into their own order."""
LANES = (0, 4, 8, 12, 2, 6, 10, 14, 1, 5, 9, 13, 3, 7, 11, 15)
"""Order of 16 channels whose products were widened twice, even ones first."""


def padded(values: NDArray[np.generic], *multiples: int) -> NDArray[np.generic]:
    """`values` with zeros appended until each extent is a multiple.

    >>> padded(np.ones((3, 2)), 2, 4).shape
    (4, 4)
    """
    short = [-extent % multiple for extent, multiple in zip(values.shape, multiples, strict=True)]
    return np.pad(values, [(0, amount) for amount in short])


def factors(request: Request) -> NDArray[np.int32]:
    """(bias, multiplier, shift) per output channel; a multiplier of 0 takes any shift."""
    rows = request.factors
    shift = np.where(rows[:, 0] == 0, -1, rows[:, 1])
    columns: NDArray[np.int32] = np.stack([request.bias, rows[:, 0], shift], axis=1)
    return columns.astype(np.int32)


def padded_factors(request: Request, multiple: int) -> NDArray[np.int32]:
    """`factors`; channels that are padding get zeros and a shift of -1."""
    rows = padded(factors(request), multiple, 1).astype(np.int32)
    rows[request.bias.size :, 2] = -1
    return rows


def quad_factors(request: Request) -> NDArray[np.int32]:
    """`factors` in the order of `QUAD`."""
    return padded_factors(request, 4).reshape(-1, 4, 3)[:, QUAD].reshape(-1, 3)


def lane_factors(request: Request) -> NDArray[np.int32]:
    """Of each 16 channels four vectors of biases, multipliers and shifts: (C/16, 4, 3, 4)."""
    rows = padded_factors(request, CHUNK).reshape(-1, CHUNK, 3)[:, LANES]
    return rows.reshape(-1, 4, 4, 3).transpose(0, 1, 3, 2)


def quad_rows(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows of weights (O, K) as (O/2, K/16, 2, 16): chunks of channels 0 and 2, then of 1 and 3."""
    whole = padded(rows, 4, CHUNK).astype(np.int8)
    quads = whole.reshape(-1, 4, whole.shape[1])[:, QUAD]
    pairs = quads.reshape(-1, 2, whole.shape[1] // CHUNK, CHUNK)
    return pairs.transpose(0, 2, 1, 3)


def unpacked_quad_rows(packed: NDArray[np.int8], outputs: int, taps: int) -> NDArray[np.int8]:
    """The rows (O, K) that `quad_rows` was given."""
    pairs, chunks, _, _ = packed.shape
    rows = packed.transpose(0, 2, 1, 3).reshape(pairs // 2, 4, chunks * CHUNK)
    return rows[:, np.argsort(QUAD)].reshape(pairs * 2, chunks * CHUNK)[:outputs, :taps]


def lane_taps(taps: NDArray[np.int8]) -> NDArray[np.int8]:
    """Depthwise weights (T, C) as (C/16, T, 16)."""
    whole = padded(taps, 1, CHUNK).astype(np.int8)
    return whole.reshape(taps.shape[0], -1, CHUNK).transpose(1, 0, 2)


def unpacked_lane_taps(packed: NDArray[np.int8], channels: int) -> NDArray[np.int8]:
    """The weights (T, C) that `lane_taps` was given."""
    return packed.transpose(1, 0, 2).reshape(packed.shape[1], -1)[:, :channels]


def patches(kernels: NDArray[np.int8]) -> NDArray[np.int8]:
    """3x3 kernels (3, 3, C) as columns of four rows, four columns a channel, after four zeros."""
    channels = kernels.shape[2]
    square = np.zeros((channels, 4, 4), np.int8)
    square[:, :3, :3] = kernels.transpose(2, 1, 0)
    quads = square.reshape(-1, 4, 4, 4)[:, QUAD]
    return np.concatenate([np.zeros(4, np.int8), quads.reshape(-1)])


def unpacked_patches(packed: NDArray[np.int8]) -> NDArray[np.int8]:
    """The kernels (3, 3, C) that `patches` was given."""
    quads = packed[4:].reshape(-1, 4, 4, 4)[:, np.argsort(QUAD)]
    return quads.reshape(-1, 4, 4)[:, :3, :3].transpose(2, 1, 0)


def convolution(request: Request) -> tuple[Array, ...]:
    """Weights by `quad_rows`, factors by `quad_factors`."""
    rows = request.weights.reshape(request.weights.shape[0], -1)
    return _arrays(quad_rows(rows), quad_factors(request))


def row_chunks(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows of weights (O, K) as chunks of four rows, (O/4, K/16, 4, 16)."""
    whole = padded(rows, 4, CHUNK).astype(np.int8)
    return whole.reshape(-1, 4, whole.shape[1] // CHUNK, CHUNK).transpose(0, 2, 1, 3)


def fully_connected(request: Request) -> tuple[Array, ...]:
    """Weights by `row_chunks`; factors as four of each, (O/4, 3, 4)."""
    return _arrays(
        row_chunks(request.weights), padded_factors(request, 4).reshape(-1, 4, 3).transpose(0, 2, 1)
    )


def unpacked_rows(packed: NDArray[np.int8], outputs: int, inputs: int) -> NDArray[np.int8]:
    """The weights (O, K) that `fully_connected` was given."""
    return packed.transpose(0, 2, 1, 3).reshape(packed.shape[0] * 4, -1)[:outputs, :inputs]


def depthwise(request: Request) -> tuple[Array, ...]:
    """Weights by `lane_taps`, factors by `lane_factors`."""
    taps = request.weights.reshape(-1, request.weights.shape[-1])
    return _arrays(lane_taps(taps), lane_factors(request))


def depthwise_3x3(request: Request) -> tuple[Array, ...]:
    """Weights by `patches`, factors by `quad_factors`."""
    return _arrays(patches(request.weights[0]), quad_factors(request))


def _arrays(weights: NDArray[np.int8], rows: NDArray[np.int32]) -> tuple[Array, ...]:
    return (
        Array("w", "weights", "int8_t", weights, align=4),
        Array("f", "bias, requantization", "int32_t", rows),
    )


PACKINGS: dict[str, Packing] = {
    "mve_convolution": convolution,
    "mve_depthwise": depthwise,
    "mve_depthwise_3x3": depthwise_3x3,
    "mve_fully_connected": fully_connected,
}
