"""Functions of one value, which are tables in int8: activations, LOGISTIC, TANH and their like."""

from __future__ import annotations

import numpy as np

from edgekit.converter.interpret.elementwise import look_up
from edgekit.converter.interpret.kernel import Array, Kernel, number_format, quant_of
from edgekit.converter.ir import ops
from edgekit.converter.ir import ops_functions as functions
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.tables import gelu_by_tanh, gelu_of, lut_for


def unary(graph: Graph, node: Node) -> Kernel:
    """The operator's function in float32, or its table in int8."""
    if number_format(graph, node) is DType.INT8:
        return table(graph, node)
    op = node.op
    if isinstance(op, ops.LeakyRelu):
        alpha = np.float32(op.alpha)
        return lambda x: np.where(x >= 0, x, x * alpha)
    if isinstance(op, ops.Gelu):
        return gelu_by_tanh if op.approximate else gelu_of
    return _FUNCTIONS[type(op)]


def table(graph: Graph, node: Node) -> Kernel:
    """An int8 to int8 function as a 256-entry table."""
    source, target = quant_of(node, graph.input(node)), quant_of(node, graph.output(node))
    entries = lut_for(node.op, source, target)
    return lambda x: look_up(entries, x)


def float_logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)) in float32."""
    # exp of a negative number only, so that nothing overflows.
    power = np.exp(-np.abs(x))
    one = np.float32(1)
    result: Array = np.where(x >= 0, one, power) / (one + power)
    return result


def _clip(low: float, high: float) -> Kernel:
    return lambda x: np.clip(x, np.float32(low), np.float32(high))


def _elu(x: Array) -> Array:
    return np.where(x < 0, np.expm1(np.minimum(x, np.float32(0))), x)


def _hard_swish(x: Array) -> Array:
    gate = np.clip(x + np.float32(3), np.float32(0), np.float32(6))
    result: Array = x * gate / np.float32(6)
    return result


_FUNCTIONS: dict[type[ops.Op], Kernel] = {
    ops.Logistic: float_logistic,
    ops.Tanh: np.tanh,
    ops.Relu: _clip(0, np.inf),
    ops.Relu6: _clip(0, 6),
    ops.ReluN1To1: _clip(-1, 1),
    ops.Relu0To1: _clip(0, 1),
    ops.Elu: _elu,
    ops.HardSwish: _hard_swish,
    ops.Abs: np.abs,
    ops.Rsqrt: lambda x: np.float32(1) / np.sqrt(x),
    ops.Exp: np.exp,
    ops.Log: np.log,
    ops.Sqrt: np.sqrt,
    ops.Square: np.square,
    ops.Neg: np.negative,
    ops.Floor: np.floor,
    functions.Ceil: np.ceil,
    functions.Round: np.rint,
    functions.Sign: np.sign,
    functions.Sin: np.sin,
    functions.Cos: np.cos,
}
