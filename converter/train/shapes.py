"""Input shapes: how they are written, and where a network for large images strides on small."""

from __future__ import annotations

import re

from edgekit.errors import UsageError

Shape = tuple[int, int, int]
"""Height, width, channels."""

SMALLEST = 8
"""Pixels of the shorter side below which the zoo's networks have no second scale to look at."""
LAST_MAP = 3
"""The map before the mean over the image is at least this wide: 96 pixels keep all five strides
of a MobileNet (as MLPerf Tiny's has them), 32 pixels three."""


def parse_shape(text: str) -> Shape:
    """'32x32x3' or '32x32' (three channels). Raises UsageError."""
    match = re.fullmatch(r"(\d+)[x,](\d+)(?:[x,](\d+))?", text.strip().lower())
    found = tuple(int(group or 3) for group in match.groups()) if match else ()
    if len(found) != 3 or min(found) < 1:
        raise UsageError(
            "--input",
            f"not understood: {text!r}",
            allowed="HEIGHTxWIDTHxCHANNELS, or HEIGHTxWIDTH of three channels",
            hint="for example --input 32x32x3",
            code="bad-option",
        )
    return found


def shape_text(shape: tuple[int, ...]) -> str:
    """(32, 32, 3) as '32x32x3'."""
    return "x".join(map(str, shape))


def strides(shape: Shape, count: int) -> tuple[int, ...]:
    """The strides, 1 or 2, of the `count` places where a network halves the image.

    On small images the first ones become 1, so that the last map stays LAST_MAP wide: early maps
    are cheap in channels, and detail lost there is lost for good.
    """
    side, kept = min(shape[:2]), 0
    while kept < count and -(-side // 2) >= LAST_MAP:
        side, kept = -(-side // 2), kept + 1
    return (1,) * (count - kept) + (2,) * kept
