"""Packed weights hold the model's weights, all of them, and zeros; calls outside are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from edgekit.converter.fixed_point import Requant
from edgekit.converter.lower import packing_mve as packing
from edgekit.converter.lower import select
from edgekit.converter.lower.program import FieldValue
from edgekit.converter.lower.variants import Request
from tests.helpers.packed_calls import random_call
from tests.helpers.variant_cases import drawn

S8 = st.integers(-128, 127)


def weights(*extents: int) -> st.SearchStrategy[NDArray[np.int8]]:
    """Arrays with extents from 1 to each of `extents`."""
    shapes = st.tuples(*(st.integers(1, most) for most in extents))
    return shapes.flatmap(lambda shape: arrays(np.int8, shape, elements=S8))


@given(weights(9, 40))
def test_quad_rows_unpack_to_the_rows(rows: NDArray[np.int8]) -> None:
    packed = packing.quad_rows(rows)
    np.testing.assert_array_equal(packing.unpacked_quad_rows(packed, *rows.shape), rows)
    assert np.count_nonzero(packed) == np.count_nonzero(rows)


@given(weights(10, 40))
def test_lane_taps_unpack_to_the_taps(taps: NDArray[np.int8]) -> None:
    packed = packing.lane_taps(taps)
    np.testing.assert_array_equal(packing.unpacked_lane_taps(packed, taps.shape[1]), taps)
    assert np.count_nonzero(packed) == np.count_nonzero(taps)


@given(st.integers(1, 5).flatmap(lambda n: arrays(np.int8, (3, 3, 4 * n), elements=S8)))
def test_patches_unpack_to_the_kernels(kernels: NDArray[np.int8]) -> None:
    packed = packing.patches(kernels)
    np.testing.assert_array_equal(packing.unpacked_patches(packed), kernels)
    assert np.count_nonzero(packed) == np.count_nonzero(kernels)


@given(st.integers(0, 2**32 - 1))
def test_fully_connected_rows_unpack_to_the_weights(seed: int) -> None:
    request = Request(random_call("fully_connected_s8", np.random.default_rng(seed))[0])
    packed = packing.fully_connected(request)[0].values.astype(np.int8)
    outputs, inputs = request.weights.shape
    found = packing.unpacked_rows(packed, outputs, inputs)
    np.testing.assert_array_equal(found, request.weights)


@given(st.integers(0, 2**32 - 1))
def test_factors_keep_bias_multiplier_and_shift_of_every_channel(seed: int) -> None:
    request = Request(random_call("conv2d_s8", np.random.default_rng(seed))[0])
    channels = request.bias.size
    plain = packing.factors(request)
    quads = packing.quad_factors(request).reshape(-1, 4, 3)[:, np.argsort(packing.QUAD)]
    lanes = packing.lane_factors(request).transpose(0, 1, 3, 2).reshape(-1, 16, 3)
    lanes = lanes[:, np.argsort(packing.LANES)]
    for rows in (quads.reshape(-1, 3), lanes.reshape(-1, 3)):
        np.testing.assert_array_equal(rows[:channels], plain)
        assert (rows[channels:] == (0, 0, -1)).all()
    np.testing.assert_array_equal(plain[:, :2], np.c_[request.bias, request.factors[:, 0]])
    used = request.factors[:, 0] != 0
    np.testing.assert_array_equal(plain[used, 2], request.factors[used, 1])


def with_fields(request: Request, **fields: FieldValue) -> Request:
    """The same call with some parameters changed."""
    params = request.call.params
    assert params is not None
    values = tuple((name, fields.get(name, value)) for name, value in params.fields)
    return Request(replace(request.call, params=replace(params, fields=values)))


def suited(function: str) -> Request:
    """A random call that the kernel may run."""
    kernel = next(k for k in KERNELS if k.function == function)
    rng = np.random.default_rng(0)
    for _ in range(1000):
        request = Request(drawn(kernel.family, rng)[0])
        if not broken(function, request):
            return request
    raise AssertionError(function)


def broken(function: str, request: Request) -> list[str]:
    """Needs of the kernel that the call does not meet."""
    kernel = next(k for k in KERNELS if k.function == function)
    return [name for name in kernel.requires if not select.REQUIRES[name].holds(request)]


KERNELS = [
    kernel
    for rows in select.kernel_table().values()
    for kernel in rows
    if kernel.isa == "mve" and "b1" not in kernel.family.split("_")
]
"""Binarized ones have a test of their own, test_binary_costs.py."""
SHORT, DEPTHWISE = "ek_conv2d_short_s8__mve", "ek_depthwise_conv2d_3x3_s8__mve"
STRIDE2, ADD = "ek_depthwise_conv2d_3x3_stride2_s8__mve", "ek_add_s8__mve"


@pytest.mark.parametrize(
    ("function", "fields", "need"),
    [
        (SHORT, {"kernel_h": 2}, "mve_pointwise"),
        (SHORT, {"stride_w": 2}, "mve_pointwise"),
        (SHORT, {"pad_top": 1}, "mve_pointwise"),
        (SHORT, {"input_h": 99}, "mve_pointwise"),
        (SHORT, {"input_c": 17}, "mve_short"),
        (SHORT, {"output_c": 6}, "mve_short"),
        (SHORT, {"batches": 1, "output_h": 1, "output_w": 3}, "mve_four_pixels"),
        (DEPTHWISE, {"kernel_w": 4}, "mve_3x3"),
        (DEPTHWISE, {"dilation_h": 2}, "mve_3x3"),
        (DEPTHWISE, {"stride_h": 2}, "mve_stride_1"),
        (STRIDE2, {"stride_h": 1}, "mve_stride_2"),
        (DEPTHWISE, {"output_c": 6}, "mve_quads"),
        (DEPTHWISE, {"depth_multiplier": 2}, "mve_one_copy"),
        (ADD, {"b_stride": (0, 0, 0, 0), "extent": (2, 2, 2, 2)}, "mve_one_shape"),
        (ADD, {"a_q": Requant((1 << 30) + 1, 0)}, "mve_add_factors"),
        (ADD, {"output_q": Requant(1 << 30, 0)}, "mve_add_factors"),
        (ADD, {"left_shift": 19}, "mve_add_factors"),
        ("ek_average_pool2d_s8__mve", {"kernel_h": 16, "kernel_w": 16}, "mve_window_255"),
    ],
)
def test_a_call_outside_is_refused(function: str, fields: dict[str, FieldValue], need: str) -> None:
    request = suited(function)
    assert need in broken(function, with_fields(request, **fields))


def test_a_factor_of_a_half_or_more_is_refused() -> None:
    rng = np.random.default_rng(1)
    requests = [Request(random_call("conv2d_s8", rng)[0]) for _ in range(50)]
    assert not any(broken("ek_conv2d_s8__mve", request) for request in requests)
    for request in requests:
        args = tuple(
            replace(arg, values=np.array([[1 << 30, 0]] * len(arg.values), np.int32))
            if getattr(arg, "suffix", "") == "q"
            else arg
            for arg in request.call.args
        )
        large = Request(replace(request.call, args=args))
        assert broken("ek_conv2d_s8__mve", large) == ["mve_factors"]


def test_costs_and_scratch_are_whole_numbers() -> None:
    for kernel in KERNELS:
        request = suited(kernel.function)
        assert isinstance(select.COSTS[kernel.cost](request), int)
        assert select.SCRATCHES[kernel.scratch](request) >= 0
