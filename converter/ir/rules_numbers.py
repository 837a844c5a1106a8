"""Rules about element types and quantization (TFLite's specifications for int8 and 16x8)."""

from __future__ import annotations

import math

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.ir.ops_logic import MIXED, SELECTIONS, TURNED
from edgekit.converter.ir.rule import INDEX_ROLES, activations, node_rule, operands

_CONVOLUTIONS = (ops.Conv2D, ops.DepthwiseConv2D, ops.FullyConnected, ops.TransposeConv)
_INTEGERS = (DType.INT8, DType.INT16)
_FORMATS = (DType.FLOAT32, *_INTEGERS)
_WEIGHTS = (DType.INT8, DType.INT4)
BIAS_TOLERANCE = 0.02
"""Relative; exporters round the bias scale differently, TFLite compares it as loosely."""


@node_rule("activations-dtype", supported=True, hint="export float32, or quantize to int8")
def activations_dtype(graph: Graph, node: Node) -> str:
    """Activations are all float32, all int8 or all int16; only QUANTIZE and DEQUANTIZE change
    between them, ARG_MAX gives int32, and an int16 PRELU has an int8 alpha. Packed signs are
    int32; RESHAPE, SQUEEZE and EXPAND_DIMS take bool and int32 as well; EdgekitTreeEnsemble has
    rules of its own."""
    if isinstance(node.op, (*BINARY, *MIXED, ops.TreeEnsemble)):
        return ""
    found = [(role, tensor.dtype) for role, tensor in activations(graph, node)]
    if isinstance(node.op, ops.Prelu) and found[0][1] is DType.INT16 and found[1][1] is DType.INT8:
        found.pop(1)
    if isinstance(node.op, ops.ArgMax) and found[-1][1] is DType.INT32:
        found = found[:-1]
    kinds = {dtype for _, dtype in found}
    known = set(_FORMATS)
    if isinstance(node.op, ops.Reshape | ops.Squeeze | ops.ExpandDims):
        known |= {DType.BOOL, DType.INT32}
    allowed = len(kinds) == 1 and kinds <= known
    if isinstance(node.op, ops.Quantize):
        allowed = found[0][1] in _FORMATS and found[-1][1] in _INTEGERS
    elif isinstance(node.op, ops.Dequantize):
        allowed = found[0][1] in _INTEGERS and found[-1][1] is DType.FLOAT32
    return "" if allowed else ", ".join(f"{role} {dtype}" for role, dtype in found)


@node_rule(
    "weights-dtype",
    *_CONVOLUTIONS,
    supported=True,
    hint="convert the float model instead",
)
def weights_dtype(graph: Graph, node: Node) -> str:
    """Float32 activations have float32 weights and bias (CONV_2D, DEPTHWISE_CONV_2D and
    FULLY_CONNECTED also int8 weights: dynamic range), int8 ones int8, int4 or (from legacy
    models) uint8 weights and an int32 bias, int16 ones int8 or int4 weights and an int64 bias; but
    no int4 weights with int16 activations in DEPTHWISE_CONV_2D, which LiteRT computes wrongly
    without an error."""
    form = graph.source(node).dtype
    for role, tensor in operands(graph, node):
        allowed = _PARAMETERS[form].get(role)
        wrong = form is DType.INT16 and isinstance(node.op, ops.DepthwiseConv2D)
        if wrong and tensor.dtype is DType.INT4:
            return f"{role} int4 with int16 activations: {WRONG_DEPTHWISE}"
        if form is DType.FLOAT32 and not isinstance(node.op, ops.TransposeConv):
            allowed = _DYNAMIC.get(role)
        if allowed is not None and tensor.dtype not in allowed:
            return f"{role} {tensor.dtype} with {form} activations"
    return ""


WRONG_DEPTHWISE = "LiteRT computes it wrongly, without an error"
"""int4 depthwise convolutions of int16: seen with LiteRT 2.3 and tflite-runtime 2.14."""


_DYNAMIC = {"weights": (DType.FLOAT32, DType.INT8), "bias": (DType.FLOAT32,)}
_PARAMETERS: dict[DType, dict[str, tuple[DType, ...]]] = {
    DType.FLOAT32: {"weights": (DType.FLOAT32,), "bias": (DType.FLOAT32,)},
    DType.INT8: {"weights": (*_WEIGHTS, DType.UINT8), "bias": (DType.INT32,)},
    DType.INT16: {"weights": _WEIGHTS, "bias": (DType.INT64,)},
}


