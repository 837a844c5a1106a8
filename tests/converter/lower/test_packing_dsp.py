"""The `dsp` layouts: every weight is found again, and every factor still computes the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.fixed_point import multiply_by_quantized_multiplier
from edgekit.converter.lower import packing_dsp as packing
from edgekit.converter.lower.select import REQUIRES
from edgekit.converter.lower.variants import Request
from tests.helpers import random_calls

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(1, 9), st.integers(1, 40))
def test_paired_lanes_hold_every_weight(seed: int, outputs: int, inputs: int) -> None:
    rows = np.random.default_rng(seed).integers(-127, 128, (outputs, inputs)).astype(np.int8)
    lanes = packing.paired_lanes(rows)
    assert lanes.shape == ((outputs + 1) // 2, 2 * ((inputs + 3) // 4), 4)
    np.testing.assert_array_equal(packing.unpaired_lanes(lanes, outputs, inputs), rows)


@given(SEEDS, st.integers(1, 5), st.integers(1, 20))
def test_a_lane_is_256_times_the_first_channel_plus_the_second(
    seed: int, outputs: int, inputs: int
) -> None:
    rows = np.random.default_rng(seed).integers(-127, 128, (outputs, inputs)).astype(np.int8)
    lanes = packing.paired_lanes(rows).view("<i2").astype(np.int64)
    whole = packing.padded(rows, 2, 4).astype(np.int64)
    first, second = whole[0::2], whole[1::2]
    order = np.arange(whole.shape[1]).reshape(-1, 4)[:, [0, 2, 1, 3]].ravel()
    np.testing.assert_array_equal(lanes.reshape(first.shape), (256 * first + second)[:, order])


@given(SEEDS)
def test_gathered_rows_are_whole_fours_of_kernel_rows_then_the_rest(seed: int) -> None:
    request = Request(random_calls.conv2d(np.random.default_rng(seed))[0])
    height, row = request.number("kernel_h"), request.number("kernel_w") * request.number("input_c")
    taps = [(i, j) for i in range(height) for j in range(row)]
    whole = [tap for tap in taps if tap[1] < row // 4 * 4]
    order = [*whole, *(tap for tap in taps if tap not in whole)]
    rows = packing.channel_rows(request).reshape(-1, height, row)
    wanted = np.stack([rows[:, i, j] for i, j in order], axis=1)
    np.testing.assert_array_equal(packing.gathered_rows(request), wanted)


@given(SEEDS)
def test_doubled_weights_are_four_of_each_channel_in_turn(seed: int) -> None:
    request = Request(random_calls.conv2d(np.random.default_rng(seed))[0])
    rows = packing.gathered_rows(request)
    turns, finish = (array.values for array in packing.doubled(request))
    assert turns.shape[2:] == (2, 4)
    back = turns.transpose(0, 2, 1, 3).reshape(2 * len(turns), -1)
    np.testing.assert_array_equal(back[: len(rows), : rows.shape[1]], rows)
    assert not back[len(rows) :].any()
    assert not back[:, rows.shape[1] :].any()
    np.testing.assert_array_equal(finish, packing.paired_finish(request))


def finished(sums: np.ndarray, column: np.ndarray, away: bool) -> np.ndarray:
    """ek_finish of ek_dsp.h in Python integers."""
    _, multiplier, addend, right = (int(value) for value in column)
    high = [(2 * int(s) * multiplier + 2**31 >> 32) + addend for s in sums]
    shifted = [h - (away and int(s) < 0) >> right for h, s in zip(high, sums, strict=True)]
    return np.clip(shifted, -128, 127)


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_finish_equals_the_two_roundings(seed: int) -> None:
    rng = np.random.default_rng(seed)
    call, _, _ = random_calls.fully_connected(rng)
    request = Request(call)
    if not all(REQUIRES[name].holds(request) for name in ("dsp_factors", "dsp_sums")):
        return
    zero, relu = request.number("output_zero"), REQUIRES["dsp_relu"].holds(request)
    for channel, column in enumerate(packing.finish_columns(request)):
        low, high = (int(ends[channel]) for ends in packing.sum_range(request))
        sums = np.unique([*rng.integers(low, high + 1, 40), low, high])
        multiplier, shift = (int(v) for v in request.factors[channel])
        scaled = multiply_by_quantized_multiplier(sums, multiplier, shift).astype(np.int64)
        wanted = np.clip(scaled + zero, -128, 127)
        kept = sums - int(request.bias[channel]) + int(column[0])
        np.testing.assert_array_equal(finished(kept, column, away=True), wanted)
        if relu:
            clamped = [np.maximum(y, zero) for y in (finished(kept, column, away=False), wanted)]
            np.testing.assert_array_equal(*clamped)


def test_a_dead_channel_gives_its_one_output_whatever_its_factor() -> None:
    rng = np.random.default_rng(0)
    seen = 0
    for _ in range(300):
        request = Request(random_calls.conv2d(rng)[0])
        low, high = packing.sum_range(request)
        columns = packing.finish_columns(request)
        for channel in np.flatnonzero(columns[:, 1] == 0):
            multiplier, shift = (int(v) for v in request.factors[channel])
            ends = multiply_by_quantized_multiplier(
                np.array([low[channel], high[channel]]), multiplier, shift
            )
            assert ends[0] == ends[1]
            found = int(columns[channel, 2]) >> 1
            assert found == int(np.clip(ends[0], -256, 256)) + request.number("output_zero")
            seen += 1
    assert seen > 20
