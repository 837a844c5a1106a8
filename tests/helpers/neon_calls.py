"""Random calls of the kernel families that `neon` has, with inputs and what `ref` makes of them.

sample = random_sample(kernel, rng)
sample.call, sample.inputs, sample.expected
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.converter.fixed_point import Requant
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.program import NumberArg, Params, ParamsArg
from edgekit.converter.lower.select import REQUIRES, Kernel
from edgekit.converter.lower.variants import Request
from tests.helpers.kernel_library import load
from tests.helpers.packed_cases import Array, reference
from tests.helpers.variant_cases import drawn, fits

Rng = np.random.Generator
Fields = dict[str, Any]
CHANNELS = (8, 16, 24, 32, 48)


@dataclass(frozen=True, slots=True)
class Sample:
    """One call; `expected` is the output of the family's `ref` kernel."""

    call: Call
    inputs: tuple[Array, ...]
    expected: Array


def random_sample(kernel: Kernel, rng: Rng) -> Sample:
    """A call that meets the kernel's requirements; many have extreme data."""
    sample = FAMILIES[kernel.family](kernel, rng)
    request = Request(sample.call)
    broken = [name for name in kernel.requires if not REQUIRES[name].holds(request)]
    assert not broken, broken
    return sample


def _int(rng: Rng, low: int, high: int) -> int:
    return int(rng.integers(low, high + 1))


def _zero(rng: Rng) -> int:
    return int(rng.choice([-128, 127, 0, _int(rng, -128, 127)]))


def _channels(rng: Rng, least: int = 1) -> int:
    return int(rng.choice(CHANNELS)) if rng.integers(2) else _int(rng, least, 40)


def _values(rng: Rng, count: int, low: int = -128) -> Array:
    """int8 values; one time in six only the two ends."""
    if rng.integers(6) == 0:
        return rng.choice(np.array([low, 127], np.int8), count)
    return rng.integers(low, 128, count, dtype=np.int8)


def _range(rng: Rng) -> Fields:
    low, high = sorted((_zero(rng), _zero(rng)))
    return {"act_min": low, "act_max": high} if rng.integers(2) else FULL


FULL: Fields = {"act_min": -128, "act_max": 127}


def requant(rng: Rng, magnitude: float) -> Requant:
    """A factor that brings `magnitude` somewhere near int8; rarely any shift, or zero."""
    kind = int(rng.integers(12))
    if kind == 0:
        return Requant(0, 0)
    multiplier = int(rng.choice([1 << 30, (1 << 31) - 1, _int(rng, 1 << 30, (1 << 31) - 1)]))
    if kind == 1:
        return Requant(multiplier, _int(rng, -31, 12))
    return Requant(multiplier, 7 - round(math.log2(magnitude)) + _int(rng, -2, 1))


