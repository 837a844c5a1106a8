"""The random int8 models of all operators together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from tests.converter.interpret import elementwise_cases, int8_cases, movement_cases, reduction_cases
from tests.converter.interpret.int8_cases import Case, Rng
from tests.helpers.oracle import Array

MAKERS: dict[str, Callable[[Rng], tuple[bytes, list[Array]]]] = {
    **int8_cases.MAKERS,
    **elementwise_cases.MAKERS,
    **movement_cases.MAKERS,
    **reduction_cases.MAKERS,
}


NOT_IN_MICRO = ("relu_n1_to_1", "relu_0_to_1", "tile")
NOT_IN_RUNTIME = ("elu", "sum")
"""What the one or the other reference does not have (or not among its reference kernels), and
SUM, whose int8 results in tflite-runtime 2.14 have nothing to do with the scales."""


def all_cases(repeats: int) -> Iterator[Case]:
    """`repeats` cases of every operator."""
    for name, make in MAKERS.items():
        for seed in range(repeats):
            rng = np.random.default_rng([seed, *name.encode()])
            model, inputs = make(rng)
            yield Case(f"{name}-{seed}", model, inputs)
