"""Kernels that pad, join, copy and move bytes, against NumPy; nothing else may change."""

from __future__ import annotations

import numpy as np

from tests.helpers import kernel_formulas as formula
from tests.helpers.kernel_library import load

SHAPES = 2000


def test_pad_surrounds_every_axis_with_the_value() -> None:
    lib, rng = load(), np.random.default_rng(15)
    for _ in range(SHAPES):
        x = formula.random_s8(rng, *rng.integers(1, 5, 4))
        before, after = rng.integers(0, 4, 4), rng.integers(0, 4, 4)
        value = formula.random_zero(rng)
        expected = np.pad(x, list(zip(before, after, strict=True)), constant_values=value)
        y = np.zeros(expected.shape, np.int8)
        f = {"extent": x.shape, "before": before.tolist(), "after": after.tolist()}
        lib.call("ek_pad_s8__ref", lib.struct("ek_pad_s8_t", **f, value=value), x, y)
        np.testing.assert_array_equal(y, expected)


def test_one_call_per_operand_concatenates() -> None:
    lib, rng = load(), np.random.default_rng(16)
    for _ in range(SHAPES):
        rows, runs = int(rng.integers(1, 6)), rng.integers(1, 9, int(rng.integers(1, 5)))
        operands = [formula.random_s8(rng, rows, int(run)) for run in runs]
        expected = np.concatenate(operands, axis=1)
        y = np.zeros_like(expected)
        for index, operand in enumerate(operands):
            f = {"rows": rows, "run": operand.shape[1], "output_run": y.shape[1]}
            p = lib.struct("ek_concat_s8_t", **f, offset=int(runs[:index].sum()))
            lib.call("ek_concat_s8__ref", p, operand, y)
        np.testing.assert_array_equal(y, expected)


def test_concat_leaves_the_other_operands_columns_alone() -> None:
    lib = load()
    x, y = np.full((3, 2), 9, np.int8), np.zeros((3, 5), np.int8)
    p = lib.struct("ek_concat_s8_t", rows=3, run=2, output_run=5, offset=1)
    lib.call("ek_concat_s8__ref", p, x, y)
    assert y.tolist() == [[0, 9, 9, 0, 0]] * 3


def test_copy_copies_exactly_count_bytes() -> None:
    lib, rng = load(), np.random.default_rng(17)
    for _ in range(SHAPES):
        x = formula.random_s8(rng, int(rng.integers(1, 50)))
        count = int(rng.integers(0, x.size + 1))
        y = np.full(x.shape, 77, np.int8)
        lib.call("ek_copy_s8__ref", count, x, y)
        np.testing.assert_array_equal(y, np.where(np.arange(x.size) < count, x, 77))


def test_move_moves_down_over_itself() -> None:
    lib, rng = load(), np.random.default_rng(18)
    for _ in range(SHAPES):
        x = formula.random_s8(rng, int(rng.integers(1, 90)))
        start = int(rng.integers(0, x.size))
        count = int(rng.integers(0, x.size - start + 1))
        y = x.copy()
        lib.call("ek_move_s8__ref", count, y[start:], y)
        np.testing.assert_array_equal(y, np.concatenate([x[start : start + count], x[count:]]))


def test_shift_keeps_what_is_newer() -> None:
    lib, rng = load(), np.random.default_rng(19)
    for _ in range(SHAPES):
        x = formula.random_s8(rng, int(rng.integers(1, 60)))
        before = formula.random_s8(rng, x.size + int(rng.integers(0, 90)))
        shift, kept = int(rng.integers(0, x.size + 1)), before.size - x.size
        y = before.copy()
        lib.call("ek_shift_s8__ref", shift, kept, x.size, x, y)
        np.testing.assert_array_equal(y, np.concatenate([before[shift : shift + kept], x]))
