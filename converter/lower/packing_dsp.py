"""Weights and factors as the `dsp` kernels read them; each kernel's C file draws its layout.

The common idea: two output channels share each int16 lane, as 256 * first + second. A lane is
multiplied as it is, its low byte (the second channel) once more on its own, and subtracting the two
sums leaves 256 times the first. So one instruction widens what two channels need.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import multiply_by_quantized_multiplier
from edgekit.converter.lower.calls import Array, product
from edgekit.converter.lower.int4 import unpacked_rows
from edgekit.converter.lower.variants import Packing, Request

Scalar = TypeVar("Scalar", np.int8, np.int32, np.int64)

LARGEST_SHIFT = 22
"""Right shifts up to this leave room for half a step and the zero point in 32 bits."""


def sum_range(request: Request) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The smallest and the largest accumulator of each output channel, over all int8 inputs."""
    rows = channel_rows(request).astype(np.int64)
    up, down = np.maximum(rows, 0).sum(axis=1), np.minimum(rows, 0).sum(axis=1)
    bias = request.bias.astype(np.int64)
    return bias - 128 * up + 127 * down, bias + 127 * up - 128 * down


def absolute_weights(request: Request) -> NDArray[np.int64]:
    """Sum of |weight| for each output channel."""
    rows = np.abs(channel_rows(request).astype(np.int64))
    total: NDArray[np.int64] = rows.sum(axis=1)
    return total


def channel_rows(request: Request) -> NDArray[np.int8]:
    """Weights as one row per output channel, taps outermost."""
    family = request.call.family
    by_tap = family.startswith("depthwise_conv2d")
    if family.endswith("s8w4"):
        rows = unpacked_rows(request.packed_weights, _row_length(request, by_tap))
        return rows.T if by_tap else rows
    weights = request.weights
    if by_tap:
        return weights.reshape(-1, weights.shape[-1]).T
    return weights.reshape(weights.shape[0], -1)


def gathered_rows(request: Request) -> NDArray[np.int8]:
    """Weights of a convolution, one row per output channel, in the order of ek_dsp_windows.h: of
    each kernel row the whole fours of taps, then what all kernel rows leave over."""
    rows = channel_rows(request)
    kernel_rows = rows.reshape(len(rows), request.number("kernel_h"), -1)
    whole = kernel_rows.shape[2] & ~3
    parts = (kernel_rows[:, :, :whole], kernel_rows[:, :, whole:])
    return np.concatenate([part.reshape(len(rows), -1) for part in parts], axis=1)


def _row_length(request: Request, by_tap: bool) -> int:
    """Weights in a packed row: all channels of a tap, or all taps of a channel."""
    if by_tap:
        return request.number("output_c")
    names = {"kernel_h", "kernel_w", "input_c"} & request.names
    return product(tuple(request.number(name) for name in names))


@lru_cache(maxsize=8)
def finish_columns(request: Request) -> NDArray[np.int64]:
    """(bias, multiplier, addend, right) per output channel: see ek_finish_t in ek_dsp.h. Several
    requirements of several kernels ask for those of one call.

    A channel whose output no input moves (dead channels have absurd biases and factors) gets bias
    and multiplier 0, shift 1 and that output.
    """
    factors, zero = request.factors.astype(np.int64), request.number("output_zero")
    multiplier, right = factors[:, 0], -factors[:, 1]
    low, high = (
        multiply_by_quantized_multiplier(sums.astype(np.int32), multiplier, -right)
        for sums in sum_range(request)
    )
    fixed = (low == high) & (right >= 0)  # a left shift may wrap: its ends say nothing
    right = np.where(fixed, 1, right)
    half = np.left_shift(1, np.maximum(right - 1, 0))
    addend = half + 2 * half * (zero + np.where(fixed, np.clip(low, -256, 256), 0))
    multiplier = np.where(fixed, 0, multiplier)
    bias = np.where(fixed, 0, request.bias)
    columns: NDArray[np.int64] = np.stack([bias, multiplier, addend, right], axis=1)
    columns.flags.writeable = False
    return columns


def doubled_columns(request: Request) -> NDArray[np.int32]:
    """The columns with twice the bias, as kernels of one channel in a lane read them."""
    columns: NDArray[np.int32] = (finish_columns(request) * (2, 1, 1, 1)).astype(np.int32)
    return columns


