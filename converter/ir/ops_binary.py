"""Operators of binarized networks: the custom operators of the Larq Compute Engine (LCE).

Packed tensors are int32 with ceil(channels / 32) words in place of the channels; see
`edgekit.converter.bits`. Element types and formulas follow LCE 0.16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from edgekit.converter.ir.ops_base import Activation, Op, Padding


@dataclass(frozen=True, slots=True)
class LceQuantize(Op):
    """The sign of every value, packed: 1 for x < 0 (below the zero point), 0 for the others."""

    NAME: ClassVar[str] = "LceQuantize"


@dataclass(frozen=True, slots=True)
class LceDequantize(Op):
    """Packed signs as +1 and -1; how many channels there are, the output's shape says."""

    NAME: ClassVar[str] = "LceDequantize"


@dataclass(frozen=True, slots=True)
class LceBconv2d(Op):
    """A convolution of packed signs with packed weights (OHWI words).

    With K taps of the unpacked window, its sum is K - 2 * (bits that differ). Given `multiplier`
    and `bias` (one float32 per output) the output is clamp(sum) * multiplier + bias; given
    `threshold` (int32) it is packed, with 1 where more than `threshold` bits differ. Outside the
    input every value is `pad_values`: 1, or 0. Fewer words in the weights than in the input mean
    groups.
    """

    NAME: ClassVar[str] = "LceBconv2d"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "weights", "multiplier?", "bias?", "threshold?")
    channels_in: int
    padding: Padding
    pad_values: int = 0
    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class LceBMaxPool2d(Op):
    """Maximum over the window of packed signs, what lies outside left out: bitwise AND."""

    NAME: ClassVar[str] = "LceBMaxPool2d"
    padding: Padding
    filter_h: int
    filter_w: int
    stride_h: int
    stride_w: int


BINARY: tuple[type[Op], ...] = (LceQuantize, LceDequantize, LceBconv2d, LceBMaxPool2d)
"""All of them; a file holds them as custom operators of these names."""
