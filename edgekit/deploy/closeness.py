"""When outputs count as equal: integers to the last bit, floats within a stated distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOAT_TOLERANCE = 1e-5
"""Of the largest magnitude of an output. Other orders of summation and another exp() cost less."""


def apart(found: NDArray[Any], wanted: NDArray[Any]) -> NDArray[np.bool_]:
    """Which elements differ."""
    a, b = found.ravel(), wanted.ravel()
    if b.dtype.kind != "f":
        return np.asarray(a != b)
    # Where both are infinite or not a number they are the same.
    near = np.isclose(a, b, rtol=0, atol=FLOAT_TOLERANCE * largest(b), equal_nan=True)
    return ~near


def largest(values: NDArray[Any]) -> float:
    """The largest finite magnitude."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max(initial=0))


def same(found: Sequence[NDArray[Any]], wanted: Sequence[NDArray[Any]]) -> bool:
    """Whether all outputs of one inference count as equal."""
    return not any(apart(a, b).any() for a, b in zip(found, wanted, strict=True))