_NOT_INT16 = (
    ops.ArgMax,
    ops.ReluN1To1,
    ops.Relu0To1,
    ops.Elu,
    ops.HardSwish,
    ops.SpaceToDepth,
    ops.DepthToSpace,
    ops.Rsqrt,
    ops.SquaredDifference,
    ops.LogSoftmax,
    ops.L2Normalization,
    ops.Gelu,
    ops.Exp,
    ops.Log,
    ops.Sqrt,
    ops.Neg,
    ops.Div,
)


@node_rule(
    "int16-operators",
    supported=True,
    hint="quantize the model to int8 instead (SPACE_TO_DEPTH and DEPTH_TO_SPACE may also be written"
    " as RESHAPE, TRANSPOSE, RESHAPE)",
)
def int16_operators(graph: Graph, node: Node) -> str:
    """No int16 activations with ARG_MAX, RELU_N1_TO_1, RELU_0_TO_1, ELU, HARD_SWISH,
    SPACE_TO_DEPTH, DEPTH_TO_SPACE, LOG_SOFTMAX and L2_NORMALIZATION, which neither LiteRT nor
    tflite-micro has for them, and with RSQRT, SQUARED_DIFFERENCE, GELU, EXP, LOG, SQRT, NEG and
    DIV."""
    wide = any(tensor.dtype is DType.INT16 for _, tensor in activations(graph, node))
    return "int16" if wide and isinstance(node.op, _NOT_INT16) else ""


@node_rule("int8-negation", ops.Neg, supported=True, hint="multiply by -1 instead")
def int8_negation(graph: Graph, node: Node) -> str:
    """An int8 NEG, which negates stored values, has one scale and zero point 0 throughout."""
    x, y = graph.input(node), graph.output(node)
    if x.dtype is not DType.INT8 or (x.quant == y.quant and x.quant and not x.quant.zero_point):
        return ""
    return f"input {_text(x.quant)}, output {_text(y.quant)}"


@node_rule("index-dtype", supported=True)
def index_dtype(graph: Graph, node: Node) -> str:
    """Axes, paddings, shapes, indices and the like are int32."""
    for role, tensor in operands(graph, node):
        if role in INDEX_ROLES and tensor.dtype is not DType.INT32:
            return f"{role} {tensor.dtype}"
    return ""


@node_rule(
    "transposed-weights",
    ops.TransposeConv,
    supported=True,
    hint="export int8 weights, no activation",
)
def transposed_weights(graph: Graph, node: Node) -> str:
    """A TRANSPOSE_CONV's weights are int8 or float32, and it has no fused activation."""
    assert isinstance(node.op, ops.TransposeConv)
    if node.op.activation is not Activation.NONE:
        return f"activation {node.op.activation}"
    weights = graph.input(node, 1)
    return f"{weights.dtype} weights" if weights.dtype in (DType.INT4, DType.UINT8) else ""


@node_rule("finite-parameters")
def finite_parameters(graph: Graph, node: Node) -> str:
    """Float constants are finite."""
    for role, tensor in operands(graph, node):
        if tensor.data is not None and tensor.dtype is DType.FLOAT32:
            bad = int(np.size(tensor.data) - np.count_nonzero(np.isfinite(tensor.data)))
            if bad:
                return f"{role} {tensor.name} holds {bad} values that are NaN or infinite"
    return ""


@node_rule("int16-slopes", ops.Prelu, supported=True, hint="quantize alpha to int8")
def int16_slopes(graph: Graph, node: Node) -> str:
    """An int16 PRELU has an int8 alpha with zero point 0."""
    alpha = graph.input(node, 1)
    if graph.input(node).dtype is not DType.INT16:
        return ""
    if alpha.dtype is not DType.INT8:
        return f"alpha {alpha.dtype}"
    return _bad_activation(alpha.quant, 0, 0)


@node_rule("int8-quantized")
def int8_quantized(graph: Graph, node: Node) -> str:
    """An int8 activation has one scale, positive and finite, and a zero point in -128..127."""
    for role, tensor in activations(graph, node):
        if tensor.dtype is DType.INT8:
            found = _bad_activation(tensor.quant)
            if found:
                return f"{role} {tensor.name}: {found}"
    return ""


