"""Generators of sums, maxima, products of matrices and the transposed convolution."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.converter.ir.graph import DType, Quant
from edgekit.converter.ir.ops import BY_NAME, Activation
from tests.conformance.maker import MOST_ELEMENTS, Maker
from tests.conformance.registry import generator
from tests.conformance.weighted import MOST_WEIGHTS, add_weighted

NARROW = ("int8", "float32")


def _reduction(name: str, *formats: str, same_scale: bool) -> None:
    def grow(m: Maker) -> bool:
        x = m.pick(lambda tensor: len(tensor.shape) >= 2)
        if x is None:
            return False
        rank = len(m[x].shape)
        count = m.integer(1, rank - 1)
        axes = [int(axis) for axis in m.rng.permutation(np.arange(1, rank))[:count]]
        stored = [axis - rank if m.chance(0.2) else axis for axis in sorted(axes)]
        quant = m.like(x)
        if quant is not None and not same_scale:
            taps = int(np.prod([m[x].shape[axis] for axis in axes]))
            zero = 0 if m.dtype is DType.INT16 else m.zero_point()
            quant = Quant.per_tensor(quant.scale * np.sqrt(taps), zero)
        op: Any = BY_NAME[name]
        m.add(op(m.chance(0.5)), [x, m.integers(stored)], quant)
        return True

    generator(name, *formats)(grow)


_reduction("SUM", same_scale=False)
_reduction("REDUCE_MAX", same_scale=True)
_reduction("REDUCE_MIN", same_scale=True)


@generator("ARG_MAX", *NARROW)
def arg_max(m: Maker) -> bool:
    """In float32 of an input: what is computed may differ in its last bit, and then the place."""
    exact = m.inputs if m.dtype is DType.FLOAT32 else m.values()
    x = m.pick(lambda tensor: len(tensor.shape) >= 2 and tensor.name in exact)
    if x is None:
        return False
    rank = len(m[x].shape)
    axis = m.integer(1, rank - 1)
    stored = m.constant(np.array(axis - rank if m.chance(0.3) else axis, np.int32))
    m.add(BY_NAME["ARG_MAX"](), [x, stored], None, dtype=DType.INT32)
    return True


@generator("BATCH_MATMUL")
def batch_matmul(m: Maker) -> bool:
    """With an activation, or a constant, whose inner extent fits."""
    a = m.pick(lambda tensor: 2 <= len(tensor.shape) <= 4)
    if a is None:
        return False
    adj_x, adj_y = m.chance(0.3), m.chance(0.5)
    inner = m[a].shape[-2 if adj_x else -1]
    columns = m.integer(1, 9)
    lead = m[a].shape[:-2] if m.chance(0.6) else ()
    if inner * columns > MOST_WEIGHTS or m[a].size // inner * columns > MOST_ELEMENTS:
        return False
    b = m.clone_constant((*lead, *((columns, inner) if adj_y else (inner, columns))), m.quant())
    first, second = m.like(a), m.like(b)
    quant = None
    if first is not None and second is not None:
        wide = m.dtype is DType.INT16
        spread, steps = (18900, 10000) if wide else (74, 40)
        scale = first.scale * second.scale * spread * spread * np.sqrt(inner) / steps
        quant = Quant.per_tensor(scale, 0 if wide else m.zero_point())
    op: Any = BY_NAME["BATCH_MATMUL"]
    m.add(op(adj_x, adj_y), [a, b], quant)
    return True


@generator("TRANSPOSE_CONV")
def transpose_conv(m: Maker) -> bool:
    x, padding = m.image(), m.padding()
    _, height, width, depth = m[x].shape
    kernel, stride = (m.integer(1, 4), m.integer(1, 4)), (m.integer(1, 3), m.integer(1, 3))
    count = m.channels()
    if padding == "SAME":
        extents = [height * stride[0], width * stride[1]]
    else:
        extents = [
            (extent - 1) * step + max(size, step)
            for extent, step, size in zip((height, width), stride, kernel, strict=True)
        ]
    if extents[0] * extents[1] * count > MOST_ELEMENTS or count * depth * 16 > MOST_WEIGHTS:
        return False
    op: Any = BY_NAME["TRANSPOSE_CONV"]
    target = m.integers([1, *extents, count])
    made = op(padding, *stride, Activation.NONE)
    return add_weighted(m, made, x, (count, *kernel, depth), count, 0, target=target)
