"""average_pool2d_s8, max_pool2d_s8 and mean_s8 against reductions written in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.helpers import kernel_formulas as formula
from tests.helpers.kernel_formulas import Array
from tests.helpers.kernel_library import load

SHAPES = 2000
OUTSIDE = 1000  # marks a tap outside the input; no int8 has this value


def random_pool(rng: np.random.Generator) -> dict[str, int]:
    """Windows that keep at least one tap inside, as SAME and VALID do."""
    low, high = formula.random_range(rng)
    fields = {"batches": int(rng.integers(1, 3)), "channels": int(rng.integers(1, 6))}
    fields |= {"act_min": low, "act_max": high}
    for axis, side in (("h", "pad_top"), ("w", "pad_left")):
        taps, stride = int(rng.integers(1, 5)), int(rng.integers(1, 4))
        size, pad = int(rng.integers(1, 8)), int(rng.integers(0, taps))
        fields |= {
            f"input_{axis}": size,
            f"output_{axis}": (size + pad - 1) // stride + 1,
            f"kernel_{axis}": taps,
            f"stride_{axis}": stride,
            side: pad,
        }
    return fields


def taps_of(x: Array, f: dict[str, Any]) -> Array:
    """[taps, batch, out_h, out_w, channels], OUTSIDE where a tap is not in the input."""
    pairs = [(f[f"{name}_h"], f[f"{name}_w"]) for name in ("output", "kernel", "stride")]
    wide = x.astype(np.int64)
    pad = (f["pad_top"], f["pad_left"])
    return np.stack(list(formula.windows(wide, OUTSIDE, *pairs, (1, 1), pad).values()))


def run_pool(kernel: str, x: Array, f: dict[str, Any]) -> Array:
    lib = load()
    y = np.zeros((f["batches"], f["output_h"], f["output_w"], f["channels"]), np.int8)
    lib.call(kernel, lib.struct("ek_pool2d_s8_t", **f), x, y)
    return y


def random_input(rng: np.random.Generator, f: dict[str, int]) -> Array:
    return formula.random_s8(rng, f["batches"], f["input_h"], f["input_w"], f["channels"])


def test_average_pool_rounds_half_away_over_the_taps_inside() -> None:
    rng = np.random.default_rng(4)
    for _ in range(SHAPES):
        f = random_pool(rng)
        x = random_input(rng, f)
        taps = taps_of(x, f)
        inside = taps != OUTSIDE
        mean = (taps * inside).sum(axis=0) / inside.sum(axis=0)
        expected = np.clip(formula.round_half_away(mean), f["act_min"], f["act_max"])
        np.testing.assert_array_equal(run_pool("ek_average_pool2d_s8__ref", x, f), expected)


def test_max_pool_takes_the_largest_tap_inside() -> None:
    rng = np.random.default_rng(5)
    for _ in range(SHAPES):
        f = random_pool(rng)
        x = random_input(rng, f)
        taps = taps_of(x, f)
        largest = np.where(taps == OUTSIDE, -128, taps).max(axis=0)
        expected = np.clip(largest, f["act_min"], f["act_max"])
        np.testing.assert_array_equal(run_pool("ek_max_pool2d_s8__ref", x, f), expected)


def mean_q(factor: float, count: int) -> tuple[int, int]:
    """The multiplier and shift that ek_kernels.h prescribes for MEAN."""
    multiplier, shift = formula.quantize_factor(factor)
    k = min(int(np.floor(np.log2(count))), 32, 31 + shift)
    return (multiplier << k) // count, shift - k


def test_mean_equals_the_requantized_sum_over_every_set_of_axes() -> None:
    lib, rng = load(), np.random.default_rng(6)
    for case in range(SHAPES):
        extent = tuple(int(n) for n in rng.integers(1, 7, 4))
        axes = tuple(axis for axis in range(4) if case >> axis & 1)
        count = int(np.prod([extent[axis] for axis in axes]))
        x = formula.random_s8(rng, *extent)
        zeros = [formula.random_zero(rng) for _ in range(2)]
        q = mean_q(float(rng.choice([1.0, rng.uniform(0.05, 9)])), count)
        total = x.sum(axis=axes, keepdims=True, dtype=np.int64) - count * zeros[0]
        y = np.zeros(total.shape, np.int8)
        reduce = [int(axis in axes) for axis in range(4)]
        f = {"extent": extent, "reduce": reduce, "input_zero": zeros[0], "output_zero": zeros[1]}
        lib.call("ek_mean_s8__ref", lib.struct("ek_mean_s8_t", **f, q=q), x, y)
        np.testing.assert_array_equal(y, formula.requant_s8(total, np.array(q), zeros[1]))


def test_mean_of_equal_scales_is_the_rounded_mean() -> None:
    lib, rng = load(), np.random.default_rng(7)
    x = formula.random_s8(rng, 1, 6, 6, 50)
    y = np.zeros((1, 1, 1, 50), np.int8)
    f = {"extent": x.shape, "reduce": [0, 1, 1, 0], "input_zero": -3, "output_zero": -3}
    lib.call("ek_mean_s8__ref", lib.struct("ek_mean_s8_t", **f, q=mean_q(1.0, 36)), x, y)
    exact = x.mean(axis=(1, 2), keepdims=True)
    # The first of the two roundings keeps 4 fraction bits here: k - 1, with k = floor(log2(36)).
    assert np.abs(y - exact).max() <= 0.5 + 2**-5 + 1e-6
