"""add, mul, lut, quantize and dequantize against NumPy; edges of float input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.helpers import kernel_formulas as formula
from tests.helpers.kernel_formulas import Array
from tests.helpers.kernel_library import load

SHAPES = 2000


def random_operands(rng: np.random.Generator) -> tuple[Array, Array, dict[str, Any]]:
    """Two operands that broadcast, and the structure's extents, strides, zeros and clamp."""
    extent = rng.integers(1, 6, 4)
    a, b = (
        formula.random_s8(rng, *np.where(rng.random(4) < repeat, 1, extent))
        for repeat in rng.choice([0.0, 0.4], 2)
    )
    extent = np.broadcast_shapes(a.shape, b.shape)
    low, high = formula.random_range(rng)
    f: dict[str, Any] = {"extent": extent, "act_min": low, "act_max": high}
    for name, operand in (("a", a), ("b", b)):
        strides = [0 if n == 1 else s for n, s in zip(operand.shape, operand.strides, strict=True)]
        f |= {f"{name}_stride": strides, f"{name}_zero": formula.random_zero(rng)}
    f["output_zero"] = formula.random_zero(rng)
    return a, b, f


def run_binary(kernel: str, a: Array, b: Array, f: dict[str, Any]) -> Array:
    lib = load()
    y = np.zeros(tuple(f["extent"]), np.int8)
    lib.call(kernel, lib.struct("ek_binary_s8_t", **f), a, b, y)
    return y


def wild_q(rng: np.random.Generator) -> tuple[int, int]:
    return int(rng.integers(2**30, 2**31)), int(rng.integers(-31, 31))


def test_add_brings_both_operands_to_one_scale() -> None:
    rng = np.random.default_rng(8)
    for _ in range(SHAPES):
        a, b, f = random_operands(rng)
        scale_a, scale_b, scale_y = rng.uniform(0.01, 0.3, 3)
        twice = 2 * max(scale_a, scale_b)
        f |= {"left_shift": 20, "a_q": formula.quantize_factor(scale_a / twice)}
        f["b_q"] = formula.quantize_factor(scale_b / twice)
        f["output_q"] = formula.quantize_factor(twice / (2**20 * scale_y))
        if rng.integers(8) == 0:
            f |= {"output_q": wild_q(rng), "left_shift": int(rng.integers(0, 22))}
        wide_a, wide_b = (
            formula.requant(
                (x.astype(np.int64) - f[f"{n}_zero"]) * 2 ** f["left_shift"], np.array(f[f"{n}_q"])
            )
            for n, x in (("a", a), ("b", b))
        )
        total, q = wide_a + wide_b, np.array(f["output_q"])
        expected = formula.requant_s8(total, q, f["output_zero"], f["act_min"], f["act_max"])
        np.testing.assert_array_equal(run_binary("ek_add_s8__ref", a, b, f), expected)


def test_add_is_within_one_of_real_addition() -> None:
    """A check that owes nothing to fixed point: the usual scales, real arithmetic, one LSB."""
    rng = np.random.default_rng(9)
    for _ in range(200):
        a, b, f = random_operands(rng)
        scale_a, scale_b = rng.uniform(0.05, 0.2, 2)
        scale_y, twice = scale_a + scale_b, 2 * max(scale_a, scale_b)
        f |= {"left_shift": 20, "act_min": -128, "act_max": 127}
        f["a_q"], f["b_q"] = (formula.quantize_factor(s / twice) for s in (scale_a, scale_b))
        f["output_q"] = formula.quantize_factor(twice / (2**20 * scale_y))
        real = (a - float(f["a_zero"])) * scale_a + (b - float(f["b_zero"])) * scale_b
        expected = np.clip(np.round(real / scale_y + f["output_zero"]), -128, 127)
        assert np.abs(run_binary("ek_add_s8__ref", a, b, f) - expected).max() <= 1


