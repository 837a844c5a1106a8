"""What a weighted layer multiplies: its input as rows, its weights as matrices.

Every such layer is, for each of its groups, rows (n, taps) times weights (channels, taps): a
convolution has one group and its windows as rows, a depthwise one a group for each input channel,
a fully connected one its input's rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.interpret.window import Windows
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Conv2D, DepthwiseConv2D, FullyConnected

Floats = NDArray[Any]
MATRICES = (Conv2D, DepthwiseConv2D, FullyConnected)
"""Operators that these functions take."""

BLOCK_ELEMENTS = 1 << 23
"""Elements of the rows of one block of samples."""


def weight_matrices(graph: Graph, node: Node, weights: NDArray[Any]) -> NDArray[Any]:
    """Weights as the operator stores them -> (groups, channels per group, taps)."""
    if isinstance(node.op, DepthwiseConv2D):
        depth, taps = graph.input(node).shape[3], weights.shape[1] * weights.shape[2]
        return np.moveaxis(weights.reshape(taps, depth, -1), 0, 2)
    groups = graph.input(node).shape[3] // weights.shape[3] if weights.ndim == 4 else 1
    return weights.reshape(groups, weights.shape[0] // groups, -1)


def stored_weights(graph: Graph, node: Node, matrices: NDArray[Any]) -> NDArray[Any]:
    """The inverse of `weight_matrices`."""
    shape = graph.input(node, 1).shape
    if isinstance(node.op, DepthwiseConv2D):
        return np.moveaxis(matrices, 2, 0).reshape(shape)
    return matrices.reshape(shape)


def input_rows(graph: Graph, node: Node, x: Floats) -> Iterator[Floats]:
    """Real inputs of the layer -> blocks (groups, n, taps) of float32 rows; padding is 0.

    The rows of a sample follow one another in the order of the output's places.
    """
    if isinstance(node.op, FullyConnected):
        yield x.reshape(1, -1, graph.input(node, 1).shape[1]).astype(np.float32, copy=False)
        return
    windows, groups = _windows(graph, node), _groups(graph, node)
    _, height, width, _ = graph.input(node, 1).shape
    per_sample = int(np.prod(windows.output)) * height * width * x.shape[3]
    step = max(1, BLOCK_ELEMENTS // per_sample)
    for start in range(0, len(x), step):
        padded = windows.pad(x[start : start + step], 0.0, np.float32)
        rows = windows.patches(padded).reshape(-1, height * width, groups, x.shape[3] // groups)
        yield np.moveaxis(rows, 2, 0).reshape(groups, len(rows), -1)


def _groups(graph: Graph, node: Node) -> int:
    depth = graph.input(node).shape[3]
    return depth if isinstance(node.op, DepthwiseConv2D) else depth // graph.input(node, 1).shape[3]


def _windows(graph: Graph, node: Node) -> Windows:
    op = node.op
    assert isinstance(op, Conv2D | DepthwiseConv2D)
    _, height, width, _ = graph.input(node, 1).shape
    stride, dilation = (op.stride_h, op.stride_w), (op.dilation_h, op.dilation_w)
    return Windows.of(graph.input(node).shape, op.padding, (height, width), stride, dilation)
