"""TRANSPOSE_CONV by phases: every weight is in one phase, and what every phase needs is asked."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from edgekit.converter.lower import packing_dsp, packing_mve, select
from edgekit.converter.lower import variants_phases as phases
from edgekit.converter.lower.variants import Request
from tests.helpers import random_calls

SEEDS = st.integers(0, 2**32 - 1)


def request_of(seed: int) -> Request:
    return Request(random_calls.transpose_conv2d(np.random.default_rng(seed))[0])


@given(SEEDS)
def test_every_weight_is_in_one_phase(seed: int) -> None:
    request = request_of(seed)
    back = np.zeros_like(request.weights)
    step_h, step_w = request.number("stride_h"), request.number("stride_w")
    for index, phase in enumerate(phases.phases(request)):
        down, right = divmod(index, step_w)
        place = back[:, down::step_h, right::step_w]
        if place.size:
            place += phase.weights.reshape(place.shape)[:, ::-1, ::-1]
        else:
            assert not phase.weights.any()
    np.testing.assert_array_equal(back, request.weights)


@given(SEEDS)
def test_every_output_is_in_one_phase(seed: int) -> None:
    request = request_of(seed)
    assert sum(phase.outputs for phase in phases.phases(request)) == request.outputs


@given(SEEDS)
def test_the_zero_point_is_in_every_bias(seed: int) -> None:
    request = request_of(seed)
    for phase in phases.phases(request):
        taken = request.number("input_zero") * phase.weights.astype(np.int64).sum(axis=1)
        np.testing.assert_array_equal(phase.bias, (request.bias - taken).astype(np.int32))


@given(SEEDS)
def test_phases_are_packed_one_after_another(seed: int) -> None:
    request = request_of(seed)
    assume(request.weights.min() > -128)
    for packing in (packing_dsp.fully_connected, packing_mve.fully_connected):
        weights, finish = phases.packed(packing)(request)
        each = [packing(phase) for phase in phases.phases(request)]
        for whole, index in ((weights, 0), (finish, 1)):
            parts = [arrays[index].values.reshape(-1) for arrays in each]
            np.testing.assert_array_equal(whole.values, np.concatenate(parts))


def test_many_phases_are_refused() -> None:
    rng = np.random.default_rng(3)
    few = phases.REQUIRES["few_phases"]
    for _ in range(200):
        request = Request(random_calls.transpose_conv2d(rng)[0])
        count = request.number("stride_h") * request.number("stride_w")
        assert few.holds(request) == (count <= phases.MOST_PHASES)
        assert len(phases.phases(request)) == count


def test_one_large_weight_in_one_phase_is_refused_by_dsp() -> None:
    kernel = next(k for k in select.kernel_table()["transpose_conv2d_s8"] if k.isa == "dsp")
    seen = set()
    for seed in range(300):
        request = request_of(seed)
        if request.weights.min() == -128:
            seen.add(select.broken(kernel, request) is not None)
    assert seen == {True}
