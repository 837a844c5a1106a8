"""Packing of signs: what goes in comes out, and lies where LCE has it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converter.bits import pack_bits, signs, unpack_bits, words

SHAPES = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 100))
SEEDS = st.integers(0, 2**32 - 1)


@given(SHAPES, SEEDS)
def test_unpacking_gives_back_what_was_packed(shape: tuple[int, ...], seed: int) -> None:
    bits = np.random.default_rng(seed).random(shape) < 0.5
    packed = pack_bits(bits)
    assert packed.shape == (*shape[:-1], words(shape[-1]))
    assert packed.dtype == np.int32
    np.testing.assert_array_equal(unpack_bits(packed, shape[-1]), bits)
    np.testing.assert_array_equal(signs(packed, shape[-1]) == -1, bits)


@given(SHAPES, SEEDS)
def test_words_are_filled_up_with_zeros(shape: tuple[int, ...], seed: int) -> None:
    bits = np.random.default_rng(seed).random(shape) < 0.5
    whole = unpack_bits(pack_bits(bits), 32 * words(shape[-1]))
    assert not whole[..., shape[-1] :].any()


@given(st.integers(0, 95))
def test_channel_c_is_bit_c_mod_32_of_word_c_div_32(channel: int) -> None:
    bits = np.zeros((1, 96), np.bool_)
    bits[0, channel] = True
    word = pack_bits(bits)[0, channel // 32]
    assert np.uint32(np.int64(word) & 0xFFFFFFFF) == 1 << channel % 32
    assert np.count_nonzero(pack_bits(bits)) == 1
