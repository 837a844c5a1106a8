"""SVDF and UNIDIRECTIONAL_SEQUENCE_LSTM: one invocation, from states to states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.converter.fixed_point import (
    Requant,
    multiply_by_quantized_multiplier,
    requant,
)
from edgekit.converter.fixed_point16 import TableInput, logistic, tanh
from edgekit.converter.interpret.kernel import (
    Array,
    Results,
    activate,
    constant,
    number_format,
    quant_of,
)
from edgekit.converter.interpret.unary import float_logistic
from edgekit.converter.ir.graph import DType, Graph, Node
from edgekit.converter.ir.ops import Svdf, UnidirectionalSequenceLstm
from edgekit.converter.ir.ops_recurrent import GATES
from edgekit.converter.lstm import lstm_factors, operand

Kernel = Callable[..., Results]
GATE_INPUT = TableInput(3, 0)
"""Gates are in steps of 2**-12."""


# ---------------------------------------------------------------------------------------- SVDF


def svdf(graph: Graph, node: Node) -> Kernel:
    """y = sum over a unit's filters of memory . time weights, plus the bias."""
    op = node.op
    assert isinstance(op, Svdf)
    weights, times = constant(graph, node, 1).values, constant(graph, node, 2).values
    filters, memory = times.shape
    finish = _svdf_int8(graph, node) if number_format(graph, node) is DType.INT8 else None
    zero = 0 if finish is None else quant_of(node, graph.input(node)).zero_point
    wide: Any = np.float32 if finish is None else np.int64

    def kernel(x: Array, *operands: Array) -> Results:
        state = operands[-1].reshape(len(x), filters, memory)
        dots = (x.astype(wide) - wide(zero)) @ weights.astype(wide).T
        newest = dots if finish is None else finish[0](dots)
        kept = np.concatenate([state[:, :, 1:], newest[:, :, None].astype(state.dtype)], 2)
        total = (kept.astype(wide) * times.astype(wide)).sum(axis=2)
        total = total.reshape(len(x), -1, op.rank).sum(axis=2)
        bias = operands[2]
        total = total if bias is None else total + bias.astype(wide)
        y = activate(total, op.activation) if finish is None else finish[1](total)
        return y, kept.reshape(operands[-1].shape)

    return kernel


def _svdf_int8(graph: Graph, node: Node) -> tuple[Callable[[Array], Array], ...]:
    """From the filters' sums to the state, and from the units' sums to the output."""
    x, w, t, y = (
        quant_of(node, tensor)
        for tensor in (*(graph.input(node, index) for index in range(3)), graph.output(node))
    )
    state = quant_of(node, graph.input(node, 4))
    first, second = (
        requant(x.scale * w.scale / state.scale),
        requant(state.scale * t.scale / y.scale),
    )
    return (
        lambda sums: _scaled(sums, first, -32768, 32767),
        lambda sums: _scaled(sums, second, -128, 127, y.zero_point).astype(np.int8),
    )


def _scaled(x: Array, factor: Requant, low: int, high: int, zero: int = 0) -> Array:
    scaled = multiply_by_quantized_multiplier(x, factor.multiplier, factor.shift)
    return np.clip(scaled.astype(np.int64) + zero, low, high)


# ---------------------------------------------------------------------------------------- LSTM


def lstm(graph: Graph, node: Node) -> Kernel:
    """cell = forget * cell + input * candidate; hidden = output * tanh(cell), step by step."""
    op = node.op
    assert isinstance(op, UnidirectionalSequenceLstm)
    int8 = number_format(graph, node) is DType.INT8
    step = _int8_step(graph, node) if int8 else _float_step(graph, node)

    def kernel(x: Array, *operands: Array) -> Results:
        hidden, cell = operands[-2], operands[-1]
        steps = x if op.time_major else x.swapaxes(0, 1)
        outputs = []
        for now in steps:
            hidden, cell = step(now, hidden, cell)
            outputs.append(hidden)
        y = np.stack(outputs, axis=0 if op.time_major else 1)
        return y, hidden, cell

    return kernel


def _gates(graph: Graph, node: Node, kind: str) -> list[Array]:
    return [operand(graph, node, f"{kind}_{gate}").values for gate in GATES]


def _float_step(graph: Graph, node: Node) -> Callable[..., tuple[Array, Array]]:
    weights, recurrent = _gates(graph, node, "weights"), _gates(graph, node, "recurrent")
    biases = _gates(graph, node, "bias")
    clip = np.float32(getattr(node.op, "cell_clip", 0.0))

    def step(x: Array, hidden: Array, cell: Array) -> tuple[Array, Array]:
        rows = zip(weights, recurrent, biases, strict=True)
        i, f, g, o = (x @ w.T + hidden @ r.T + b for w, r, b in rows)
        cell = float_logistic(f) * cell + float_logistic(i) * np.tanh(g)
        cell = np.clip(cell, -clip, clip) if clip > 0 else cell
        return float_logistic(o) * np.tanh(cell), cell

    return step


def _int8_step(graph: Graph, node: Node) -> Callable[..., tuple[Array, Array]]:
    factors = lstm_factors(graph, node)
    weights, recurrent = _gates(graph, node, "weights"), _gates(graph, node, "recurrent")
    biases = _gates(graph, node, "bias")
    x_zero = quant_of(node, graph.input(node)).zero_point
    hidden_zero = quant_of(node, operand(graph, node, "hidden")).zero_point

    def gate(index: int, x: Array, hidden: Array) -> Array:
        sums = (x.astype(np.int64) - x_zero) @ weights[index].astype(np.int64).T + biases[index]
        again = (hidden.astype(np.int64) - hidden_zero) @ recurrent[index].astype(np.int64).T
        first = _scaled(sums, factors.inputs[index], -32768, 32767)
        second = _scaled(again, factors.hidden[index], -32768, 32767)
        return np.clip(first + second, -32768, 32767).astype(np.int16)

    def step(x: Array, hidden: Array, cell: Array) -> tuple[Array, Array]:
        sums = [gate(index, x, hidden) for index in range(4)]
        i, f, o = (logistic(sums[index], GATE_INPUT).astype(np.int64) for index in (0, 1, 3))
        g = tanh(sums[2], GATE_INPUT).astype(np.int64)
        kept = _scaled(f * cell.astype(np.int64), factors.forget, -32768, 32767)
        added = _scaled(i * g, factors.update, -32768, 32767)
        cell = np.clip(kept + added, -32768, 32767)
        if factors.clip < 32767:
            cell = np.clip(cell, -factors.clip, factors.clip)
        cell = cell.astype(np.int16)
        shown = tanh(cell, factors.tanh).astype(np.int64)
        new = _scaled(o * shown, factors.output, -128, 127, hidden_zero)
        return new.astype(np.int8), cell

    return step
