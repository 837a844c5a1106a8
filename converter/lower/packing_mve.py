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
    return np.stack([request.bias, rows[:, 0], shift], axis=1).astype(np.int32)


def quad_factors(request: Request) -> NDArray[np.int32]:
    """`factors` in the order of `QUAD`; channels that are padding get zeros and a shift of -1."""
    rows = padded(factors(request), 4, 1).astype(np.int32)
    rows[request.bias.size :, 2] = -1
    return rows.reshape(-1, 4, 3)[:, QUAD].reshape(-1, 3)


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


def convolution(request: Request) -> tuple[Array, ...]:
    """Weights by `quad_rows`, factors by `quad_factors`."""
    rows = request.weights.reshape(request.weights.shape[0], -1)
    return _arrays(quad_rows(rows), quad_factors(request))


def _arrays(weights: NDArray[np.int8], rows: NDArray[np.int32]) -> tuple[Array, ...]:
    return (
        Array("w", "weights", "int8_t", weights, align=4),
        Array("f", "bias, requantization", "int32_t", rows),
    )


PACKINGS: dict[str, Packing] = {
    "mve_convolution": convolution,
}
