"""What the bytes of a camera's frame mean: each format to 8-bit pixels, and back for a test frame.

`firmware_stubs/camera/ek_unpack_*.c` computes the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import DataError, UsageError

Pixels = NDArray[np.uint8]
Raw = NDArray[np.uint8]
"""A frame's bytes: uint8 (height, width * bytes of a pixel)."""


@dataclass(frozen=True, slots=True)
class FrameFormat:
    """How pixels lie in a frame."""

    name: str
    pixel_bytes: int
    """Of a pixel."""
    even: bool
    """Width has to be even."""
    neighbours: bool
    """A pixel's colours come from the rows above and below too."""
    colours: Callable[[Raw], Pixels]
    """(height, width * bytes) -> (height, width, 3)."""
    grey: Callable[[Raw], Pixels] | None
    """Where grey is not the luma of the colours: (height, width * bytes) -> (height, width)."""
    pack: Callable[[Pixels], Raw]
    """(height, width, 3) -> a frame that a sensor would send."""

    def unpack(self, raw: Raw, channels: int) -> Pixels:
        """(height, width, channels) of a frame; `channels` is 3 for red, green, blue or 1."""
        if channels == 3:
            return self.colours(raw)
        return (self.grey(raw) if self.grey else luma(self.colours(raw)))[:, :, None]

    def frame(self, data: bytes, width: int, height: int) -> Raw:
        """The bytes of a frame in rows. Raises DataError when there are too many or too few."""
        if len(data) != width * height * self.pixel_bytes:
            raise DataError(
                f"a frame of {width}x{height} {self.name}",
                f"{len(data)} bytes",
                allowed=f"{width * height * self.pixel_bytes} bytes",
                hint="give the size and format the frames were recorded with",
                code="frame-bytes",
            )
        return np.frombuffer(data, np.uint8).reshape(height, width * self.pixel_bytes)


