"""The `dsp` layouts of int4 weights and int16 activations: weights and factors are found again."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converter.fixed_point import Requant
from edgekit.converter.fixed_point16 import multiply_wide, wide_requant
from edgekit.converter.lower import packing_dsp_wide as packing
from edgekit.converter.lower.int4 import packed_rows, unpacked_rows
from edgekit.converter.lower.packing_dsp import channel_rows
from edgekit.converter.lower.select import REQUIRES
from edgekit.converter.lower.variants import Request
from tests.helpers import random_calls
from tests.helpers.random_wide_calls import with_int16, with_nibbles

SEEDS = st.integers(0, 2**32 - 1)
OUTPUTS, INPUTS = st.integers(1, 9), st.integers(1, 40)


def random_rows(seed: int, low: int, high: int, outputs: int, inputs: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(low, high, (outputs, inputs)).astype(np.int8)


@given(SEEDS, OUTPUTS, INPUTS)
def test_packed_rows_are_found_again(seed: int, outputs: int, inputs: int) -> None:
    rows = random_rows(seed, -8, 8, outputs, inputs)
    np.testing.assert_array_equal(unpacked_rows(packed_rows(rows), inputs), rows)


@given(SEEDS, OUTPUTS, INPUTS)
def test_a_byte_holds_two_channels(seed: int, outputs: int, inputs: int) -> None:
    rows = random_rows(seed, -8, 8, outputs, inputs)
    bytes_ = packing.nibble_pairs(rows)
    assert bytes_.shape == ((outputs + 1) // 2, -(-inputs // 4) * 4)
    first = bytes_.view(np.int8) >> 4
    second = (bytes_ << 4).view(np.int8) >> 4
    both = np.stack([first, second], axis=1).reshape(-1, bytes_.shape[1])
    np.testing.assert_array_equal(both[:outputs, :inputs], rows)
    assert not both[outputs:].any()
    assert not both[:, inputs:].any()


@given(SEEDS, OUTPUTS, INPUTS)
def test_a_word_holds_two_channels_at_two_inputs(seed: int, outputs: int, inputs: int) -> None:
    rows = random_rows(seed, -128, 128, outputs, inputs)
    words = packing.byte_pairs(rows)
    assert words.shape == ((outputs + 1) // 2, (inputs + 1) // 2, 4)
    first, second = words[..., 0::2], words[..., 1::2]
    both = np.stack([first, second], axis=1).reshape(2 * len(words), -1)
    np.testing.assert_array_equal(both[:outputs, :inputs], rows)
    assert not both[outputs:].any()
    assert not both[:, inputs:].any()


def suits(request: Request) -> bool:
    return all(REQUIRES[name].holds(request) for name in ("dsp_s16_factors", "dsp_s16_sums"))


@given(SEEDS)
def test_quads_are_pairs_in_turn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    nibbles = Request(with_nibbles(random_calls.fully_connected)(rng)[0])
    words = packing.w4_quads(nibbles)[0].values
    back = words.transpose(0, 2, 1, 3).reshape(2 * len(words), -1)
    pairs = packing.nibble_pairs(channel_rows(nibbles))
    np.testing.assert_array_equal(back[: len(pairs)], pairs)
    short = Request(with_int16(random_calls.fully_connected)(rng)[0])
    if not suits(short):
        return
    words = packing.s16_quads(short)[0].values
    back = words.transpose(0, 2, 1, 3).reshape(2 * len(words), -1, 4)
    np.testing.assert_array_equal(
        back[: (short.number("output_c") + 1) // 2], packing.byte_pairs(channel_rows(short))
    )


@given(SEEDS)
def test_lanes_widen_in_order(seed: int) -> None:
    request = Request(with_int16(random_calls.depthwise_conv2d)(np.random.default_rng(seed))[0])
    if not suits(request):
        return
    fours = packing.s16_lanes(request)[0].values
    rows = fours[:, :, [0, 2, 1, 3]].reshape(len(fours), -1).T
    np.testing.assert_array_equal(rows[: request.number("output_c")], channel_rows(request))


@given(SEEDS)
def test_an_upper_word_holds_the_rounded_output(seed: int) -> None:
    rng = np.random.default_rng(seed)
    request = Request(with_int16(random_calls.fully_connected)(rng)[0])
    if not suits(request):
        return
    finish = packing.s16_finish(request).astype(np.int64)
    sums = rng.integers(-(2**31), 2**31, 20)
    for channel, (factor, low, high, right) in enumerate(finish.tolist()):
        addend = (high << 32) + (low & 0xFFFFFFFF)
        found = [(int(s) * factor + addend >> 32) >> right for s in sums]
        cut = wide_requant(Requant(*(int(v) for v in request.factors[channel])))
        wide = sums.astype(np.int64) + int(request.wide_bias[channel])
        wanted = multiply_wide(wide, cut.multiplier, cut.shift)
        np.testing.assert_array_equal(found, wanted)
