"""Kernels on packed signs for Helium: what they need, cost and want packed.

Costs are from counts of whole layers on a Cortex-M55 (virtual-m55), as in variants_mve.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.bits import WORD
from edgekit.converter.lower.calls import Array
from edgekit.converter.lower.packing_mve import LANES, padded
from edgekit.converter.lower.program import NumberArg
from edgekit.converter.lower.variants import Cost, Packing, Request, Requirement, ScratchSize
from edgekit.converter.lower.variants_b1 import outputs, window_words

MOST_TAPS = 32767
"""What a count of 16 bits with a sign holds."""
LEAST = 1e-30
"""Helium takes what is much smaller for 0."""
ROW = 32
"""Channels whose counts, a nibble each, are a vector."""
ROWS = 2
"""Such vectors that are computed together."""
TILE, ROOM = 112, 264
"""Pixels of a tile at most."""
SIGNED, SCALED = 13, 85
"""Instructions that end 16 counts."""
SIGNS = (*range(0, 16, 2), *range(1, 16, 2))
"""Order of 16 channels whose counts are half-words, even ones first."""


def _fives(word: int) -> list[tuple[int, int]]:
    fields = [[(word, first + n) for n in range(5)] for first in (0, 16, 5, 21)]
    return [bit for field in fields for bit in field[:4]] + [field[4] for field in fields]


def _sixes(word: int) -> list[tuple[int, int]]:
    fields = [[(word, first + n) for n in range(6)] for first in (10, 26)]
    return [bit for f in fields for bit in f[:4]] + [bit for f in fields for bit in f[4:]]


PLANES = (*_fives(0), *_fives(1), *_sixes(0), *_sixes(1))
"""(word, bit) of the 64 weights of two words, in the order in which tables_b1.c reads them."""


def planes(words: NDArray[np.uint32]) -> NDArray[np.uint8]:
    """Weights (O, words) as bit planes (O/32, words/2, 16, 16): of each 32 channels and two words
    16 vectors of nibbles, channel n below channel 16 + n."""
    whole = padded(words, ROW, 2).astype(np.uint32).reshape(-1, ROW, -(-words.shape[1] // 2), 2)
    at = np.array(PLANES)
    bits = (whole[..., at[:, 0]] >> at[:, 1].astype(np.uint32) & 1).astype(np.uint8)
    nibbles = (bits.reshape(*bits.shape[:3], 16, 4) << np.arange(4, dtype=np.uint8)).sum(-1)
    both: NDArray[np.uint8] = (nibbles[:, :16] | nibbles[:, 16:] << 4).astype(np.uint8)
    return both.transpose(0, 2, 3, 1)


def tables(request: Request) -> tuple[Array, ...]:
    """Bit planes of two rows of 32 channels, words of a window two by two; what ends counts in the
    order in which it is read, for whole rows."""
    arrays = [array for array in request.call.args if isinstance(array, Array)]
    return tuple(_PACKED[array.suffix](array) for array in arrays)


def _planes_of(array: Array) -> Array:
    found = planes(array.values.reshape(len(array.values), -1).astype(np.uint32))
    blocks = [found[at : at + ROWS].transpose(1, 0, 2, 3) for at in range(0, len(found), ROWS)]
    values = np.concatenate([block.reshape(-1) for block in blocks])
    return replace(array, c_type="uint8_t", values=values)


def _in_order(values: NDArray[np.generic], order: tuple[int, ...]) -> NDArray[np.generic]:
    return values.reshape(-1, 16)[:, order].reshape(-1)


def _thresholds(array: Array) -> Array:
    cut = np.clip(array.values.astype(np.int64), -1, MOST_TAPS)
    whole = np.pad(cut, (0, -len(cut) % ROW), constant_values=MOST_TAPS)
    return replace(array, c_type="int16_t", values=_in_order(whole.astype(np.int16), SIGNS))


def _reals(array: Array) -> Array:
    return replace(array, values=_in_order(padded(array.values, ROW), LANES))


_PACKED: dict[str, Callable[[Array], Array]] = {
    "w": _planes_of,
    "t": _thresholds,
    "m": _reals,
    "b": _reals,
}


def _normal(request: Request) -> bool:
    values = [a.values for a in request.call.args if isinstance(a, Array) and a.suffix in "mb"]
    return all(bool(((v == 0) | (np.abs(v) >= LEAST)).all()) for v in values)


def _pixels(request: Request) -> int:
    return outputs(request) // request.number("output_c")


def _tile(request: Request, most: int) -> int:
    tiles = -(-_pixels(request) // most)
    return -(-_pixels(request) // tiles)


def _scratch(most: int) -> ScratchSize:
    return lambda request: 16384 + 136 * _tile(request, most)


def _cost(most: int, finish: int) -> Cost:
    """Two words of a window and 32 channels take 1620 instructions a tile and 42 a pixel; a pixel
    of 64 channels 26 more for two words and 20 once; `finish` for 16 outputs."""

    def cost(request: Request) -> int:
        pixels, sets = _pixels(request), -(-window_words(request) // 2)
        rows = -(-request.number("output_c") // ROW)
        blocks, tiles = -(-rows // ROWS), -(-pixels // most)
        counting = sets * (rows * (1620 * tiles + 42 * pixels) + blocks * 26 * pixels)
        return counting + pixels * (20 * blocks + 2 * rows * finish)

    return cost


def signs_cost(request: Request) -> int:
    """30 instructions for 32 channels, 15 a row."""
    rows, channels, *_ = (int(a.value) for a in request.call.args if isinstance(a, NumberArg))
    return rows * (15 + 30 * -(-channels // WORD))


REQUIRES: dict[str, Requirement] = {
    "mve_b1_taps": Requirement(
        "needs a window of at most 32767 signs",
        lambda request: WORD * window_words(request) <= MOST_TAPS,
    ),
    "mve_b1_normal": Requirement("needs multipliers and bias of 0 or from 1e-30 on", _normal),
}
COSTS: dict[str, Cost] = {
    "mve_b1_signs": signs_cost,
    "mve_b1_tables": _cost(TILE, SIGNED),
    "mve_b1_tables_room": _cost(ROOM, SIGNED),
    "mve_b1_tables_s8": _cost(TILE, SCALED),
    "mve_b1_tables_room_s8": _cost(ROOM, SCALED),
    "mve_b1_tables_f32": _cost(TILE, SCALED),
    "mve_b1_tables_room_f32": _cost(ROOM, SCALED),
}
PACKINGS: dict[str, Packing] = {"mve_b1_tables": tables}
SCRATCHES: dict[str, ScratchSize] = {
    "mve_b1_tables": _scratch(TILE),
    "mve_b1_tables_room": _scratch(ROOM),
}
