"""conv2d_s8, depthwise_conv2d_s8 and fully_connected_s8 against sums written in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers import kernel_formulas as formula
from tests.helpers.kernel_formulas import Array
from tests.helpers.kernel_library import load, requants

SHAPES = 2000


def random_window(rng: np.random.Generator) -> dict[str, int]:
    """Window fields shared by the convolutions: tails, strides, dilations, odd paddings."""
    fields: dict[str, int] = {"batches": int(rng.integers(1, 3))}
    for axis, side in (("h", "pad_top"), ("w", "pad_left")):
        taps, stride, dilation = (int(v) for v in rng.integers(1, 4, 3))
        span = (taps - 1) * dilation + 1
        size, pad = int(rng.integers(1, 8)), int(rng.integers(0, span + 1))
        # Up to one window beyond what SAME would need, so that whole windows can lie outside.
        fits = (size + 2 * pad + span - 1) // stride
        fields |= {
            f"input_{axis}": size,
            f"output_{axis}": int(rng.integers(1, max(2, min(fits, 5)))),
            f"kernel_{axis}": taps,
            f"stride_{axis}": stride,
            f"dilation_{axis}": dilation,
            side: pad,
        }
    return fields


def random_quantization(rng: np.random.Generator) -> dict[str, int]:
    low, high = formula.random_range(rng)
    return {
        "input_zero": formula.random_zero(rng),
        "output_zero": formula.random_zero(rng),
        "act_min": low,
        "act_max": high,
        "q_step": int(rng.integers(2)),
    }


def taps_of(x: Array, f: dict[str, Any]) -> dict[tuple[int, int], Array]:
    pairs = [
        (f[f"{name}_h"], f[f"{name}_w"]) for name in ("output", "kernel", "stride", "dilation")
    ]
    wide = x.astype(np.int64)
    return formula.windows(wide, f["input_zero"], *pairs, (f["pad_top"], f["pad_left"]))


def finish(acc: Array, q: Array, f: dict[str, Any]) -> Array:
    return formula.requant_s8(acc, q, f["output_zero"], f["act_min"], f["act_max"])


def random_bias(rng: np.random.Generator, count: int, terms: int) -> Array:
    if rng.integers(20) == 0:
        return rng.integers(-(2**31), 2**31, count).astype(np.int32)
    return rng.integers(-5000 * terms, 5000 * terms, count).astype(np.int32)


def output_like(f: dict[str, Any]) -> Array:
    return np.zeros((f["batches"], f["output_h"], f["output_w"], f["output_c"]), np.int8)


def test_conv2d_equals_the_sum_over_taps_on_random_shapes() -> None:
    lib, rng = load(), np.random.default_rng(1)
    for _ in range(SHAPES):
        f = random_window(rng) | random_quantization(rng)
        f |= {"input_c": int(rng.integers(1, 6)), "output_c": int(rng.integers(1, 5))}
        terms = f["kernel_h"] * f["kernel_w"] * f["input_c"]
        x = formula.random_s8(rng, f["batches"], f["input_h"], f["input_w"], f["input_c"])
        w = formula.random_s8(rng, f["output_c"], f["kernel_h"], f["kernel_w"], f["input_c"])
        bias = random_bias(rng, f["output_c"], terms)
        q = formula.random_q(rng, f["output_c"] if f["q_step"] else 1, 6000 * terms**0.5)
        acc = bias.astype(np.int64) + sum(
            patch @ w[:, i, j].T.astype(np.int64) for (i, j), patch in taps_of(x, f).items()
        )
        y = output_like(f)
        lib.call("ek_conv2d_s8__ref", lib.struct("ek_conv2d_s8_t", **f), requants(q), x, w, bias, y)
        np.testing.assert_array_equal(y, finish(acc, q, f), err_msg=str(f))


def test_depthwise_conv2d_equals_the_sum_over_taps_on_random_shapes() -> None:
    lib, rng = load(), np.random.default_rng(2)
    for _ in range(SHAPES):
        f = random_window(rng) | random_quantization(rng)
        c, m = (int(v) for v in rng.integers(1, [5, 10] if rng.integers(3) else [21, 2]))
        f |= {"input_c": c, "depth_multiplier": m, "output_c": c * m}
        terms = f["kernel_h"] * f["kernel_w"]
        x = formula.random_s8(rng, f["batches"], f["input_h"], f["input_w"], c)
        w = formula.random_s8(rng, f["kernel_h"], f["kernel_w"], c, m)
        bias = random_bias(rng, c * m, terms)
        q = formula.random_q(rng, c * m if f["q_step"] else 1, 6000 * terms**0.5)
        y = output_like(f)
        products = sum(patch[..., None] * w[tap] for tap, patch in taps_of(x, f).items())
        acc = bias.astype(np.int64) + np.asarray(products).reshape(y.shape)
        p = lib.struct("ek_depthwise_conv2d_s8_t", **f)
        lib.call("ek_depthwise_conv2d_s8__ref", p, requants(q), x, w, bias, y)
        np.testing.assert_array_equal(y, finish(acc, q, f), err_msg=str(f))


def test_fully_connected_equals_the_matrix_product_on_random_shapes() -> None:
    lib, rng = load(), np.random.default_rng(3)
    for _ in range(SHAPES):
        f = random_quantization(rng)
        del f["input_zero"]
        f |= {"rows": int(rng.integers(1, 4)), "output_c": int(rng.integers(1, 9))}
        f["input_c"] = int(rng.integers(1, 70))
        x = formula.random_s8(rng, f["rows"], f["input_c"])
        w = formula.random_s8(rng, f["output_c"], f["input_c"])
        bias = random_bias(rng, f["output_c"], f["input_c"])
        q = formula.random_q(rng, f["output_c"] if f["q_step"] else 1, 6000 * f["input_c"] ** 0.5)
        acc = bias.astype(np.int64) + x.astype(np.int64) @ w.T.astype(np.int64)
        y = np.zeros((f["rows"], f["output_c"]), np.int8)
        p = lib.struct("ek_fully_connected_s8_t", **f)
        lib.call("ek_fully_connected_s8__ref", p, requants(q), x, w, bias, y)
        np.testing.assert_array_equal(y, finish(acc, q, f), err_msg=str(f))


def test_an_accumulator_beyond_32_bits_wraps_as_the_reference_does() -> None:
    lib = load()
    x, w = np.full((1, 1), 127, np.int8), np.full((1, 1), 127, np.int8)
    bias, y = np.array([2**31 - 1], np.int32), np.zeros((1, 1), np.int8)
    f = {"rows": 1, "input_c": 1, "output_c": 1, "output_zero": 0, "q_step": 0}
    p = lib.struct("ek_fully_connected_s8_t", **f, act_min=-128, act_max=127)
    lib.call("ek_fully_connected_s8__ref", p, requants([(2**30, 0)]), x, w, bias, y)
    assert y[0, 0] == -128