@node_rule("int16-quantized")
def int16_quantized(graph: Graph, node: Node) -> str:
    """An int16 activation has one scale, positive and finite, and zero point 0."""
    for role, tensor in activations(graph, node):
        if tensor.dtype is DType.INT16:
            found = _bad_activation(tensor.quant, 0, 0)
            if found:
                return f"{role} {tensor.name}: {found}"
    return ""


@node_rule("int16-factor", *_CONVOLUTIONS, ops.BatchMatmul, hint="quantize the model again")
def int16_factor(graph: Graph, node: Node) -> str:
    """With int16 activations, input scale * weight scale (of BATCH_MATMUL both operands' scales)
    is below 128 output scales."""
    x, weights, y = graph.input(node).quant, graph.input(node, 1).quant, graph.output(node).quant
    if graph.input(node).dtype is not DType.INT16 or x is None or y is None or weights is None:
        return ""
    factor = x.scale * max(weights.scales) / y.scale
    return "" if factor < 127.99 else f"{factor:.4g} output scales"


@node_rule("int8-factor", *_CONVOLUTIONS, hint="quantize the model again")
def int8_factor(graph: Graph, node: Node) -> str:
    """With int8 activations, input scale * weight scale is below 2^30 output scales."""
    x, weights, y = graph.source(node).quant, graph.input(node, 1).quant, graph.output(node).quant
    if graph.source(node).dtype is not DType.INT8 or x is None or y is None or weights is None:
        return ""
    factor = x.scale * max(weights.scales) / y.scale
    return "" if factor < 2**30 else f"{factor:.4g} output scales"


@node_rule("weights-symmetric", *_CONVOLUTIONS)
def weights_symmetric(graph: Graph, node: Node) -> str:
    """Int8 and int4 weights have zero point 0 and one scale per tensor or per output channel
    (axis 0; axis 3 of depthwise ones), all positive and finite; uint8 ones have one scale and a
    zero point in 0..255."""
    weights = graph.input(node, 1)
    if weights.dtype is DType.UINT8:
        found = _bad_activation(weights.quant, 0, 255)
        return f"{weights.name} has {found}" if found else ""
    if weights.dtype not in _WEIGHTS:
        return ""
    axis = 3 if isinstance(node.op, ops.DepthwiseConv2D) else 0
    return _bad_scales(weights, axis)


@node_rule("bias-scale", *_CONVOLUTIONS)
def bias_scale(graph: Graph, node: Node) -> str:
    """An integer bias has zero point 0. Under one weight scale its own is input scale * weight
    scale, within 2 % of the output scale; one of zeros, and biases per channel, may have any."""
    bias, x, weights = graph.role(node, "bias"), graph.source(node), graph.input(node, 1)
    if bias is None or bias.dtype is DType.FLOAT32 or bias.quant is None:
        return ""
    if x.quant is None or weights.quant is None:
        return "a quantized bias without quantized operands"
    found = _bad_scales(bias, 0)
    if found:
        return found
    if len(bias.quant.scales) not in (1, len(weights.quant.scales)):
        return f"{len(bias.quant.scales)} bias scales for {len(weights.quant.scales)} weight scales"
    if bias.data is not None and not np.any(bias.data):
        return ""  # TensorFlow lets layers share one, with the scale of one of them
    output = graph.output(node).quant
    if len(weights.quant.scales) > 1 or output is None:
        return ""  # TFLite adds the stored integers there, whatever scale is written beside them
    product = x.quant.scale * weights.quant.scales[0]
    apart = abs(bias.quant.scale - product)
    if apart <= max(BIAS_TOLERANCE * output.scale, BIAS_TOLERANCE * product):
        return ""
    return f"its scale is {bias.quant.scale / product:.4g} times the product"


_SAME_SCALE = (
    ops.Pool2D,
    ops.Maximum,
    ops.Minimum,
    ops.Pad,
    ops.Concatenation,
    ops.Reshape,
    ops.Squeeze,
    ops.ExpandDims,
    ops.Transpose,
    ops.StridedSlice,
    ops.Slice,
    ops.Split,
    ops.SplitV,
    ops.Pack,
    ops.Unpack,
    ops.Tile,
    ops.Gather,
    ops.PadV2,
    ops.MirrorPad,
    ops.SpaceToDepth,
    ops.DepthToSpace,
    ops.ResizeNearestNeighbor,
    ops.ResizeBilinear,
    ops.ReduceMax,
    ops.ReduceMin,
    *SELECTIONS,
    *TURNED,
)


