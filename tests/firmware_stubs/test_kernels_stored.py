"""The C decoders of stored weights give back what Python's coders were given, and stay in bounds.

`test_kernels_build` runs them on damaged streams under sanitizers and on every virtual core.
"""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.coding import halves, palette, rans
from tests.helpers.kernel_library import load

GUARD = 16


def guarded(size: int) -> np.ndarray:
    return np.full(size + GUARD, 77, np.int8)


def decode_rans(coded: rans.Coded) -> bytes:
    table = coded.table
    sizes = np.array([coded.size, len(coded.words), len(table.values), table.bits, 0], np.int32)
    values = np.array(table.values, np.uint8).view(np.int8)
    counts, words = np.array(table.counts, np.uint16), np.array(coded.words, np.uint16)
    y, scratch = guarded(coded.size), guarded(1024 + (1 << table.bits))
    load().call("ek_decode_rans_w8__ref", sizes, values, counts, words, y, scratch)
    assert set(y[coded.size :].tolist()) == set(scratch[-GUARD:].tolist()) == {77}
    return y[: coded.size].tobytes()


def decode_palette(coded: palette.Coded) -> bytes:
    sizes = np.array([coded.size, len(coded.words), coded.bits, 0], np.int32)
    values = np.array(coded.values, np.uint8).view(np.int8)
    y = guarded(coded.size)
    words = np.array([*coded.words, 0], np.uint16)
    load().call("ek_decode_palette_w8__ref", sizes, values, words, y)
    assert set(y[coded.size :].tolist()) == {77}
    return y[: coded.size].tobytes()


def test_every_half_is_expanded_exactly() -> None:
    words = np.arange(1 << 16, dtype=np.uint16)
    finite = words[(words >> 10 & 31) != 31]
    coded = halves.Coded(4 * len(finite), tuple(finite.tolist()))
    sizes, y = np.array([coded.size, len(finite)], np.int32), guarded(coded.size)
    load().call("ek_decode_half_w8__ref", sizes, finite, y)
    assert y[: coded.size].tobytes() == halves.decode(coded)
    assert set(y[coded.size :].tolist()) == {77}


@given(st.binary(min_size=1, max_size=500))
@settings(deadline=None)
def test_rans_round_trip(data: bytes) -> None:
    assert decode_rans(rans.encode(data)) == data


@given(st.lists(st.sampled_from([0, 1, 2, 127, 128, 255]), min_size=1, max_size=500))
@settings(deadline=None)
def test_rans_round_trip_of_few_values(values: list[int]) -> None:
    assert decode_rans(rans.encode(bytes(values))) == bytes(values)


@given(st.lists(st.integers(100, 227), min_size=1, max_size=500))
@settings(deadline=None)
def test_palette_round_trip(values: list[int]) -> None:
    coded = palette.encode(bytes(values))
    assert coded is not None
    assert decode_palette(coded) == bytes(values)


def test_all_256_values_and_the_largest_table() -> None:
    rng = np.random.default_rng(0)
    rare = np.concatenate([np.arange(256), np.zeros(20_000, np.int64)])
    data = rng.permutation(rare).astype(np.uint8).tobytes()
    coded = rans.encode(data)
    assert coded.table.bits == rans.MOST_BITS
    assert decode_rans(coded) == data
