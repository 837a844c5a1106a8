"""The IR's float operators in TensorFlow, with gradients: what a graph is trained with.

Each function takes TensorFlow, the graph, the node and its operands (tensors with any leading
extent, constants, None for an absent one) and returns the output, or a tuple of several. The NumPy
interpreter defines what they compute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.ir.ops import Activation, Op, Padding
from edgekit.converter.ir.shapes_movement import permutation, split_axis
from edgekit.converter.ir.slicing import as_index, ints, sliced

Operands = Sequence[Any]
Compute = Callable[[Any, Graph, Node, Operands], Any]


def activate(tf: Any, x: Any, activation: Activation) -> Any:
    """The fused activation of an operator."""
    if activation is Activation.NONE:
        return x
    if activation is Activation.RELU:
        return tf.nn.relu(x)
    low, high = (0.0, 6.0) if activation is Activation.RELU6 else (-1.0, 1.0)
    return tf.clip_by_value(x, low, high)


def _biased(tf: Any, x: Any, operands: Operands, activation: Activation) -> Any:
    bias = operands[2] if len(operands) > 2 else None
    return activate(tf, x if bias is None else tf.nn.bias_add(x, bias), activation)


def _conv(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    """Groups one by one and dilated weights with their zeros: TensorFlow has no gradient of the
    short forms on a CPU."""
    op = node.op
    assert isinstance(op, ops.Conv2D)
    groups = graph.input(node).shape[3] // graph.input(node, 1).shape[3]
    weights = tf.transpose(operands[1], (1, 2, 3, 0))
    weights = _spread(tf, weights, op.dilation_h, op.dilation_w)
    parts = zip(tf.split(operands[0], groups, 3), tf.split(weights, groups, 3), strict=True)
    strides, padding = (op.stride_h, op.stride_w), op.padding.value
    made = [tf.nn.conv2d(x, own, strides, padding) for x, own in parts]
    return _biased(tf, made[0] if groups == 1 else tf.concat(made, 3), operands, op.activation)


def _spread(tf: Any, weights: Any, down: int, across: int) -> Any:
    """Weights HWIO with the zeros between them that a dilation stands for."""
    if (down, across) == (1, 1):
        return weights
    height, width, depth, count = weights.shape
    apart = tf.reshape(weights, (height, 1, width, 1, depth, count))
    apart = tf.pad(apart, ((0, 0), (0, down - 1), (0, 0), (0, across - 1), (0, 0), (0, 0)))
    whole = tf.reshape(apart, (height * down, width * across, depth, count))
    return whole[: (height - 1) * down + 1, : (width - 1) * across + 1]


def _depthwise(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    """TensorFlow strides a depthwise convolution equally both ways and never beside a dilation;
    others are computed at every place, and those of the stride kept."""
    op = node.op
    assert isinstance(op, ops.DepthwiseConv2D)
    x, strides, dilations = operands[0], (op.stride_h, op.stride_w), (op.dilation_h, op.dilation_w)
    _, height, width, _ = graph.input(node, 1).shape
    weights = tf.reshape(operands[1], (height, width, -1, op.depth_multiplier))
    if strides[0] == strides[1] and (strides == (1, 1) or dilations == (1, 1)):
        steps = (1, *strides, 1)
        y = tf.nn.depthwise_conv2d(x, weights, steps, op.padding.value, dilations=dilations)
        return _biased(tf, y, operands, op.activation)
    sides = graph.input(node).shape[1:3]
    borders = [
        _borders(*each) if op.padding is Padding.SAME else (0, 0)
        for each in zip(sides, (height, width), strides, dilations, strict=True)
    ]
    x = tf.pad(x, ((0, 0), *borders, (0, 0)))
    y = tf.nn.depthwise_conv2d(x, weights, (1, 1, 1, 1), "VALID", dilations=dilations)
    return _biased(tf, y[:, :: strides[0], :: strides[1]], operands, op.activation)


def _borders(side: int, taps: int, stride: int, dilation: int) -> tuple[int, int]:
    """Zeros before and behind that SAME padding puts."""
    total = max((-(-side // stride) - 1) * stride + (taps - 1) * dilation + 1 - side, 0)
    return total // 2, total - total // 2


def _dense(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    op = node.op
    assert isinstance(op, ops.FullyConnected)
    rows = tf.reshape(operands[0], (-1, graph.input(node, 1).shape[1]))
    y = _biased(tf, tf.matmul(rows, operands[1], transpose_b=True), operands, op.activation)
    return _shaped(tf, graph, node, [y])


def _pool(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    op = node.op
    assert isinstance(op, ops.Pool2D)
    pool = tf.nn.max_pool2d if isinstance(op, ops.MaxPool2D) else tf.nn.avg_pool2d
    window, strides = (op.filter_h, op.filter_w), (op.stride_h, op.stride_w)
    return activate(tf, pool(operands[0], window, strides, op.padding.value), op.activation)


def _reduced(name: str) -> Compute:
    def compute(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
        keep = node.op.keep_dims  # type: ignore[attr-defined]
        return getattr(tf, name)(operands[0], ints(graph.input(node, 1)), keepdims=keep)

    return compute


def _pair(compute: Callable[[Any, Any, Any], Any]) -> Compute:
    def run(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
        activation = getattr(node.op, "activation", Activation.NONE)
        return activate(tf, compute(tf, *operands), activation)

    return run


def _one(compute: Callable[[Any, Any], Any]) -> Compute:
    return lambda tf, graph, node, operands: compute(tf, operands[0])


def _shaped(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    return tf.reshape(operands[0], (-1, *graph.output(node).shape[1:]))


def _softmax(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    assert isinstance(node.op, ops.Softmax)
    return tf.nn.softmax(operands[0] * node.op.beta)


def _leaky(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    assert isinstance(node.op, ops.LeakyRelu)
    return tf.nn.leaky_relu(operands[0], node.op.alpha)


def _joined(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    assert isinstance(node.op, ops.Concatenation)
    return activate(tf, tf.concat(operands, node.op.axis), node.op.activation)


def _parts(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    axis = split_axis(graph, node)
    sizes = [graph[name].shape[axis] for name in node.outputs]
    return tuple(tf.split(operands[node.op.SOURCE], sizes, axis))


def _cut(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    index = as_index(sliced(graph, node)[0], graph.input(node).shape)
    return _shaped(tf, graph, node, [operands[0][index]])


def _padded(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    return tf.pad(operands[0], graph.input(node, 1).values)


def _transposed(tf: Any, graph: Graph, node: Node, operands: Operands) -> Any:
    return tf.transpose(operands[0], permutation(graph, node))


def _prelu(tf: Any, x: Any, alpha: Any) -> Any:
    return tf.nn.relu(x) - alpha * tf.nn.relu(-x)


COMPUTES: Mapping[type[Op], Compute] = MappingProxyType(
    {
        ops.Conv2D: _conv,
        ops.DepthwiseConv2D: _depthwise,
        ops.FullyConnected: _dense,
        ops.AveragePool2D: _pool,
        ops.MaxPool2D: _pool,
        ops.Mean: _reduced("reduce_mean"),
        ops.Sum: _reduced("reduce_sum"),
        ops.ReduceMax: _reduced("reduce_max"),
        ops.Add: _pair(lambda tf, a, b: a + b),
        ops.Sub: _pair(lambda tf, a, b: a - b),
        ops.Mul: _pair(lambda tf, a, b: a * b),
        ops.Maximum: _pair(lambda tf, a, b: tf.maximum(a, b)),
        ops.Minimum: _pair(lambda tf, a, b: tf.minimum(a, b)),
        ops.Prelu: _pair(_prelu),
        ops.Relu: _one(lambda tf, x: tf.nn.relu(x)),
        ops.Relu6: _one(lambda tf, x: tf.nn.relu6(x)),
        ops.LeakyRelu: _leaky,
        ops.Elu: _one(lambda tf, x: tf.nn.elu(x)),
        ops.HardSwish: _one(lambda tf, x: x * tf.nn.relu6(x + 3.0) / 6.0),
        ops.Logistic: _one(lambda tf, x: tf.sigmoid(x)),
        ops.Tanh: _one(lambda tf, x: tf.tanh(x)),
        ops.Softmax: _softmax,
        ops.Concatenation: _joined,
        ops.Split: _parts,
        ops.SplitV: _parts,
        ops.Slice: _cut,
        ops.StridedSlice: _cut,
        ops.Pad: _padded,
        ops.Transpose: _transposed,
        ops.Reshape: _shaped,
        ops.Squeeze: _shaped,
        ops.ExpandDims: _shaped,
    }
)
"""Operators a network may have to be trained on."""
