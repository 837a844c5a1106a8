"""Additive masks that stand for minus infinity leave the scores their steps of int8."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.masks import ROOM
from tests.helpers.float_graphs import FloatGraph, samples

SIZE = 6
CAUSAL = np.triu(np.ones((SIZE, SIZE)), 1)[None]


def scores(g: FloatGraph) -> str:
    """(1, 6, 6) scores of several units."""
    rng = np.random.default_rng(3)
    x = g.dense(g.input((1, 8)), rng.normal(0, 0.8, (SIZE**2, 8)), rng.normal(0, 0.5, SIZE**2))
    return g.node(ops.Reshape(), [x, g.constant([1, SIZE, SIZE], dtype="int32")], "scores",
                  shape=(1, SIZE, SIZE))  # fmt: skip


def constant_mask(far: float, op: ops.Op) -> Graph:
    """scores + mask, or scores - mask, of a constant."""
    g = FloatGraph("constant_mask")
    values = np.where(CAUSAL, far, 0.0)
    y = g.node(op, [scores(g), g.constant(values, "mask")], "masked")
    return g.graph(g.node(ops.Softmax(), [y], "share"))


def computed_mask() -> Graph:
    """scores + (1 - m) * -1e9, where m is an input; the mask gains an axis on the way."""
    g = FloatGraph("computed_mask")
    x = scores(g)
    away = g.node(ops.Sub(), [g.constant(np.ones(1)), g.input((1, SIZE), "m")], "away")
    far = g.node(ops.Mul(), [away, g.constant([-1e9], "factor")], "far")
    row = g.node(ops.ExpandDims(), [far, g.constant([1], dtype="int32")], "row")
    y = g.node(ops.Add(), [row, x], "masked")
    return g.graph(g.node(ops.Softmax(), [y], "share"))


def shared_mask() -> Graph:
    """One constant over scores of a small and of a large range."""
    g = FloatGraph("shared_mask")
    x, mask = scores(g), g.constant(np.where(CAUSAL, -1e9, 0.0), "mask")
    wide = g.node(ops.Mul(), [x, g.constant([9.0])], "wide")
    parts = [
        g.node(ops.Softmax(), [g.node(ops.Add(), [each, mask], f"masked_{each}")], f"share_{each}")
        for each in (x, wide)
    ]
    return g.graph(*parts)


@pytest.mark.parametrize(
    ("far", "op"),
    [(-1e9, ops.Add()), (-3.4e38, ops.Add()), (1e9, ops.Sub())],
    ids=("-1e9", "lowest float", "subtracted"),
)
def test_a_constant_mask_hides_and_leaves_the_scores_their_steps(far: float, op: ops.Op) -> None:
    graph = constant_mask(far, op)
    result = quantize_int8(graph, [samples(graph, 64)])
    verify(result.graph)
    plain, masked = result.graph["scores"].quant, result.graph["masked"].quant
    assert plain is not None
    assert masked is not None
    assert masked.scale < plain.scale + (ROOM + 1) / 255
    assert [note.code for note in result.notes] == ["mask-cut"]
    fresh = samples(graph, 32, seed=9)
    exact, found = (outputs_real(each, fresh)["share"] for each in (graph, result.graph))
    assert not found[:, CAUSAL[0] > 0].any()
    assert np.abs(exact - found).max() < 0.05


def masked_inputs(graph: Graph, count: int, seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    kept = (np.arange(SIZE) < rng.integers(1, SIZE + 1, (count, 1))).astype(np.float32)
    return {"x": rng.normal(size=(count, 8)).astype(np.float32), "m": kept}


def test_a_computed_mask_hides_and_leaves_the_scores_their_steps() -> None:
    graph = computed_mask()
    done = quantize_int8(graph, [masked_inputs(graph, 64, 1)]).graph
    verify(done)
    fresh = masked_inputs(graph, 32, 2)
    exact, found = (outputs_real(each, fresh)["share"] for each in (graph, done))
    hidden = np.broadcast_to(fresh["m"][:, None] == 0, found.shape)
    assert hidden.any()
    assert not found[hidden].any()
    assert np.abs(exact - found).max() < 0.05


def test_a_shared_mask_is_cut_for_the_widest_scores() -> None:
    graph = shared_mask()
    done = quantize_int8(graph, [samples(graph, 64)]).graph
    fresh = samples(graph, 16, seed=4)
    for name in graph.outputs:
        exact, found = (outputs_real(each, fresh)[name] for each in (graph, done))
        assert not found[:, CAUSAL[0] > 0].any()
        assert np.abs(exact - found).max() < 0.12


def test_an_ordinary_constant_is_no_mask() -> None:
    graph = constant_mask(-100.0, ops.Add())
    result = quantize_int8(graph, [samples(graph, 64)])
    assert not result.notes
    assert result.ranges["masked"][0] < -90
