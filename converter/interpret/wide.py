"""The end of int16 sums: a bias of 64 bits, a factor of 15 bits, one rounding, the clamp."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import Requant
from edgekit.converter.fixed_point16 import multiply_wide, wide_requant
from edgekit.converter.interpret.kernel import Array

CHUNK_ELEMENTS = 1 << 16


def wide_finish(
    bias: NDArray[np.int64], factors: Sequence[Requant], bounds: tuple[int, int]
) -> Callable[[Array], NDArray[np.int16]]:
    """Sums of shape (..., channels), exact integers in any dtype, to int16.

    `factors` has one entry for all channels or one for each.
    """
    cut = [wide_requant(factor) for factor in factors]
    multiplier = np.array([factor.multiplier for factor in cut], np.int64)
    shift = np.array([factor.shift for factor in cut], np.int64)

    def finish(sums: Array) -> NDArray[np.int16]:
        rows = sums.reshape(-1, sums.shape[-1])
        result = np.empty(rows.shape, np.int16)
        # In chunks, because the intermediates are int64 and would not fit the cache.
        step = max(1, CHUNK_ELEMENTS // rows.shape[1])
        for start in range(0, len(rows), step):
            chunk = rows[start : start + step].astype(np.int64) + bias
            scaled = multiply_wide(chunk, multiplier, shift)
            result[start : start + step] = np.clip(scaled, *bounds)
        return result.reshape(sums.shape)

    return finish