def _axis(rng: Rng, name: str, taps: int, dilation: int) -> Fields:
    """Sizes along h or w: every window reaches into the input, some beyond it."""
    stride, pad = _int(rng, 1, 3), _int(rng, 0, (taps - 1) * dilation)
    size = _int(rng, 1, 9)
    most = max(1, (size - 1 + pad) // stride + 1)
    return {
        f"input_{name}": size,
        f"output_{name}": _int(rng, 1, min(most, 6)),
        f"kernel_{name}": taps,
        f"stride_{name}": stride,
        f"dilation_{name}": dilation,
        "pad_top" if name == "h" else "pad_left": pad,
    }


def _weighted(
    rng: Rng, kernel: Kernel, fields: Fields, shape: tuple[int, ...], terms: int, x: Array
) -> Sample:
    outputs = fields["output_c"]
    low = -127 if "neon_weights" in kernel.requires else -128
    weights = _values(rng, math.prod(shape), low).reshape(shape)
    edge = 1 << (31 if rng.integers(8) == 0 else 14)
    bias = rng.integers(-edge, edge, outputs).astype(np.int32)
    step = _int(rng, 0, 1)
    factors = [requant(rng, 5500 * terms**0.5) for _ in range(outputs if step else 1)]
    fields = {**fields, "output_zero": _zero(rng), **_range(rng), "q_step": step}
    order = PARAMS[kernel.family]
    params = Params(f"ek_{kernel.family}_t", tuple((name, fields[name]) for name in order))
    call = Call(
        kernel.family,
        (
            ParamsArg(),
            calls.requants(tuple(factors)),
            Value("x"),
            calls.weights(weights),
            calls.bias(bias),
            Result("y"),
        ),
        params,
    )
    return Sample(call, (x,), reference(call, [x], Request(call).outputs))


_SPATIAL = (
    "batches", "input_h", "input_w", "input_c", "output_h", "output_w", "output_c",
    "kernel_h", "kernel_w", "stride_h", "stride_w", "dilation_h", "dilation_w",
    "pad_top", "pad_left",
)  # fmt: skip
_END = ("output_zero", "act_min", "act_max", "q_step")
_POOL = (
    "batches", "input_h", "input_w", "channels", "output_h", "output_w", "kernel_h", "kernel_w",
    "stride_h", "stride_w", "pad_top", "pad_left", "act_min", "act_max",
)  # fmt: skip
PARAMS: dict[str, tuple[str, ...]] = {
    "conv2d_s8": (*_SPATIAL, "input_zero", *_END),
    "depthwise_conv2d_s8": (*_SPATIAL, "depth_multiplier", "input_zero", *_END),
    "fully_connected_s8": ("rows", "input_c", "output_c", *_END),
    "average_pool2d_s8": _POOL,
    "max_pool2d_s8": _POOL,
}


def _windows(rng: Rng, taps: tuple[int, int]) -> Fields:
    dilations = (_int(rng, 1, 3), _int(rng, 1, 3)) if rng.integers(3) == 0 else (1, 1)
    fields = {"batches": _int(rng, 1, 2), "input_zero": _zero(rng)}
    for name, size, dilation in zip("hw", taps, dilations, strict=True):
        fields |= _axis(rng, name, size, dilation)
    return fields


def _image(rng: Rng, fields: Fields, channels: int) -> Array:
    return _values(rng, fields["batches"] * fields["input_h"] * fields["input_w"] * channels)


def _conv(kernel: Kernel, rng: Rng) -> Sample:
    pointwise = rng.integers(3) == 0
    taps = (1, 1) if pointwise else (_int(rng, 1, 4), _int(rng, 1, 4))
    fields = _windows(rng, taps)
    fields |= {"input_c": _channels(rng), "output_c": _channels(rng)}
    shape = (fields["output_c"], *taps, fields["input_c"])
    x = _image(rng, fields, fields["input_c"])
    return _weighted(rng, kernel, fields, shape, math.prod(shape[1:]), x)


def _depthwise(kernel: Kernel, rng: Rng) -> Sample:
    taps = (3, 3) if kernel.name else (_int(rng, 1, 5), _int(rng, 1, 5))
    channels, fields = _channels(rng, 8), _windows(rng, taps)
    fields |= {"input_c": channels, "output_c": channels, "depth_multiplier": 1}
    x = _image(rng, fields, channels)
    return _weighted(rng, kernel, fields, (1, *taps, channels), math.prod(taps), x)


def _fully_connected(kernel: Kernel, rng: Rng) -> Sample:
    depth = int(rng.choice([16, 64, 128])) if rng.integers(2) else _int(rng, 1, 150)
    fields = {"rows": _int(rng, 1, 10), "input_c": depth, "output_c": _channels(rng)}
    x = _values(rng, fields["rows"] * depth)
    return _weighted(rng, kernel, fields, (fields["output_c"], depth), depth, x)


def _pool(kernel: Kernel, rng: Rng) -> Sample:
    fields = _windows(rng, (_int(rng, 1, 7), _int(rng, 1, 7)))
    for name, pad in (("h", "pad_top"), ("w", "pad_left")):
        fields |= _axis(rng, name, fields[f"kernel_{name}"], 1)
        assert fields[pad] < fields[f"kernel_{name}"]
    fields |= {"channels": _channels(rng, 8), **_range(rng)}
    order = PARAMS[kernel.family]
    params = Params("ek_pool2d_s8_t", tuple((name, fields[name]) for name in order))
    call = Call(kernel.family, (ParamsArg(), Value("x"), Result("y")), params)
    x = _image(rng, fields, fields["channels"])
    return Sample(call, (x,), reference(call, [x], Request(call).outputs))


def _strides(rng: Rng, extent: tuple[int, ...], repeats: bool) -> tuple[tuple[int, ...], int]:
    """Strides of an operand some of whose axes repeat, and its elements."""
    own = [1 if repeats and rng.integers(2) else n for n in extent]
    steps = [math.prod(own[axis + 1 :]) for axis in range(4)]
    return tuple(0 if n == 1 else s for n, s in zip(own, steps, strict=True)), math.prod(own)


def _binary(kernel: Kernel, rng: Rng) -> Sample:
    extent = (*(_int(rng, 1, 3) for _ in range(3)), _channels(rng))
    a_stride, a_count = _strides(rng, extent, rng.integers(3) == 0)
    b_stride, b_count = _strides(rng, extent, rng.integers(3) == 0)
    adds = kernel.family in ("add_s8", "sub_s8")
    fields: Fields = {
        "extent": extent, "a_stride": a_stride, "b_stride": b_stride,
        "a_zero": _zero(rng), "b_zero": _zero(rng), "output_zero": _zero(rng),
        "left_shift": 20 if adds else 0,
        "a_q": requant(rng, 1 << 8), "b_q": requant(rng, 1 << 8),
        "output_q": requant(rng, 1 << (27 if adds else 14)),
        **_range(rng),
    }  # fmt: skip
    params = Params("ek_binary_s8_t", tuple(fields.items()))
    call = Call(kernel.family, (ParamsArg(), Value("a"), Value("b"), Result("y")), params)
    inputs = (_values(rng, a_count), _values(rng, b_count))
    return Sample(call, inputs, reference(call, inputs, math.prod(extent)))


def _lookup(kernel: Kernel, rng: Rng) -> Sample:
    count, table = _int(rng, 1, 100), _values(rng, 256)
    x, y = _values(rng, count), np.zeros(count, np.int8)
    load().call("ek_lut_s8__ref", count, table, x, y)
    call = Call(kernel.family, (NumberArg(count), calls.table(table), Value("x"), Result("y")))
    return Sample(call, (table, x), y)


def _elements(kernel: Kernel, rng: Rng) -> Sample:
    """A call of a family that every folder has, one that meets the kernel's needs."""
    while True:
        call, inputs, outputs = drawn(kernel.family, rng)
        if fits(kernel, Request(call)):
            return Sample(call, tuple(inputs), reference(call, inputs, outputs))


FAMILIES: dict[str, Callable[[Kernel, Rng], Sample]] = {
    "conv2d_s8": _conv,
    "depthwise_conv2d_s8": _depthwise,
    "fully_connected_s8": _fully_connected,
    "average_pool2d_s8": _pool,
    "max_pool2d_s8": _pool,
    "add_s8": _binary,
    "sub_s8": _binary,
    "mul_s8": _binary,
    "maximum_s8": _elements,
    "minimum_s8": _elements,
    "mean_s8": _elements,
    "lut_s8": _lookup,
}
