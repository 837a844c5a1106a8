"""Single-operator `.tflite` models of the operators that move values; all quantized alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.helpers.oracle import _options as options
from tests.helpers.single_operator import Array, Tensor, single_operator

Pairs = Sequence[tuple[int, int]]


def ints(values: Any) -> Tensor:
    """An int32 constant."""
    array = np.asarray(values, np.int32)
    return Tensor(array.shape, "int32", data=array)


def like(x: Tensor, shape: Sequence[int]) -> Tensor:
    """A tensor of `shape`, quantized as `x` is."""
    return Tensor(tuple(int(n) for n in shape), x.dtype, x.scale, x.zero_point)


def example(x: Tensor) -> Array:
    """An array of the tensor's shape, to take output shapes from."""
    return np.zeros(x.shape, np.int8)


def transpose_model(x: Tensor, perm: Sequence[int]) -> bytes:
    y = like(x, example(x).transpose(perm).shape)
    return single_operator("TRANSPOSE", options("TransposeOptionsT"), [x, ints(perm)], y)


def strided_slice_model(
    x: Tensor,
    begin: Sequence[int],
    end: Sequence[int],
    strides: Sequence[int],
    masks: Sequence[int] = (0, 0, 0),
    *,
    ellipsis: int = 0,
    new_axis: int = 0,
) -> bytes:
    """`masks` are those of begin, end and shrink; entries are bits."""
    index: list[Any] = []
    for i, bounds in enumerate(zip(begin, end, strides, strict=True)):
        first = None if masks[0] >> i & 1 else bounds[0]
        last = None if masks[1] >> i & 1 else bounds[1]
        plain = bounds[0] if masks[2] >> i & 1 else slice(first, last, bounds[2])
        index.append(... if ellipsis >> i & 1 else None if new_axis >> i & 1 else plain)
    made = options(
        "StridedSliceOptionsT",
        beginMask=masks[0],
        endMask=masks[1],
        shrinkAxisMask=masks[2],
        ellipsisMask=ellipsis,
        newAxisMask=new_axis,
    )
    operands = [x, ints(begin), ints(end), ints(strides)]
    return single_operator("STRIDED_SLICE", made, operands, like(x, example(x)[tuple(index)].shape))


def slice_model(x: Tensor, begin: Sequence[int], size: Sequence[int]) -> bytes:
    pairs = zip(x.shape, begin, size, strict=True)
    shape = [extent - first if count == -1 else count for extent, first, count in pairs]
    return single_operator(
        "SLICE", options("SliceOptionsT"), [x, ints(begin), ints(size)], like(x, shape)
    )


def split_model(x: Tensor, axis: int, parts: int) -> bytes:
    outputs = [like(x, part.shape) for part in np.split(example(x), parts, axis)]
    made = options("SplitOptionsT", numSplits=parts)
    return single_operator("SPLIT", made, [ints(axis), x], outputs)


def split_v_model(x: Tensor, sizes: Sequence[int], axis: int) -> bytes:
    ends = np.cumsum(sizes)[:-1]
    outputs = [like(x, part.shape) for part in np.split(example(x), ends, axis)]
    made = options("SplitVOptionsT", numSplits=len(sizes))
    return single_operator("SPLIT_V", made, [x, ints(sizes), ints(axis)], outputs)


def unpack_model(x: Tensor, axis: int) -> bytes:
    count, shape = x.shape[axis], np.delete(x.shape, axis)
    made = options("UnpackOptionsT", num=count, axis=axis)
    return single_operator("UNPACK", made, [x], [like(x, shape)] * count)


def pack_model(xs: Sequence[Tensor], axis: int) -> bytes:
    y = like(xs[0], np.stack([example(x) for x in xs], axis).shape)
    made = options("PackOptionsT", valuesCount=len(xs), axis=axis)
    return single_operator("PACK", made, list(xs), y)


def expand_dims_model(x: Tensor, axis: int) -> bytes:
    y = like(x, np.expand_dims(example(x), axis).shape)
    return single_operator("EXPAND_DIMS", options("ExpandDimsOptionsT"), [x, ints(axis)], y)


def tile_model(x: Tensor, multiples: Sequence[int]) -> bytes:
    y = like(x, np.tile(example(x), multiples).shape)
    return single_operator("TILE", options("TileOptionsT"), [x, ints(multiples)], y)


def gather_model(x: Tensor, indices: Any, axis: int) -> bytes:
    y = like(x, np.take(example(x), indices, axis).shape)
    made = options("GatherOptionsT", axis=axis, batchDims=0)
    return single_operator("GATHER", made, [x, ints(indices)], y)


def padded(x: Tensor, paddings: Pairs) -> Tensor:
    return like(x, [n + sum(pair) for n, pair in zip(x.shape, paddings, strict=True)])


def pad_v2_model(x: Tensor, paddings: Pairs, value: int) -> bytes:
    """`value` is the stored one."""
    fill = Tensor((1,), x.dtype, x.scale, x.zero_point, data=np.array([value], x.dtype))
    operands = [x, ints(paddings), fill]
    return single_operator("PADV2", options("PadV2OptionsT"), operands, padded(x, paddings))


def mirror_pad_model(x: Tensor, paddings: Pairs, *, reflect: bool) -> bytes:
    made = options("MirrorPadOptionsT", mode=0 if reflect else 1)
    return single_operator("MIRROR_PAD", made, [x, ints(paddings)], padded(x, paddings))


def blocks_model(operator: str, x: Tensor, block: int) -> bytes:
    """SPACE_TO_DEPTH or DEPTH_TO_SPACE."""
    n, h, w, c = x.shape
    kind = "SpaceToDepthOptionsT" if operator == "SPACE_TO_DEPTH" else "DepthToSpaceOptionsT"
    shape = (n, h // block, w // block, c * block * block)
    if operator == "DEPTH_TO_SPACE":
        shape = (n, h * block, w * block, c // (block * block))
    return single_operator(operator, options(kind, blockSize=block), [x], like(x, shape))


def resize_model(
    operator: str, x: Tensor, size: tuple[int, int], *, corners: bool, centers: bool
) -> bytes:
    """RESIZE_NEAREST_NEIGHBOR or RESIZE_BILINEAR to (height, width)."""
    nearest = operator == "RESIZE_NEAREST_NEIGHBOR"
    kind = "ResizeNearestNeighborOptionsT" if nearest else "ResizeBilinearOptionsT"
    made = options(kind, alignCorners=corners, halfPixelCenters=centers)
    y = like(x, (x.shape[0], *size, x.shape[3]))
    return single_operator(operator, made, [x, ints(size)], y)