def padded(values: NDArray[Scalar], *multiples: int) -> NDArray[Scalar]:
    """`values` with zeros appended until each extent is a multiple.

    >>> padded(np.ones((3, 2)), 2, 4).shape
    (4, 4)
    """
    short = [-extent % multiple for extent, multiple in zip(values.shape, multiples, strict=True)]
    return np.pad(values, [(0, amount) for amount in short])


def paired_lanes(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows of weights (O, K) as bytes (O/2, K/2, 4): two channels by two inputs in each word.

    Words come in the order in which SXTB16 widens activations: inputs (0, 2), then (1, 3) of each
    four. O and K are padded with zeros, to even and to a multiple of four.
    """
    whole = padded(rows, 2, 4).astype(np.int16)
    outputs, inputs = whole.shape
    first, second = whole[0::2], whole[1::2]
    high = first - (second < 0)
    assert high.min(initial=0) >= -128, "a weight of -128 beside a negative one"
    lanes = np.stack([second, high], axis=-1).reshape(outputs // 2, inputs // 4, 2, 2, 2)
    ordered = lanes.transpose(0, 1, 3, 2, 4)  # group, lane pair, lane, byte
    words: NDArray[np.int8] = ordered.reshape(outputs // 2, inputs // 2, 4).astype(np.int8)
    return words


def unpaired_lanes(lanes: NDArray[np.int8], outputs: int, inputs: int) -> NDArray[np.int8]:
    """The rows (O, K) that `paired_lanes` was given."""
    pairs, words, _ = lanes.shape
    bytes_ = lanes.reshape(pairs, words // 2, 2, 2, 2).transpose(0, 1, 3, 2, 4)
    bytes_ = bytes_.reshape(pairs, words * 2, 2).astype(np.int16)
    second, first = bytes_[..., 0], bytes_[..., 1] + (bytes_[..., 0] < 0)
    rows = np.stack([first, second], axis=1).reshape(pairs * 2, words * 2)
    wanted: NDArray[np.int8] = rows[:outputs, :inputs].astype(np.int8)
    return wanted


def paired_finish(request: Request) -> NDArray[np.int32]:
    """Rows of eight for two channels: twice the biases, the second's first; their factors."""
    columns = padded(finish_columns(request), 2, 1)
    first, second = columns[0::2], columns[1::2]
    head = 2 * np.stack([second[:, 0], first[:, 0]], axis=1)
    rows: NDArray[np.int32] = np.concatenate([head, first[:, 1:], second[:, 1:]], axis=1).astype(
        np.int32
    )
    rows[:, [4, 7]] = np.maximum(rows[:, [4, 7]], 1)
    return rows


def quad_words(rows: NDArray[np.int8]) -> NDArray[np.int8]:
    """Rows of weights (O, K) as words of two pairs of outputs in turn: (O/4, K/2 * 2 pairs, 4)."""
    lanes = paired_lanes(padded(rows, 4, 1))
    pairs, words, _ = lanes.shape
    quads = lanes.reshape(pairs // 2, 2, words, 4).transpose(0, 2, 1, 3)
    return quads.reshape(pairs // 2, words * 2, 4)


def fully_connected(request: Request) -> tuple[Array, ...]:
    """Weights by `quad_words`, factors in fours."""
    finish = padded(paired_finish(request), 2, 1)
    return _arrays(quad_words(channel_rows(request)), finish)


def pairs(request: Request) -> tuple[Array, ...]:
    """Words of two output channels by two taps, taps as they are gathered: (O/2, K/2, 4)."""
    return _arrays(paired_lanes(gathered_rows(request)), paired_finish(request))


def doubled(request: Request) -> tuple[Array, ...]:
    """Of two output channels four taps in turn, as they are gathered: (O/2, K/4, 2, 4)."""
    rows = padded(gathered_rows(request), 2, 4)
    turns = rows.reshape(len(rows) // 2, 2, -1, 4).transpose(0, 2, 1, 3)
    return _arrays(np.ascontiguousarray(turns), paired_finish(request))


def depthwise(request: Request) -> tuple[Array, ...]:
    """Weights as they are; rows of (2 * bias, multiplier, addend, right)."""
    return _arrays(request.weights, doubled_columns(request))


def _arrays(weights: NDArray[np.int8], finish: NDArray[np.int32]) -> tuple[Array, ...]:
    return (
        Array("w", "weights", "int8_t", weights, align=4),
        Array("f", "bias, requantization", "int32_t", finish),
    )


PACKINGS: dict[str, Packing] = {
    "dsp_depthwise": depthwise,
    "dsp_pairs": pairs,
    "dsp_doubled": doubled,
    "dsp_fully_connected": fully_connected,
}
