"""Windows over NHWC images: padding, taps and patches of convolutions and poolings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import DTypeLike

from edgekit.converter.fixed_point import Window, window
from edgekit.converter.interpret.kernel import Array
from edgekit.converter.ir.ops import Padding


@dataclass(frozen=True, slots=True)
class Axis:
    """One spatial axis of a window operator."""

    kernel: int
    stride: int
    dilation: int
    extent: Window

    def tap(self, index: int) -> slice:
        """Where tap `index` of each window lies on the padded axis."""
        first = index * self.dilation
        return slice(first, first + (self.extent.output - 1) * self.stride + 1, self.stride)


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of an operator over images (n, height, width, channels)."""

    h: Axis
    w: Axis

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        padding: Padding,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        dilation: tuple[int, int] = (1, 1),
    ) -> Windows:
        """Over inputs of `shape` (NHWC); pairs are (height, width)."""
        h, w = (
            Axis(k, s, d, window(padding, n, k, s, d))
            for n, k, s, d in zip(shape[1:3], kernel, stride, dilation, strict=True)
        )
        return cls(h, w)

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of the output."""
        return self.h.extent.output, self.w.extent.output

    def pad(self, x: Array, fill: float, dtype: DTypeLike) -> Array:
        """The images in `dtype`, surrounded by `fill`."""
        top, left = self.h.extent.before, self.w.extent.before
        bottom, right = self.h.extent.after, self.w.extent.after
        n, height, width, channels = x.shape
        if not (top or left or bottom or right):
            return x.astype(dtype, copy=False)
        padded = np.full((n, top + height + bottom, left + width + right, channels), fill, dtype)
        padded[:, top : top + height, left : left + width] = x
        return padded

    def taps(self, padded: Array) -> Iterator[tuple[int, int, Array]]:
        """For each tap (i, j): the element of every window there, (n, out_h, out_w, channels)."""
        for i in range(self.h.kernel):
            for j in range(self.w.kernel):
                yield i, j, padded[:, self.h.tap(i), self.w.tap(j)]

    def patches(self, padded: Array) -> Array:
        """Every window as a row: (n * out_h * out_w, kernel_h * kernel_w * channels)."""
        h, w = self.h, self.w
        n, _, _, channels = padded.shape
        by_n, by_h, by_w, by_c = padded.strides
        view = as_strided(
            padded,
            (n, *self.output, h.kernel, w.kernel, channels),
            (by_n, by_h * h.stride, by_w * w.stride, by_h * h.dilation, by_w * w.dilation, by_c),
            writeable=False,
        )
        return np.ascontiguousarray(view).reshape(-1, h.kernel * w.kernel * channels)
