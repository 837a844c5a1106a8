"""Kernels on packed signs with a channel in each lane (ek_lanes_b1.h): `neon` and `x86`.

Costs are from counts of whole layers at -O3, which
tests/converter/lower/test_binary_costs_processors.py repeats: compiled for a Cortex-A72, and for an
x86-64 with AVX2. AVX-512 takes fewer, plain C more.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.bits import WORD
from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.program import NumberArg
from edgekit.converter.lower.variants import Cost, Packing, Request, ScratchSize
from edgekit.converter.lower.variants_b1 import (
    MOST_TAPS,
    arrays,
    channels,
    outputs,
    window_words,
)

BASIS = "counts of whole layers with AVX2, in QEMU"
"""What the costs of `x86` rest on; users read it."""
LANES = 16
"""Channels of a block of weights that vectors hold one in each lane."""
ROWS = 4
"""Windows that are counted at once."""
BYTES = 31
"""Words whose bits a byte can count."""


def _lane_blocks(request: Request) -> int:
    return -(-channels(request) // LANES)


def lanes(request: Request) -> tuple[Array, ...]:
    """A word of each of 16 channels in turn, (O/16, words, 16), and ends of whole blocks; of
    thresholds the least counts above them."""
    size = LANES * _lane_blocks(request)
    return tuple(_laned(array, size) for array in arrays(request))


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
    pixels = outputs(request) // channels(request)
    return pixels * (word * window_words(request) + row * request.number("kernel_h") + 100)


def _lane_tiles(request: Request) -> tuple[int, int]:
    """Tiles of four windows and single ones, each times the blocks of channels."""
    fours, rest = divmod(outputs(request) // channels(request), ROWS)
    blocks = _lane_blocks(request)
    return (fours + (rest > 1)) * blocks, (rest == 1) * blocks


def _finishing(request: Request, block: int) -> int:
    """`block` instructions for 16 channels of a pixel."""
    return outputs(request) // channels(request) * _lane_blocks(request) * block


def neon_lanes(request: Request) -> int:
    """16 channels: 116 instructions for two words of four windows, 37 of one; 27 a pixel."""
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


def x86_signs(request: Request) -> int:
    """10 instructions for 32 channels, 8 a channel that is left over, 20 a row."""
    numbers = [int(a.value) for a in request.call.args if isinstance(a, NumberArg)]
    rows, count = numbers[:2]
    return rows * (20 + 10 * (count // WORD) + 8 * (count % WORD))


PACKINGS: dict[str, Packing] = {"b1_lanes": lanes}
SCRATCHES: dict[str, ScratchSize] = {"b1_lanes": lanes_scratch}
COSTS: dict[str, Cost] = {
    "neon_b1_lanes": neon_lanes,
    "neon_b1_lanes_scaled": neon_lanes_scaled,
    "x86_b1_signs": x86_signs,
    "x86_b1_lanes": x86_lanes,
    "x86_b1_lanes_scaled": x86_lanes_scaled,
}
