"""CONV_2D, DEPTHWISE_CONV_2D, FULLY_CONNECTED: operators with weights and a bias."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import accumulator_requants, activation_range, window
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Conv2D, DepthwiseConv2D, FullyConnected
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.program import FieldValue, Params, ParamsArg
from edgekit.errors import ModelError

Fields = tuple[tuple[str, FieldValue], ...]


def conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_conv2d_s8`; weights (O, H, W, I)."""
    assert isinstance(node.op, Conv2D)
    kernel = _weights(graph, node)
    _, kernel_h, kernel_w, depth = kernel.shape
    assert depth == graph.input(node).shape[3], f"{node.name} is a grouped convolution"
    fields = _spatial(graph, node, node.op, kernel_h, kernel_w)
    return (_call(graph, node, "conv2d_s8", fields, kernel, (1, 2, 3)),)


def depthwise_conv2d(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_depthwise_conv2d_s8`; weights (1, H, W, C).

    Over a single input channel it is a convolution, and becomes one: that is far faster. Packed
    int4 weights lie tap by tap and keep the depthwise kernel.
    """
    assert isinstance(node.op, DepthwiseConv2D)
    kernel = _weights(graph, node)
    _, kernel_h, kernel_w, channels = kernel.shape
    multiplier = channels // graph.input(node).shape[3]
    spatial = _spatial(graph, node, node.op, kernel_h, kernel_w)
    if multiplier == channels and graph.input(node, 1).dtype is not DType.INT4:
        rows = np.ascontiguousarray(kernel.transpose(3, 1, 2, 0))
        return (_call(graph, node, "conv2d_s8", spatial, rows, (1, 2, 3)),)
    fields = (*spatial, ("depth_multiplier", multiplier))
    return (_call(graph, node, "depthwise_conv2d_s8", fields, kernel, (0, 1, 2)),)


def fully_connected(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_fully_connected_s8`; all axes of the input but the weights' are rows."""
    assert isinstance(node.op, FullyConnected)
    kernel = _weights(graph, node)
    output_c, input_c = kernel.shape
    rows = graph.input(node).size // input_c
    fields: Fields = (("rows", rows), ("input_c", input_c), ("output_c", output_c))
    return (_call(graph, node, "fully_connected_s8", fields, kernel, (1,)),)


def _spatial(
    graph: Graph, node: Node, op: Conv2D | DepthwiseConv2D, kernel_h: int, kernel_w: int
) -> Fields:
    batches, input_h, input_w, input_c = graph.input(node).shape
    _, output_h, output_w, output_c = graph.output(node).shape
    rows = window(op.padding, input_h, kernel_h, op.stride_h, op.dilation_h)
    columns = window(op.padding, input_w, kernel_w, op.stride_w, op.dilation_w)
    return (
        ("batches", batches),
        ("input_h", input_h), ("input_w", input_w), ("input_c", input_c),
        ("output_h", output_h), ("output_w", output_w), ("output_c", output_c),
        ("kernel_h", kernel_h), ("kernel_w", kernel_w),
        ("stride_h", op.stride_h), ("stride_w", op.stride_w),
        ("dilation_h", op.dilation_h), ("dilation_w", op.dilation_w),
        ("pad_top", rows.before), ("pad_left", columns.before),
    )  # fmt: skip


def _call(
    graph: Graph,
    node: Node,
    family: str,
    fields: Fields,
    kernel: NDArray[np.int8],
    summed: tuple[int, ...],
) -> Call:
    """The common end of all three: quantization fields, folded bias, factors, arguments."""
    op = node.op
    assert isinstance(op, Conv2D | DepthwiseConv2D | FullyConnected)
    x, y, w = graph.input(node), graph.output(node), graph.input(node, 1)
    x_quant, y_quant, w_quant = calls.quant(node, x), calls.quant(node, y), _weight_quant(node, w)
    factors = accumulator_requants(x_quant, w_quant, y_quant)
    zero: Fields = () if isinstance(op, FullyConnected) else (("input_zero", x_quant.zero_point),)
    low, high = activation_range(op.activation, y_quant)
    params = Params(
        f"ek_{family}_t",
        (
            *fields,
            *zero,
            ("output_zero", y_quant.zero_point),
            ("act_min", low),
            ("act_max", high),
            ("q_step", int(len(factors) > 1)),
        ),
    )
    folded = _folded_bias(graph, node, kernel, summed, x_quant.zero_point)
    args = (
        ParamsArg(),
        calls.requants(factors),
        Value(x.name),
        calls.weights(kernel),
        calls.bias(folded),
        Result(y.name),
    )
    return Call(family, args, params)


def _weights(graph: Graph, node: Node) -> NDArray[np.int8]:
    tensor = graph.input(node, 1)
    if tensor.dtype not in (DType.INT8, DType.INT4):
        raise calls.refuse(
            node,
            f"weights are {tensor.dtype.value}",
            "int8",
            "generated C computes in int8: quantize the model (the default of edgekit convert)",
        )
    return tensor.values.astype(np.int8)


def _weight_quant(node: Node, tensor: Tensor) -> Quant:
    quant = tensor.quant
    assert quant is not None, f"{node.name}: weights without a scale"
    assert not any(quant.zero_points), f"{node.name}: asymmetric weights"
    return quant


def _folded_bias(
    graph: Graph,
    node: Node,
    kernel: NDArray[np.int8],
    summed: tuple[int, ...],
    input_zero: int,
) -> NDArray[np.int32]:
    """bias[o] - input_zero * sum(weights[o]), so that kernels multiply stored values only."""
    sums = kernel.astype(np.int64).sum(axis=summed)
    given = graph.operand(node, 2)
    start = np.zeros_like(sums) if given is None else given.values
    folded = start.astype(np.int64).reshape(sums.shape) - input_zero * sums
    limits = np.iinfo(np.int32)
    if folded.min(initial=0) < limits.min or folded.max(initial=0) > limits.max:
        raise ModelError(
            f"{node.op.NAME} {node.name!r}",
            "its bias leaves int32 once the input's zero point is folded in",
            allowed="-2147483648..2147483647",
            hint="quantize this layer again with representative calibration data",
            code="bias-overflow",
        )
    result: NDArray[np.int32] = folded.astype(np.int32)
    return result
