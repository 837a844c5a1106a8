"""Trees on quantized features: every decision on a stored value is that on its real value."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.int8 import is_quantized, quantize_int8
from edgekit.converter.quantize.scheme import SCHEMES
from tests.helpers.tree_graphs import ensemble


@pytest.mark.parametrize("precision", ["int8", "int16"])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), spread=st.sampled_from([0.1, 1.0, 40.0]))
def test_decisions_are_those_on_the_real_values(precision: str, seed: int, spread: float) -> None:
    graph = ensemble(seed)
    rng = np.random.default_rng(seed)
    seen = rng.normal(size=(30, graph["x"].shape[1])).astype(np.float32) * np.float32(spread)
    done = quantize_int8(graph, [seen], scheme=SCHEMES[precision]).graph
    verify(done)
    assert is_quantized(done)
    form, quant = done["x"].dtype, done["x"].quant
    assert form is DType(precision)
    assert quant is not None
    assert done["y"].dtype is DType.FLOAT32
    low, high = np.iinfo(form.numpy).min, np.iinfo(form.numpy).max
    stored = rng.integers(low, high + 1, seen.shape).astype(form.numpy)
    real = (quant.scale * (stored.astype(np.float64) - quant.zero_point)).astype(np.float32)
    np.testing.assert_array_equal(run(done, stored)["y"], run(graph, real)["y"])


def test_whole_numbers_lose_nothing() -> None:
    """Pixels of 0 to 255 are stored exactly."""
    graph = ensemble(4)
    rng = np.random.default_rng(0)
    halves = (rng.integers(0, 255, graph["thresholds"].size) + 0.5).astype(np.float32)
    graph = graph.with_tensors(replace(graph["thresholds"], data=halves))
    pixels = rng.integers(0, 256, (200, graph["x"].shape[1])).astype(np.float32)
    pixels[0], pixels[1] = 0, 255
    done = quantize_int8(graph, [pixels]).graph
    stored = (pixels - 128).astype(np.int8)
    np.testing.assert_array_equal(run(done, stored)["y"], run(graph, pixels)["y"])
