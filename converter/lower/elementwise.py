"""Two operands (ADD, SUB, MUL, MAXIMUM, MINIMUM, PRELU), SOFTMAX, and functions of one int8.

The latter become tables of 256.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.fixed_point import (
    INT8_CODES,
    Requant,
    activation_range,
    add_params,
    div_requant,
    log_softmax_params,
    mul_requant,
    prelu_params,
    requantized,
    softmax_params,
    squared_difference_params,
)
from edgekit.converter.ir.graph import DType, Graph, Node, Quant, Tensor
from edgekit.converter.ir.ops import Activation, Softmax
from edgekit.converter.lower import calls, fields
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.program import FieldValue, NumberArg, Params, ParamsArg
from edgekit.converter.tables import lut_for


def add(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_add_s8`."""
    a, b, y = (calls.quant(node, tensor) for tensor in _three(graph, node))
    params = add_params(a, b, y)
    return _binary(graph, node, "add_s8", params.left_shift, params.a, params.b, params.output)


def sub(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_sub_s8`."""
    a, b, y = (calls.quant(node, tensor) for tensor in _three(graph, node))
    params = add_params(a, b, y)
    return _binary(graph, node, "sub_s8", params.left_shift, params.a, params.b, params.output)


def squared_difference(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_squared_difference_s8`."""
    a, b, y = (calls.quant(node, tensor) for tensor in _three(graph, node))
    params = squared_difference_params(a, b, y)
    factors = (params.left_shift, params.a, params.b, params.output)
    return _binary(graph, node, "squared_difference_s8", *factors)


def log_softmax(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_log_softmax_s8`."""
    x = graph.input(node)
    factor = log_softmax_params(calls.quant(node, x))
    fields = (
        ("multiplier", factor.multiplier),
        ("left_shift", factor.left_shift),
        ("diff_min", factor.diff_min),
        ("reverse_q", factor.reverse),
    )
    return _rows(graph, node, "log_softmax_s8", *fields)


def l2_normalization(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_l2_normalization_s8`."""
    zero = calls.quant(node, graph.input(node)).zero_point
    return _rows(graph, node, "l2_normalization_s8", ("input_zero", zero))


def _rows(
    graph: Graph, node: Node, family: str, *fields: tuple[str, FieldValue]
) -> tuple[Call, ...]:
    x, y = graph.input(node), graph.output(node)
    depth = x.shape[-1]
    shape = (("rows", x.size // depth), ("depth", depth))
    params = Params(f"ek_{family}_t", (*shape, *fields))
    return (Call(family, (ParamsArg(), Value(x.name), Result(y.name)), params),)


def prelu(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_prelu_s8`; b is alpha."""
    x, alpha, y = (calls.quant(node, tensor) for tensor in _three(graph, node))
    params = prelu_params(x, alpha, y)
    unused = Requant(0, 0)
    return _binary(graph, node, "prelu_s8", 0, params.positive, unused, params.negative)


def maximum(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_maximum_s8`."""
    return _choice(graph, node, "maximum_s8")


def minimum(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_minimum_s8`."""
    return _choice(graph, node, "minimum_s8")


def _choice(graph: Graph, node: Node, family: str) -> tuple[Call, ...]:
    a, b, y = _three(graph, node)
    calls.quant(node, y)
    params = Params("ek_choice_s8_t", fields.broadcast(a, b, y))
    return (Call(family, (ParamsArg(), Value(a.name), Value(b.name), Result(y.name)), params),)


def mul(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_mul_s8`, which has one factor only."""
    a, b, y = (calls.quant(node, tensor) for tensor in _three(graph, node))
    unused = Requant(0, 0)
    return _binary(graph, node, "mul_s8", 0, unused, unused, mul_requant(a, b, y))


def div(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_div_s8`, which has one factor only."""
    a, b, y = (calls.quant(node, tensor) for tensor in _three(graph, node))
    unused = Requant(0, 0)
    return _binary(graph, node, "div_s8", 0, unused, unused, div_requant(a, b, y))


def _three(graph: Graph, node: Node) -> tuple[Tensor, Tensor, Tensor]:
    return graph.input(node, 0), graph.input(node, 1), graph.output(node)


def _binary(
    graph: Graph, node: Node, family: str, left_shift: int, a_q: Requant, b_q: Requant, y_q: Requant
) -> tuple[Call, ...]:
    a, b, y = _three(graph, node)
    activation = getattr(node.op, "activation", Activation.NONE)
    low, high = activation_range(activation, calls.quant(node, y))
    params = Params(
        "ek_binary_s8_t",
        (
            *fields.broadcast(a, b, y),
            ("a_zero", calls.quant(node, a).zero_point),
            ("b_zero", calls.quant(node, b).zero_point),
            ("output_zero", calls.quant(node, y).zero_point),
            ("left_shift", left_shift),
            ("a_q", a_q),
            ("b_q", b_q),
            ("output_q", y_q),
            ("act_min", low),
            ("act_max", high),
        ),
    )
    args = (ParamsArg(), Value(a.name), Value(b.name), Result(y.name))
    return (Call(family, args, params),)


def softmax(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_softmax_s8` over all rows."""
    assert isinstance(node.op, Softmax)
    x, y = graph.input(node), graph.output(node)
    assert calls.quant(node, y) == Quant.per_tensor(1 / 256, -128), f"{node.name}: output scale"
    factor = softmax_params(calls.quant(node, x), node.op.beta)
    params = Params(
        "ek_softmax_s8_t",
        (
            ("rows", x.size // x.shape[-1]),
            ("depth", x.shape[-1]),
            ("multiplier", factor.multiplier),
            ("left_shift", factor.left_shift),
            ("diff_min", factor.diff_min),
        ),
    )
    return (Call("softmax_s8", (ParamsArg(), Value(x.name), Result(y.name)), params),)


def lookup(graph: Graph, node: Node) -> tuple[Call, ...]:
    """A function of one value as one `ek_lut_s8`."""
    x, y = graph.input(node), graph.output(node)
    values = lut_for(node.op, calls.quant(node, x), calls.quant(node, y))
    return (lookup_call(x, y, values),)


def tabulated(graph: Graph, node: Node, values: NDArray[np.int8]) -> tuple[Call, ...]:
    """A node of which all 256 results are known, as one `ek_lut_s8`."""
    return (lookup_call(graph.input(node), graph.output(node), values),)


def lookup_call(x: Tensor, y: Tensor, values: NDArray[np.int8], tag: str = "") -> Call:
    """`ek_lut_s8` from `x` to `y`."""
    args = (NumberArg(x.size), calls.table(values), Value(x.name), Result(y.name))
    return Call("lut_s8", args, tag=tag)


def requantize_table(x: Quant, y: Quant, source: DType, target: DType) -> NDArray[np.int8]:
    """Table from one 8-bit type to another; kernels see uint8 bytes as int8, so 200 is -56."""
    codes = INT8_CODES & 0xFF if source is DType.UINT8 else INT8_CODES
    limits = np.iinfo(target.value)
    moved = np.clip(requantized(codes.astype(np.int32), x, y), limits.min, limits.max)
    return moved.astype(target.numpy).view(np.int8)
