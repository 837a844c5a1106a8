"""softmax_s8 and the fixed-point functions under it, against Python integers and real numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.helpers import kernel_formulas as formula
from tests.helpers.fixedpoint_formulas import exp_negative, one_over_one_plus, softmax
from tests.helpers.kernel_formulas import Array
from tests.helpers.kernel_library import load

SHAPES = 2000


def parameters(scale: float) -> tuple[int, int, int]:
    """multiplier, left_shift and diff_min of `scale` = beta * input scale, per ek_kernels.h."""
    multiplier, shift = formula.quantize_factor(min(scale * 2**26, 2**31 - 1))
    return multiplier, shift, -math.floor(31 * 2**26 / 2**shift)


def run_softmax(x: Array, scale: float) -> Array:
    lib, (multiplier, shift, diff_min) = load(), parameters(scale)
    rows, depth = x.shape
    p = lib.struct(
        "ek_softmax_s8_t",
        rows=rows,
        depth=depth,
        multiplier=multiplier,
        left_shift=shift,
        diff_min=diff_min,
    )
    y = np.zeros_like(x)
    lib.call("ek_softmax_s8__ref", p, x, y)
    return y


def test_softmax_equals_the_fixed_point_definition() -> None:
    rng = np.random.default_rng(18)
    for _ in range(SHAPES):
        x = formula.random_s8(rng, int(rng.integers(1, 3)), int(rng.integers(1, 8)))
        scale = float(np.exp(rng.uniform(np.log(1e-4), np.log(8))))
        expected = [softmax(row, *parameters(scale)) for row in x.tolist()]
        assert run_softmax(x, scale).tolist() == expected


def test_softmax_is_within_one_of_the_real_softmax() -> None:
    rng = np.random.default_rng(19)
    for _ in range(500):
        x = formula.random_s8(rng, 2, int(rng.integers(1, 60)))
        scale = float(np.exp(rng.uniform(np.log(1e-3), np.log(2))))
        exps = np.exp((x.astype(float) - x.max(axis=1, keepdims=True)) * scale)
        real = np.minimum(exps / exps.sum(axis=1, keepdims=True) * 256 - 128, 127)
        assert np.abs(run_softmax(x, scale) - real).max() <= 1


@pytest.mark.parametrize("depth", [512, 1001, 4095, 4096, 9000])
def test_a_flat_row_too_long_for_any_output_is_all_zero(depth: int) -> None:
    assert set(run_softmax(np.zeros((1, depth), np.int8), 0.1).ravel().tolist()) == {-128}


def test_a_flat_row_just_short_enough_is_one_step_each() -> None:
    assert set(run_softmax(np.zeros((1, 511), np.int8), 0.1).ravel().tolist()) == {-127}


def test_softmax_may_run_in_place() -> None:
    lib = load()
    row = np.array([[5, 5]], np.int8)
    multiplier, shift, diff_min = parameters(0.1)
    f = {"rows": 1, "depth": 2, "multiplier": multiplier, "left_shift": shift}
    lib.call("ek_softmax_s8__ref", lib.struct("ek_softmax_s8_t", **f, diff_min=diff_min), row, row)
    assert row.tolist() == [[0, 0]]


def test_exp_negative_over_its_whole_range() -> None:
    lib, rng = load(), np.random.default_rng(20)
    edges = [0, -1, -(2**24), -(2**24) - 1, -(2**30), -(2**31), -(2**31) + 1]
    for a in edges + rng.integers(-(2**31), 0, 3000).tolist():
        found = lib.call("shim_exp_negative", a)
        assert found == exp_negative(a)
        assert abs(found / 2**31 - math.exp(a / 2**26)) < 3e-7


def test_one_over_one_plus_over_its_whole_range() -> None:
    lib, rng = load(), np.random.default_rng(21)
    for a in [0, 1, 2**30, 2**31 - 1, *rng.integers(0, 2**31, 3000).tolist()]:
        found = lib.call("shim_one_over_one_plus", a)
        assert found == one_over_one_plus(a)
        assert abs(found / 2**31 - 1 / (1 + a / 2**31)) < 1e-7
