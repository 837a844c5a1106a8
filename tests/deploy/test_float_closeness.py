"""When float outputs count as equal; integers always to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.deploy.closeness import FLOAT_TOLERANCE, apart, same
from tests.helpers.oracle import Array

ONES = np.ones(4, np.float32)


@pytest.mark.parametrize(
    ("found", "wanted", "expected"),
    [
        (np.int8([1, 2]), np.int8([1, 2]), [False, False]),
        (np.int8([1, 2]), np.int8([1, 3]), [False, True]),
        (np.float32([1, 1 + 5e-6]), np.float32([1, 1]), [False, False]),
        (np.float32([1, 1 + 5e-5]), np.float32([1, 1]), [False, True]),
        (np.float32([100, 5e-4]), np.float32([100, 0]), [False, False]),
        (np.float32([np.nan, np.inf, 1]), np.float32([np.nan, np.inf, 1]), [False] * 3),
        (np.float32([np.nan, 1]), np.float32([1, 1]), [True, False]),
        (np.float32([np.inf, 1]), np.float32([-np.inf, 1]), [True, False]),
        (np.float32([0]), np.float32([0]), [False]),
    ],
)
def test_elements_apart(found: Array, wanted: Array, expected: list[bool]) -> None:
    assert apart(found, wanted).tolist() == expected


def test_shapes_do_not_matter_and_every_output_does() -> None:
    near = ONES * np.float32(1 + FLOAT_TOLERANCE / 2)
    assert same([near.reshape(2, 2)], [ONES])
    assert not same([ONES, ONES * 2], [ONES, ONES])
