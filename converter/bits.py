"""Signs packed 32 to a word, as the Larq Compute Engine has them.

Bit i of word j stands for channel 32 j + i: 1 for -1, 0 for +1. The last word of a row is filled up
with zeros, which add nothing where equal bits count.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

WORD = 32
"""Channels of a word."""


def words(channels: int) -> int:
    """Words that hold so many channels."""
    return -(-channels // WORD)


def pack_bits(negative: NDArray[Any]) -> NDArray[np.int32]:
    """Booleans (..., channels), true for -1, as int32 (..., words)."""
    channels = negative.shape[-1]
    rows = np.ascontiguousarray(negative, np.bool_).reshape(-1, channels)
    padded = np.zeros((len(rows), words(channels) * WORD), np.bool_)
    padded[:, :channels] = rows
    packed = np.packbits(padded, axis=1, bitorder="little").view("<i4")
    return packed.astype(np.int32, copy=False).reshape(*negative.shape[:-1], words(channels))


def unpack_bits(packed: NDArray[np.int32], channels: int) -> NDArray[np.bool_]:
    """int32 (..., words) as booleans (..., channels), true for -1; what lies behind is dropped."""
    rows = np.ascontiguousarray(packed).astype("<i4", copy=False)
    bits = np.unpackbits(rows.reshape(-1, rows.shape[-1]).view(np.uint8), axis=1, bitorder="little")
    return bits[:, :channels].astype(np.bool_).reshape(*packed.shape[:-1], channels)


def signs(packed: NDArray[np.int32], channels: int) -> NDArray[np.float32]:
    """int32 (..., words) as +1 and -1 in float32 (..., channels)."""
    return np.where(unpack_bits(packed, channels), np.float32(-1), np.float32(1))
