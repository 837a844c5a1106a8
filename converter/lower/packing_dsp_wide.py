"""Weights and factors of the `dsp` kernels with int4 weights or int16 activations.

Each kernel's C file draws its layout.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.packing_dsp import (
    channel_rows,
    doubled_columns,
    gathered_rows,
    padded,
)
from edgekit.converter.lower.variants import Packing, Request

# --------------------------------------------------------------------------------- int4 weights


def nibble_pairs(rows: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Rows (O, K) as bytes (O/2, K): of two channels the first is in the upper half of a byte, the
    second in the lower. O and K are padded with zeros, to even and to a multiple of four.

    >>> nibble_pairs(np.array([[1, -1, 7], [2, 3, -8]], np.int8))
    array([[ 18, 243, 120,   0]], dtype=uint8)
    """
    whole = padded(rows, 2, 4).view(np.uint8)
    bytes_: NDArray[np.uint8] = np.left_shift(whole[0::2], 4) | (whole[1::2] & np.uint8(0x0F))
    return bytes_


def w4_pairs(request: Request) -> tuple[Array, ...]:
    """Convolution: of each two output channels a byte for each tap."""
    return _w4(request, nibble_pairs(gathered_rows(request)))


def w4_quads(request: Request) -> tuple[Array, ...]:
    """Fully connected: words of two pairs of outputs in turn, (O/4, K/4, 2 pairs, 4 bytes)."""
    bytes_ = nibble_pairs(padded(channel_rows(request), 4, 1))
    quads = bytes_.reshape(len(bytes_) // 2, 2, -1, 4).transpose(0, 2, 1, 3)
    return _w4(request, np.ascontiguousarray(quads))


def w4_rows(request: Request) -> tuple[Array, ...]:
    """Depthwise: weights as they are stored."""
    return _w4(request, request.packed_weights)


def _w4(request: Request, weights: NDArray[np.uint8]) -> tuple[Array, ...]:
    return _arrays("uint8_t", weights, doubled_columns(request))


# ----------------------------------------------------------------------------- int16 activations


def short_factors(request: Request) -> NDArray[np.int64]:
    """(multiplier of 15 bits, right shift) per output channel: see ek_requant_wide in
    ek_requant_s16.h."""
    factors = request.factors.astype(np.int64)
    cut = np.where(factors[:, 0] < 0x7FFF0000, (factors[:, 0] + (1 << 15)) >> 16, 0x7FFF)
    return np.stack([cut, 15 - factors[:, 1]], axis=1)


def addends(request: Request) -> list[int]:
    """Per output channel bias times multiplier and half a step of the shift, both times 2^16."""
    rows = zip(request.wide_bias.tolist(), short_factors(request).tolist(), strict=True)
    return [(bias * m + (1 << (right - 1))) << 16 for bias, (m, right) in rows]


def s16_finish(request: Request) -> NDArray[np.int32]:
    """Rows of (multiplier * 2^16, addend's low word, its high word, right - 16)."""
    factors, words = short_factors(request), np.array(addends(request), np.int64)
    low = (words & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
    columns = [factors[:, 0] << 16, low, words >> 32, factors[:, 1] - 16]
    rows: NDArray[np.int32] = np.stack(columns, axis=1).astype(np.int32)
    return rows


def byte_pairs(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows (O, K) as words (O/2, K/2, 4): first and second channel at one input, then at the next.
    O and K are padded with zeros to even.

    >>> byte_pairs(np.array([[1, 2, 3], [4, 5, 6]], np.int8)).tolist()
    [[[1, 4, 2, 5], [3, 6, 0, 0]]]
    """
    whole = padded(rows, 2, 2)
    pairs = np.stack([whole[0::2], whole[1::2]], axis=-1)
    words: NDArray[np.int8] = pairs.reshape(len(pairs), -1, 4)
    return words


def s16_pairs(request: Request) -> tuple[Array, ...]:
    """Convolution: of each two output channels a word for each two taps."""
    return _arrays("int8_t", byte_pairs(channel_rows(request)), s16_finish(request))


def s16_quads(request: Request) -> tuple[Array, ...]:
    """Fully connected: words of two pairs of outputs in turn, (O/4, K/2, 2 pairs, 4 bytes)."""
    words = byte_pairs(padded(channel_rows(request), 4, 1))
    quads = words.reshape(len(words) // 2, 2, -1, 4).transpose(0, 2, 1, 3)
    return _arrays("int8_t", np.ascontiguousarray(quads), s16_finish(request))


def s16_lanes(request: Request) -> tuple[Array, ...]:
    """Depthwise: tap after tap, of each four channels the bytes 0, 2, 1, 3: (taps, C/4, 4)."""
    taps = padded(channel_rows(request), 4, 1).T
    fours = taps.reshape(len(taps), -1, 4)[:, :, [0, 2, 1, 3]]
    return _arrays("int8_t", np.ascontiguousarray(fours), s16_finish(request))


def _arrays(
    c_type: str, weights: NDArray[np.generic], finish: NDArray[np.int32]
) -> tuple[Array, ...]:
    return (
        Array("w", "weights", c_type, weights, align=4),
        Array("f", "bias, requantization", "int32_t", finish),
    )


PACKINGS: dict[str, Packing] = {
    "dsp_w4_pairs": w4_pairs,
    "dsp_w4_quads": w4_quads,
    "dsp_w4_rows": w4_rows,
    "dsp_s16_pairs": s16_pairs,
    "dsp_s16_quads": s16_quads,
    "dsp_s16_lanes": s16_lanes,
}
