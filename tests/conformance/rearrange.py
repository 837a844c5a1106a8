"""Generators of the operators that cut, repeat, mirror and rearrange values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Tensor
from edgekit.converter.ir.ops import BY_NAME
from tests.conformance.maker import MOST_ELEMENTS, Maker, Shape
from tests.conformance.registry import generator

NARROW = ("int8", "float32")


def _of_rank(low: int, high: int = 6) -> Callable[[Tensor], bool]:
    return lambda tensor: low <= len(tensor.shape) <= high


@generator("EXPAND_DIMS")
def expand_dims(m: Maker) -> bool:
    x = m.pick(_of_rank(1, 3))
    if x is None:
        return False
    rank = len(m[x].shape)
    axis = m.integer(1, rank)
    m.add(
        ops.ExpandDims(), [x, m.integers([axis - rank - 1 if m.chance(0.3) else axis])], m.like(x)
    )
    return True


@generator("TRANSPOSE")
def transpose(m: Maker) -> bool:
    """Any permutation that keeps the batch first, as the interpreter's samples want."""
    x = m.pick(_of_rank(2))
    if x is None:
        return False
    rest = m.rng.permutation(np.arange(1, len(m[x].shape)))
    m.add(ops.Transpose(), [x, m.integers([0, *map(int, rest)])], m.like(x))
    return True


@generator("SLICE")
def slice_(m: Maker) -> bool:
    x = m.pick(_of_rank(2, 5))
    if x is None:
        return False
    begins, sizes = [0], [m[x].shape[0]]
    for extent in m[x].shape[1:]:
        begin = m.integer(0, extent - 1) if m.chance(0.6) else 0
        begins.append(begin)
        sizes.append(-1 if m.chance(0.3) else m.integer(1, extent - begin))
    m.add(ops.Slice(), [x, m.integers(begins), m.integers(sizes)], m.like(x))
    return True


@generator("STRIDED_SLICE")
def strided_slice(m: Maker) -> bool:
    """Steps either way, open and negative bounds, bounds beyond the axis, dropped axes."""
    x = m.pick(_of_rank(2, 4))
    if x is None:
        return False
    begins, ends, steps = [0], [m[x].shape[0]], [1]
    begin_mask = end_mask = 1
    shrink = 0
    for axis, extent in enumerate(m[x].shape[1:], 1):
        if m.chance(0.15) and len(m[x].shape) - shrink.bit_count() > 2:
            shrink |= 1 << axis
            at = m.integer(0, extent - 1)
            begins.append(at - extent if m.chance(0.3) else at)
            ends.append(begins[-1] + 1)
            steps.append(1)
            continue
        begin, end, step = _range(m, extent)
        begin_mask |= m.chance(0.15) << axis
        end_mask |= m.chance(0.15) << axis
        begins.append(begin)
        ends.append(end)
        steps.append(step)
    op = ops.StridedSlice(begin_mask, end_mask, shrink_axis_mask=shrink)
    m.add(op, [x, *map(m.integers, (begins, ends, steps))], m.like(x))
    return True


def _range(m: Maker, extent: int) -> tuple[int, int, int]:
    """Begin, end and step of at least one element, bounds sometimes from the back or outside."""
    low = m.integer(0, extent - 1)
    high = m.integer(low + 1, extent)
    step = m.one_of((1, 1, 2, 3, -1, -2))
    if step > 0:
        begin = low - extent if m.chance(0.3) else low
        end = high + 5 if high == extent and m.chance(0.3) else high
        return begin, end, step
    end = low - 1 - extent
    return high - 1, end, step


@generator("SPLIT")
def split(m: Maker) -> bool:
    x = m.pick(lambda t: len(t.shape) >= 2 and any(extent > 1 for extent in t.shape[1:]))
    if x is None:
        return False
    shape = m[x].shape
    axis = m.one_of([axis for axis, extent in enumerate(shape) if axis and extent > 1])
    counts = [n for n in range(1, min(shape[axis], 8) + 1) if shape[axis] % n == 0]
    stored = axis - len(shape) if m.chance(0.3) else axis
    m.add_several(
        ops.Split(), [_scalar(m, stored), x], m.like(x), counts[-1 if m.chance(0.7) else 0]
    )
    return True


@generator("SPLIT_V")
def split_v(m: Maker) -> bool:
    x = m.pick(lambda t: len(t.shape) >= 2 and any(extent > 1 for extent in t.shape[1:]))
    if x is None:
        return False
    shape = m[x].shape
    axis = m.one_of([axis for axis, extent in enumerate(shape) if axis and extent > 1])
    cuts = sorted(set(m.rng.integers(1, shape[axis], m.integer(1, 3)).tolist()))
    sizes = np.diff([0, *cuts, shape[axis]]).tolist()
    if m.chance(0.3):
        sizes[m.integer(0, len(sizes) - 1)] = -1
    m.add_several(ops.SplitV(), [x, m.integers(sizes), _scalar(m, axis)], m.like(x), len(sizes))
    return True


def _scalar(m: Maker, value: int) -> str:
    return m.constant(np.array(value, np.int32))


