"""Rules about SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM, after tflite-micro's."""

from __future__ import annotations

import math

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.rule import BIAS_ROLES, node_rule, operands

_RECURRENT = (ops.Svdf, ops.UnidirectionalSequenceLstm)
_INT16 = frozenset(("weights_time", "state", "cell"))


@node_rule(
    "recurrent-formats",
    *_RECURRENT,
    supported=True,
    hint="convert the float model with --precision float32, or quantize it with TensorFlow",
)
def recurrent_formats(graph: Graph, node: Node) -> str:
    """A float32 SVDF or LSTM is float32 throughout. An int8 one has int8 weights and int32 biases;
    int16 are an SVDF's time weights and state and an LSTM's cell, whose scale is a power of two.
    All but inputs and outputs have zero point 0, each has one scale; an LSTM's hidden state has
    those of its output."""
    form = graph.input(node).dtype
    for role, tensor in operands(graph, node):
        wanted = DType.FLOAT32 if form is DType.FLOAT32 else _integer(role)
        if tensor.dtype is not wanted:
            return f"{role} {tensor.dtype} with {form} activations"
        if form is DType.INT8 and role not in BIAS_ROLES:
            found = _odd(tensor.quant, role in ("input", "hidden"))
            if found:
                return f"{role} {tensor.name}: {found}"
    if form is not DType.INT8 or isinstance(node.op, ops.Svdf):
        return ""
    hidden, cell = graph.role(node, "hidden"), graph.role(node, "cell")
    assert hidden is not None
    assert cell is not None
    assert cell.quant is not None
    if hidden.quant != graph.output(node).quant:
        return f"hidden {hidden.name} and the output have different scales or zero points"
    power = math.log2(cell.quant.scale)
    return "" if abs(power - round(power)) < 1e-6 else f"cell scale {cell.quant.scale:.6g}"


def _integer(role: str) -> DType:
    if role in BIAS_ROLES:
        return DType.INT32
    return DType.INT16 if role in _INT16 else DType.INT8


def _odd(quant: Quant | None, any_zero: bool) -> str:
    if quant is None or len(quant.scales) != 1:
        return "no scale" if quant is None else f"{len(quant.scales)} scales"
    if not (math.isfinite(quant.scale) and quant.scale > 0):
        return f"scale {quant.scale}"
    return "" if any_zero or quant.zero_point == 0 else f"zero point {quant.zero_point}"


@node_rule(
    "plain-recurrent",
    *_RECURRENT,
    supported=True,
    hint="export it without; or use 1-D depthwise-separable convolutions over the time axis",
)
def plain_recurrent(graph: Graph, node: Node) -> str:
    """An int8 SVDF has the activation RELU; an LSTM has no peepholes and no projection. Their
    states are states of the graph that the node alone updates."""
    op = node.op
    if isinstance(op, ops.Svdf):
        if graph.input(node).dtype is DType.INT8 and op.activation is not Activation.RELU:
            return f"activation {op.activation}"
    else:
        for role, tensor in operands(graph, node):
            if role.startswith(("peephole", "projection")):
                return f"{role} {tensor.name}"
    own = {state.read: state.written for state in graph.states}
    for position, written in zip(op.STATES, node.outputs[1:], strict=True):
        name = node.inputs[position] or ""
        if own.get(name) != written or len(graph.consumers(name)) > 1 or graph.consumers(written):
            return f"{name} is no state of its own"
    return ""
