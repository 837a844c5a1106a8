"""Coders give back what they were given, near the entropy, for every distribution of bytes."""

from __future__ import annotations

import bz2
import lzma
import math
import zlib
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.coding import halves, palette, rans
from edgekit.converter.coding.choose import CALL_BYTES, apart, flash, smallest
from edgekit.converter.coding.entropy import baselines, byte_counts, entropy, plane_entropies

DATA = st.one_of(
    st.binary(min_size=1, max_size=400),
    st.tuples(
        st.lists(st.integers(0, 255), min_size=1, max_size=20), st.integers(1, 3000), st.integers()
    ).map(lambda t: skewed(*t)),
)


def skewed(values: list[int], size: int, seed: int) -> bytes:
    """Bytes of which some are far more frequent than others."""
    rng = np.random.default_rng(abs(seed))
    shares = rng.random(len(values)) ** 6
    return bytes(rng.choice(values, size, p=shares / shares.sum()).astype(np.uint8))


@given(DATA)
@settings(deadline=None)
def test_rans_gives_back_the_bytes(data: bytes) -> None:
    coded = rans.encode(data)
    assert rans.decode(coded) == data
    assert sum(coded.table.counts) == 1 << coded.table.bits
    assert min(coded.table.counts) >= 1
    assert max(coded.words) < 1 << 16


@given(DATA)
@settings(deadline=None)
def test_a_palette_gives_back_the_bytes(data: bytes) -> None:
    coded = palette.encode(data)
    if len(set(data)) > 128:
        assert coded is None
        return
    assert coded is not None
    assert palette.decode(coded) == data
    assert len(coded.values) == 1 << coded.bits
    assert 16 * len(coded.words) - coded.size * coded.bits in range(16)


@given(st.lists(st.integers(0, (1 << 16) - 1), min_size=1, max_size=200))
@settings(deadline=None)
def test_floats_that_are_halves_come_back(words: list[int]) -> None:
    bits = np.array(words, np.uint16)
    real = bits[(bits >> 10 & 31) != 31].view(np.float16).astype(np.float32)
    coded = halves.encode(real.tobytes())
    assert coded is not None
    assert halves.decode(coded) == real.tobytes()
    assert len(coded.words) == len(real)


@pytest.mark.parametrize("value", [0.1, 65520.0, 2.0**-25, 1 + 2.0**-11])
def test_floats_that_are_no_halves_are_not_coded_so(value: float) -> None:
    data = np.array([0.5] * 400 + [value], np.float32).tobytes()
    assert halves.encode(data) is None
    chosen = smallest(data, floats=True)
    assert chosen is None or not isinstance(chosen.form, halves.Coded)


def test_words_are_within_a_percent_of_the_entropy() -> None:
    data = skewed(list(range(16)), 20_000, 7)
    bits = 16 * len(rans.encode(data).words)
    least = entropy(byte_counts(data)) * len(data)
    assert least <= bits <= 1.01 * least + 32


@given(st.lists(st.integers(1, 1 << 20), min_size=1, max_size=256), st.integers(8, 12))
@settings(deadline=None)
def test_slots_are_shared_out_whole(counts: list[int], bits: int) -> None:
    slots = rans.scaled(counts, bits)
    assert sum(slots) == 1 << bits
    assert min(slots) >= 1
    ranked = sorted(zip(counts, slots, strict=True))
    assert all(a[1] <= b[1] + 1 for a, b in pairwise(ranked))


def test_the_smallest_form_is_taken_and_none_that_gains_nothing() -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, 5000).astype(np.uint8).tobytes()
    assert smallest(noise) is None
    few = bytes(rng.choice([3, 250], 600).astype(np.uint8))
    chosen = smallest(few)
    assert chosen is not None
    assert isinstance(chosen.form, palette.Coded)
    assert not chosen.lanes
    lopsided = skewed(list(range(30)), 5000, 1)
    chosen = smallest(lopsided)
    assert chosen is not None
    best = chosen.form
    assert isinstance(best, rans.Coded)
    assert flash(best) == 2 * len(best.words) + 3 * len(best.table.values)
    floats = np.linspace(-1, 1, 65, dtype=np.float32).tobytes()
    chosen = smallest(floats, floats=True)
    assert chosen is not None
    assert isinstance(chosen.form, halves.Coded)
    assert flash(chosen.form) == len(floats) // 2
    assert smallest(floats[:16], floats=True) is None
    assert smallest(b"") is None
    assert smallest(bytes(CALL_BYTES)) is None  # the call alone takes as much


@given(st.binary(min_size=1, max_size=99))
def test_lanes_apart_are_joined_as_c_does(data: bytes) -> None:
    joined = bytearray(apart(data))
    for i in range(1, len(joined), 2):
        joined[i] = (joined[i] - (joined[i - 1] >> 7)) % 256
    assert bytes(joined) == data


def test_lanes_of_few_weights_are_stored_apart() -> None:
    pairs = np.random.default_rng(4).choice([-90, -8, 0, 33, 70], (900, 2)).astype(np.int16)
    lanes = (256 * pairs[:, 1] + pairs[:, 0]).astype("<i2").tobytes()
    assert len(set(lanes)) > 5
    assert len(set(apart(lanes))) == 5
    chosen = smallest(lanes)
    assert chosen is not None
    assert chosen.lanes


def test_planes_of_a_byte_add_up_to_its_entropy() -> None:
    rng = np.random.default_rng(3)
    data = np.clip(rng.normal(0, 30, 20_000), -127, 127).astype(np.int8).tobytes()
    planes = plane_entropies(data)
    assert sum(planes) == pytest.approx(entropy(byte_counts(data)), abs=1e-4)
    assert planes[-1] > 0.99  # the lowest bit is noise
    assert planes[1] < 0.6  # the highest bits follow from the sign
    assert math.isclose(sum(plane_entropies(bytes(100))), 0)


def test_the_baselines_are_those_of_the_modules() -> None:
    data = skewed([1, 2, 3], 3000, 5)
    found = baselines(data)
    assert list(found) == ["gzip", "bz2", "xz"]
    assert found["bz2"] == len(bz2.compress(data))
    assert found["gzip"] == len(zlib.compress(data, 9)) + 12  # a longer head and tail
    assert abs(found["xz"] - len(lzma.compress(data))) <= 8
