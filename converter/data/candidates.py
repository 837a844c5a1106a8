"""The ways in which networks want their pixels, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Confidence(StrEnum):
    """How much a guess is worth."""

    CERTAIN = "certain"
    LIKELY = "likely"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known way to scale 8-bit pixels: y = (x - mean) * scale, into [low, high].

    `color` is the order of the channels, "rgb" or "bgr".
    """

    name: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    low: float
    high: float
    color: str = "rgb"

    @property
    def coloured(self) -> bool:
        """Whether it is for three channels only."""
        return len(self.mean) > 1


BYTES = Candidate("0..255", (0.0,), (1.0,), 0.0, 255.0)
UNIT = Candidate("0..1", (0.0,), (1 / 255,), 0.0, 1.0)
SIGNED = Candidate("-1..1", (127.5,), (1 / 127.5,), -1.0, 1.0)
STANDARD = Candidate(
    "ImageNet mean and deviation",
    (123.675, 116.28, 103.53),
    (1 / 58.395, 1 / 57.12, 1 / 57.375),
    -2.12,
    2.64,
)
CAFFE = Candidate(
    "0..255 less the ImageNet mean", (103.939, 116.779, 123.68), (1.0,), -123.68, 151.061, "bgr"
)
CANDIDATES = (UNIT, SIGNED, BYTES, STANDARD, CAFFE)
"""In the order in which they are taken where nothing tells them apart."""
