"""CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED whose weights have 4 bits.

They are the int8 or int16 operators with those activations, bias and factors; the weights stay
packed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.lower import int16, weighted
from edgekit.converter.lower.calls import Array, Call


def packed_rows(rows: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Weights (rows, n) as bytes (rows, (n + 1) / 2): even weights in the low four bits.

    >>> packed_rows(np.array([[1, -1, 7]], np.int8))
    array([[241,   7]], dtype=uint8)
    """
    even = np.pad(rows, ((0, 0), (0, rows.shape[1] % 2))).view(np.uint8) & np.uint8(0x0F)
    high = np.left_shift(even[:, 1::2], 4)
    return np.bitwise_or(even[:, 0::2], high, dtype=np.uint8)


def unpacked_rows(packed: NDArray[np.uint8], count: int) -> NDArray[np.int8]:
    """The weights (rows, count) that `packed_rows` was given.

    >>> unpacked_rows(packed_rows(np.array([[1, -8, 7]], np.int8)), 3)
    array([[ 1, -8,  7]], dtype=int8)
    """
    both = np.stack([np.left_shift(packed, 4), packed & np.uint8(0xF0)], axis=-1)
    rows: NDArray[np.int8] = both.view(np.int8).reshape(len(packed), -1)[:, :count] >> 4
    return rows


def _by_channel(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    return weights.reshape(weights.shape[0], -1)


def _by_tap(weights: NDArray[np.int8]) -> NDArray[np.int8]:
    return weights.reshape(-1, weights.shape[-1])


def conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_conv2d_s8w4`; a row of weights per output channel."""
    return _packed(weighted.conv2d(graph, node), "conv2d_s8w4", _by_channel)


def depthwise_conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_depthwise_conv2d_s8w4`; a row of weights per tap."""
    return _packed(weighted.depthwise_conv2d(graph, node), "depthwise_conv2d_s8w4", _by_tap)


def fully_connected(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_fully_connected_s8w4`; a row of weights per output."""
    return _packed(weighted.fully_connected(graph, node), "fully_connected_s8w4", _by_channel)


def _packed(
    calls: tuple[Call, ...], family: str, rows: Callable[[NDArray[np.int8]], NDArray[np.int8]]
) -> tuple[Call, ...]:
    [call] = calls
    args = tuple(
        Array("w", "weights", "uint8_t", packed_rows(rows(arg.values.astype(np.int8))))
        if isinstance(arg, Array) and arg.suffix == "w"
        else arg
        for arg in call.args
    )
    return (replace(call, family=family, args=args),)


LOWERINGS: dict[type[ops.Op], Callable[[Graph, Node], tuple[Call, ...]]] = {
    ops.Conv2D: conv2d,
    ops.DepthwiseConv2D: depthwise_conv2d,
    ops.FullyConnected: fully_connected,
}


def wide_conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_conv2d_s16w4`."""
    return _packed(int16.conv2d(graph, node), "conv2d_s16w4", _by_channel)


def wide_fully_connected(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_fully_connected_s16w4`."""
    return _packed(int16.fully_connected(graph, node), "fully_connected_s16w4", _by_channel)


WIDE: dict[type[ops.Op], Callable[[Graph, Node], tuple[Call, ...]]] = {
    ops.Conv2D: wide_conv2d,
    ops.FullyConnected: wide_fully_connected,
}
"""With int16 activations."""
