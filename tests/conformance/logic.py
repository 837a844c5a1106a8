"""Generators of comparisons, logic, selection, CAST, sums along an axis and of several operands."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.converter.ir import ops, ops_logic
from edgekit.converter.ir.graph import DType
from tests.conformance.elementwise import partner, smaller
from tests.conformance.maker import Maker
from tests.conformance.registry import generator

BOTH = ("int8", "float32")


def _compared(m: Maker, op: Any, a: str | None = None) -> str:
    """A comparison of an input: of values computed one may lie on the other side of a step."""
    a = a or m.input(m.image_shape(), quant=m.quant(low=0.01, high=0.5))
    if m.dtype is DType.FLOAT32 or m.chance(0.5):
        b = m.clone_constant(smaller(m, m[a].shape), m.quant(low=0.01, high=0.5))
    else:
        b = m.input(m[a].shape, quant=m.quant(low=0.01, high=0.5))
    return m.add(op, [a, b] if m.chance(0.5) else [b, a], None, dtype=DType.BOOL)


def _comparison(name: str) -> None:
    def grow(m: Maker) -> bool:
        _compared(m, ops.BY_NAME[name]())
        return True

    generator(name, *BOTH)(grow)


for _operator in ops_logic.COMPARISONS:
    _comparison(_operator.NAME)


def _logic(name: str) -> None:
    def grow(m: Maker) -> bool:
        first = _compared(m, ops_logic.Greater())
        operands = [first]
        if name != "LOGICAL_NOT":
            x = m.input(m[first].shape, quant=m.quant(low=0.01, high=0.5))
            operands.append(_compared(m, ops_logic.LessEqual(), x))
        m.add(ops.BY_NAME[name](), operands, None, dtype=DType.BOOL)
        return True

    generator(name, *BOTH)(grow)


for _operator in ops_logic.LOGIC:
    _logic(_operator.NAME)


def _selection(name: str, *formats: str) -> None:
    def grow(m: Maker) -> bool:
        a = m.pick() or m.input(m.image_shape())
        shape = m[a].shape
        condition = m.constant(m.rng.random(shape) < 0.5)
        if m.dtype is not DType.INT16 and m.chance(0.8):
            x = m.input(shape, quant=m.quant(low=0.01, high=0.5))
            condition = _compared(m, ops_logic.Less(), x)
        if m[condition].shape != shape:
            return False
        b = m.clone_constant(shape, m.like(a))
        if name == "SELECT_V2":
            b = partner(m, a, same_scale=True)
        operands = [condition, a, b] if m.chance(0.5) else [condition, b, a]
        m.add(ops.BY_NAME[name](), operands, m.like(a))
        return True

    generator(name, *formats)(grow)


_selection("SELECT")
_selection("SELECT_V2")


@generator("CAST", *BOTH)
def cast(m: Maker) -> bool:
    """A bool to a number, or a number that is an input to another and back."""
    if m.chance(0.5):
        x = _compared(m, ops_logic.Greater())
        target = m.one_of((DType.FLOAT32, DType.INT32))
    elif m.dtype is DType.INT8:
        x, target = m.input(m.image_shape()), DType.INT32
    else:
        x, target = m.input(m.image_shape()), m.one_of((DType.INT32, DType.BOOL))
    y = m.add(ops_logic.Cast(), [x], None, dtype=target)
    if target is DType.INT32 and m.chance(0.5):
        m.add(ops_logic.Cast(), [y], None, dtype=DType.FLOAT32)
    return True


@generator("REVERSE_V2")
def reverse(m: Maker) -> bool:
    x = m.pick(lambda tensor: len(tensor.shape) >= 2)
    if x is None:
        return False
    axis = m.integer(1, len(m[x].shape) - 1)
    m.add(ops_logic.ReverseV2(), [x, m.integers([axis])], m.like(x))
    return True


@generator("BROADCAST_TO")
def broadcast_to(m: Maker) -> bool:
    whole = m.image_shape()
    shape = smaller(m, whole)
    x = m.input(shape or (1,))
    m.add(ops_logic.BroadcastTo(), [x, m.integers(whole)], m.like(x))
    return True


@generator("CUMSUM", "float32")
def cumsum(m: Maker) -> bool:
    x = m.pick(lambda tensor: len(tensor.shape) >= 2)
    if x is None:
        return False
    axis = m.constant(np.array(m.integer(1, len(m[x].shape) - 1), np.int32))
    m.add(ops_logic.Cumsum(m.chance(0.5), m.chance(0.5)), [x, axis], None)
    return True


@generator("ADD_N", "float32")
def add_n(m: Maker) -> bool:
    x = m.pick() or m.input(m.image_shape())
    others = m.values(lambda tensor: tensor.shape == m[x].shape)
    m.add(ops_logic.AddN(), [x, *(m.one_of(others) for _ in range(m.integer(1, 3)))], None)
    return True
