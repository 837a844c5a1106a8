"""Generators of the operators that pool, reduce and move values."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.ops import Padding
from tests.conformance.maker import MOST_ELEMENTS, Maker, Shape
from tests.conformance.registry import generator


def _pool(name: str) -> None:
    def grow(m: Maker) -> bool:
        x, padding = m.image(), m.padding()
        window = []
        for extent in m[x].shape[1:3]:
            most = extent if padding is Padding.VALID else extent + 2
            window.append(extent if m.chance(0.15) else m.integer(1, min(most, 5)))
        kind: Any = ops.BY_NAME[name]
        stride = (m.integer(1, 3), m.integer(1, 3))
        m.add(kind(padding, *window, *stride, m.activation()), [x], m.like(x))
        return True

    generator(name)(grow)


_pool("AVERAGE_POOL_2D")
_pool("MAX_POOL_2D")


@generator("MEAN")
def mean(m: Maker) -> bool:
    x = m.pick(lambda tensor: len(tensor.shape) >= 2)
    if x is None:
        return False
    rank = len(m[x].shape)
    if rank == 4 and m.chance(0.5):
        axes = [1, 2]
    else:
        count = m.integer(1, rank - 1)
        axes = sorted(int(axis) for axis in m.rng.permutation(np.arange(1, rank))[:count])
    axes = [axis - rank if m.chance(0.2) else axis for axis in axes]
    operand = m.constant(np.array(axes, np.int32))
    m.add(ops.Mean(m.chance(0.5)), [x, operand], m.like(x) if m.chance(0.3) else m.quant())
    return True


@generator("PAD")
def pad(m: Maker) -> bool:
    x = m.pick(lambda tensor: 1 <= len(tensor.shape) <= 4)
    if x is None:
        return False
    amounts = m.rng.integers(0, 4, (len(m[x].shape), 2)).astype(np.int32)
    amounts[m.rng.random(amounts.shape) < 0.4] = 0
    amounts[0] = 0
    padded = np.prod([n + sum(row) for n, row in zip(m[x].shape, amounts.tolist(), strict=True)])
    if padded > MOST_ELEMENTS:
        return False
    m.add(ops.Pad(), [x, m.constant(amounts)], m.like(x))
    return True


@generator("CONCATENATION")
def concatenation(m: Maker) -> bool:
    """Of two to five values along any axis but the first; one may come twice, or be constant."""
    x = m.pick(lambda tensor: len(tensor.shape) >= 2)
    if x is None:
        return False
    shape, quant = m[x].shape, m.like(x)
    axis = m.integer(1, len(shape) - 1)
    fitting = m.values(lambda t: t.quant == quant and _alike(t.shape, shape, axis))
    parts = [x, *(m.one_of(fitting) for _ in range(m.integer(0, 3)))]
    if len(parts) == 1 or m.chance(0.3):
        extent = m.integer(1, 4)
        parts.append(m.clone_constant((*shape[:axis], extent, *shape[axis + 1 :]), quant))
    if sum(m[name].size for name in parts) > MOST_ELEMENTS:
        return False
    order = [parts[int(index)] for index in m.rng.permutation(len(parts))]
    m.add(ops.Concatenation(axis - len(shape) if m.chance(0.5) else axis), order, quant)
    return True


def _alike(one: Shape, other: Shape, axis: int) -> bool:
    return len(one) == len(other) and all(
        a == b or index == axis for index, (a, b) in enumerate(zip(one, other, strict=True))
    )


@generator("RESHAPE")
def reshape(m: Maker) -> bool:
    x = m.pick()
    if x is None:
        return False
    shape = _factors(m, m[x].size, m.integer(2, 4))
    target: list[str | None] = []
    if m.chance(0.6):
        wanted = np.array(shape, np.int32)
        if m.chance(0.3):
            wanted[m.integer(0, len(shape) - 1)] = -1
        target = [m.constant(wanted)]
    m.add(ops.Reshape(), [x, *target], m.like(x), shape=shape)
    return True


def _factors(m: Maker, size: int, rank: int) -> Shape:
    """Extents, the first 1, whose product is `size`."""
    extents = [1] * rank
    for prime in _primes(size):
        extents[m.integer(1, rank - 1)] *= prime
    return tuple(extents)


def _primes(size: int) -> list[int]:
    found, divisor = [], 2
    while size > 1:
        while size % divisor == 0:
            found.append(divisor)
            size //= divisor
        divisor += 1
    return found


@generator("SQUEEZE")
def squeeze(m: Maker) -> bool:
    x = m.pick(lambda t: len(t.shape) >= 3 and 1 in t.shape[1:])
    if x is None:
        return False
    ones = [axis for axis, extent in enumerate(m[x].shape) if extent == 1 and axis > 0]
    axes = tuple(ones[: m.integer(1, len(ones))])
    if m.chance(0.3):
        axes = tuple(axis - len(m[x].shape) for axis in axes)
    m.add(ops.Squeeze(axes), [x], m.like(x))
    return True
