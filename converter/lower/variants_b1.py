"""Kernels on packed signs: what they need, cost and want packed.

Costs are from counts of whole layers on a Cortex-M4 at -Os (virtual-m4), as in variants_ref.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from edgekit.converter.bits import WORD
from edgekit.converter.lower.calls import Array, product
from edgekit.converter.lower.program import NumberArg
from edgekit.converter.lower.variants import Cost, Packing, Request, Requirement, ScratchSize


BASIS_X86 = "counts of whole layers with AVX2, in QEMU"
"""What the costs of the `x86` kernels rest on; users read it."""


def outputs(request: Request) -> int:
    """Output channels of all pixels."""
    names = ("batches", "output_h", "output_w", "output_c")
    return product(tuple(request.number(name) for name in names))


def window_words(request: Request) -> int:
    """Words of a window, of one group."""
    names = ("kernel_h", "kernel_w", "group_words")
    return product(tuple(request.number(name) for name in names))


def convolution(request: Request) -> int:
    """26 instructions a word, 34 a tap, 66 an output."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    return outputs(request) * (26 * window_words(request) + 34 * taps + 66)


def pooling(request: Request) -> int:
    """8 instructions a tap and word, 30 a word."""
    names = ("batches", "output_h", "output_w", "words")
    taps = request.number("kernel_h") * request.number("kernel_w")
    return product(tuple(request.number(name) for name in names)) * (8 * taps + 30)


def signs(request: Request) -> int:
    """8 instructions a channel."""
    numbers = [int(a.value) for a in request.call.args if isinstance(a, NumberArg)]
    return 8 * numbers[0] * numbers[1]


TILE = 16
"""Pixels that the `dsp` kernels compute at once."""


