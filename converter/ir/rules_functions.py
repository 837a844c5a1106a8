"""Rules about functions of one value: attributes, and where they are defined."""

from __future__ import annotations

import math

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops_elementwise import FLOAT_ONLY
from edgekit.converter.ir.rule import activations, node_rule


@node_rule(
    "float-operators",
    *FLOAT_ONLY,
    supported=True,
    hint="put DEQUANTIZE before it and QUANTIZE behind, or convert the float model",
)
def float_operators(graph: Graph, node: Node) -> str:
    """SQUARE, FLOOR, CEIL, ROUND, SIGN, SIN, COS, POW, FLOOR_DIV, CUMSUM, ADD_N and
    TFLite_Detection_PostProcess have float32 activations."""
    kinds = {tensor.dtype for _, tensor in activations(graph, node)} - {DType.FLOAT32}
    return ", ".join(sorted(kinds))


@node_rule("root-input", ops.Rsqrt, ops.Sqrt, supported=True, hint="quantize the model again")
def root_input(graph: Graph, node: Node) -> str:
    """The input of an int8 SQRT or RSQRT has zero point -128, so that it is never negative."""
    x = graph.input(node)
    if x.dtype is not DType.INT8 or x.quant is None or x.quant.zero_point == -128:
        return ""
    return f"zero point {x.quant.zero_point}"


@node_rule("softmax-beta", ops.Softmax)
def softmax_beta(graph: Graph, node: Node) -> str:
    """A SOFTMAX's beta is positive and finite."""
    assert isinstance(node.op, ops.Softmax)
    beta = node.op.beta
    return "" if math.isfinite(beta) and beta > 0 else f"beta {beta}"


@node_rule(
    "softmax-scale", ops.Softmax, ops.LogSoftmax, supported=True, hint="convert with --requantize"
)
def softmax_scale(graph: Graph, node: Node) -> str:
    """An int8 SOFTMAX's input scale times beta, and a LOG_SOFTMAX's input scale, is more than
    2^-26 (1.49e-8), where TFLite stops the program."""
    x = graph.input(node)
    if x.dtype is not DType.INT8 or x.quant is None:
        return ""
    beta = node.op.beta if isinstance(node.op, ops.Softmax) else 1.0
    return "" if x.quant.scale * beta > 2**-26 else f"input scale {x.quant.scale:.6g}"


@node_rule("sum-scale", ops.Add, ops.Sub, supported=True, hint="convert with --requantize")
def sum_scale(graph: Graph, node: Node) -> str:
    """The output scale of an int8 ADD or SUB is more than 2^-19 of the larger input scale, where
    TFLite stops the program."""
    y = graph.output(node)
    scales = [t.quant.scale for t in (graph.input(node), graph.input(node, 1)) if t.quant]
    if y.dtype is not DType.INT8 or y.quant is None or not scales:
        return ""
    least = max(scales) * 2**-19
    return "" if y.quant.scale > least else f"output scale {y.quant.scale:.6g} of {max(scales):.6g}"


@node_rule("leaky-alpha", ops.LeakyRelu)
def leaky_alpha(graph: Graph, node: Node) -> str:
    """A LEAKY_RELU's alpha is finite."""
    assert isinstance(node.op, ops.LeakyRelu)
    return "" if math.isfinite(node.op.alpha) else f"alpha {node.op.alpha}"


@node_rule("hard-swish-scale", ops.HardSwish, supported=True, hint="quantize the model again")
def hard_swish_scale(graph: Graph, node: Node) -> str:
    """An int8 HARD_SWISH's output scale is more than a 128th of its input scale."""
    x, y = graph.input(node), graph.output(node)
    if x.dtype is not DType.INT8 or x.quant is None or y.quant is None:
        return ""
    return "" if x.quant.scale < 128 * y.quant.scale else f"input scale {x.quant.scale:.6g}"
