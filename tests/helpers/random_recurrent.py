"""Random calls of the kernels with states: SVDF and LSTM. States are the last of the inputs."""

from __future__ import annotations

import numpy as np

from edgekit.converter import fixed_point16 as wide
from edgekit.converter.fixed_point import Requant, requant
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Array, Call, Kept, Result, Value
from edgekit.converter.lower.program import Params, ParamsArg
from edgekit.converter.lstm import tanh_input
from tests.helpers import kernel_formulas as formula
from tests.helpers.random_calls import Rng, Sample, ints


def _weights(rng: Rng, *shape: int) -> formula.Array:
    """Now and then -128 or only large ones."""
    weights = rng.integers(-127, 128, shape).astype(np.int8)
    if rng.integers(8) == 0:
        weights.flat[rng.integers(weights.size)] = -128
    return np.sign(weights) * np.int8(127) if rng.integers(8) == 0 else weights


def _factor(rng: Rng, magnitude: float, largest: float) -> Requant:
    """Brings `magnitude` to some part of `largest`, or beyond; now and then above one half."""
    if rng.integers(10) == 0:
        return Requant(int(rng.integers(2**30, 2**31)), int(rng.integers(-31, 3)))
    return requant(largest / magnitude * float(np.exp(rng.uniform(-3, 1))))


def svdf(rng: Rng) -> Sample:
    """Every tail of inputs, filters and memory; saturated states."""
    batches, depth = 1 + int(rng.integers(4) == 0), ints(rng, 1, 40, 1)[0]
    memory = ints(rng, 1, 12, 1)[0]
    rank, units = ints(rng, 1, 3, 1)[0], ints(rng, 1, 9, 1)[0]
    filters = rank * units
    weights = _weights(rng, filters, depth)
    times = rng.integers(-32768, 32768, (filters, memory)).astype(np.int16)
    state = rng.integers(-32768, 32768, (batches, filters, memory)).astype(np.int16)
    bias = rng.integers(-(2**28), 2**28, units).astype(np.int32)
    fields = (
        ("batches", batches),
        ("input_c", depth),
        ("filters", filters),
        ("memory", memory),
        ("rank", rank),
        ("input_zero", formula.random_zero(rng)),
        ("output_zero", formula.random_zero(rng)),
        ("state_q", _factor(rng, 5000 * depth**0.5, 2**15)),
        ("output_q", _factor(rng, 2.0**29 * filters**0.5, 100)),
    )
    args = (
        ParamsArg(),
        Value("x"),
        calls.weights(weights),
        Array("t", "weights over time", "int16_t", times),
        calls.bias(bias),
        Kept("state", "int16_t"),
        Result("y"),
    )
    call = Call("svdf_s8", args, Params("ek_svdf_s8_t", fields))
    return call, [formula.random_s8(rng, batches, depth), state], batches * units


def lstm(rng: Rng) -> Sample:
    """Several steps, so that hidden values come back; gates from flat to steep."""
    batches, steps = 1 + int(rng.integers(3) == 0), ints(rng, 1, 4, 1)[0]
    depth, units = ints(rng, 1, 40, 1)[0], ints(rng, 1, 20, 1)[0]
    time_major, tanh = int(rng.integers(2)), tanh_input(-ints(rng, 8, 14, 1)[0])
    weights = _weights(rng, 4, units, depth)
    recurrent = _weights(rng, 4, units, units)
    bias = rng.integers(-30000, 30000, (4, units)).astype(np.int32)
    gates = [_factor(rng, 5000 * count**0.5, 2**14) for count in 4 * [depth] + 4 * [units]]
    fields = (
        ("batches", batches),
        ("steps", steps),
        ("input_c", depth),
        ("units", units),
        ("batch_stride", 1 if time_major else steps),
        ("step_stride", batches if time_major else 1),
        ("input_zero", formula.random_zero(rng)),
        ("hidden_zero", formula.random_zero(rng)),
        ("forget_q", requant(2.0**-15)),
        ("update_q", requant(2.0 ** -ints(rng, 15, 22, 1)[0])),
        ("output_q", requant(2.0**-30 / float(rng.uniform(0.002, 0.02)))),
        ("tanh_multiplier", tanh.multiplier),
        ("tanh_shift", tanh.shift),
        ("cell_clip", int(rng.choice([32767, 32767, 1000, 20000]))),
    )
    args = (
        ParamsArg(),
        calls.requants(tuple(gates)),
        Array("lut", "table", "uint16_t", wide.sigmoid_table().reshape(16, 16)),
        Value("x"),
        calls.weights(weights),
        Array("r", "recurrent weights", "int8_t", recurrent),
        calls.bias(bias),
        Kept("hidden"),
        Kept("cell", "int16_t"),
        Result("y"),
    )
    call = Call("lstm_s8", args, Params("ek_lstm_s8_t", fields))
    hidden = formula.random_s8(rng, batches, units)
    cell = rng.integers(-32768, 32768, (batches, units)).astype(np.int16)
    x = formula.random_s8(rng, batches, steps, depth)
    return call, [x, hidden, cell], batches * steps * units
