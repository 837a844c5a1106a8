"""Weights and factors as the `c32` kernels read them; each kernel's C file draws its layout."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.packing_dsp import channel_rows, doubled_columns, padded
from edgekit.converter.lower.variants import Packing, Request

QUAD = 4
"""Output channels whose weights are neighbours."""


def quads_of_rows(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows of weights (O, K) as (O/4, K, 4): of each four outputs tap after tap; O padded with 0.

    >>> quads_of_rows(np.array([[1, 2], [3, 4]], np.int8)).tolist()
    [[[1, 3, 0, 0], [2, 4, 0, 0]]]
    """
    whole = padded(rows, QUAD, 1)
    quads = whole.reshape(len(whole) // QUAD, QUAD, -1).transpose(0, 2, 1)
    return np.ascontiguousarray(quads)


def quads(request: Request) -> tuple[Array, ...]:
    """Weights in quads; rows of (2 * bias, multiplier, addend, right)."""
    return _arrays(request, quads_of_rows(channel_rows(request)))


def depthwise(request: Request) -> tuple[Array, ...]:
    """The taps of each channel, (C, H * W); rows of (2 * bias, multiplier, addend, right)."""
    return _arrays(request, np.ascontiguousarray(channel_rows(request)))


def _arrays(request: Request, weights: NDArray[np.int8]) -> tuple[Array, ...]:
    return (
        Array("w", "weights", "int8_t", weights),
        Array("f", "bias, requantization", "int32_t", doubled_columns(request)),
    )


PACKINGS: dict[str, Packing] = {"c32_quads": quads, "c32_depthwise": depthwise}
