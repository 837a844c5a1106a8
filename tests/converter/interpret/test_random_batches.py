"""Samples that share a call give what they give one by one."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.interpret import run
from tests.helpers.random_graphs import random_graph, random_inputs


@pytest.mark.parametrize("seed", range(60))
def test_three_samples_equal_three_runs(seed: int) -> None:
    graph = random_graph(seed)
    rng = np.random.default_rng(seed)
    singles = [random_inputs(graph, rng) for _ in range(3)]
    together = run(graph, [np.concatenate(parts) for parts in zip(*singles, strict=True)])
    for name in graph.outputs:
        apart = np.concatenate([run(graph, inputs)[name] for inputs in singles])
        np.testing.assert_array_equal(together[name], apart, err_msg=name)
