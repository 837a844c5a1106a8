"""From a case to one call of a C kernel: parameters as the comments of ek_kernels.h prescribe.

Written for the tests, independent of the converter's own lowering.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.helpers import oracle
from tests.helpers.fixedpoint_formulas import logistic, nearest
from tests.helpers.kernel_cases import Case
from tests.helpers.kernel_formulas import quantize_factor, requant, requant_s8
from tests.helpers.kernel_library import load, requants
from tests.helpers.oracle import Array, Quant, Tensor

Pair = tuple[int, int]


def run(case: Case) -> Array:
    """Output of the reference kernel for `case`."""
    return LOWERINGS[case.operator](case)


# -------------------------------------------------------------------------------- parameters


def activation_range(activation: str, quant: Quant) -> dict[str, int]:
    """act_min and act_max of a fused activation, float32 division as the reference."""
    low, high = {
        "NONE": (-math.inf, math.inf),
        "RELU": (0.0, math.inf),
        "RELU6": (0.0, 6.0),
        "RELU_N1_TO_1": (-1.0, 1.0),
    }[activation]

    def stored(real: float, fallback: int) -> int:
        if math.isinf(real):
            return fallback
        quotient = float(np.float32(real) / np.float32(quant.scale))
        return quant.zero_point + int(math.copysign(math.floor(abs(quotient) + 0.5), quotient))

    return {"act_min": max(-128, stored(low, -128)), "act_max": min(127, stored(high, 127))}


def weight_factors(case: Case) -> list[Pair]:
    """One requantization per weight scale; a per-tensor FULLY_CONNECTED multiplies in float32."""
    assert case.output is not None
    x, w = case.operands[:2]
    products = x.scales.astype(np.float64) * w.scales.astype(np.float64)
    if case.operator == "FULLY_CONNECTED" and w.scales.size == 1:
        products = (x.scales * w.scales).astype(np.float64)
    return [quantize_factor(float(p) / scale_of(case.output)) for p in products]


def folded_bias(x: Tensor, w: Tensor, b: Tensor, axis: int) -> Array:
    assert w.data is not None
    assert b.data is not None
    others = tuple(d for d in range(w.data.ndim) if d != axis)
    sums = w.data.sum(axis=others, dtype=np.int64)
    return (b.data - x.zero_point * sums).astype(np.int32)


def scale_of(q: Quant | Tensor) -> float:
    """The float32 scale, as a double."""
    return float(np.float32(q.scale) if isinstance(q, Quant) else q.scales[0])


def window_fields(case: Case, taps: Pair) -> dict[str, int]:
    n, h, w, _ = case.operands[0].shape
    stride, dilation = case.options["stride"], case.options.get("dilation", (1, 1))
    padding = case.options["padding"]
    out = oracle.output_size((h, w), taps, stride, dilation, padding)
    pad = oracle.same_padding((h, w), taps, stride, dilation) if padding == "SAME" else (0, 0)
    fields = {"batches": n, "pad_top": pad[0], "pad_left": pad[1]}
    pairs = {"input": (h, w), "output": out, "kernel": taps, "stride": stride}
    for name, (first, second) in pairs.items():
        fields |= {f"{name}_h": first, f"{name}_w": second}
    return fields


def as_four(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (1,) * (4 - len(shape)) + tuple(shape)


# ---------------------------------------------------------------------------------- operators


def _convolution(case: Case) -> Array:
    x, w, b = case.operands
    assert case.output is not None
    depthwise = case.operator == "DEPTHWISE_CONV_2D"
    q = weight_factors(case)
    f = window_fields(case, (w.shape[1], w.shape[2]))
    f |= {"dilation_h": case.options["dilation"][0], "dilation_w": case.options["dilation"][1]}
    f |= {"input_zero": x.zero_point, "output_zero": case.output.zero_point}
    f |= activation_range(case.options["activation"], case.output)
    f |= {"q_step": int(len(q) > 1), "input_c": x.shape[3]}
    f["output_c"] = w.shape[3] if depthwise else w.shape[0]
    if depthwise:
        f["depth_multiplier"] = w.shape[3] // x.shape[3]
    y = np.zeros((f["batches"], f["output_h"], f["output_w"], f["output_c"]), np.int8)
    name = "depthwise_conv2d" if depthwise else "conv2d"
    bias = folded_bias(x, w, b, 3 if depthwise else 0)
    lib = load()
    p = lib.struct(f"ek_{name}_s8_t", **f)
    lib.call(f"ek_{name}_s8__ref", p, requants(q), case.inputs[0], w.data, bias, y)
    return y


def _fully_connected(case: Case) -> Array:
    x, w, b = case.operands
    assert case.output is not None
    q = weight_factors(case)
    f = {"rows": x.shape[0], "input_c": x.shape[1], "output_c": w.shape[0]}
    f |= {"output_zero": case.output.zero_point, "q_step": int(len(q) > 1)}
    f |= activation_range(case.options["activation"], case.output)
    y = np.zeros((f["rows"], f["output_c"]), np.int8)
    lib, bias = load(), folded_bias(x, w, b, 0)
    p = lib.struct("ek_fully_connected_s8_t", **f)
    lib.call("ek_fully_connected_s8__ref", p, requants(q), case.inputs[0], w.data, bias, y)
    return y


def _pool(case: Case) -> Array:
    x = case.operands[0]
    f = window_fields(case, case.options["window"]) | {"channels": x.shape[3]}
    f |= activation_range(case.options["activation"], Quant(scale_of(x), x.zero_point))
    y = np.zeros((f["batches"], f["output_h"], f["output_w"], f["channels"]), np.int8)
    kernel = f"ek_{case.operator.lower().replace('_2d', '2d')}_s8__ref"
    lib = load()
    lib.call(kernel, lib.struct("ek_pool2d_s8_t", **f), case.inputs[0], y)
    return y


def mean_factor(scale: float, count: int) -> Pair:
    """input_scale / output_scale with 1 / count folded in, as stated above ek_mean_s8_t."""
    multiplier, shift = quantize_factor(scale)
    k = min(count.bit_length() - 1, 32, 31 + shift)
    return (multiplier << k) // count, shift - k


def _mean(case: Case) -> Array:
    x, axes = case.operands[0], case.options["axes"]
    assert case.output is not None
    count = math.prod(x.shape[axis] for axis in axes)
    q = mean_factor(scale_of(x) / scale_of(case.output), count)
    reduce = [int(axis in axes) for axis in range(4)]
    kept = tuple(1 if r else n for n, r in zip(x.shape, reduce, strict=True))
    f = {"input_zero": x.zero_point, "output_zero": case.output.zero_point, "q": q}
    lib, y = load(), np.zeros(kept, np.int8)
    p = lib.struct("ek_mean_s8_t", extent=x.shape, reduce=reduce, **f)
    lib.call("ek_mean_s8__ref", p, case.inputs[0], y)
    return y if case.options["keep_dims"] else y.squeeze(tuple(axes))


def _binary(case: Case) -> Array:
    a, b = case.operands
    assert case.output is not None
    shape = np.broadcast_shapes(a.shape, b.shape)
    f: dict[str, Any] = {"extent": as_four(shape), "left_shift": 20}
    f |= {"a_zero": a.zero_point, "b_zero": b.zero_point, "output_zero": case.output.zero_point}
    for name, operand in zip("ab", case.inputs, strict=True):
        wide = operand.reshape(as_four(operand.shape))
        f[f"{name}_stride"] = [
            0 if n == 1 else s for n, s in zip(wide.shape, wide.strides, strict=True)
        ]
    scale_a, scale_b, scale_y = scale_of(a), scale_of(b), scale_of(case.output)
    twice = 2 * max(scale_a, scale_b)
    f |= {"a_q": quantize_factor(scale_a / twice), "b_q": quantize_factor(scale_b / twice)}
    f["output_q"] = quantize_factor(twice / (2**20 * scale_y))
    if case.operator == "MUL":
        f["output_q"] = quantize_factor(scale_a * scale_b / scale_y)
    f |= activation_range(case.options["activation"], case.output)
    lib, y = load(), np.zeros(shape, np.int8)
    p = lib.struct("ek_binary_s8_t", **f)
    lib.call(f"ek_{case.operator.lower()}_s8__ref", p, *case.inputs, y)
    return y


def _pad(case: Case) -> Array:
    x, paddings = case.operands[0], case.options["paddings"]
    before, after = zip(*paddings, strict=True)
    shape = tuple(n + sum(pair) for n, pair in zip(x.shape, paddings, strict=True))
    lib, y = load(), np.zeros(shape, np.int8)
    f = {"extent": x.shape, "before": before, "after": after, "value": x.zero_point}
    lib.call("ek_pad_s8__ref", lib.struct("ek_pad_s8_t", **f), case.inputs[0], y)
    return y


def _concatenation(case: Case) -> Array:
    axis, shapes = case.options["axis"], [x.shape for x in case.operands]
    inner = math.prod(shapes[0][axis + 1 :])
    runs = [shape[axis] * inner for shape in shapes]
    lib, shape = load(), list(shapes[0])
    shape[axis] = sum(s[axis] for s in shapes)
    y = np.zeros(shape, np.int8)
    f = {"rows": math.prod(shape[:axis]), "output_run": sum(runs)}
    for index, x in enumerate(case.inputs):
        p = lib.struct("ek_concat_s8_t", **f, run=runs[index], offset=sum(runs[:index]))
        lib.call("ek_concat_s8__ref", p, x, y)
    return y


def _softmax(case: Case) -> Array:
    x = case.operands[0]
    multiplier, shift = quantize_factor(min(case.options["beta"] * scale_of(x) * 2**26, 2**31 - 1))
    f = {"rows": math.prod(x.shape[:-1]), "depth": x.shape[-1], "multiplier": multiplier}
    f |= {"left_shift": shift, "diff_min": -math.floor(31 * 2**26 / 2**shift)}
    lib, y = load(), np.zeros(x.shape, np.int8)
    lib.call("ek_softmax_s8__ref", lib.struct("ek_softmax_s8_t", **f), case.inputs[0], y)
    return y


def _look_up(table: Array, x: Array) -> Array:
    y = np.zeros_like(x)
    load().call("ek_lut_s8__ref", x.size, table, x, y)
    return y


def _requantized(case: Case, low: int, high: int) -> Array:
    """All 256 inputs requantized to the output's scale, clamped: RELU, and int8 QUANTIZE."""
    assert case.output is not None
    x = case.operands[0]
    q = np.array(quantize_factor(scale_of(x) / scale_of(case.output)))
    centred = np.arange(-128, 128) - x.zero_point
    return _look_up(requant_s8(centred, q, case.output.zero_point, low, high), case.inputs[0])