@generator("PACK")
def pack(m: Maker) -> bool:
    x = m.pick(_of_rank(1, 3))
    if x is None:
        return False
    alike = m.values(lambda t: t.shape == m[x].shape and t.quant == m.like(x))
    parts = [x, *(m.one_of(alike) for _ in range(m.integer(0, 2)))]
    if m.chance(0.3):
        parts.append(m.clone_constant(m[x].shape, m.like(x)))
    if m[x].size * len(parts) > MOST_ELEMENTS:
        return False
    rank = len(m[x].shape) + 1
    axis = m.integer(1, rank - 1)
    m.add(ops.Pack(axis - rank if m.chance(0.3) else axis), parts, m.like(x))
    return True


@generator("UNPACK")
def unpack(m: Maker) -> bool:
    x = m.pick(lambda t: len(t.shape) >= 3 and any(extent <= 5 for extent in t.shape[1:]))
    if x is None:
        return False
    shape = m[x].shape
    axis = m.one_of([axis for axis, extent in enumerate(shape) if axis and extent <= 5])
    stored = axis - len(shape) if m.chance(0.3) else axis
    m.add_several(ops.Unpack(stored), [x], m.like(x), shape[axis])
    return True


@generator("TILE")
def tile(m: Maker) -> bool:
    x = m.pick(_of_rank(2))
    if x is None:
        return False
    times = [1, *(m.one_of((1, 1, 2, 3)) for _ in m[x].shape[1:])]
    if m[x].size * int(np.prod(times)) > MOST_ELEMENTS:
        return False
    m.add(ops.Tile(), [x, m.integers(times)], m.like(x))
    return True


@generator("GATHER")
def gather(m: Maker) -> bool:
    x = m.pick(_of_rank(2, 4))
    if x is None:
        return False
    shape = m[x].shape
    axis = m.integer(1, len(shape) - 1)
    count = m.integer(1, 6)
    if m[x].size // shape[axis] * count > MOST_ELEMENTS:
        return False
    indices = m.integers(m.rng.integers(0, shape[axis], count).tolist())
    m.add(ops.Gather(axis - len(shape) if m.chance(0.3) else axis), [x, indices], m.like(x))
    return True


@generator("PADV2")
def pad_v2(m: Maker) -> bool:
    """The value has the input's quantization; in int8 it may be any code."""
    x = m.pick(_of_rank(1, 4))
    if x is None:
        return False
    amounts = _amounts(m, m[x].shape, 3)
    if amounts is None:
        return False
    value = m.constant(m.numbers(()), m.like(x))
    m.add(ops.PadV2(), [x, m.constant(amounts), value], m.like(x))
    return True


@generator("MIRROR_PAD")
def mirror_pad(m: Maker) -> bool:
    x = m.pick(_of_rank(1, 4))
    if x is None:
        return False
    mode = m.one_of(tuple(ops.Mirror))
    amounts = _amounts(m, m[x].shape, 3)
    if amounts is None:
        return False
    most = np.array(m[x].shape).reshape(-1, 1) - int(mode is ops.Mirror.REFLECT)
    m.add(
        ops.MirrorPad(mode), [x, m.constant(np.minimum(amounts, most).astype(np.int32))], m.like(x)
    )
    return True


def _amounts(m: Maker, shape: Shape, most: int) -> np.ndarray | None:  # type: ignore[type-arg]
    """Paddings (rank, 2), none of the batch; None where the result would be too large."""
    amounts = m.rng.integers(0, most + 1, (len(shape), 2)).astype(np.int32)
    amounts[m.rng.random(amounts.shape) < 0.4] = 0
    amounts[0] = 0
    size = np.prod([n + sum(row) for n, row in zip(shape, amounts.tolist(), strict=True)])
    return amounts if size <= MOST_ELEMENTS else None


@generator("SPACE_TO_DEPTH", *NARROW)
def space_to_depth(m: Maker) -> bool:
    def fits(t: Tensor) -> bool:
        return len(t.shape) == 4 and any(_divides(block, t) for block in (2, 3))

    x = m.pick(fits)
    if x is None:
        return False
    block = m.one_of([block for block in (1, 2, 3) if _divides(block, m[x])])
    m.add(ops.SpaceToDepth(block), [x], m.like(x))
    return True


def _divides(block: int, t: Tensor) -> bool:
    return t.shape[1] % block == 0 and t.shape[2] % block == 0


@generator("DEPTH_TO_SPACE", *NARROW)
def depth_to_space(m: Maker) -> bool:
    x = m.pick(lambda t: len(t.shape) == 4 and t.shape[3] % 4 == 0) or m.input((1, 3, 2, 8))
    m.add(ops.DepthToSpace(2), [x], m.like(x))
    return True


def _resize(name: str, *formats: str) -> None:
    def grow(m: Maker) -> bool:
        x = m.image()
        size = [m.integer(1, 12), m.integer(1, 12)]
        if m[x].shape[3] * size[0] * size[1] > MOST_ELEMENTS:
            return False
        aligned, centred = m.one_of(((False, False), (True, False), (False, True)))
        m.add(BY_NAME[name](aligned, centred), [x, m.integers(size)], m.like(x))  # type: ignore[call-arg]
        return True

    generator(name, *formats)(grow)


_resize("RESIZE_NEAREST_NEIGHBOR")
_resize("RESIZE_BILINEAR")
