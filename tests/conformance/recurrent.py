"""Generators of the operators with states of their own."""

from __future__ import annotations

import numpy as np

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Quant, Tensor
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.ops_recurrent import GATES
from tests.conformance.maker import Maker, Shape
from tests.conformance.registry import generator


def _weights(m: Maker, shape: Shape, scale: float, *, wide: bool = False) -> str:
    """Symmetric weights of one scale; int16 with `wide`."""
    if m.dtype is DType.FLOAT32:
        return m.constant((m.rng.normal(0, 0.5, shape)).astype(np.float32))
    top = 32767 if wide else 127
    values = m.rng.integers(-top, top + 1, shape).astype(np.int16 if wide else np.int8)
    return m.constant(values, Quant.per_tensor(scale * float(m.rng.uniform(0.5, 2)), 0))


def _bias(m: Maker, count: int, scale: float) -> str:
    if m.dtype is DType.FLOAT32:
        return m.constant(m.rng.normal(0, 1, count).astype(np.float32))
    values = m.rng.integers(-3000, 3000, count).astype(np.int32)
    return m.constant(values, Quant.per_tensor(scale, 0))


@generator("SVDF", "int8", "float32")
def svdf(m: Maker) -> bool:
    x = m.pick(lambda t: len(t.shape) == 2) or m.input((1, m.integer(1, 20)))
    batch, depth = m[x].shape
    rank, units, memory = m.integer(1, 3), m.integer(1, 9), m.integer(1, 8)
    filters = rank * units
    integer, source = m.dtype is DType.INT8, m.like(x)
    dot = source.scale * 0.01 * 5000 * np.sqrt(depth) if source else 1.0
    state_scale = dot / 32768 * float(np.exp(m.rng.uniform(-0.5, 2)))
    weights = _weights(m, (filters, depth), 0.01)
    times = _weights(m, (filters, memory), 1 / 32768, wide=True)
    form_of_times = m[times].quant
    step = state_scale * form_of_times.scale if form_of_times else 0.0
    bias = _bias(m, units, step) if m.chance(0.7) else None
    form = DType.INT16 if integer else DType.FLOAT32
    quant = Quant.per_tensor(state_scale, 0) if integer else None
    state = Tensor("", (batch, filters * memory), form, quant)
    activation = Activation.RELU if integer else m.activation()
    spread = dot * np.sqrt(rank * memory) / 128 * float(m.rng.uniform(0.3, 2))
    output = Quant.per_tensor(spread, m.zero_point()) if integer else None
    m.add_updating(ops.Svdf(rank, activation), [x, weights, times, bias], [state], output)
    return True


@generator("UNIDIRECTIONAL_SEQUENCE_LSTM", "int8", "float32")
def lstm(m: Maker) -> bool:
    x = m.pick(lambda t: len(t.shape) == 3 and t.shape[0] == 1 and t.size <= 200)
    x = x or m.input((1, m.integer(1, 5), m.integer(1, 9)))
    units, time_major = m.integer(1, 7), m.chance(0.3)
    first, second, depth = m[x].shape
    batch = second if time_major else first
    integer, source = m.dtype is DType.INT8, m.like(x)
    gain = 0.02 / source.scale / np.sqrt(depth) / 60 if source else 0.0
    weights = [_weights(m, (units, depth), gain) for _ in GATES]
    recurrent = [_weights(m, (units, units), 0.02) for _ in GATES]
    biases = [_bias(m, units, source.scale * gain if source else 0) for _ in GATES]
    form = Quant.per_tensor(float(m.rng.uniform(0.004, 0.01)), m.zero_point())
    output = form if integer else None
    hidden = Tensor("", (batch, units), m.dtype, output)
    power = Quant.per_tensor(2.0 ** -m.integer(8, 14), 0) if integer else None
    cell = Tensor("", (batch, units), DType.INT16 if integer else DType.FLOAT32, power)
    clip = float(np.float32(m.one_of((0.0, 0.0, 1.0, 10.0))))
    op = ops.UnidirectionalSequenceLstm(clip, 0.0, time_major)
    operands = [x, *weights, *recurrent, None, None, None, *biases, None, None]
    m.add_updating(op, operands, [hidden, cell], output)
    return True
