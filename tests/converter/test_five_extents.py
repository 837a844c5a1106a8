"""Graphs over five extents (frames of images): C, interpreter and LiteRT agree; what does not
merge to four is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir import ops, ops_logic
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.tflite.writer import write_tflite
from edgekit.errors import UnsupportedError
from tests.conformance.references import Reference, installed
from tests.helpers.float_graphs import FloatGraph, samples
from tests.helpers.generated_c import build, generate, run_c

RNG = np.random.default_rng(8)
SHAPE = (1, 3, 4, 2, 5)


def frames(axes: tuple[int, ...] = (2, 3), shape: tuple[int, ...] = SHAPE) -> Graph:
    """A scale per channel, a gate, a mask, means over the pixels of each frame."""
    g = FloatGraph("frames")
    x = g.input(shape)
    y = g.node(ops.Mul(), [x, g.constant(RNG.uniform(0.5, 2, 5))], "scaled")
    y = g.node(ops.Add(), [y, g.node(ops.Logistic(), [y], "gate")], "gated")
    mask = g.constant(RNG.normal(0, 1, shape))
    above = g.node(ops_logic.Greater(), [y, mask], "above", dtype="bool")
    y = g.node(ops_logic.SelectV2(), [above, y, g.constant(np.zeros(1))], "kept")
    return g.graph(g.node(ops.Mean(True), [y, g.constant(axes, dtype="int32")], "mean"))


@pytest.mark.parametrize("quantized", [False, True])
def test_c_and_references_agree(quantized: bool, tmp_path: Path) -> None:
    graph = frames()
    if quantized:
        graph = quantize_int8(graph, [samples(graph, 32)]).graph
    verify(graph)
    made = generate(graph, "frames")
    library = build([made], tmp_path)
    dtype = graph[graph.inputs[0]].dtype
    x = (
        RNG.integers(-128, 128, SHAPE).astype(np.int8)
        if dtype is DType.INT8
        else RNG.normal(0, 1, SHAPE).astype(np.float32)
    )
    expected = run(graph, x)[graph.outputs[0]]
    [found] = run_c(library, made, [x])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    if "litert" in installed():
        with Reference("litert") as reference:
            [[theirs]] = reference.run(write_tflite(graph), 1, [[x]])
        np.testing.assert_allclose(theirs, expected, rtol=1e-5, atol=1e-6)


def test_what_does_not_merge_is_refused() -> None:
    with pytest.raises(UnsupportedError) as caught:
        frames(axes=(0, 2, 4), shape=(2, 3, 4, 2, 5))
    assert caught.value.code == "rank"
    assert "leave 4" in str(caught.value.allowed)
    assert "[2, 3, 4, 2, 5]" in caught.value.found
