"""Random kernel calls as lowering makes them, for comparing a variant with `ref`.

    call, inputs, outputs = conv2d(rng)

Sizes are small, with every tail: odd channels, single pixels, windows wholly outside the input.
Now and then zero points and clamps are extreme, sums saturate, a channel is dead.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from edgekit.converter.fixed_point import Requant, add_params, mean_requant, mul_requant
from edgekit.converter.ir.graph import Quant
from edgekit.converter.lower import calls
from edgekit.converter.lower.calls import Array as ConstArray
from edgekit.converter.lower.calls import Call, Result, Value
from edgekit.converter.lower.fields import strides
from edgekit.converter.lower.program import Params, ParamsArg
from tests.helpers import kernel_formulas as formula
from tests.helpers.kernel_formulas import Array

Rng = np.random.Generator
Sample = tuple[Call, list[Array], int]
"""A call, its inputs, and how many outputs it has."""


def ints(rng: Rng, low: int, high: int, count: int) -> list[int]:
    return [int(v) for v in rng.integers(low, high + 1, count)]


def window(rng: Rng, taps: tuple[int, int] | None = None, most: int = 9) -> dict[str, int]:
    """Window fields of a convolution or pooling; `taps` fixes the kernel, undilated."""
    fields = {"batches": 1 + (int(rng.integers(5)) == 0)}
    for index, (axis, side) in enumerate((("h", "pad_top"), ("w", "pad_left"))):
        kernel = taps[index] if taps else int(rng.integers(1, 4))
        dilation = 1 if taps or rng.integers(3) else int(rng.integers(1, 4))
        stride, size = int(rng.integers(1, 3)), int(rng.integers(1, most + 1))
        if rng.integers(6) == 0:
            stride = 3
        span = (kernel - 1) * dilation + 1
        if rng.integers(2):  # as SAME pads
            output = -(-size // stride)
            pad = max((output - 1) * stride + span - size, 0) // 2
        else:
            pad = int(rng.integers(0, span + 1)) if rng.integers(3) == 0 else 0
            output = int(rng.integers(1, max(2, (size + 2 * pad - span) // stride + 2)))
        fields |= {
            f"input_{axis}": size,
            f"output_{axis}": output,
            f"kernel_{axis}": kernel,
            f"stride_{axis}": stride,
            f"dilation_{axis}": dilation,
            side: pad,
        }
    return fields


def quantization(rng: Rng) -> dict[str, int]:
    low, high = formula.random_range(rng)
    zeros = {"input_zero": formula.random_zero(rng), "output_zero": formula.random_zero(rng)}
    if rng.integers(2):  # a ReLU
        low = max(low, zeros["output_zero"])
        high = max(high, low)
    return {**zeros, "act_min": low, "act_max": high, "q_step": int(rng.integers(2))}


def weighted(
    rng: Rng, family: str, names: str, fields: dict[str, int], shape: list[int], axis: int
) -> Call:
    """The call with random weights of `shape`, whose output channels lie along `axis`."""
    channels = shape[axis]
    terms = int(np.prod(shape)) // channels
    weights = rng.integers(-127, 128, shape, dtype=np.int8)
    if rng.integers(4) == 0:
        weights = (weights // rng.integers(2, 60)).astype(np.int8)
    if rng.integers(20) == 0:
        weights.flat[rng.integers(weights.size)] = -128
    bias = rng.integers(-3000 * terms, 3000 * terms, channels).astype(np.int32)
    rows = formula.random_q(rng, channels if fields["q_step"] else 1, 6000 * terms**0.5)
    if rng.integers(6) == 0:  # a dead channel, as real models have
        weights[(slice(None),) * axis + (0,)] = 0
        rows[0], bias[0] = (1610612736, -int(rng.integers(20, 32))), rng.integers(-(2**30), 2**30)
    factors = tuple(Requant(int(m), int(s)) for m, s in rows)
    args = (
        ParamsArg(),
        calls.requants(factors),
        Value("x"),
        calls.weights(weights),
        calls.bias(bias),
        Result("y"),
    )
    ordered = tuple((name, fields[name]) for name in names.split())
    return Call(family, args, Params(f"ek_{family}_t", ordered))


WINDOW = (
    "batches input_h input_w input_c output_h output_w output_c kernel_h kernel_w stride_h stride_w"
    " dilation_h dilation_w pad_top pad_left"
)
END = "output_zero act_min act_max q_step"


def conv2d(rng: Rng) -> Sample:
    """A third pointwise with stride 1, the rest of any kind."""
    pointwise = rng.integers(3) == 0
    f = window(rng, (1, 1) if pointwise else None) | quantization(rng)
    if pointwise:
        f |= {"stride_h": 1, "stride_w": 1, "pad_top": 0, "pad_left": 0}
        f |= {"output_h": f["input_h"], "output_w": f["input_w"]}
    f |= {"input_c": ints(rng, 1, 70 if pointwise else 12, 1)[0], "output_c": ints(rng, 1, 9, 1)[0]}
    shape = [f["output_c"], f["kernel_h"], f["kernel_w"], f["input_c"]]
    call = weighted(rng, "conv2d_s8", f"{WINDOW} input_zero {END}", f, shape, 0)
    return call, [_input(rng, f)], _outputs(f)


def depthwise_conv2d(rng: Rng) -> Sample:
    """Two thirds 3x3 without dilation and multiplier; some wide enough to rotate rows."""
    plain = rng.integers(3) > 0
    wide = plain and rng.integers(4) == 0
    f = window(rng, (3, 3) if plain else None, 60 if wide else 12) | quantization(rng)
    f |= {"input_c": ints(rng, 1, 10, 1)[0], "depth_multiplier": 1}
    if not plain and rng.integers(2):
        f["depth_multiplier"] = ints(rng, 1, 5, 1)[0]
    f["output_c"] = f["input_c"] * f["depth_multiplier"]
    shape = [1, f["kernel_h"], f["kernel_w"], f["output_c"]]
    names = f"{WINDOW} depth_multiplier input_zero {END}"
    call = weighted(rng, "depthwise_conv2d_s8", names, f, shape, 3)
    return call, [_input(rng, f)], _outputs(f)


def fully_connected(rng: Rng) -> Sample:
    """Few rows, any number of inputs and outputs."""
    f = quantization(rng)
    f |= {"rows": ints(rng, 1, 3, 1)[0], "input_c": ints(rng, 1, 90, 1)[0]}
    f["output_c"] = ints(rng, 1, 13, 1)[0]
    shape = [f["output_c"], f["input_c"]]
    names = f"rows input_c output_c {END}"
    call = weighted(rng, "fully_connected_s8", names, f, shape, 0)
    return call, [formula.random_s8(rng, f["rows"], f["input_c"])], f["rows"] * f["output_c"]


def transpose_conv2d(rng: Rng) -> Sample:
    """Strides larger and smaller than the kernel; outputs that no tap reaches, taps outside."""
    f = quantization(rng) | {"batches": 1 + (int(rng.integers(5)) == 0)}
    f |= {"input_c": ints(rng, 1, 20, 1)[0], "output_c": ints(rng, 1, 9, 1)[0]}
    for axis, side in (("h", "pad_top"), ("w", "pad_left")):
        kernel, stride, size = ints(rng, 1, 5, 1)[0], ints(rng, 1, 5, 1)[0], ints(rng, 1, 5, 1)[0]
        f |= {f"input_{axis}": size, f"kernel_{axis}": kernel, f"stride_{axis}": stride}
        f[side] = ints(rng, 0, kernel, 1)[0] * int(rng.integers(2))
        full = (size - 1) * stride + kernel
        f[f"output_{axis}"] = ints(rng, 1, max(full - f[side], 1) + int(rng.integers(3)), 1)[0]
    shape = [f["output_c"], f["kernel_h"], f["kernel_w"], f["input_c"]]
    names = WINDOW.replace(" dilation_h dilation_w", "")
    call = weighted(rng, "transpose_conv2d_s8", f"{names} input_zero {END}", f, shape, 0)
    return call, [_input(rng, f)], _outputs(f)


def average_pool2d(rng: Rng) -> Sample:
    """Windows that reach inside at least once, as the operator has them."""
    f = window(rng, tuple(ints(rng, 1, 4, 2)), 8)  # type: ignore[arg-type]
    for axis, side in (("h", "pad_top"), ("w", "pad_left")):
        f[side] = min(f[side], f[f"kernel_{axis}"] - 1)
        reach = (f[f"input_{axis}"] - 1 + f[side]) // f[f"stride_{axis}"] + 1
        f[f"output_{axis}"] = min(f[f"output_{axis}"], reach)
    f |= quantization(rng) | {"channels": ints(rng, 1, 11, 1)[0]}
    names = (
        "batches input_h input_w channels output_h output_w kernel_h kernel_w stride_h stride_w"
        " pad_top pad_left act_min act_max"
    )
    params = Params("ek_pool2d_s8_t", tuple((name, f[name]) for name in names.split()))
    call = Call("average_pool2d_s8", (ParamsArg(), Value("x"), Result("y")), params)
    f |= {"input_c": f["channels"], "output_c": f["channels"]}
    return call, [_input(rng, f)], _outputs(f)


def add(rng: Rng) -> Sample:
    """Operands of one shape; factors as lowering has them, sometimes any."""
    a, b, y = (
        Quant.per_tensor(float(rng.uniform(0.005, 0.2)), formula.random_zero(rng)) for _ in "aby"
    )
    factors = add_params(a, b, y)
    extent = tuple(ints(rng, 1, 9, 4))
    low, high = formula.random_range(rng)
    fields = (
        ("extent", extent),
        ("a_stride", strides(extent)),
        ("b_stride", strides(extent)),
        ("a_zero", a.zero_point),
        ("b_zero", b.zero_point),
        ("output_zero", y.zero_point),
        ("left_shift", factors.left_shift),
        ("a_q", factors.a),
        ("b_q", factors.b),
        ("output_q", factors.output),
        ("act_min", low),
        ("act_max", high),
    )
    args = (ParamsArg(), Value("a"), Value("b"), Result("y"))
    call = Call("add_s8", args, Params("ek_binary_s8_t", fields))
    return call, [formula.random_s8(rng, *extent) for _ in "ab"], int(np.prod(extent))


def max_pool2d(rng: Rng) -> Sample:
    """The same windows."""
    call, inputs, outputs = average_pool2d(rng)
    return replace(call, family="max_pool2d_s8"), inputs, outputs


def sub(rng: Rng) -> Sample:
    """As addition."""
    call, inputs, outputs = add(rng)
    return replace(call, family="sub_s8"), inputs, outputs


def mul(rng: Rng) -> Sample:
    """Operands that may repeat along any axis; factors as lowering has them, sometimes any."""
    a, b, y = (
        Quant.per_tensor(float(rng.uniform(0.005, 0.2)), formula.random_zero(rng)) for _ in "aby"
    )
    extent = tuple(ints(rng, 1, 9, 4))
    shapes = [tuple(n if rng.integers(4) else 1 for n in extent) for _ in "ab"]
    low, high = formula.random_range(rng)
    fields = (
        ("extent", extent),
        *((f"{name}_stride", _repeating(shape)) for name, shape in zip("ab", shapes, strict=True)),
        ("a_zero", a.zero_point),
        ("b_zero", b.zero_point),
        ("output_zero", y.zero_point),
        ("left_shift", 0),
        ("a_q", Requant(0, 0)),
        ("b_q", Requant(0, 0)),
        ("output_q", mul_requant(a, b, y)),
        ("act_min", low),
        ("act_max", high),
    )
    args = (ParamsArg(), Value("a"), Value("b"), Result("y"))
    call = Call("mul_s8", args, Params("ek_binary_s8_t", fields))
    return call, [formula.random_s8(rng, *shape) for shape in shapes], int(np.prod(extent))


def _repeating(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Strides of a dense operand, 0 where it repeats."""
    dense = strides(shape)
    return tuple(0 if n == 1 else s for n, s in zip(shape, dense, strict=True))


