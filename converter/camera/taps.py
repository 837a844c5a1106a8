"""The weights of a resize along one axis, as integers.

Pillow's resize of 8-bit images, which converters prepare calibration data with: weights in double
precision from a filter stretched to the scale, scaled to 22 bits and rounded away from zero at
ties (Pillow's Resample.c; nearest follows Geometry.c, whose position is a running sum).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError

WEIGHT_BITS = 22


@dataclass(frozen=True, slots=True)
class Taps:
    """Output i is the sum of weights[i][k] * input[first[i] + k], rounded, of the 8-bit range."""

    first: tuple[int, ...]
    weights: tuple[tuple[int, ...], ...]

    @property
    def most(self) -> int:
        """The largest number of weights of an output."""
        return max(len(row) for row in self.weights)

    @property
    def span(self) -> tuple[int, int]:
        """First input that counts, and the one after the last."""
        ends = [at + len(row) for at, row in zip(self.first, self.weights, strict=True)]
        return min(self.first), max(ends)

    def shifted(self, by: int) -> Taps:
        """The same of an input that starts `by` places further on."""
        return Taps(tuple(at - by for at in self.first), self.weights)

    def apply(self, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The resize of axis 0: uint8 (n, ...) -> uint8 (outputs, ...)."""
        out = np.empty((len(self.first), *values.shape[1:]), np.uint8)
        for i, (first, weights) in enumerate(zip(self.first, self.weights, strict=True)):
            taken = values[first : first + len(weights)].astype(np.int64)
            total = np.tensordot(np.array(weights, np.int64), taken, axes=1)
            out[i] = np.clip((total + (1 << WEIGHT_BITS - 1)) >> WEIGHT_BITS, 0, 255)
        return out


def _triangle(x: float) -> float:
    return max(0.0, 1.0 - abs(x))


def _box(x: float) -> float:
    return 1.0 if -0.5 < x <= 0.5 else 0.0


FILTERS: dict[str, tuple[float, Callable[[float], float]]] = {
    "bilinear": (1.0, _triangle),
    "box": (0.5, _box),
}
"""Name -> how far the filter reaches at scale 1, and its value."""
RESAMPLES = (*FILTERS, "nearest")


def make_taps(
    size: int, out: int, resample: str = "bilinear", box: tuple[float, float] | None = None
) -> Taps:
    """`size` inputs, of which [box[0], box[1]) are shown, to `out` outputs.

    Raises UsageError for an unknown `resample`.
    """
    low, high = (float(np.float32(edge)) for edge in (box or (0.0, size)))
    if resample == "nearest":
        return _nearest(size, out, low, high)
    if resample not in FILTERS:
        raise UsageError(
            f"resample {resample!r}",
            "unknown",
            allowed=", ".join(RESAMPLES),
            hint="models are prepared for bilinear",
            code="resample",
        )
    reach, value = FILTERS[resample]
    scale = float(np.float32(high - low)) / out
    wide = max(scale, 1.0)
    first, rows = [], []
    for i in range(out):
        centre = low + (i + 0.5) * scale
        start = max(0, int(centre - reach * wide + 0.5))
        end = min(size, int(centre + reach * wide + 0.5))
        real = [value((k - centre + 0.5) * (1.0 / wide)) for k in range(start, end)]
        total = _running(real)
        at, weights = _trim(start, [_fixed(w / total if total else w) for w in real])
        first.append(at)
        rows.append(weights)
    return Taps(tuple(first), tuple(rows))


def _running(values: list[float]) -> float:
    """The sum in the order of the values, each step rounded."""
    total = 0.0
    for value in values:
        total += value
    return total


def _fixed(weight: float) -> int:
    return int(weight * (1 << WEIGHT_BITS) + (0.5 if weight >= 0 else -0.5))


def _trim(start: int, weights: list[int]) -> tuple[int, tuple[int, ...]]:
    """Without zeros at the ends: they change nothing and cost time."""
    used = [k for k, weight in enumerate(weights) if weight]
    if not used:
        return start, (0,)
    return start + used[0], tuple(weights[used[0] : used[-1] + 1])


def _nearest(size: int, out: int, low: float, high: float) -> Taps:
    scale = (high - low) / out
    position, first = low + scale * 0.5, []
    for _ in range(out):
        first.append(min(size - 1, int(position)))
        position += scale
    return Taps(tuple(first), ((1 << WEIGHT_BITS,),) * out)
