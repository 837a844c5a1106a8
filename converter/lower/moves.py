"""Operators that only move values: views as one strided copy, takes as one call per axis.

Values of any size: a view has a kernel per element size, everything else moves bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.slicing import ints
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg
from edgekit.converter.moves import TAKES, VIEWS, Take, takes, view

LOOPS = 4
"""Axes of `ek_strided_copy_s8`."""

_KINDS: dict[DType, str] = {DType.INT8: "s8", DType.INT16: "s16", DType.FLOAT32: "f32"}


@dataclass(frozen=True, slots=True)
class Strided:
    """A view as few loops: extents and strides, outermost first, and the first element."""

    extents: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int


def viewed(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One strided copy for each output that anybody reads."""
    x = graph.source(node)
    made: list[Call] = []
    for index, (name, part) in enumerate(zip(node.outputs, _views(graph, node), strict=True)):
        if name in graph.results or graph.consumers(name):
            tag = str(index) if len(node.outputs) > 1 else ""
            made += _copies(node, x, graph[name], part, tag)
    return tuple(made)


def _views(graph: Graph, node: Node) -> list[Strided]:
    """The node's views, read off NumPy's own of an array of positions."""
    x = graph.source(node)
    positions = np.arange(x.size, dtype=np.int32).reshape(x.shape)
    return [strided(part, positions) for part in view(graph, node)(positions)]


def strided(part: NDArray[np.int32], whole: NDArray[np.int32]) -> Strided:
    """The loops of a view, those merged that step as one."""
    assert np.shares_memory(part, whole), "a view, not a copy"
    pairs: list[tuple[int, int]] = []
    steps = [step // part.itemsize for step in part.strides]
    for extent, step in zip(part.shape, steps, strict=True):
        if pairs and pairs[-1][1] == step * extent:
            pairs[-1] = (pairs[-1][0] * extent, step)
        elif extent > 1:
            pairs.append((extent, step))
    extents, strides = zip(*pairs, strict=True) if pairs else ((), ())
    return Strided(extents, strides, int(part.flat[0]))


def _copies(node: Node, x: Tensor, y: Tensor, part: Strided, tag: str) -> tuple[Call, ...]:
    if len(part.extents) > LOOPS:
        raise calls.refuse(
            node,
            f"moves along {len(part.extents)} axes that do not merge",
            f"up to {LOOPS}",
            "split it into two operators that move fewer axes",
        )
    params = Params(
        "ek_strided_copy_s8_t",
        (
            ("extent", calls.four(part.extents)),
            ("stride", calls.four(part.strides, fill=0)),
            ("offset", part.offset),
        ),
    )
    c_type = calls.c_type(x)
    args = (ParamsArg(), Value(x.name, c_type), Result(y.name, c_type))
    return (Call(f"strided_copy_{_KINDS[x.dtype]}", args, params, tag=tag),)


def tile(graph: Graph, node: Node) -> tuple[Call, ...]:
    """As one copy where its loops suffice, else one axis after the other."""
    [whole] = _views(graph, node)
    if len(whole.extents) <= LOOPS:
        return viewed(graph, node)
    multiples = ints(graph.input(node, 1))
    tiled = [axis for axis, times in enumerate(multiples) if times > 1]
    extents = graph.input(node).shape
    steps = [(axis, np.tile(np.arange(extents[axis]), multiples[axis])) for axis in tiled]
    return _chain(graph, node, tuple(steps))


def taken(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_take_s8` per axis; a copy where no axis changes."""
    return _chain(graph, node, takes(graph, node))


def _chain(graph: Graph, node: Node, steps: tuple[Take, ...]) -> tuple[Call, ...]:
    x, y = graph.input(node), graph.output(node)
    if not steps:
        return (Call("copy_s8", (NumberArg(x.bytes), Value(x.name), Result(y.name))),)
    made: list[Call] = []
    source = x
    for index, (axis, indices) in enumerate(steps):
        last = index == len(steps) - 1
        shape = (*source.shape[:axis], len(indices), *source.shape[axis + 1 :])
        target = y if last else Tensor(f"{node.name}:axis {axis}", shape, x.dtype, x.quant)
        made.append(_take(source, axis, indices, target, "" if last else str(axis), last))
        source = target
    return tuple(made)


def _take(x: Tensor, axis: int, indices: NDArray[Any], y: Tensor, tag: str, last: bool) -> Call:
    params = Params(
        "ek_take_s8_t",
        (
            ("rows", calls.product(x.shape[:axis])),
            ("input_n", x.shape[axis]),
            ("output_n", len(indices)),
            ("run", calls.product(x.shape[axis + 1 :]) * calls.size(x)),
        ),
    )
    listed = Array("i", "indices", "int32_t", indices.astype(np.int32))
    args = (ParamsArg(), listed, Value(x.name), Result(y.name))
    return Call("take_s8", args, params, tag=tag, temporary=None if last else y)


def pack(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_concat_s8` per operand: each fills its place in every row."""
    assert isinstance(node.op, ops.Pack)
    y = graph.output(node)
    axis = node.op.axis % len(y.shape)
    run = calls.product(y.shape[axis + 1 :]) * calls.size(y)
    made: list[Call] = []
    for index in range(len(node.inputs)):
        x = graph.input(node, index)
        params = Params(
            "ek_concat_s8_t",
            (
                ("rows", calls.product(y.shape[:axis])),
                ("run", run),
                ("output_run", run * len(node.inputs)),
                ("offset", run * index),
            ),
        )
        args = (ParamsArg(), Value(x.name), Result(y.name))
        made.append(Call("concat_s8", args, params, tag=str(index)))
    return tuple(made)


LOWERINGS: dict[type[ops.Op], Callable[[Graph, Node], tuple[Call, ...]]] = {
    **dict.fromkeys(VIEWS, viewed),
    **dict.fromkeys(TAKES, taken),
    ops.Tile: tile,
    ops.Pack: pack,
}
"""Operators that move values of any size."""

WIDE = {
    operator: lowering
    for operator, lowering in LOWERINGS.items()
    if operator not in (ops.SpaceToDepth, ops.DepthToSpace)
}
"""Those that TFLite has for int16."""
