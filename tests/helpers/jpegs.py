"""Pictures as a camera's program writes them, and what goes wrong with them."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

import numpy as np
from PIL import Image


@cache
def picture(seed: int, size: tuple[int, int] = (40, 30), format: str = "JPEG", **how: Any) -> bytes:
    """An encoded picture of blurred noise."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 5, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(coarse).resize(size).save(out, format=format, **how)
    return out.getvalue()


@cache
def with_thumbnail(seed: int) -> bytes:
    """A JPEG whose APP1 segment holds a whole JPEG."""
    small, whole = picture(seed + 1, (8, 8)), picture(seed)
    segment = b"\xff\xe1" + (len(small) + 2).to_bytes(2, "big") + small
    return whole[:2] + segment + whole[2:]


def without_tables(jpeg: bytes) -> bytes:
    """A JPEG without its Huffman tables, as USB cameras send them in MJPEG."""
    out, at = bytearray(jpeg[:2]), 2
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        if jpeg[at + 1] != 0xC4:
            out += jpeg[at:end]
        at = end
    return bytes(out + jpeg[at:])


def scan_start(jpeg: bytes) -> int:
    """Where the data of the (first) scan begin."""
    at = jpeg.index(b"\xff\xda")
    return at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