def _relu(case: Case) -> Array:
    assert case.output is not None
    return _requantized(case, case.output.zero_point, 127)


def _relu6(case: Case) -> Array:
    assert case.output is not None
    ends = activation_range("RELU6", case.output)
    table = np.clip(np.arange(-128, 128), ends["act_min"], ends["act_max"]).astype(np.int8)
    return _look_up(table, case.inputs[0])


def _logistic(case: Case) -> Array:
    """A table of gemmlowp's logistic in Q4; differences beyond its range saturate."""
    x = case.operands[0]
    q = quantize_factor(scale_of(x) * 2**27)
    radius = math.floor(15 * 2**27 / 2 ** q[1])
    centred = np.arange(-128, 128) - x.zero_point
    table = np.where(centred >= radius, 127, -128)
    for index in np.flatnonzero(np.abs(centred) < radius):
        value = nearest(logistic(int(requant(centred[index], np.array(q)))), 2**23)
        table[index] = min(value - 128, 127)
    return _look_up(table.astype(np.int8), case.inputs[0])


def _quantize(case: Case) -> Array:
    assert case.output is not None
    x = case.inputs[0]
    if x.dtype == np.int8:
        return _requantized(case, -128, 127)
    y = np.zeros(x.shape, np.int8)
    scale, zero = np.float32(case.output.scale), case.output.zero_point
    load().call("ek_quantize_f32_s8__ref", x.size, scale, zero, x, y)
    return y


def _dequantize(case: Case) -> Array:
    x, operand = case.inputs[0], case.operands[0]
    y = np.zeros(x.shape, np.float32)
    scale = np.float32(operand.scales[0])
    load().call("ek_dequantize_s8_f32__ref", x.size, scale, operand.zero_point, x, y)
    return y


def _reshape(case: Case) -> Array:
    y = np.zeros(case.options["shape"], np.int8)
    load().call("ek_copy_s8__ref", y.size, case.inputs[0], y)
    return y


LOWERINGS: dict[str, Callable[[Case], Array]] = {
    "CONV_2D": _convolution,
    "DEPTHWISE_CONV_2D": _convolution,
    "FULLY_CONNECTED": _fully_connected,
    "AVERAGE_POOL_2D": _pool,
    "MAX_POOL_2D": _pool,
    "MEAN": _mean,
    "ADD": _binary,
    "MUL": _binary,
    "PAD": _pad,
    "CONCATENATION": _concatenation,
    "SOFTMAX": _softmax,
    "LOGISTIC": _logistic,
    "RELU": _relu,
    "RELU6": _relu6,
    "QUANTIZE": _quantize,
    "DEQUANTIZE": _dequantize,
    "RESHAPE": _reshape,
}
