"""Where each output of a bilinear resize lies between its neighbours, along one axis.

int8 has fractions in 1/1024, float32 real ones; both as TFLite's reference kernels compute them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.ops import ResizeBilinear

Array = NDArray[Any]
ONE = 1 << 10
"""The fraction that stands for a whole step."""


def places(size: int, output: int, op: ResizeBilinear) -> NDArray[np.int16]:
    """(lower index, upper index, fraction of the upper in 1/1024) per output index, (output, 3).

    Fractions may be negative where both indices are 0. An upsampling so strong that the reference
    reads behind its input stays inside here.
    """
    scale = (ONE * size + output // 2) // output
    if op.align_corners and output > 1:
        scale = (ONE * (size - 1) + (output - 1) // 2) // (output - 1)
    place = np.arange(output, dtype=np.int64) * scale
    if op.half_pixel_centers:
        place += scale // 2 - ONE // 2
    # C's division goes towards zero; both indices are at least 0 anyway.
    lower = np.clip(place // ONE, 0, size - 1)
    upper = np.clip((place + ONE - 1) // ONE, 0, size - 1)
    return np.stack([lower, upper, place - ONE * lower], axis=1).astype(np.int16)


def real_places(size: int, output: int, op: ResizeBilinear) -> tuple[Array, Array, Array]:
    """Lower and upper index and the fraction of the upper, in float32."""
    corners = op.align_corners and output > 1
    numerator, divisor = (size - 1, output - 1) if corners else (size, output)
    scale, half = np.float32(numerator) / np.float32(divisor), np.float32(0.5)
    place = np.arange(output, dtype=np.float32)
    place = (place + half) * scale - half if op.half_pixel_centers else place * scale
    lower = np.maximum(np.floor(place), 0).astype(np.int64)
    upper = np.minimum(np.ceil(place), size - 1).astype(np.int64)
    return lower, upper, place - lower.astype(np.float32)
