"""Random cases for every variant of an ISA that takes a family's own parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from edgekit.converter.lower import select
from edgekit.converter.lower.calls import product
from edgekit.converter.lower.variants import Request
from tests.helpers import random_calls, random_elements, random_recurrent
from tests.helpers.packed_calls import PACKED, random_call
from tests.helpers.packed_cases import PackedCase, packed_case, reference
from tests.helpers.random_calls import Sample
from tests.helpers.random_wide_calls import with_int16, with_nibbles

FAMILIES = {
    "conv2d_s8": random_calls.conv2d,
    "depthwise_conv2d_s8": random_calls.depthwise_conv2d,
    "fully_connected_s8": random_calls.fully_connected,
    "transpose_conv2d_s8": random_calls.transpose_conv2d,
    "average_pool2d_s8": random_calls.average_pool2d,
    "max_pool2d_s8": random_calls.max_pool2d,
    "mean_s8": random_calls.mean,
    "add_s8": random_calls.add,
    "sub_s8": random_calls.sub,
    "mul_s8": random_calls.mul,
    "maximum_s8": random_elements.maximum,
    "minimum_s8": random_elements.minimum,
    "prelu_s8": random_elements.prelu,
    "lut_s8": random_elements.lut,
    "softmax_s8": random_elements.softmax,
    "resize_bilinear_s8": random_elements.bilinear,
    "strided_copy_s8": random_elements.strided_copy,
    "batch_matmul_s8": random_elements.batch_matmul,
    "svdf_s8": random_recurrent.svdf,
    "lstm_s8": random_recurrent.lstm,
    "conv2d_s8w4": with_nibbles(random_calls.conv2d),
    "depthwise_conv2d_s8w4": with_nibbles(random_calls.depthwise_conv2d),
    "fully_connected_s8w4": with_nibbles(random_calls.fully_connected),
    "conv2d_s16w8": with_int16(random_calls.conv2d),
    "depthwise_conv2d_s16w8": with_int16(random_calls.depthwise_conv2d),
    "fully_connected_s16w8": with_int16(random_calls.fully_connected),
}


def drawn(family: str, rng: np.random.Generator) -> Sample:
    """A random call, its inputs and how many outputs it has."""
    if family not in PACKED:
        return FAMILIES[family](rng)
    call, inputs = random_call(family, rng)
    request = Request(call)
    outputs = product(request.numbers("extent")) if family == "add_s8" else request.outputs
    return call, inputs, outputs


def variants(isa: str) -> list[select.Kernel]:
    """The kernels of an ISA, but for those on packed signs: tests/converter/test_binary_c.py."""
    known = [k for rows in select.kernel_table().values() for k in rows if k.isa == isa]
    return [kernel for kernel in known if "b1" not in kernel.family.split("_")]


def fits(kernel: select.Kernel, request: Request) -> bool:
    """Whether the kernel's requirements hold."""
    return all(select.REQUIRES[name].holds(request) for name in kernel.requires)


def variant_cases(isa: str, count: int, seed: int) -> Iterator[PackedCase]:
    """Cases until every variant has had `count`."""
    rng, seen = np.random.default_rng(seed), Counter[str]()
    for family, draw in FAMILIES.items():
        kernels = [kernel for kernel in variants(isa) if kernel.family == family]
        while kernels and min(seen[kernel.function] for kernel in kernels) < count:
            call, inputs, outputs = draw(rng)
            request = Request(call)
            chosen = [k for k in kernels if seen[k.function] < count and fits(k, request)]
            expected = reference(call, inputs, outputs) if chosen else None
            for kernel in chosen:
                seen[kernel.function] += 1
                assert expected is not None
                skew = int(rng.integers(4)) * inputs[0].itemsize
                yield packed_case(kernel, call, inputs, expected, skew)
