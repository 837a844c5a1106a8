"""RESIZE_BILINEAR: each output is weighted between the four inputs around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgekit.converter.bilinear import ONE, places, real_places
from edgekit.converter.interpret.kernel import (
    Array,
    Kernel,
    in_blocks,
    number_format,
    same_quantization,
)
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import ResizeBilinear


def resize_bilinear(graph: Graph, node: Node) -> Kernel:
    """Integers in fractions of 1/1024 along either axis, rounded once, halves away from zero."""
    op = node.op
    assert isinstance(op, ResizeBilinear)
    x, y = graph.input(node).shape, graph.output(node).shape
    if number_format(graph, node) is DType.FLOAT32:
        real = [real_places(x[axis], y[axis], op) for axis in (1, 2)]
        return lambda x, *_: _blend(x, real[0], real[1], np.float32(1))
    same_quantization(graph, node)
    rows, columns = (tuple(places(x[axis], y[axis], op).T.astype(np.int64)) for axis in (1, 2))

    def block(x: Array) -> Array:
        total = _blend(x.astype(np.int64), rows, columns, np.int64(ONE))
        half = np.where(total > 0, 1 << 19, -(1 << 19))
        rounded = total + half
        codes: Array = (np.sign(rounded) * (np.abs(rounded) >> 20)).astype(x.dtype)
        return codes

    return lambda x, *_: in_blocks(block, x, 8 * int(np.prod(y[1:])))


def _blend(x: Array, rows: Sequence[Array], columns: Sequence[Array], one: Any) -> Array:
    """Sum over the four neighbours of value * row weight * column weight."""
    top, bottom, down = rows
    left, right, across = columns
    down, across = down[:, None, None], across[:, None]
    upper = x[:, top][:, :, left] * (one - down) * (one - across)
    upper = upper + x[:, top][:, :, right] * (one - down) * across
    lower = x[:, bottom][:, :, left] * down * (one - across)
    total: Array = upper + (lower + x[:, bottom][:, :, right] * down * across)
    return total
