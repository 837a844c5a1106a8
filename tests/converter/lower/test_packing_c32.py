"""The `c32` layouts: every weight is found again where the kernels read it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converter.lower import packing_c32 as packing
from edgekit.converter.lower.packing_dsp import channel_rows
from edgekit.converter.lower.variants import Request
from tests.helpers import random_calls

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS, st.integers(1, 9), st.integers(1, 40))
def test_quads_hold_every_weight_and_zeros(seed: int, outputs: int, taps: int) -> None:
    rows = np.random.default_rng(seed).integers(-128, 128, (outputs, taps)).astype(np.int8)
    quads = packing.quads_of_rows(rows)
    assert quads.shape == (-(-outputs // 4), taps, 4)
    back = quads.transpose(0, 2, 1).reshape(-1, taps)
    np.testing.assert_array_equal(back[:outputs], rows)
    assert not back[outputs:].any()


@given(SEEDS)
def test_depthwise_taps_of_a_channel_are_neighbours(seed: int) -> None:
    request = Request(random_calls.depthwise_conv2d(np.random.default_rng(seed))[0])
    weights, finish = packing.depthwise(request)
    np.testing.assert_array_equal(weights.values, channel_rows(request))
    height, width = request.number("kernel_h"), request.number("kernel_w")
    natural = weights.values.T.reshape(1, height, width, -1)
    np.testing.assert_array_equal(natural, request.weights)
    assert finish.values.shape == (len(weights.values), 4)