def test_mul_requantizes_the_product() -> None:
    rng = np.random.default_rng(10)
    for _ in range(SHAPES):
        a, b, f = random_operands(rng)
        q = wild_q(rng) if rng.integers(8) == 0 else formula.quantize_factor(rng.uniform(1e-3, 0.1))
        f |= {"left_shift": 0, "a_q": (0, 0), "b_q": (0, 0), "output_q": q}
        product = (a.astype(np.int64) - f["a_zero"]) * (b.astype(np.int64) - f["b_zero"])
        zero, low, high = f["output_zero"], f["act_min"], f["act_max"]
        expected = formula.requant_s8(product, np.array(q), zero, low, high)
        np.testing.assert_array_equal(run_binary("ek_mul_s8__ref", a, b, f), expected)


@pytest.mark.parametrize("kernel", ["ek_add_s8__ref", "ek_mul_s8__ref"])
def test_binary_kernels_may_write_over_an_operand_that_does_not_repeat(kernel: str) -> None:
    lib, rng = load(), np.random.default_rng(11)
    a, b = formula.random_s8(rng, 1, 2, 3, 4), formula.random_s8(rng, 1, 1, 1, 4)
    f = {"extent": a.shape, "a_stride": a.strides, "b_stride": [0, 0, 0, 1]}
    f |= {"a_zero": 3, "b_zero": -4, "output_zero": 5, "left_shift": 20}
    f |= {"a_q": (2**30, 0), "b_q": (2**30, -1), "output_q": (2**30, -18)}
    f |= {"act_min": -128, "act_max": 127}
    expected = run_binary(kernel, a, b, f)
    lib.call(kernel, lib.struct("ek_binary_s8_t", **f), a, b, a)
    np.testing.assert_array_equal(a, expected)


def test_lut_reads_the_entry_of_each_input() -> None:
    lib, rng = load(), np.random.default_rng(12)
    for _ in range(SHAPES):
        table = formula.random_s8(rng, 256)
        x = formula.random_s8(rng, int(rng.integers(0, 40)))
        y = np.zeros_like(x)
        lib.call("ek_lut_s8__ref", x.size, table, x, y)
        np.testing.assert_array_equal(y, table[x.astype(int) + 128])
        lib.call("ek_lut_s8__ref", x.size, table, x, x)
        np.testing.assert_array_equal(x, y, err_msg="in place")


def run_quantize(x: Array, scale: float, zero: int) -> Array:
    y = np.zeros(x.shape, np.int8)
    load().call("ek_quantize_f32_s8__ref", x.size, np.float32(scale), zero, x, y)
    return y


def test_quantize_rounds_the_float32_quotient_half_away_from_zero() -> None:
    rng = np.random.default_rng(13)
    for _ in range(SHAPES):
        scale, zero = (
            np.float32(rng.choice([0.5, 1.0, rng.uniform(1e-3, 2)])),
            formula.random_zero(rng),
        )
        ties = rng.integers(-300, 300, 16).astype(np.float32) / 2 * scale
        x = np.concatenate([ties, rng.normal(0, 60 * scale, 16).astype(np.float32)])
        exact = formula.round_half_away((x / scale).astype(np.float64)) + zero
        np.testing.assert_array_equal(
            run_quantize(x, float(scale), zero), np.clip(exact, -128, 127)
        )


def test_quantize_saturates_what_no_integer_holds() -> None:
    limits = [1e10, -1e10, 3.4e38, -3.4e38, np.inf, -np.inf, 1e-45, 0.49999997, -0.49999997]
    y = run_quantize(np.array(limits, np.float32), 1.0, 3)
    assert y.tolist() == [127, -128, 127, -128, 127, -128, 3, 3, 3]


def test_quantize_takes_nan_as_zero() -> None:
    assert run_quantize(np.array([np.nan, -np.nan], np.float32), 0.5, -7).tolist() == [-7, -7]


def test_dequantize_rounds_once() -> None:
    rng = np.random.default_rng(14)
    for _ in range(SHAPES):
        scale, zero = np.float32(rng.uniform(1e-6, 100)), formula.random_zero(rng)
        x = formula.random_s8(rng, int(rng.integers(0, 40)))
        y = np.zeros(x.shape, np.float32)
        load().call("ek_dequantize_s8_f32__ref", x.size, scale, zero, x, y)
        exact = (x.astype(np.float64) - zero) * np.float64(scale)
        np.testing.assert_array_equal(y, exact.astype(np.float32))
