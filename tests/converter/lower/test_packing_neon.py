"""Packed weights hold the model's weights, all of them, and zeros; calls outside are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from edgekit.converter.lower import packing_neon as packing
from edgekit.converter.lower import select
from edgekit.converter.lower.calls import Array, Call
from edgekit.converter.lower.program import FieldValue
from edgekit.converter.lower.variants import Request
from tests.helpers.neon_calls import random_sample
from tests.helpers.neon_cases import KERNELS

S8 = st.integers(-128, 127)
SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 40))
ROWS = SHAPES.flatmap(lambda shape: arrays(np.int8, shape, elements=S8))
NAMES = {kernel.function: kernel for kernel in KERNELS}


def request_for(function: str, seed: int = 0) -> Request:
    return Request(random_sample(NAMES[function], np.random.default_rng(seed)).call)


def changed(request: Request, **fields: FieldValue) -> Request:
    params = request.call.params
    assert params is not None
    content = tuple({**dict(params.fields), **fields}.items())
    return Request(replace(request.call, params=replace(params, fields=content)))


def with_weight(request: Request, value: int) -> Request:
    """The same call with one weight of `value`."""
    weights = request.weights.copy()
    weights.flat[0] = value
    args = tuple(
        replace(arg, values=weights) if isinstance(arg, Array) and arg.suffix == "w" else arg
        for arg in request.call.args
    )
    return Request(Call(request.call.family, args, request.call.params))


def chosen(request: Request, *isas: str) -> str:
    return select.choose(select.kernel_table(), request, isas).kernel.function


@given(ROWS)
def test_quad_rows_unpack_to_the_rows(rows: NDArray[np.int8]) -> None:
    packed = packing.quad_rows(rows)
    np.testing.assert_array_equal(packing.unpacked_quad_rows(packed, *rows.shape), rows)
    assert np.count_nonzero(packed) == np.count_nonzero(rows)


@settings(deadline=None)  # the first call compiles the reference kernels
@given(st.integers(0, 2**32 - 1))
def test_columns_hold_biases_and_factors(seed: int) -> None:
    request = request_for("ek_depthwise_conv2d_s8__neon", seed)
    bias, multiplier, left, right = packing.columns(request)
    np.testing.assert_array_equal(bias, request.bias)
    np.testing.assert_array_equal(np.stack([multiplier, left + right], 1), request.factors)
    assert left.min() >= 0 >= right.max()
    assert not (left * right).any()


@settings(deadline=None)  # the first call compiles the reference kernels
@given(st.integers(0, 2**32 - 1))
def test_quad_columns_are_the_columns_of_four_channels(seed: int) -> None:
    request = request_for("ek_conv2d_s8__neon", seed)
    quads = packing.quad_columns(request)
    columns = quads.transpose(1, 0, 2).reshape(4, -1)
    channels = request.bias.size
    np.testing.assert_array_equal(columns[:, :channels], packing.columns(request))
    assert not columns[:, channels:].any()


def test_a_weight_of_minus_128_needs_dot_products() -> None:
    request = with_weight(request_for("ek_fully_connected_s8__neon"), -128)
    assert chosen(request, "neon") == "ek_fully_connected_s8__ref"
    assert chosen(request, "neondot", "neon") == "ek_fully_connected_s8__neondot"
    reasons = select.choose(select.kernel_table(), request, ["neon"]).refused
    assert "needs weights above -128" in {refusal.reason for refusal in reasons}


@pytest.mark.parametrize(
    ("function", "fields", "reason"),
    [
        ("ek_depthwise_conv2d_s8__neon", {"depth_multiplier": 2}, "needs a depth multiplier of 1"),
        ("ek_depthwise_conv2d_s8__neon", {"input_c": 7}, "needs eight channels or more"),
        ("ek_depthwise_conv2d_3x3_s8__neon", {"kernel_w": 2}, "needs a 3x3 kernel"),
        ("ek_max_pool2d_s8__neon", {"channels": 7}, "needs eight channels or more"),
        ("ek_average_pool2d_s8__neon", {"channels": 7}, "needs eight channels or more"),
        (
            "ek_average_pool2d_s8__neon",
            {"kernel_h": 257, "kernel_w": 256},
            "needs a window of up to 65536",
        ),
        (
            "ek_add_s8__neon",
            {"extent": (1, 1, 2, 3), "a_stride": (0, 0, 1, 2), "b_stride": (0, 0, 3, 1)},
            "needs operands in the output's order",
        ),
    ],
)
def test_calls_outside_are_refused(
    function: str, fields: dict[str, FieldValue], reason: str
) -> None:
    choice = select.choose(
        select.kernel_table(), changed(request_for(function), **fields), ["neon"]
    )
    assert choice.kernel.function != function
    assert reason in {r.reason for r in choice.refused if r.kernel == function}
