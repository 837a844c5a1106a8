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
    taps, count = request.number("kernel_h") * request.number("kernel_w"), channels(request)
    words = window_words(request)
    return words * (2050 + 76 * count) + 500 * taps + TILE * finish * count


def channels(request: Request) -> int:
    """Output channels."""
    return request.number("output_c")


def pairs(request: Request) -> tuple[Array, ...]:
    """Two words of a window of every channel, the next two, and one that is left over; thresholds
    cut to what a count can be, which changes no comparison."""
    return tuple(_PACKED[array.suffix](array) for array in arrays(request))


def pairs_doubled(request: Request) -> tuple[Array, ...]:
    """The same, with multipliers and bias times two, which is exact."""
    return tuple(
        replace(array, values=array.values.astype(np.float32) * np.float32(2))
        if array.suffix in ("m", "b")
        else array
        for array in pairs(request)
    )


def arrays(request: Request) -> list[Array]:
    """The constants of a call: weights "w", thresholds "t", multipliers "m", bias "b"."""
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
    ends = {array.suffix: np.abs(array.values.astype(np.float64)) for array in arrays(request)}
    return bool((2 * count * ends["m"] + ends["b"]).max() < 2**29)


def adders(request: Request) -> int:
    """70 instructions for six words of a window and output, 80 an output; for each pixel 14 a word
    and 20 a tap to gather its window."""
    taps = request.number("kernel_h") * request.number("kernel_w")
    pixels = outputs(request) // channels(request)
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


def _block_words(request: Request) -> int:
    return -(-window_words(request) // BLOCK) * BLOCK


def blocks(request: Request) -> tuple[Array, ...]:
    """Every three words a, b, c of a channel as a^b, a^c and a^b^c, filled up to blocks of six."""
    return tuple(
        _adding(array, _block_words(request)) if array.suffix == "w" else array
        for array in arrays(request)
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
    "b1_pairs": pairs,
    "b1_pairs_doubled": pairs_doubled,
}
SCRATCHES: dict[str, ScratchSize] = {
    "b1_tiles": lambda request: 4096 + 3 * TILE * channels(request),
    "b1_window": lambda request: 4 * _block_words(request),
}
COSTS: dict[str, Cost] = {
    "any_b1_adders": adders,
    "any_b1_adders_scaled": adders_scaled,
    "dsp_b1_tiles": tiles,
    "dsp_b1_tiles_scaled": tiles_scaled,
    "ref_b1_convolution": convolution,
    "ref_b1_pooling": pooling,
    "ref_b1_signs": signs,
}
