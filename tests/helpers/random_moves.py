"""Movement operators for the random graphs, and operators with several outputs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node, Tensor
from edgekit.converter.ir.ops import Op
from edgekit.converter.ir.shapes import infer_shapes

if TYPE_CHECKING:
    from tests.helpers.random_graphs import RandomGraph

MOST = 4000
"""Elements beyond which nothing grows any more."""


def move(r: RandomGraph, op: Op, inputs: Sequence[str], outputs: int = 1) -> list[str]:
    """Append a node that keeps its input's quantization; shapes are inferred."""
    source = r.g.tensors[inputs[op.SOURCE]]
    stem = f"{op.NAME.lower()}_{len(r.g.nodes)}"
    names = [stem] if outputs == 1 else [f"{stem}_{index}" for index in range(outputs)]
    for name in names:
        r.g.tensors[name] = Tensor(name, (), source.dtype, source.quant)
    node = Node(stem, op, tuple(inputs), tuple(names))
    so_far = Graph("g", r.g.tensors, (*r.g.nodes, node), tuple(r.g.inputs), ())
    for name, shape in zip(names, infer_shapes(so_far, node), strict=True):
        r.g.tensors[name] = Tensor(name, shape, source.dtype, source.quant)
    r.g.nodes.append(node)
    return names


def ints(r: RandomGraph, *values: int) -> str:
    return r.g.constant(np.array(values, np.int32))


