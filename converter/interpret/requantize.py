"""From accumulators to int8: add the bias, apply a factor per channel, round twice, clamp."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import Requant, multiply_by_quantized_multiplier
from edgekit.converter.interpret.kernel import Array

CHUNK_ELEMENTS = 1 << 16


@dataclass(frozen=True, slots=True)
class Requantizer:
    """Accumulators of shape (..., channels), exact integers in any dtype, to int8.

    y = clamp(factor * (accumulator + bias) + zero_point, low, high)
    """

    bias: NDArray[np.int64]
    multiplier: NDArray[np.int64]
    shift: NDArray[np.int32]
    zero_point: int
    low: int
    high: int
    peak: int
    """No |accumulator + bias| is larger."""

    @classmethod
    def of(
        cls,
        bias: NDArray[np.int64],
        factors: Sequence[Requant],
        zero_point: int,
        bounds: tuple[int, int],
        peak: int,
    ) -> Requantizer:
        """One factor for all channels or one for each; `bounds` are the activation's."""
        multiplier = np.array([factor.multiplier for factor in factors], np.int64)
        shift = np.array([factor.shift for factor in factors], np.int32)
        return cls(bias, multiplier, shift, zero_point, *bounds, peak)

    def __call__(self, accumulators: Array) -> NDArray[np.int8]:
        rows = accumulators.reshape(-1, accumulators.shape[-1])
        result = np.empty(rows.shape, np.int8)
        # In chunks, because the intermediates are int64 and would not fit the cache.
        step = max(1, CHUNK_ELEMENTS // rows.shape[1])
        scale = self._scale_right if self._only_right else self._scale
        for start in range(0, len(rows), step):
            chunk = rows[start : start + step].astype(np.int64)
            chunk += self.bias
            scaled = scale(chunk)
            scaled += np.int32(self.zero_point)
            np.clip(scaled, self.low, self.high, out=scaled)
            result[start : start + step] = scaled
        return result.reshape(accumulators.shape)

    @property
    def _only_right(self) -> bool:
        # Below 2**30, so that adding half of the largest step cannot overflow.
        return self.peak < 1 << 30 and bool((self.shift < 0).all())

    def _scale(self, x: NDArray[np.int64]) -> NDArray[np.int32]:
        """The definition."""
        return multiply_by_quantized_multiplier(x, self.multiplier, self.shift)

    def _scale_right(self, x: NDArray[np.int64]) -> NDArray[np.int32]:
        """The same for right shifts of values below 2**30, in place and in half the time."""
        x *= self.multiplier
        x += 1 << 30
        x >>= 31
        high = x.astype(np.int32)
        high += high >> 31
        high += np.int32(1) << (-1 - self.shift)
        high >>= -self.shift
        return high
