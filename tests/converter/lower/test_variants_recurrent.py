"""SVDF and LSTM by fours: every weight is found again, biases hold the zero points."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from edgekit.converter.lower import packing_dsp, packing_mve, select
from edgekit.converter.lower import variants_recurrent as recurrent
from edgekit.converter.lower.variants import Request
from tests.helpers import random_recurrent

SEEDS = st.integers(0, 2**32 - 1)


def lstm_of(seed: int) -> Request:
    return Request(random_recurrent.lstm(np.random.default_rng(seed))[0])


def svdf_of(seed: int) -> Request:
    return Request(random_recurrent.svdf(np.random.default_rng(seed))[0])


@given(SEEDS)
def test_an_lstm_has_the_gates_of_a_unit_together(seed: int) -> None:
    request = lstm_of(seed)
    units, depth = request.number("units"), request.number("input_c")
    *_, weights, _ = recurrent.PACKINGS["mve_lstm"](request)
    chunks = weights.values.reshape(units, -1, 4, 16)
    inputs = -(-depth // 16)
    for part, name, count in ((chunks[:, :inputs], "w", depth), (chunks[:, inputs:], "r", units)):
        rows = part.transpose(2, 0, 1, 3).reshape(4, units, -1)
        np.testing.assert_array_equal(rows[..., :count], request.array(name).values)
        assert not rows[..., count:].any()


@given(SEEDS)
def test_an_lstm_s_biases_hold_both_zero_points(seed: int) -> None:
    request = lstm_of(seed)
    *_, bias = recurrent.PACKINGS["mve_lstm"](request)
    sums = {name: request.array(name).values.astype(np.int64).sum(axis=2).T for name in "wr"}
    first = request.bias.T - request.number("input_zero") * sums["w"]
    second = -request.number("hidden_zero") * sums["r"]
    np.testing.assert_array_equal(bias.values, np.concatenate([first, second], axis=1))


@given(SEEDS)
def test_filters_are_packed_in_fours(seed: int) -> None:
    request = svdf_of(seed)
    weights, bias, times, units = recurrent.PACKINGS["mve_svdf"](request)
    filters, depth = request.weights.shape
    back = packing_mve.unpacked_rows(weights.values, filters, depth)
    np.testing.assert_array_equal(back, request.weights)
    taken = request.number("input_zero") * request.weights.astype(np.int64).sum(axis=1)
    np.testing.assert_array_equal(bias.values[:filters], -taken)
    assert len(bias.values) % 4 == 0
    assert (times.suffix, units.suffix) == ("t", "b")


@given(SEEDS)
def test_pairs_of_filters_share_words(seed: int) -> None:
    request = svdf_of(seed)
    assume(recurrent.REQUIRES["dsp_svdf_lanes"].holds(request))
    words = recurrent.PACKINGS["dsp_svdf"](request)[0].values
    filters, depth = request.weights.shape
    pairs = words.reshape(len(words), -1, 2, 4).transpose(0, 2, 1, 3)
    lanes = pairs.reshape(2 * len(words), -1, 4)
    back = packing_dsp.unpaired_lanes(lanes, filters, depth)
    np.testing.assert_array_equal(back, request.weights)


def test_a_weight_of_minus_128_is_refused_by_dsp() -> None:
    for family, drawn, name in (("svdf_s8", svdf_of, "w"), ("lstm_s8", lstm_of, "r")):
        kernel = next(k for k in select.kernel_table()[family] if k.isa == "dsp")
        lowest = [request for request in map(drawn, range(100)) if _low(request, name)]
        assert lowest
        assert all(select.broken(kernel, request) == recurrent.LANES for request in lowest)


def _low(request: Request, name: str) -> bool:
    return bool(request.array(name).values.astype(np.int64).min() == -128)
