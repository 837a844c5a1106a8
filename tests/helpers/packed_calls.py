"""Random calls for kernels with packed weights, by family: parameters, weights, bias, factors.

A call is as the converter's lowering makes it, with `ref`'s arrays; a variant's packing and
requirements see nothing else.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np

from edgekit.converter.fixed_point import Requant
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Array, Call, Result, Value
from edgekit.converter.lower.program import Params, ParamsArg
from edgekit.firmware_stubs import catalog
from tests.helpers import kernel_formulas as formula
from tests.helpers.kernel_library import parse_structs

Fields = dict[str, Any]
Rng = np.random.Generator


@functools.cache
def structures() -> dict[str, type[ctypes.Structure]]:
    """The parameter structures of ek_kernels.h."""
    return parse_structs((catalog.INCLUDE / "ek_kernels.h").read_text())


def make_call(family: str, c_type: str, fields: Mapping[str, Any], *arrays: Array) -> Call:
    """A call whose parameters are in the order of the C header."""
    order = [name for name, *_ in structures()[c_type]._fields_]
    assert set(order) == set(fields), set(order) ^ set(fields)
    params = Params(c_type, tuple((name, fields[name]) for name in order))
    inputs = [Value("a"), Value("b")] if c_type == "ek_binary_s8_t" else [Value("x")]
    return Call(family, (ParamsArg(), *inputs, *arrays, Result("y")), params)


def pick(rng: Rng, *values: int) -> int:
    return int(rng.choice(np.array(values)))


def axis(rng: Rng, names: tuple[str, str], most: int, dilated: bool = True) -> Fields:
    """One axis of a window: tails, strides, dilations, padding up to a window too much."""
    name, side = names
    taps, stride = int(rng.integers(1, 5)), int(rng.integers(1, 4))
    dilation = int(rng.integers(1, 4)) if dilated and rng.integers(3) == 0 else 1
    span = (taps - 1) * dilation + 1
    size, pad = int(rng.integers(1, most)), int(rng.integers(0, span + 1))
    fits = (size + 2 * pad + span - 1) // stride
    fields = {
        "input": size,
        "output": int(rng.integers(1, max(2, min(fits, most)))),
        "kernel": taps,
    }
    fields |= {"stride": stride, "dilation": dilation}
    return {f"{key}_{name}": value for key, value in fields.items()} | {side: pad}


def quantization(rng: Rng) -> Fields:
    low, high = formula.random_range(rng)
    zero, step = formula.random_zero(rng), int(rng.integers(2))
    return {"output_zero": zero, "act_min": low, "act_max": high, "q_step": step}


def window(rng: Rng, most: int = 8) -> Fields:
    fields = {"batches": int(rng.integers(1, 3)), "input_zero": formula.random_zero(rng)}
    fields |= axis(rng, ("h", "pad_top"), most) | axis(rng, ("w", "pad_left"), most)
    return fields | quantization(rng)


def small_factors(rng: Rng, count: int, magnitude: float) -> list[Requant]:
    """Factors below 1/2; one set in eight is wild, one in 16 has channels that are zero."""
    kind = rng.integers(16)
    if kind < 2:
        many = rng.choice([0, 2**30, 2**31 - 1, rng.integers(2**30, 2**31)], count)
        return [
            Requant(int(m), int(s)) for m, s in zip(many, rng.integers(-31, 0, count), strict=True)
        ]
    rows = formula.random_q(rng, count, max(magnitude, 300.0))
    rows[:, 1] = np.where(rows[:, 0] == 0, rows[:, 1], np.minimum(rows[:, 1], -1))
    if kind == 2:
        rows[rng.integers(count)] = 0
    return [Requant(int(m), int(s)) for m, s in rows]


def constants(rng: Rng, fields: Fields, weights: Any, taps: int, outputs: int) -> tuple[Array, ...]:
    """q, w, b as lowering makes them; biases sometimes anything an int32 holds."""
    factors = small_factors(rng, outputs if fields["q_step"] else 1, 6000 * taps**0.5)
    wild = rng.integers(20) == 0
    limit = 2**31 - 1 if wild else 5000 * taps
    bias = rng.integers(-limit - wild, limit, outputs).astype(np.int32)
    return calls.requants(tuple(factors)), calls.weights(weights), calls.bias(bias)


def conv2d(rng: Rng) -> tuple[Call, list[Any]]:
    f = window(rng)
    f["input_c"] = pick(rng, 1, 2, 3, 4, 5, 8, 15, 16, 17, 32, 33, 48)
    f["output_c"] = pick(rng, 1, 2, 3, 4, 5, 7, 8, 12, 16, 20)
    if rng.integers(3) == 0:  # pointwise
        ones = ("kernel_h", "kernel_w", "stride_h", "stride_w", "dilation_h", "dilation_w")
        f |= dict.fromkeys(ones, 1) | {"pad_top": 0, "pad_left": 0}
        f |= {"output_h": f["input_h"], "output_w": f["input_w"]}
    shape = (f["output_c"], f["kernel_h"], f["kernel_w"], f["input_c"])
    w = formula.random_s8(rng, *shape)
    arrays = constants(rng, f, w, int(np.prod(shape[1:])), f["output_c"])
    x = formula.random_s8(rng, f["batches"], f["input_h"], f["input_w"], f["input_c"])
    return make_call("conv2d_s8", "ek_conv2d_s8_t", f, *arrays), [x]


def depthwise_conv2d(rng: Rng) -> tuple[Call, list[Any]]:
    f = window(rng, 12)
    kind = rng.integers(4)
    if kind < 3:  # 3x3, usually with equal strides
        f |= {"kernel_h": 3, "kernel_w": 3, "dilation_h": 1, "dilation_w": 1}
        f |= {"pad_top": pick(rng, 0, 1, 1, 2), "pad_left": pick(rng, 0, 1, 1, 2)}
    if kind < 2:
        f |= {"stride_h": 1 + int(kind), "stride_w": 1 + int(kind)}
    f["depth_multiplier"] = pick(rng, 1, 1, 1, 1, 2)
    f["input_c"] = pick(rng, 1, 3, 4, 5, 8, 12, 16, 17, 20, 32, 36)
    f["output_c"] = f["input_c"] * f["depth_multiplier"]
    shape = (1, f["kernel_h"], f["kernel_w"], f["output_c"])
    w = formula.random_s8(rng, *shape)
    arrays = constants(rng, f, w, shape[1] * shape[2], f["output_c"])
    x = formula.random_s8(rng, f["batches"], f["input_h"], f["input_w"], f["input_c"])
    return make_call("depthwise_conv2d_s8", "ek_depthwise_conv2d_s8_t", f, *arrays), [x]


def fully_connected(rng: Rng) -> tuple[Call, list[Any]]:
    f = quantization(rng) | {"rows": int(rng.integers(1, 4))}
    f |= {"input_c": int(rng.integers(1, 70)), "output_c": int(rng.integers(1, 20))}
    w = formula.random_s8(rng, f["output_c"], f["input_c"])
    arrays = constants(rng, f, w, f["input_c"], f["output_c"])
    x = formula.random_s8(rng, f["rows"], f["input_c"])
    return make_call("fully_connected_s8", "ek_fully_connected_s8_t", f, *arrays), [x]


def add(rng: Rng) -> tuple[Call, list[Any]]:
    """Operands of one shape, extents padded with ones; one in eight repeats an operand."""
    extent = tuple(int(v) for v in rng.integers(1, [2, 4, 5, 20]))
    dense = tuple(int(np.prod(extent[a + 1 :])) for a in range(4))
    f: Fields = {"extent": extent, "a_stride": dense, "b_stride": dense, "left_shift": 20}
    if rng.integers(8) == 0:
        f["b_stride"] = (0, 0, 0, 0)
    half, other = Requant(1 << 30, 0), small_factors(rng, 1, 200)[0]
    first, second = (half, other) if rng.integers(2) else (other, half)
    f |= {"a_q": first, "b_q": half if rng.integers(4) == 0 else second}
    f["output_q"] = Requant(int(rng.integers(2**30, 2**31)), int(rng.integers(-31, -12)))
    for name in ("a_zero", "b_zero", "output_zero"):
        f[name] = formula.random_zero(rng)
    f["act_min"], f["act_max"] = formula.random_range(rng)
    a, b = formula.random_s8(rng, *extent), formula.random_s8(rng, *extent)
    return make_call("add_s8", "ek_binary_s8_t", f), [a, b]


def pool(family: str, rng: Rng) -> tuple[Call, list[Any]]:
    """Windows that have at least one tap inside; some of more than 255 taps."""
    f: Fields = {"batches": int(rng.integers(1, 3)), "channels": pick(rng, 1, 3, 8, 16, 17, 40)}
    f["act_min"], f["act_max"] = formula.random_range(rng)
    for name, side in (("h", "pad_top"), ("w", "pad_left")):
        taps = int(rng.integers(1, 20 if rng.integers(8) == 0 else 5))
        size, stride = int(rng.integers(1, 9)), int(rng.integers(1, 4))
        pad = int(rng.integers(0, taps))
        f |= {f"input_{name}": size, f"kernel_{name}": taps, f"stride_{name}": stride, side: pad}
        f[f"output_{name}"] = int(rng.integers(1, (size - 1 + pad) // stride + 2))
    x = formula.random_s8(rng, f["batches"], f["input_h"], f["input_w"], f["channels"])
    return make_call(family, "ek_pool2d_s8_t", f), [x]


def random_call(family: str, rng: Rng) -> tuple[Call, list[Any]]:
    """A call of a family and its inputs."""
    if "pool" in family:
        return pool(family, rng)
    return GENERATORS[family](rng)


GENERATORS = {
    "conv2d_s8": conv2d,
    "depthwise_conv2d_s8": depthwise_conv2d,
    "fully_connected_s8": fully_connected,
    "add_s8": add,
}
PACKED = {*GENERATORS, "average_pool2d_s8", "max_pool2d_s8"}
"""The families drawn here."""