def luma(pixels: Pixels) -> Pixels:
    """Luma of ITU-R BT.601 with 16-bit weights, rounded, as Pillow's mode L has it."""
    red, green, blue = np.moveaxis(pixels.astype(np.int64), -1, 0)
    return _eight_bits((red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16)


def _eight_bits(values: NDArray[Any]) -> Pixels:
    narrow: Pixels = values.astype(np.uint8)
    return narrow


def _rgb565(raw: Raw, high: int) -> Pixels:
    """Five, six and five bits, the upper ones repeated below."""
    pairs = raw.reshape(raw.shape[0], -1, 2).astype(np.int64)
    value = pairs[:, :, high] << 8 | pairs[:, :, 1 - high]
    red, green, blue = value >> 11, value >> 5 & 63, value & 31
    wide = [red << 3 | red >> 2, green << 2 | green >> 4, blue << 3 | blue >> 2]
    return _eight_bits(np.stack(wide, axis=-1))


def _pack_rgb565(pixels: Pixels, high: int) -> Raw:
    red, green, blue = np.moveaxis(pixels.astype(np.int64), -1, 0)
    value = red >> 3 << 11 | green >> 2 << 5 | blue >> 3
    pair = [value >> 8, value & 255] if high == 0 else [value & 255, value >> 8]
    return _eight_bits(np.stack(pair, axis=-1)).reshape(pixels.shape[0], -1)


def _yuv422(raw: Raw, first: int, colour: int) -> Pixels:
    """BT.601 with full range (ITU-T T.871, section 7), coefficients rounded to 16 bits.

    `first` is the place of the first luma in four bytes, `colour` that of U; V lies two behind.
    """
    quads = raw.reshape(raw.shape[0], -1, 4).astype(np.int64)
    y = quads[:, :, [first, first + 2]].reshape(raw.shape[0], -1) * 65536 + 0x8000
    u, v = (np.repeat(quads[:, :, at] - 128, 2, axis=1) for at in (colour, colour + 2))
    values = [y + 91881 * v, y - 22554 * u - 46802 * v, y + 116130 * u]
    return _eight_bits(np.clip(np.stack(values, axis=-1) >> 16, 0, 255))


def _grey_of_yuv422(raw: Raw, first: int) -> Pixels:
    return raw[:, first::2]


def _pack_yuv422(pixels: Pixels, first: int, colour: int) -> Raw:
    values = pixels.astype(np.float64)
    y = values @ [0.299, 0.587, 0.114]
    pairs = values.reshape(values.shape[0], -1, 2, 3).mean(axis=2)
    mean = pairs @ [0.299, 0.587, 0.114]
    raw = np.empty((pixels.shape[0], pixels.shape[1] // 2, 4))
    raw[:, :, first], raw[:, :, first + 2] = y[:, 0::2], y[:, 1::2]
    raw[:, :, colour] = 128 + (pairs[:, :, 2] - mean) / 1.772
    raw[:, :, colour + 2] = 128 + (pairs[:, :, 0] - mean) / 1.402
    return _eight_bits(np.clip(np.rint(raw), 0, 255)).reshape(pixels.shape[0], -1)


def _grey(raw: Raw) -> Pixels:
    return np.repeat(raw[:, :, None], 3, axis=2)


def _same(raw: Raw) -> Pixels:
    return raw


def _bayer(raw: Raw, row: int, column: int) -> Pixels:
    """Bilinear: the rounded mean of the two or four nearest pixels of a colour.

    Beyond an edge lies what is one pixel inside it. Red is where y, x have the parities of `row`,
    `column`.
    """
    height, width = raw.shape
    wide = np.pad(raw.astype(np.int64), 1, mode="reflect")
    shifted = {
        (dy, dx): wide[1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        for dy in (-1, 0, 1)
        for dx in (-1, 0, 1)
    }
    at, sides = shifted[0, 0], shifted[0, -1] + shifted[0, 1]
    ends = shifted[-1, 0] + shifted[1, 0]
    cross = (sides + ends + 2) >> 2
    corners = sum(shifted[dy, dx] for dy in (-1, 1) for dx in (-1, 1))
    diagonal, beside, along = (corners + 2) >> 2, (sides + 1) >> 1, (ends + 1) >> 1
    red_row = (np.arange(height) % 2 == row)[:, None]
    red_column = (np.arange(width) % 2 == column)[None, :]
    red = np.where(red_row, np.where(red_column, at, beside), np.where(red_column, along, diagonal))
    blue = np.where(
        red_row, np.where(red_column, diagonal, along), np.where(red_column, beside, at)
    )
    green = np.where(red_row == red_column, cross, at)
    return _eight_bits(np.stack([red, green, blue], axis=-1))


def _pack_bayer(pixels: Pixels, row: int, column: int) -> Raw:
    height, width = pixels.shape[:2]
    red_row = (np.arange(height) % 2 == row)[:, None]
    red_column = (np.arange(width) % 2 == column)[None, :]
    plane = np.where(red_row == red_column, np.where(red_row, 0, 2), 1)
    return np.take_along_axis(pixels, plane[:, :, None], axis=2)[:, :, 0]


def _format(
    name: str, pixel_bytes: int, unpack: Callable[..., Any], pack: Callable[..., Any], *places: int
) -> FrameFormat:
    """A format of a family; `places` say where in it things lie."""
    grey = {_yuv422: partial(_grey_of_yuv422, first=places[0]) if places else None, _grey: _same}
    return FrameFormat(
        name=name,
        pixel_bytes=pixel_bytes,
        even=unpack is _yuv422,
        neighbours=unpack is _bayer,
        colours=lambda raw: unpack(raw, *places),
        grey=grey.get(unpack),
        pack=lambda pixels: pack(pixels, *places),
    )


FORMATS = {
    found.name: found
    for found in (
        _format("rgb565le", 2, _rgb565, _pack_rgb565, 1),
        _format("rgb565be", 2, _rgb565, _pack_rgb565, 0),
        _format("yuyv", 2, _yuv422, _pack_yuv422, 0, 1),
        _format("uyvy", 2, _yuv422, _pack_yuv422, 1, 0),
        _format("gray8", 1, _grey, luma),
        _format("rggb", 1, _bayer, _pack_bayer, 0, 0),
        _format("grbg", 1, _bayer, _pack_bayer, 0, 1),
        _format("gbrg", 1, _bayer, _pack_bayer, 1, 0),
        _format("bggr", 1, _bayer, _pack_bayer, 1, 1),
    )
}
ALIASES = {"rgb565": "rgb565be", "yuv422": "yuyv", "gray": "gray8"}
"""What is meant without more: the byte order in which OV sensors send."""


def frame_format(name: str) -> FrameFormat:
    """A format by name. Raises UsageError that lists them."""
    found = FORMATS.get(ALIASES.get(name, name))
    if found is None:
        raise UsageError(
            f"frame format {name!r}",
            "unknown",
            allowed=", ".join((*FORMATS, *ALIASES)),
            hint="the sensor's driver says what it sends; Bayer formats are named by two rows",
            code="frame-format",
        )
    return found
