"""Output shapes by TFLite's rules, and what does not fit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Tensor
from edgekit.converter.ir.ops import Op, Padding
from edgekit.converter.ir.shapes import (
    ShapeError,
    concatenation_axis,
    infer_shape,
    output_extent,
    padding_before,
    reduced_axes,
)

Shape = tuple[int, ...]


def graph_of(op: Op, *operands: Shape | np.ndarray, output: Shape = ()) -> Graph:
    """One node over float activations (shapes) and constants (arrays)."""
    tensors = {}
    for index, operand in enumerate(operands):
        data = operand if isinstance(operand, np.ndarray) else None
        shape = operand.shape if isinstance(operand, np.ndarray) else operand
        dtype = DType.FLOAT32 if data is None else DType(data.dtype.name)
        tensors[f"i{index}"] = Tensor(f"i{index}", shape, dtype, None, data)
    names = tuple(tensors)
    tensors["y"] = Tensor("y", output, DType.FLOAT32)
    return Graph("g", tensors, (Node("n", op, names, ("y",)),), names, ("y",))


def shape_of(op: Op, *operands: Shape | np.ndarray, output: Shape = ()) -> Shape:
    graph = graph_of(op, *operands, output=output)
    return infer_shape(graph, graph.nodes[0])


I32 = np.int32
SAME, VALID = Padding.SAME, Padding.VALID


@pytest.mark.parametrize(
    ("op", "operands", "expected"),
    [
        (ops.Conv2D(SAME, 2, 2), ((1, 7, 5, 3), (8, 3, 3, 3)), (1, 4, 3, 8)),
        (ops.Conv2D(VALID, 2, 1), ((2, 7, 5, 3), (8, 3, 3, 3), (8,)), (2, 3, 3, 8)),
        (ops.Conv2D(VALID, dilation_h=2), ((1, 7, 5, 3), (8, 3, 3, 3)), (1, 3, 3, 8)),
        (ops.DepthwiseConv2D(SAME, depth_multiplier=2), ((1, 4, 4, 3), (1, 3, 3, 6)), (1, 4, 4, 6)),
        (ops.FullyConnected(), ((1, 2, 3), (4, 6)), (1, 4)),
        (ops.FullyConnected(), ((2, 3, 6), (4, 6), (4,)), (6, 4)),
        (ops.FullyConnected(keep_num_dims=True), ((2, 3, 6), (4, 6)), (2, 3, 4)),
        (ops.AveragePool2D(VALID, 2, 3, 2, 3), ((1, 4, 9, 5),), (1, 2, 3, 5)),
        (ops.MaxPool2D(SAME, 3, 3, 2, 2), ((1, 5, 5, 1),), (1, 3, 3, 1)),
        (ops.Mean(), ((1, 4, 5, 6), np.array([1, 2], I32)), (1, 6)),
        (ops.Mean(keep_dims=True), ((1, 4, 5, 6), np.array([-2, 1], I32)), (1, 1, 1, 6)),
        (ops.Mean(), ((4,), np.array(0, I32)), ()),
        (ops.Add(), ((1, 4, 4, 3), (3,)), (1, 4, 4, 3)),
        (ops.Mul(), ((1, 4, 1, 3), (1, 1, 5, 1)), (1, 4, 5, 3)),
        (ops.Pad(), ((1, 2, 3), np.array([[0, 0], [1, 2], [0, 4]], I32)), (1, 5, 7)),
        (ops.Concatenation(-1), ((1, 2, 3), (1, 2, 4), (1, 2, 1)), (1, 2, 8)),
        (ops.Squeeze((1,)), ((1, 1, 2, 1),), (1, 2, 1)),
        (ops.Squeeze(), ((1, 1, 2, 1),), (2,)),
        (ops.Softmax(), ((2, 5),), (2, 5)),
        (ops.Quantize(), ((2, 5),), (2, 5)),
    ],
)
def test_shapes(op: Op, operands: tuple[Shape, ...], expected: Shape) -> None:
    assert shape_of(op, *operands) == expected


@pytest.mark.parametrize(
    ("op", "operands", "words"),
    [
        (ops.Conv2D(SAME), ((4, 4, 3), (8, 3, 3, 3)), "input [4, 4, 3] is not of rank 4"),
        (ops.Conv2D(SAME), ((1, 4, 4, 3), (8, 3, 3)), "weights [8, 3, 3] is not of rank 4"),
        (ops.Conv2D(SAME), ((1, 4, 4, 3), (8, 3, 3, 2)), "weights for 2 channels on an input of 3"),
        (ops.Conv2D(SAME), ((1, 4, 4, 3), (8, 3, 3, 3), (7,)), "bias [7] for 8 outputs"),
        (ops.Conv2D(SAME, 0, 1), ((1, 4, 4, 3), (8, 3, 3, 3)), "stride or dilation below 1"),
        (ops.Conv2D(VALID), ((1, 2, 4, 3), (8, 3, 3, 3)), "a window of [3, 3] does not fit"),
        (ops.DepthwiseConv2D(SAME), ((1, 4, 4, 3), (1, 3, 3, 6)), "give 3"),
        (ops.DepthwiseConv2D(SAME), ((1, 4, 4, 3), (3, 3, 3, 3)), "do not start with 1"),
        (ops.FullyConnected(), ((1, 7), (4, 6)), "weights for 6 values on input [1, 7]"),
        (ops.FullyConnected(keep_num_dims=True), ((6, 1), (4, 6)), "weights for 6 values"),
        (ops.Mean(), ((4, 4), np.array([2], I32)), "axis 2 of a tensor of rank 2"),
        (ops.Add(), ((2, 3), (2, 4)), "cannot be broadcast"),
        (ops.Pad(), ((1, 2), np.array([[1, 1]], I32)), "paddings [1, 2] for input [1, 2]"),
        (ops.Pad(), ((2,), np.array([[-1, 0]], I32)), "negative paddings"),
        (ops.Concatenation(1), ((1, 2), (2, 2)), "cannot be joined along axis 1"),
        (ops.Squeeze((0,)), ((2, 1),), "axes [0] of [2, 1] are not all 1"),
    ],
)
def test_what_does_not_fit_is_explained(op: Op, operands: tuple[Shape, ...], words: str) -> None:
    with pytest.raises(ShapeError) as caught:
        shape_of(op, *operands)
    assert words in str(caught.value)


def test_reshape_keeps_its_output_s_shape_and_checks_it() -> None:
    target = np.array([-1, 6], I32)
    assert shape_of(ops.Reshape(), (1, 2, 6), target, output=(2, 6)) == (2, 6)
    with pytest.raises(ShapeError, match="12 elements into"):
        shape_of(ops.Reshape(), (1, 2, 6), output=(2, 5))
    with pytest.raises(ShapeError, match="the shape operand says"):
        shape_of(ops.Reshape(), (1, 2, 6), target, output=(3, 4))


def test_axes_are_normalized() -> None:
    graph = graph_of(ops.Mean(), (1, 2, 3, 4), np.array([-1, 1, 3], I32))
    assert reduced_axes(graph, graph.nodes[0]) == (1, 3)
    graph = graph_of(ops.Concatenation(-2), (1, 2), (1, 2), output=(2, 2))
    assert concatenation_axis(graph, graph.nodes[0]) == 0


@given(
    size=st.integers(1, 40),
    window=st.integers(1, 7),
    stride=st.integers(1, 4),
    dilation=st.integers(1, 3),
)
def test_same_padding_covers_the_input_and_no_more(
    size: int, window: int, stride: int, dilation: int
) -> None:
    """The last window starts inside the padded input; the odd element is at the end."""
    outputs = output_extent(size, window, stride, dilation, SAME)
    before = padding_before(size, window, stride, dilation, SAME)
    span = (window - 1) * dilation + 1
    total = max((outputs - 1) * stride + span - size, 0)
    assert outputs == -(-size // stride)
    assert 0 <= before <= total - before <= before + 1
    assert padding_before(size, window, stride, dilation, VALID) == 0
