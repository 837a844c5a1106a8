"""Shape inference: the output shape that TFLite's rules give each operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.converter.bits import words
from edgekit.converter.ir import (
    ops,
    shapes_binary,
    shapes_detection,
    shapes_recurrent,
    shapes_trees,
)
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Op, Padding
from edgekit.converter.ir.ops_functions import FUNCTIONS, PAIRS
from edgekit.converter.ir.shapes_logic import LOGIC
from edgekit.converter.ir.shapes_movement import MOVED, PARTS, resize
from edgekit.converter.ir.slicing import Shape, ints, need, proper_axis
from edgekit.converter.ir.slicing import ShapeError as ShapeError


def infer_shapes(graph: Graph, node: Node) -> tuple[Shape, ...]:
    """Shapes of all outputs of the node; see `infer_shape`."""
    parts = _SEVERAL.get(type(node.op))
    return (infer_shape(graph, node),) if parts is None else parts(graph, node, node.op)


def infer_shape(graph: Graph, node: Node) -> Shape:
    """Shape of the node's (first) output from its operands and attributes.

    RESHAPE's is the output tensor's own, after checking that it holds as many elements as the
    input. Raises ShapeError where operands do not fit one another.
    """
    parts = _SEVERAL.get(type(node.op))
    return parts(graph, node, node.op)[0] if parts else _INFER[type(node.op)](graph, node, node.op)


def output_extent(size: int, window: int, stride: int, dilation: int, padding: Padding) -> int:
    """Outputs along one axis of a sliding window, by TFLite's SAME and VALID."""
    if padding is Padding.SAME:
        return -(-size // stride)
    return (size - ((window - 1) * dilation + 1)) // stride + 1


def padding_before(size: int, window: int, stride: int, dilation: int, padding: Padding) -> int:
    """Padding at the top or left; SAME puts the odd element at the other end."""
    if padding is Padding.VALID:
        return 0
    outputs = output_extent(size, window, stride, dilation, padding)
    return max((outputs - 1) * stride + (window - 1) * dilation + 1 - size, 0) // 2


def reduced_axes(graph: Graph, node: Node) -> tuple[int, ...]:
    """A MEAN's axes: not negative, sorted, each once. Raises ShapeError outside the rank."""
    rank = len(graph.input(node).shape)
    axes = sorted({proper_axis(int(axis), rank) for axis in np.ravel(graph.input(node, 1).values)})
    return tuple(axes)


def concatenation_axis(graph: Graph, node: Node) -> int:
    """A CONCATENATION's axis, not negative."""
    assert isinstance(node.op, ops.Concatenation)
    return proper_axis(node.op.axis, len(graph.output(node).shape))


def _rank(shape: Shape, rank: int, what: str) -> None:
    need(len(shape) == rank, f"{what} {list(shape)} is not of rank {rank}")


def _windows(x: Shape, window: Shape, op: Any, dilation: Shape) -> Shape:
    """Height and width after a sliding window."""
    steps = (op.stride_h, op.stride_w)
    need(min(*window, *steps, *dilation) > 0, "a window, stride or dilation below 1")
    extents = tuple(
        output_extent(x[axis + 1], window[axis], steps[axis], dilation[axis], op.padding)
        for axis in (0, 1)
    )
    need(min(extents) > 0, f"a window of {list(window)} does not fit into {list(x[1:3])}")
    return extents


def _conv(graph: Graph, node: Node, op: Any) -> Shape:
    x, weights = graph.input(node).shape, graph.input(node, 1).shape
    _rank(x, 4, "input")
    _rank(weights, 4, "weights")
    outputs, height, width, channels = weights
    groups = x[3] // max(channels, 1)
    whole = groups > 0 and groups * channels == x[3]
    need(whole, f"weights for {channels} channels on an input of {x[3]}")
    need(outputs % groups == 0, f"{outputs} outputs in {groups} groups")
    _bias(graph, node, outputs)
    rows, columns = _windows(x, (height, width), op, (op.dilation_h, op.dilation_w))
    return (x[0], rows, columns, outputs)


def _depthwise(graph: Graph, node: Node, op: Any) -> Shape:
    x, weights = graph.input(node).shape, graph.input(node, 1).shape
    _rank(x, 4, "input")
    _rank(weights, 4, "weights")
    need(weights[0] == 1, f"weights {list(weights)} do not start with 1")
    outputs = x[3] * op.depth_multiplier
    need(
        weights[3] == outputs,
        f"weights for {weights[3]} outputs, {x[3]} channels times multiplier "
        f"{op.depth_multiplier} give {outputs}",
    )
    _bias(graph, node, outputs)
    rows, columns = _windows(x, weights[1:3], op, (op.dilation_h, op.dilation_w))
    return (x[0], rows, columns, outputs)


def _dense(graph: Graph, node: Node, op: Any) -> Shape:
    x, weights = graph.input(node).shape, graph.input(node, 1).shape
    _rank(weights, 2, "weights")
    outputs, inputs = weights
    size = int(np.prod(x, dtype=np.int64))
    need(inputs > 0 and size % inputs == 0, f"weights for {inputs} values on input {list(x)}")
    _bias(graph, node, outputs)
    if op.keep_num_dims:
        need(x[-1:] == (inputs,), f"weights for {inputs} values on input {list(x)}")
        return (*x[:-1], outputs)
    return (size // inputs, outputs)


def _transposed(graph: Graph, node: Node, op: Any) -> Shape:
    x, weights = graph.source(node).shape, graph.input(node, 1).shape
    _rank(x, 4, "input")
    _rank(weights, 4, "weights")
    outputs, height, width, channels = weights
    need(channels == x[3], f"weights for {channels} channels on an input of {x[3]}")
    _bias(graph, node, outputs)
    shape = ints(graph.input(node, 0))
    _rank(tuple(shape), 4, "shape")
    expected = (x[0], *_windows(tuple(shape), (height, width), op, (1, 1)))
    need(
        shape[3] == outputs and expected == x[:3],
        f"shape {shape} has windows for an input of {[*expected, channels]}, not {list(x)}",
    )
    return tuple(shape)


def _bias(graph: Graph, node: Node, outputs: int) -> None:
    bias = graph.role(node, "bias")
    if bias is not None:
        need(bias.size == outputs, f"bias {list(bias.shape)} for {outputs} outputs")


def _pool(graph: Graph, node: Node, op: Any) -> Shape:
    x = graph.input(node).shape
    _rank(x, 4, "input")
    rows, columns = _windows(x, (op.filter_h, op.filter_w), op, (1, 1))
    return (x[0], rows, columns, x[3])


def _bconv(graph: Graph, node: Node, op: Any) -> Shape:
    outputs = shapes_binary.bconv_outputs(graph, node, op)
    x, window = graph.input(node).shape, graph.input(node, 1).shape[1:3]
    rows, columns = _windows(x, window, op, (op.dilation_h, op.dilation_w))
    packed = graph.role(node, "threshold") is not None
    return (x[0], rows, columns, words(outputs) if packed else outputs)


def _mean(graph: Graph, node: Node, op: Any) -> Shape:
    x, axes = graph.input(node).shape, reduced_axes(graph, node)
    if op.keep_dims:
        return tuple(1 if axis in axes else extent for axis, extent in enumerate(x))
    return tuple(extent for axis, extent in enumerate(x) if axis not in axes)


def _arg_max(graph: Graph, node: Node, op: Any) -> Shape:
    x, axes = graph.input(node).shape, ints(graph.input(node, 1))
    need(len(axes) == 1, f"{len(axes)} axes")
    axis = proper_axis(axes[0], len(x))
    return (*x[:axis], *x[axis + 1 :])


def _matmul(graph: Graph, node: Node, op: Any) -> Shape:
    a, b = graph.input(node).shape, graph.input(node, 1).shape
    need(min(len(a), len(b)) >= 2, f"{list(a)} and {list(b)} are not both matrices")
    rows, inner = a[-2:] if not op.adj_x else a[:-3:-1]
    depth, columns = b[-2:] if not op.adj_y else b[:-3:-1]
    need(inner == depth, f"{inner} columns of a meet {depth} rows of b")
    try:
        return (*np.broadcast_shapes(a[:-2], b[:-2]), rows, columns)
    except ValueError:
        raise ShapeError(f"{list(a)} and {list(b)} cannot be broadcast together") from None


def _binary(graph: Graph, node: Node, op: Any) -> Shape:
    a, b = graph.input(node).shape, graph.input(node, 1).shape
    try:
        return tuple(np.broadcast_shapes(a, b))
    except ValueError:
        raise ShapeError(f"{list(a)} and {list(b)} cannot be broadcast together") from None


def _prelu(graph: Graph, node: Node, op: Any) -> Shape:
    shape = _binary(graph, node, op)
    x, alpha = graph.input(node).shape, graph.input(node, 1).shape
    need(shape == x, f"alpha {list(alpha)} does not repeat over input {list(x)}")
    return shape


def _same(graph: Graph, node: Node, op: Any) -> Shape:
    return graph.input(node).shape


_SEVERAL: dict[type[Op], Callable[[Graph, Node, Any], tuple[Shape, ...]]] = {
    **PARTS,
    ops.Svdf: shapes_recurrent.svdf,
    ops.UnidirectionalSequenceLstm: shapes_recurrent.lstm,
    ops.DetectionPostProcess: shapes_detection.detections,
    ops.TreeEnsemble: shapes_trees.tree_ensemble,
}
"""Operators with several outputs."""

_INFER: dict[type[Op], Callable[[Graph, Node, Any], Shape]] = {
    ops.Conv2D: _conv,
    ops.DepthwiseConv2D: _depthwise,
    ops.FullyConnected: _dense,
    ops.TransposeConv: _transposed,
    ops.AveragePool2D: _pool,
    ops.MaxPool2D: _pool,
    ops.Mean: _mean,
    ops.Sum: _mean,
    ops.ReduceMax: _mean,
    ops.ReduceMin: _mean,
    ops.ArgMax: _arg_max,
    ops.ResizeBilinear: resize,
    ops.BatchMatmul: _matmul,
    ops.Add: _binary,
    ops.Sub: _binary,
    ops.Mul: _binary,
    ops.Maximum: _binary,
    ops.Minimum: _binary,
    ops.Prelu: _prelu,
    ops.Logistic: _same,
    ops.Tanh: _same,
    ops.Relu: _same,
    ops.Relu6: _same,
    ops.ReluN1To1: _same,
    ops.Relu0To1: _same,
    ops.LeakyRelu: _same,
    ops.Elu: _same,
    ops.HardSwish: _same,
    ops.Softmax: _same,
    ops.LogSoftmax: _same,
    ops.L2Normalization: _same,
    ops.Abs: _same,
    ops.Rsqrt: _same,
    ops.Exp: _same,
    ops.Log: _same,
    ops.Sqrt: _same,
    ops.Square: _same,
    ops.Neg: _same,
    ops.Floor: _same,
    ops.Div: _binary,
    ops.SquaredDifference: _binary,
    **dict.fromkeys(FUNCTIONS, _same),
    **dict.fromkeys(PAIRS, _binary),
    **LOGIC,
    **MOVED,
    ops.Quantize: _same,
    ops.Dequantize: _same,
    ops.LceQuantize: shapes_binary.quantize,
    ops.LceDequantize: shapes_binary.dequantize,
    ops.LceBconv2d: _bconv,
    ops.LceBMaxPool2d: _pool,
}
