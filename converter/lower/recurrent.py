"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM, in int8 and float32."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.converter import fixed_point16 as wide
from edgekit.converter.fixed_point import requant
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops_recurrent import GATES
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Array, Call, Kept, Result, Value
from edgekit.converter.lower.fields import Fields
from edgekit.converter.lower.program import Params, ParamsArg
from edgekit.converter.lstm import lstm_factors, operand


def svdf(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_svdf_s8` or `ek_svdf_f32`."""
    from edgekit.converter.lower.float32 import LIMITS

    assert isinstance(node.op, ops.Svdf)
    x, w, t, y = (*(graph.input(node, index) for index in range(3)), graph.output(node))
    filters, memory = t.shape
    shape: Fields = (
        ("batches", x.shape[0]),
        ("input_c", x.shape[1]),
        ("filters", filters),
        ("memory", memory),
        ("rank", node.op.rank),
    )
    bias = graph.operand(node, 3)
    state = graph.input(node, 4)
    integer = x.dtype is DType.INT8
    kind, dtype = ("s8", np.int32) if integer else ("f32", np.float32)
    values = np.zeros(y.shape[-1], dtype) if bias is None else bias.values.reshape(-1)
    if integer:
        x_q, y_q = calls.quant(node, x), calls.quant(node, y)
        assert w.quant is not None
        assert t.quant is not None
        assert state.quant is not None
        shape += (
            ("input_zero", x_q.zero_point),
            ("output_zero", y_q.zero_point),
            ("state_q", requant(x_q.scale * w.quant.scale / state.quant.scale)),
            ("output_q", requant(state.quant.scale * t.quant.scale / y_q.scale)),
        )
    else:
        low, high = LIMITS[node.op.activation]
        shape += (("act_min", low), ("act_max", high))
    c_type, time_type = ("int8_t", "int16_t") if integer else ("float", "float")
    args = (
        ParamsArg(),
        Value(x.name, c_type),
        Array("w", "weights", c_type, w.values),
        Array("t", "weights over time", time_type, t.values),
        Array("b", "bias", "int32_t" if integer else "float", values.astype(dtype)),
        Kept(state.name, time_type),
        Result(y.name, c_type),
    )
    return (Call(f"svdf_{kind}", args, Params(f"ek_svdf_{kind}_t", shape)),)


def lstm(graph: Graph, node: Node) -> tuple[Call, ...]:
    """One `ek_lstm_s8` or `ek_lstm_f32`, the four gates' weights one after another."""
    op = node.op
    assert isinstance(op, ops.UnidirectionalSequenceLstm)
    x, y = graph.input(node), graph.output(node)
    first, second, values = x.shape
    batches, steps = (second, first) if op.time_major else (first, second)
    strides = (values, values * batches) if op.time_major else (values * steps, values)
    units = y.shape[-1]
    shape: Fields = (
        ("batches", batches),
        ("steps", steps),
        ("input_c", values),
        ("units", units),
        ("batch_stride", strides[0] // values),
        ("step_stride", strides[1] // values),
    )
    weights, recurrent, biases = (_four(graph, node, k) for k in ("weights", "recurrent", "bias"))
    hidden, cell = operand(graph, node, "hidden"), operand(graph, node, "cell")
    if x.dtype is DType.FLOAT32:
        clip = op.cell_clip if op.cell_clip > 0 else float(np.finfo(np.float32).max)
        params = Params("ek_lstm_f32_t", (*shape, ("cell_clip", float(np.float32(clip)))))
        args = (
            ParamsArg(),
            Value(x.name, "float"),
            Array("w", "weights", "float", weights),
            Array("r", "recurrent weights", "float", recurrent),
            Array("b", "bias", "float", biases),
            Kept(hidden.name, "float"),
            Kept(cell.name, "float"),
            Result(y.name, "float"),
        )
        return (Call("lstm_f32", args, params),)
    return (_int8(graph, node, shape, weights, recurrent, biases),)


def _int8(
    graph: Graph,
    node: Node,
    shape: Fields,
    weights: NDArray[np.generic],
    recurrent: NDArray[np.generic],
    biases: NDArray[np.generic],
) -> Call:
    x, y = graph.input(node), graph.output(node)
    hidden, cell = operand(graph, node, "hidden"), operand(graph, node, "cell")
    factors = lstm_factors(graph, node)
    params = Params(
        "ek_lstm_s8_t",
        (
            *shape,
            ("input_zero", calls.quant(node, x).zero_point),
            ("hidden_zero", calls.quant(node, hidden).zero_point),
            ("forget_q", factors.forget),
            ("update_q", factors.update),
            ("output_q", factors.output),
            ("tanh_multiplier", factors.tanh.multiplier),
            ("tanh_shift", factors.tanh.shift),
            ("cell_clip", factors.clip),
        ),
    )
    args = (
        ParamsArg(),
        calls.requants((*factors.inputs, *factors.hidden)),
        Array("lut", "table", "uint16_t", wide.sigmoid_table().reshape(16, 16)),
        Value(x.name),
        Array("w", "weights", "int8_t", weights),
        Array("r", "recurrent weights", "int8_t", recurrent),
        Array("b", "bias", "int32_t", biases),
        Kept(hidden.name),
        Kept(cell.name, "int16_t"),
        Result(y.name),
    )
    return Call("lstm_s8", args, params)


def _four(graph: Graph, node: Node, kind: str) -> NDArray[np.generic]:
    values = [operand(graph, node, f"{kind}_{gate}").values for gate in GATES]
    return np.stack(values)