def _tiles(request: Request) -> int:
    names = ("batches", "output_h", "output_w")
    return -(-product(tuple(request.number(name) for name in names)) // TILE)


def tiles(request: Request) -> int:
    """For each tile and word 2050 instructions for tables and 76 a channel, for each tap 500, for
    each output 9."""
    return _tiles(request) * _tile(request, finish=9)


def tiles_scaled(request: Request) -> int:
    """As above, with 24 instructions for each output."""
    return _tiles(request) * _tile(request, finish=24)


def _tile(request: Request, finish: int) -> int:
    taps, channels = request.number("kernel_h") * request.number("kernel_w"), _channels(request)
    words = window_words(request)
    return words * (2050 + 76 * channels) + 500 * taps + TILE * finish * channels


def _channels(request: Request) -> int:
    return request.number("output_c")


def pairs(request: Request) -> tuple[Array, ...]:
    """Two words of a window of every channel, the next two, and one that is left over; thresholds
    cut to what a count can be, which changes no comparison."""
    return tuple(_PACKED[array.suffix](array) for array in _arrays(request))


def pairs_doubled(request: Request) -> tuple[Array, ...]:
    """The same, with multipliers and bias times two, which is exact."""
    return tuple(
        replace(array, values=array.values.astype(np.float32) * np.float32(2))
        if array.suffix in ("m", "b")
        else array
        for array in pairs(request)
    )


def _arrays(request: Request) -> list[Array]:
    return [array for array in request.call.args if isinstance(array, Array)]


def _paired(array: Array) -> Array:
    rows = array.values.reshape(len(array.values), -1)
    whole = rows.shape[1] // 2 * 2
    even = rows[:, :whole].reshape(len(rows), -1, 2).transpose(1, 0, 2)
    flat = np.concatenate([even.reshape(-1), rows[:, whole:].T.reshape(-1)])
    return replace(array, values=flat)


def _cut(array: Array) -> Array:
    values = np.clip(array.values.astype(np.int64), -1, MOST_TAPS)
    return replace(array, values=values.astype(np.int32))


_PACKED: dict[str, Callable[[Array], Array]] = {
    "w": _paired,
    "t": _cut,
    "m": lambda array: array,
    "b": lambda array: array,
}


def _moderate(request: Request) -> bool:
    """Whether twice the largest output stays far below 2**31."""
    count = WORD * window_words(request)
    arrays = {array.suffix: np.abs(array.values.astype(np.float64)) for array in _arrays(request)}
    return bool((2 * count * arrays["m"] + arrays["b"]).max() < 2**29)


def adders(request: Request) -> int:
    """70 instructions for six words of a window and output, 80 an output; for each pixel 14 a word
    and 20 a tap to gather its window."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    pixels = outputs(request) // _channels(request)
    sums = outputs(request) * (70 * (_block_words(request) // BLOCK) + 80)
    return sums + pixels * (14 * window_words(request) + 20 * taps)


def adders_scaled(request: Request) -> int:
    """As above, with 25 more an output."""
    return adders(request) + 25 * outputs(request)


def _filled(array: Array, size: int) -> Array:
    rows = array.values.reshape(len(array.values), -1)
    whole = np.zeros((len(rows), size), np.uint32)
    whole[:, : rows.shape[1]] = rows
    return replace(array, values=whole)


LANES = 16
"""Channels of a block of weights that vectors hold one in each lane."""
ROWS = 4
"""Windows that are counted at once."""


def _lane_blocks(request: Request) -> int:
    return -(-_channels(request) // LANES)


def lanes(request: Request) -> tuple[Array, ...]:
    """A word of each of 16 channels in turn, (O/16, words, 16), and ends of whole blocks; of
    thresholds the least counts above them."""
    size = LANES * _lane_blocks(request)
    return tuple(_laned(array, size) for array in _arrays(request))


def _laned(array: Array, size: int) -> Array:
    rows = array.values.reshape(len(array.values), -1)
    whole = np.zeros((size, rows.shape[1]), array.values.dtype)
    whole[: len(rows)] = rows
    if array.suffix == "t":
        least = np.clip(whole[:, 0].astype(np.int64) + 1, 0, MOST_TAPS).astype(np.uint16)
        return replace(array, c_type="uint16_t", values=least)
    if array.suffix != "w":
        return replace(array, values=whole[:, 0])
    return replace(array, values=whole.reshape(-1, LANES, rows.shape[1]).transpose(0, 2, 1))


def lanes_scratch(request: Request) -> int:
    """Four windows, and the counts of all channels of each."""
    return ROWS * (4 * window_words(request) + 2 * LANES * _lane_blocks(request))


def _gathering(request: Request, word: int, row: int) -> int:
    """Each pixel's window: `word` instructions a word, `row` a row of taps, 100 more."""
    pixels = outputs(request) // _channels(request)
    return pixels * (word * window_words(request) + row * request.number("kernel_h") + 100)


def _lane_tiles(request: Request) -> tuple[int, int]:
    """Tiles of four windows and single ones, each times the blocks of channels."""
    fours, rest = divmod(outputs(request) // _channels(request), ROWS)
    blocks = _lane_blocks(request)
    return (fours + (rest > 1)) * blocks, (rest == 1) * blocks


def _finishing(request: Request, block: int) -> int:
    """`block` instructions for 16 channels of a pixel."""
    return outputs(request) // _channels(request) * _lane_blocks(request) * block


def neon_lanes(request: Request) -> int:
    """16 channels: 116 instructions for two words of four windows, 37 of one, 60 more; 27 a pixel."""
    pairs, odd = divmod(window_words(request), 2)
    fours, ones = _lane_tiles(request)
    sums = fours * (116 * pairs + 70 * odd + 75) + ones * (37 * pairs + 22 * odd + 30)
    return sums + _gathering(request, 5, 40) + _finishing(request, 27)


def neon_lanes_scaled(request: Request) -> int:
    """As above, with 24 more a pixel for 16 channels."""
    return neon_lanes(request) + _finishing(request, 24)


def x86_lanes(request: Request) -> int:
    """16 channels: 90 instructions for a word of four windows, 28 of one, 190 more for every 31
    words; 23 a pixel."""
    words, (fours, ones) = window_words(request), _lane_tiles(request)
    chunks = -(-words // BYTES)
    sums = fours * (90 * words + 190 * chunks) + ones * (28 * words + 60 * chunks)
    return sums + _gathering(request, 7, 50) + _finishing(request, 23)


def x86_lanes_scaled(request: Request) -> int:
    """As above, with 70 more a pixel for 16 channels."""
    return x86_lanes(request) + _finishing(request, 70)


BYTES = 31
"""Words whose bits a byte can count."""


def _block_words(request: Request) -> int:
    return -(-window_words(request) // BLOCK) * BLOCK


def blocks(request: Request) -> tuple[Array, ...]:
    """Every three words a, b, c of a channel as a^b, a^c and a^b^c, filled up to blocks of six."""
    return tuple(
        _adding(array, _block_words(request)) if array.suffix == "w" else array
        for array in _arrays(request)
    )


def _adding(array: Array, size: int) -> Array:
    whole = _filled(array, size).values
    a, b, c = np.moveaxis(whole.reshape(len(whole), -1, 3), 2, 0)
    packed = np.stack([a ^ b, a ^ c, a ^ b ^ c], axis=2)
    return replace(array, values=packed.reshape(len(whole), size))


BLOCK = 6
"""Words that the `any` kernels add at once."""
MOST_TAPS = 65535
REQUIRES: dict[str, Requirement] = {
    "b1_one_group": Requirement("needs one group", lambda request: request.number("groups") == 1),
    "b1_ones": Requirement(
        "needs padding with +1, or none", lambda request: request.number("pad_ones") == 1
    ),
    "b1_taps": Requirement(
        "needs a window of at most 65535 signs",
        lambda request: WORD * window_words(request) <= MOST_TAPS,
    ),
    "b1_moderate": Requirement("needs outputs below 2^29 before they saturate", _moderate),
}
PACKINGS: dict[str, Packing] = {
    "b1_blocks": blocks,
    "b1_lanes": lanes,
    "b1_pairs": pairs,
    "b1_pairs_doubled": pairs_doubled,
}
SCRATCHES: dict[str, ScratchSize] = {
    "b1_lanes": lanes_scratch,
    "b1_tiles": lambda request: 4096 + 3 * TILE * _channels(request),
    "b1_window": lambda request: 4 * _block_words(request),
}
COSTS: dict[str, Cost] = {
    "neon_b1_lanes": neon_lanes,
    "neon_b1_lanes_scaled": neon_lanes_scaled,
    "any_b1_adders": adders,
    "any_b1_adders_scaled": adders_scaled,
    "dsp_b1_tiles": tiles,
    "dsp_b1_tiles_scaled": tiles_scaled,
    "x86_b1_lanes": x86_lanes,
    "x86_b1_lanes_scaled": x86_lanes_scaled,
    "ref_b1_convolution": convolution,
    "ref_b1_pooling": pooling,
    "ref_b1_signs": signs,
}