def small(r: RandomGraph) -> str:
    """An image that may still grow."""
    names = [name for name in r.images if r.g.tensors[name].size < MOST // 4]
    return names[r.integer(0, len(names) - 1)] if names else r.images[0]


def transpose(r: RandomGraph) -> None:
    x = r.pick(r.images)
    perm = [0, *(int(axis) + 1 for axis in r.rng.permutation(3))]
    r.images += move(r, ops.Transpose(), [x, ints(r, *perm)])


def strided_slice(r: RandomGraph) -> None:
    """Forwards with steps, or one axis backwards."""
    x = r.pick(r.images)
    _, h, w, _ = r.g.tensors[x].shape
    backwards = bool(r.rng.random() < 0.3)
    begin = [0, r.integer(0, h - 1), 0 if not backwards else -1, 0]
    steps = [1, r.integer(1, 2), -1 if backwards else r.integer(1, 2), 1]
    end = [1, h, w if not backwards else -w - 1, 0]
    operands = [x, ints(r, *begin), ints(r, *end), ints(r, *steps)]
    op = ops.StridedSlice(begin_mask=0b1001, end_mask=0b1001)
    if r.rng.random() < 0.3:
        shrunk = move(r, ops.StridedSlice(begin_mask=9, end_mask=9, shrink_axis_mask=2), operands)
        r.images += move(r, ops.ExpandDims(), [shrunk[0], ints(r, 1)])
    else:
        r.images += move(r, op, operands)


def slice_(r: RandomGraph) -> None:
    x = r.pick(r.images)
    _, h, w, c = r.g.tensors[x].shape
    begin = [0, r.integer(0, h - 1), r.integer(0, w - 1), r.integer(0, c - 1)]
    r.images += move(r, ops.Slice(), [x, ints(r, *begin), ints(r, 1, -1, w - begin[2], -1)])


def split(r: RandomGraph) -> None:
    x = r.pick(r.images)
    axis = r.integer(1, 3)
    extent = r.g.tensors[x].shape[axis]
    parts = next(count for count in (2, 3, 1) if extent % count == 0)
    r.images += move(r, ops.Split(), [ints(r, axis - 4), x], parts)


def split_v(r: RandomGraph) -> None:
    x = r.pick(r.images)
    axis = r.integer(1, 3)
    extent = r.g.tensors[x].shape[axis]
    if extent < 2:
        return
    first = r.integer(1, extent - 1)
    r.images += move(r, ops.SplitV(), [x, ints(r, first, -1), ints(r, axis)], 2)


def pack(r: RandomGraph) -> None:
    """Images side by side as rows, then apart again, or the outer two axes merged."""
    x = small(r)
    tensor = r.g.tensors[x]
    alike = [
        name for name in r.images
        if r.g.tensors[name].shape == tensor.shape and r.g.tensors[name].quant == tensor.quant
    ]  # fmt: skip
    n, h, w, c = tensor.shape
    rows = r.g.reshape(x, (h, w, c))
    parts = [rows, *(r.g.reshape(name, (h, w, c)) for name in alike[: r.integer(0, 2)])]
    axis = r.integer(0, 3)
    [packed] = move(r, ops.Pack(axis), parts)
    if r.rng.random() < 0.5:
        apart = move(r, ops.Unpack(axis - 4), [packed], len(parts))
        r.images += [r.g.reshape(name, (n, h, w, c)) for name in apart[:2]]
    else:
        shape = r.g.tensors[packed].shape
        r.images.append(r.g.reshape(packed, (1, shape[0] * shape[1], *shape[2:])))


def tile(r: RandomGraph) -> None:
    if not r.common:
        r.images += move(r, ops.Tile(), [small(r), ints(r, 1, *(r.integer(1, 2) for _ in "hwc"))])


def gather(r: RandomGraph) -> None:
    x, axis = r.pick(r.images), r.integer(1, 3)
    extent = r.g.tensors[x].shape[axis]
    indices = [r.integer(0, extent - 1) for _ in range(r.integer(1, 5))]
    r.images += move(r, ops.Gather(axis), [x, ints(r, *indices)])


def pad_v2(r: RandomGraph) -> None:
    x = small(r)
    amounts = r.rng.integers(0, 2, (4, 2)).astype(np.int32)
    amounts[0] = 0
    value = r.g.constant(r.codes(1), r.g.tensors[x].quant)
    r.images += move(r, ops.PadV2(), [x, r.g.constant(amounts), value])


def mirror_pad(r: RandomGraph) -> None:
    x = small(r)
    mode = list(ops.Mirror)[r.integer(0, 1)]
    reflect = mode is ops.Mirror.REFLECT
    most = [0, *(min(2, extent - reflect) for extent in r.g.tensors[x].shape[1:])]
    amounts = np.array([[r.integer(0, m), r.integer(0, m)] for m in most], np.int32)
    r.images += move(r, ops.MirrorPad(mode), [x, r.g.constant(amounts)])


def space_to_depth(r: RandomGraph) -> None:
    x = r.pick(r.images)
    _, h, w, c = r.g.tensors[x].shape
    even = r.g.constant(np.array([[0, 0], [0, h % 2], [0, w % 2], [0, 0]], np.int32))
    [x] = move(r, ops.Pad(), [x, even])
    if c <= 12:
        r.images += move(r, ops.SpaceToDepth(2), [x])


def depth_to_space(r: RandomGraph) -> None:
    x = r.pick(r.images)
    c = r.g.tensors[x].shape[3]
    fill = r.g.constant(np.array([[0, 0], [0, 0], [0, 0], [0, -c % 4]], np.int32))
    [x] = move(r, ops.Pad(), [x, fill])
    r.images += move(r, ops.DepthToSpace(2), [x])


def resize(r: RandomGraph) -> None:
    x = small(r)
    _, h, w, _ = r.g.tensors[x].shape
    corners, centers = [(False, False), (True, False), (False, True)][r.integer(0, 2)]
    size = (r.integer(1, 2 * h), 2 * w) if r.rng.random() < 0.5 else (2 * h, w)
    kind = (ops.ResizeNearestNeighbor, ops.ResizeBilinear)[r.integer(0, 1)]
    r.images += move(r, kind(corners, centers), [x, ints(r, *size)])


MAKERS: tuple[Callable[[RandomGraph], None], ...] = (
    transpose, strided_slice, slice_, split, split_v, pack, tile, gather, pad_v2, mirror_pad,
    space_to_depth, depth_to_space, resize,
)  # fmt: skip
