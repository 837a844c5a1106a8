"""Random int8 models of the operators that move values."""

from __future__ import annotations

from collections.abc import Callable

from tests.converter.interpret.int8_cases import Rng, codes, size, zero
from tests.helpers import movement_models as models
from tests.helpers.oracle import Array, Tensor

Made = tuple[bytes, list[Array]]


def image(rng: Rng, most: int = 6) -> Tensor:
    shape = (1, size(rng, 1, most), size(rng, 1, most), size(rng, 1, most))
    return Tensor(shape, "int8", 0.1, zero(rng))


def fed(rng: Rng, model: bytes, *inputs: Tensor) -> Made:
    return model, [codes(rng, x.shape) for x in inputs]


def transpose(rng: Rng) -> Made:
    x = image(rng)
    if rng.random() < 0.3:
        x = Tensor(x.shape[1:], "int8", 0.1, x.zero_point)
    perm = rng.permutation(len(x.shape)).tolist()
    return fed(rng, models.transpose_model(x, perm), x)


def strided_slice(rng: Rng) -> Made:
    """Steps forwards and backwards, bounds from either end or left open, dropped axes."""
    x = image(rng)
    begin, end, steps, masks = [], [], [], [0, 0, 0]
    for axis, extent in enumerate(x.shape):
        first, last = sorted(int(v) for v in rng.integers(0, extent, 2))
        step = size(rng, 1, 2)
        bounds = (first, last + 1)
        if rng.random() < 0.3 and first > 0:
            bounds, step = (last, first - 1), -step
        begin.append(bounds[0] - (extent if rng.random() < 0.3 else 0))
        end.append(bounds[1] - (extent if rng.random() < 0.3 and bounds[1] < extent else 0))
        steps.append(step)
        kind = size(rng, 0, 9)
        if kind < 2:
            masks[kind] |= 1 << axis
        elif kind == 2 and axis:
            masks[2] |= 1 << axis
            steps[-1] = 1
    model = models.strided_slice_model(x, begin, end, steps, masks)
    return fed(rng, model, x)


def slice_(rng: Rng) -> Made:
    x = image(rng)
    begin = [size(rng, 0, extent - 1) for extent in x.shape]
    sizes = [
        -1 if rng.random() < 0.3 else size(rng, 1, extent - first)
        for first, extent in zip(begin, x.shape, strict=True)
    ]
    return fed(rng, models.slice_model(x, begin, sizes), x)


def split(rng: Rng) -> Made:
    x, axis, parts = image(rng), size(rng, 1, 3), size(rng, 1, 4)
    shape = list(x.shape)
    shape[axis] = parts * size(rng, 1, 3)
    x = Tensor(tuple(shape), "int8", 0.1, x.zero_point)
    named = axis - 4 if rng.random() < 0.3 else axis
    return fed(rng, models.split_model(x, named, parts), x)


def split_v(rng: Rng) -> Made:
    x, axis = image(rng), size(rng, 1, 3)
    sizes = [size(rng, 1, 3) for _ in range(size(rng, 1, 4))]
    shape = list(x.shape)
    shape[axis] = sum(sizes)
    x = Tensor(tuple(shape), "int8", 0.1, x.zero_point)
    return fed(rng, models.split_v_model(x, sizes, axis), x)


def unpack(rng: Rng) -> Made:
    x, axis = image(rng, 4), size(rng, 1, 3)
    return fed(rng, models.unpack_model(x, axis - 4 if rng.random() < 0.3 else axis), x)


def pack(rng: Rng) -> Made:
    shape = (size(rng, 1, 4), size(rng, 1, 4), size(rng, 1, 4))
    xs = [Tensor(shape, "int8", 0.1, 5) for _ in range(size(rng, 1, 4))]
    return fed(rng, models.pack_model(xs, size(rng, 0, 3)), *xs)


def expand_dims(rng: Rng) -> Made:
    x = Tensor((2, size(rng, 1, 4), 3), "int8", 0.1, zero(rng))
    return fed(rng, models.expand_dims_model(x, size(rng, -4, 3)), x)


def tile(rng: Rng) -> Made:
    x = image(rng, 4)
    return fed(rng, models.tile_model(x, [size(rng, 1, 3) for _ in x.shape]), x)


def gather(rng: Rng) -> Made:
    x, axis = image(rng), size(rng, 0, 3)
    shape = (size(rng, 1, 7),) if axis or rng.random() < 0.5 else (1,)
    indices = rng.integers(0, x.shape[axis], shape)
    return fed(rng, models.gather_model(x, indices, axis), x)


def pad_v2(rng: Rng) -> Made:
    x = image(rng)
    amounts = [(0, 0), *((size(rng, 0, 3), size(rng, 0, 3)) for _ in range(3))]
    return fed(rng, models.pad_v2_model(x, amounts, size(rng, -128, 127)), x)


def mirror_pad(rng: Rng) -> Made:
    x = image(rng)
    reflect = bool(rng.random() < 0.5)
    most = [min(3, extent - reflect) for extent in x.shape]
    amounts = [(0, 0), *((size(rng, 0, m), size(rng, 0, m)) for m in most[1:])]
    return fed(rng, models.mirror_pad_model(x, amounts, reflect=reflect), x)


def space_to_depth(rng: Rng) -> Made:
    block = size(rng, 1, 3)
    shape = (size(rng, 1, 2), block * size(rng, 1, 3), block * size(rng, 1, 3), size(rng, 1, 4))
    x = Tensor(shape, "int8", 0.1, zero(rng))
    return fed(rng, models.blocks_model("SPACE_TO_DEPTH", x, block), x)


def depth_to_space(rng: Rng) -> Made:
    block = size(rng, 1, 3)
    shape = (size(rng, 1, 2), size(rng, 1, 3), size(rng, 1, 3), block * block * size(rng, 1, 3))
    x = Tensor(shape, "int8", 0.1, zero(rng))
    return fed(rng, models.blocks_model("DEPTH_TO_SPACE", x, block), x)


def resize(operator: str) -> Callable[[Rng], Made]:
    def make(rng: Rng) -> Made:
        x = image(rng)
        corners, centers = [(False, False), (True, False), (False, True)][size(rng, 0, 2)]
        to = (size(rng, 1, 13), size(rng, 1, 13))
        if rng.random() < 0.4:
            to = (x.shape[1] * size(rng, 1, 3), x.shape[2] * 2)
        model = models.resize_model(operator, x, to, corners=corners, centers=centers)
        return fed(rng, model, x)

    return make


MAKERS: dict[str, Callable[[Rng], Made]] = {
    "transpose": transpose,
    "strided_slice": strided_slice,
    "slice": slice_,
    "split": split,
    "split_v": split_v,
    "unpack": unpack,
    "pack": pack,
    "expand_dims": expand_dims,
    "tile": tile,
    "gather": gather,
    "pad_v2": pad_v2,
    "mirror_pad": mirror_pad,
    "space_to_depth": space_to_depth,
    "depth_to_space": depth_to_space,
    "resize_nearest": resize("RESIZE_NEAREST_NEIGHBOR"),
    "resize_bilinear": resize("RESIZE_BILINEAR"),
}
