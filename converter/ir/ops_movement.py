"""Operators that move values and leave them as they are."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from edgekit.converter.ir.ops_base import Activation, Op


class Mirror(StrEnum):
    """How MIRROR_PAD continues an axis."""

    REFLECT = "REFLECT"
    SYMMETRIC = "SYMMETRIC"


@dataclass(frozen=True, slots=True)
class Pad(Op):
    """Zero padding; the constant second operand is (rank, 2), int32."""

    NAME: ClassVar[str] = "PAD"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "paddings")


@dataclass(frozen=True, slots=True)
class Concatenation(Op):
    """Any number of operands along `axis`."""

    NAME: ClassVar[str] = "CONCATENATION"
    INPUTS: ClassVar[tuple[str, ...]] = ("values...",)
    axis: int
    activation: Activation = Activation.NONE


@dataclass(frozen=True, slots=True)
class Reshape(Op):
    """The output tensor's shape rules; the optional second operand only repeats it."""

    NAME: ClassVar[str] = "RESHAPE"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "shape?")


@dataclass(frozen=True, slots=True)
class Squeeze(Op):
    """Removes extents of 1; empty `axes` means all."""

    NAME: ClassVar[str] = "SQUEEZE"
    axes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ExpandDims(Op):
    """Inserts an extent of 1; the constant second operand says where."""

    NAME: ClassVar[str] = "EXPAND_DIMS"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "axis")


@dataclass(frozen=True, slots=True)
class Transpose(Op):
    """Axis i of the output is axis perm[i] of the input."""

    NAME: ClassVar[str] = "TRANSPOSE"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "perm")


@dataclass(frozen=True, slots=True)
class StridedSlice(Op):
    """A range with a step along each axis; bit i of a mask is about entry i of the operands.

    `begin_mask` and `end_mask` leave a bound open, `shrink_axis_mask` takes one element and drops
    the axis, `new_axis_mask` inserts an extent of 1, `ellipsis_mask` stands for all axes not
    named. With `offset` the ends count from the begins.
    """

    NAME: ClassVar[str] = "STRIDED_SLICE"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "begin", "end", "strides")
    begin_mask: int = 0
    end_mask: int = 0
    ellipsis_mask: int = 0
    new_axis_mask: int = 0
    shrink_axis_mask: int = 0
    offset: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Op):
    """`size` elements from `begin` on along each axis; -1 is all that are left."""

    NAME: ClassVar[str] = "SLICE"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "begin", "size")


@dataclass(frozen=True, slots=True)
class Split(Op):
    """Equal parts along a constant axis, one per output."""

    NAME: ClassVar[str] = "SPLIT"
    INPUTS: ClassVar[tuple[str, ...]] = ("axis", "input")
    SOURCE: ClassVar[int] = 1
    SEVERAL: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class SplitV(Op):
    """Parts of the given extents along a constant axis; one extent may be -1."""

    NAME: ClassVar[str] = "SPLIT_V"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "sizes", "axis")
    SEVERAL: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Pack(Op):
    """Operands of one shape side by side along a new axis."""

    NAME: ClassVar[str] = "PACK"
    INPUTS: ClassVar[tuple[str, ...]] = ("values...",)
    axis: int = 0


@dataclass(frozen=True, slots=True)
class Unpack(Op):
    """One output per element along `axis`, which is dropped."""

    NAME: ClassVar[str] = "UNPACK"
    SEVERAL: ClassVar[bool] = True
    axis: int = 0


@dataclass(frozen=True, slots=True)
class Tile(Op):
    """Repeats the input along each axis."""

    NAME: ClassVar[str] = "TILE"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "multiples")


@dataclass(frozen=True, slots=True)
class Gather(Op):
    """The slices of `axis` that the constant indices name."""

    NAME: ClassVar[str] = "GATHER"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "indices")
    axis: int = 0
    batch_dims: int = 0


@dataclass(frozen=True, slots=True)
class PadV2(Op):
    """Padding with a constant."""

    NAME: ClassVar[str] = "PADV2"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "paddings", "value")


@dataclass(frozen=True, slots=True)
class MirrorPad(Op):
    """Padding with the reflected input, its edge repeated (SYMMETRIC) or not (REFLECT)."""

    NAME: ClassVar[str] = "MIRROR_PAD"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "paddings")
    mode: Mirror = Mirror.REFLECT


@dataclass(frozen=True, slots=True)
class SpaceToDepth(Op):
    """Blocks of pixels become channels."""

    NAME: ClassVar[str] = "SPACE_TO_DEPTH"
    block_size: int


@dataclass(frozen=True, slots=True)
class DepthToSpace(Op):
    """Channels become blocks of pixels."""

    NAME: ClassVar[str] = "DEPTH_TO_SPACE"
    block_size: int


@dataclass(frozen=True, slots=True)
class ResizeNearestNeighbor(Op):
    """Height and width from the constant second operand; each output is one input."""

    NAME: ClassVar[str] = "RESIZE_NEAREST_NEIGHBOR"
    INPUTS: ClassVar[tuple[str, ...]] = ("input", "size")
    align_corners: bool = False
    half_pixel_centers: bool = False
