"""The tables of the `any` kernels hold what the kernels would compute."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converter.fixed_point import multiply_by_quantized_multiplier
from edgekit.converter.gemmlowp import exp_on_negative_values
from edgekit.converter.lower import packing_any
from edgekit.converter.lower.variants import Request
from tests.helpers import random_elements


@given(st.integers(0, 2**32 - 1))
def test_a_softmax_table_has_the_exponential_of_every_distance(seed: int) -> None:
    request = Request(random_elements.softmax(np.random.default_rng(seed))[0])
    (table,) = packing_any.exponentials(request)
    assert (table.c_type, table.values.shape, table.values[0]) == ("int32_t", (256,), 2**31 - 1)
    assert (np.diff(table.values.astype(np.int64)) <= 0).all()
    lowest, factor = request.number("diff_min"), request.number("multiplier")
    for distance in range(0, 256, 17):
        scaled = multiply_by_quantized_multiplier(-distance, factor, request.number("left_shift"))
        power = int(exp_on_negative_values(scaled, 5)) if -distance >= lowest else 0
        assert table.values[distance] == power