@node_rule("same-scale", *_SAME_SCALE, hint="quantize the model again")
def same_scale(graph: Graph, node: Node) -> str:
    """An integer operator that only moves or pools values has one scale and zero point
    throughout."""
    y = graph.output(node)
    for role, tensor in activations(graph, node)[:-1]:
        if tensor.dtype in _INTEGERS and tensor.quant != y.quant:
            return f"{role} {_text(tensor.quant)}, output {_text(y.quant)}"
    return ""


INT16_UNIT = Quant.per_tensor(1 / 32768, 0)
"""[-1, 1) in 65,536 steps."""
_OUTPUTS: dict[type[ops.Op], Quant] = {
    ops.Softmax: Quant.per_tensor(1 / 256, -128),
    ops.Logistic: Quant.per_tensor(1 / 256, -128),
    ops.Tanh: Quant.per_tensor(1 / 128, 0),
    ops.L2Normalization: Quant.per_tensor(1 / 128, 0),
    ops.LogSoftmax: Quant.per_tensor(1 / 16, 127),
}


@node_rule("unit-output", *_OUTPUTS, hint="quantize the model again")
def unit_output(graph: Graph, node: Node) -> str:
    """An int8 SOFTMAX or LOGISTIC has output scale 1/256 and zero point -128, a TANH or
    L2_NORMALIZATION 1/128 and 0, a LOG_SOFTMAX 1/16 and 127; with int16 SOFTMAX, LOGISTIC and TANH
    have 1/32768 and 0."""
    y = graph.output(node)
    if y.dtype not in _INTEGERS:
        return ""
    wanted = INT16_UNIT if y.dtype is DType.INT16 else _OUTPUTS[type(node.op)]
    if y.quant == wanted:
        return ""
    return f"output {_text(y.quant)}"


@node_rule("plain-gather", ops.Gather, supported=True)
def plain_gather(graph: Graph, node: Node) -> str:
    """A GATHER has no batch axes."""
    assert isinstance(node.op, ops.Gather)
    return f"batch_dims {node.op.batch_dims}" if node.op.batch_dims else ""


@node_rule("plain-concatenation", ops.Concatenation, supported=True)
def plain_concatenation(graph: Graph, node: Node) -> str:
    """A CONCATENATION has no fused activation."""
    assert isinstance(node.op, ops.Concatenation)
    activation = node.op.activation
    return "" if activation is Activation.NONE else f"activation {activation}"


def _bad_activation(quant: Quant | None, lowest: int = -128, highest: int = 127) -> str:
    if quant is None:
        return "no scale"
    if quant.axis is not None or len(quant.scales) != 1 or len(quant.zero_points) != 1:
        return f"{len(quant.scales)} scales along axis {quant.axis}"
    if not _positive(quant.scales):
        return f"scale {quant.scale}"
    return "" if lowest <= quant.zero_point <= highest else f"zero point {quant.zero_point}"


def _bad_scales(tensor: Tensor, axis: int) -> str:
    """What is wrong with a symmetric quantization per tensor or along `axis`."""
    quant = tensor.quant
    if quant is None:
        return f"{tensor.name} has no scale"
    if not _positive(quant.scales):
        worst = next(scale for scale in quant.scales if not _positive((scale,)))
        return f"{tensor.name} has scale {worst}"
    if any(quant.zero_points):
        return f"{tensor.name} has zero point {next(filter(None, quant.zero_points))}"
    if quant.axis is None:
        return "" if len(quant.scales) == 1 else f"{len(quant.scales)} scales without an axis"
    if quant.axis != axis or tensor.shape[axis : axis + 1] != (len(quant.scales),):
        return (
            f"{tensor.name} {list(tensor.shape)} has {len(quant.scales)} scales "
            f"along axis {quant.axis}"
        )
    return ""


def _positive(scales: tuple[float, ...]) -> bool:
    return all(math.isfinite(scale) and scale > 0 for scale in scales)


def _text(quant: Quant | None) -> str:
    return "not quantized" if quant is None else f"scale {quant.scale:.6g} zero {quant.zero_point}"
