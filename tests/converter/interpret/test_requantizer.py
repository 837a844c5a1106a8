"""The requantizer's fast path against the definition, and the choice of exact types."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.fixed_point import Requant, multiply_by_quantized_multiplier
from edgekit.converter.interpret.accumulate import exact_dtype
from edgekit.converter.interpret.requantize import Requantizer

# All of int32, and the sizes where the fast path ends and where sums really are.
VALUE = st.one_of(
    *(st.integers(-(2**bits) + 40000, 2**bits - 40000) for bits in (18, 24, 30, 31)),
)
FACTORS = st.lists(
    st.builds(Requant, st.integers(2**30, 2**31 - 1), st.integers(-31, 3)), min_size=1, max_size=4
)


def defined(sums: list[int], bias: list[int], factors: list[Requant], zero: int) -> list[list[int]]:
    rows = []
    for total in sums:
        row = []
        for b, factor in zip(bias, factors, strict=True):
            y = int(multiply_by_quantized_multiplier(total + b, factor.multiplier, factor.shift))
            wrapped = (y + zero + 2**31) % 2**32 - 2**31
            row.append(max(-128, min(127, wrapped)))
        rows.append(row)
    return rows


@settings(max_examples=300, deadline=None)
@given(st.lists(VALUE, min_size=1, max_size=30), FACTORS, st.integers(-128, 127), st.data())
def test_equals_the_definition(
    sums: list[int], factors: list[Requant], zero: int, data: st.DataObject
) -> None:
    bias = [data.draw(st.integers(-30000, 30000)) for _ in factors]
    peak = max(map(abs, sums)) + 30000
    requantizer = Requantizer.of(np.array(bias), factors, zero, (-128, 127), peak)
    rows = np.repeat(np.array(sums, np.float64)[:, None], len(factors), axis=1)
    assert requantizer(rows).tolist() == defined(sums, bias, factors, zero)


@pytest.mark.parametrize("shift", [-1, 0, 1])
def test_ties_and_signs(shift: int) -> None:
    factor = Requant(2**30, shift)
    sums = np.arange(-40, 41, dtype=np.float32)[:, None]
    found = Requantizer.of(np.zeros(1, np.int64), [factor], 0, (-128, 127), 40)(sums)
    expected = multiply_by_quantized_multiplier(sums[:, 0].astype(int), 2**30, shift)
    np.testing.assert_array_equal(found[:, 0], np.clip(expected, -128, 127))


def test_one_factor_serves_all_channels_and_any_shape() -> None:
    sums = np.arange(24, dtype=np.float32).reshape(2, 3, 4) * 100
    requantizer = Requantizer.of(np.zeros(4, np.int64), [Requant(2**30, -4)], 5, (0, 60), 2400)
    found = requantizer(sums)
    assert (found.shape, found.dtype) == ((2, 3, 4), np.int8)
    np.testing.assert_array_equal(found.ravel()[:4], [5, 8, 11, 14])
    assert found.max() == 60


def test_sums_beyond_24_bits_are_taken_in_float64() -> None:
    assert exact_dtype(2**24 - 1) == np.float32
    assert exact_dtype(2**24) == np.float64