def mean(rng: Rng) -> Sample:
    """Over height and width, sometimes other axes; now and then more pixels than a lane holds."""
    high = 30 if rng.integers(5) == 0 else 9
    extent = (ints(rng, 1, 3, 1)[0], *ints(rng, 1, high, 2), ints(rng, 1, 11, 1)[0])
    reduce = (0, 1, 1, 0) if rng.integers(4) else tuple(ints(rng, 0, 1, 4))
    outputs = int(np.prod([1 if r else n for n, r in zip(extent, reduce, strict=True)]))
    x, y = (Quant.per_tensor(float(rng.uniform(0.01, 0.2)), formula.random_zero(rng)) for _ in "xy")
    fields = (
        ("extent", extent),
        ("reduce", reduce),
        ("input_zero", x.zero_point),
        ("output_zero", y.zero_point),
        ("q", mean_requant(x, y, int(np.prod(extent)) // outputs)),
    )
    call = Call("mean_s8", (ParamsArg(), Value("x"), Result("y")), Params("ek_mean_s8_t", fields))
    return call, [formula.random_s8(rng, *extent)], outputs


def _input(rng: Rng, f: dict[str, int]) -> Array:
    return formula.random_s8(rng, f["batches"], f["input_h"], f["input_w"], f["input_c"])


def _outputs(f: dict[str, int]) -> int:
    return f["batches"] * f["output_h"] * f["output_w"] * f["output_c"]


def constants_of(call: Call) -> dict[str, Array]:
    """The call's arrays by suffix."""
    return {arg.suffix: arg.values for arg in call.args if isinstance(arg, ConstArray)}
