"""Ranges, biases and scalings from statistics instead of data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.convert import convert_model
from edgekit.converter.data.candidates import BYTES, UNIT
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.norms import Norm
from edgekit.converter.options import ConvertOptions
from edgekit.converter.quantize.correct import worst_sqnr
from edgekit.converter.quantize.datafree import (
    equalized,
    fitting_candidate,
    pixels,
    quantize_without_data,
)
from edgekit.converter.quantize.execute import iterate
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.spreads import Spread, clipped, normal, spreads
from edgekit.converter.tflite.writer import write_tflite
from edgekit.errors import DataError
from edgekit.targets.reader import load_target
from tests.helpers.float_graphs import FloatGraph

PIXELS = Preprocess(mean=(0.0,), scale=(1.0,))
RNG = np.random.default_rng(7)


def _images(count: int) -> np.ndarray:
    """Smooth pictures of 0..255: a colour, and coarse squares on it."""
    squares = RNG.normal(0, 45, (count, 4, 4, 3)).repeat(3, axis=1).repeat(3, axis=2)
    return np.clip(RNG.normal(115, 45, (count, 1, 1, 3)) + squares, 0, 255).astype(np.float32)


def _network() -> tuple[Graph, tuple[Norm, ...]]:
    """A residual network and what its normalizations would have seen: each layer is scaled to
    its beta and gamma on pictures."""
    relu = Activation.RELU
    g = FloatGraph("residual")
    x = g.input((1, 12, 12, 3))
    a = g.conv(x, RNG.normal(0, 0.01, (8, 3, 3, 3)), np.zeros(8), activation=relu, name="a")
    b = g.depthwise(a, RNG.normal(0, 0.3, (1, 3, 3, 8)), np.zeros(8), activation=relu, name="b")
    c = g.conv(b, RNG.normal(0, 0.3, (8, 1, 1, 8)), np.zeros(8), name="c")
    y = g.node(ops.Add(relu), [a, c], "sum")
    y = g.node(ops.Mean(), [y, g.constant([1, 2], dtype="int32")], "mean")
    graph = g.graph(g.dense(y, RNG.normal(0, 0.5, (4, 8)), RNG.normal(0, 1, 4), name="scores"))
    norms, data = [], _images(64)
    for name in ("a", "b", "c"):
        graph, norm = _normalized(graph, name, data)
        norms.append(norm)
    return graph, tuple(norms)


def _normalized(graph: Graph, name: str, data: np.ndarray) -> tuple[Graph, Norm]:
    from dataclasses import replace

    node = next(node for node in graph.nodes if node.name == name)
    bare = replace(node, op=replace(node.op, activation=Activation.NONE))  # type: ignore[call-arg]
    open_ = graph.with_nodes([bare if each is node else each for each in graph.nodes])
    sums = next(found[name] for each, found in iterate(open_, data) if each.name == name)
    rows = sums.reshape(-1, sums.shape[-1]).astype(np.float64)
    beta, gamma = RNG.normal(0.3, 0.5, 8), RNG.uniform(0.3, 2, 8)
    factor = gamma / rows.std(axis=0)
    weights, bias = graph.input(node, 1), graph.input(node, 2)
    shape = [-1] if isinstance(node.op, ops.DepthwiseConv2D) else [-1, 1, 1, 1]
    shift = beta - rows.mean(axis=0) * factor
    scaled = (weights.values * factor.reshape(shape)).astype(np.float32)
    changed = graph.with_tensors(
        replace(weights, data=scaled), replace(bias, data=shift.astype(np.float32))
    )
    return changed, Norm(name, beta, gamma, shift)


def test_statistics_are_nearly_as_good_as_data() -> None:
    graph, norms = _network()
    given_ = equalized(graph, norms)
    result = quantize_without_data(given_, PIXELS)
    verify(result.graph)
    fresh = _images(48)
    assert worst_sqnr(graph, given_.graph, fresh) > 80
    free = worst_sqnr(given_.graph, result.graph, fresh)
    data = worst_sqnr(graph, quantize_int8(graph, [_images(64)]).graph, fresh)
    assert free > 20
    assert free > data - 6
    assert result.notes[0].code == "data-free"
    assert "3 of 4 layers have a normalization's statistics" in result.notes[0].message


def test_expected_errors_are_taken_off_the_biases_only() -> None:
    given_ = equalized(*_network())
    plain = quantize_without_data(given_, PIXELS, biases=False).graph
    moved = quantize_without_data(given_, PIXELS).graph
    biases = {node.inputs[2] for node in plain.nodes if len(node.inputs) == 3}
    changed = {
        name
        for name, tensor in plain.tensors.items()
        if tensor.constant and not np.array_equal(tensor.values, moved[name].values)
    }
    assert changed
    assert changed <= biases


def test_the_scaling_of_pixels_follows_from_the_first_normalization() -> None:
    graph, norms = _network()
    assert fitting_candidate(graph, norms) is BYTES
    node, weights = graph.nodes[0], graph.input(graph.nodes[0], 1)
    from dataclasses import replace

    unit = graph.with_tensors(replace(weights, data=(weights.values * 255).astype(np.float32)))
    assert unit.input(node, 1).values.max() > 1
    assert fitting_candidate(unit, norms) is UNIT
    assert fitting_candidate(graph, ()) is None


@settings(deadline=None, max_examples=30)
@given(
    st.floats(-3, 3), st.floats(0.01, 4), st.sampled_from([(0.0, np.inf), (0.0, 6.0), (-1.0, 1.0)])
)
def test_clipped_moments_are_those_of_drawn_values(
    mean: float, deviation: float, ends: tuple[float, float]
) -> None:
    found = clipped(normal(np.array([mean]), np.array([deviation])), *ends)
    drawn = np.clip(np.random.default_rng(0).normal(mean, deviation, 200_000), *ends)
    assert found.mean[0] == pytest.approx(drawn.mean(), abs=0.02 * deviation)
    assert found.deviation[0] == pytest.approx(drawn.std(), abs=0.02 * deviation)
    assert ends[0] <= found.low[0] <= found.high[0] <= ends[1]


def _one_channel(mean: float) -> Spread:
    return normal(np.array([mean, 0.0]), np.array([1.0, 0.1]))


@pytest.mark.parametrize(
    ("op", "high"),
    [
        (ops.Relu(), 6.0),
        (ops.HardSwish(), 6.0),
        (ops.MaxPool2D(ops.Padding.VALID, 2, 2, 2, 2), 6.0),
        (ops.Mul(), 36.0),
        (ops.Logistic(), 1.0),
    ],
)
def test_other_operators_are_run_on_drawn_values(op: ops.Op, high: float) -> None:
    g = FloatGraph()
    x = g.input((1, 4, 4, 2))
    graph = g.graph(g.node(op, [x] * len([r for r in op.INPUTS if r[-1] != "?"]), "y"))
    found = spreads(graph, {"x": _one_channel(0.0)}, {})["y"]
    assert found.range[1] == pytest.approx(high, rel=0.01)


def test_flattened_images_keep_their_channels() -> None:
    g = FloatGraph()
    x = g.input((1, 2, 2, 2))
    graph = g.graph(g.node(ops.Reshape(), [x], "flat", (1, 8)))
    assert spreads(graph, {"x": _one_channel(5.0)}, {})["flat"].mean.tolist() == [5, 0] * 4


def test_without_statistics_it_works_and_is_warned_about() -> None:
    graph, _ = _network()
    result = quantize_without_data(equalized(graph, ()), PIXELS)
    verify(result.graph)
    assert (result.notes[0].code, result.notes[0].level) == ("data-free-blind", "warning")


@pytest.mark.parametrize("preprocess", [None, PIXELS])
def test_inputs_of_unknown_range_are_refused(preprocess: Preprocess | None) -> None:
    g = FloatGraph()
    shape = (1, 12) if preprocess else (1, 8, 8, 3)
    x = g.input(shape)
    y = g.dense(x, np.ones((2, 12))) if preprocess else g.conv(x, np.ones((2, 1, 1, 3)))
    with pytest.raises(DataError) as caught:
        quantize_without_data(equalized(g.graph(y), ()), preprocess)
    assert caught.value.code == "data-free-input"
    assert "--mean and --scale" in str(caught.value)


def test_values_that_no_rule_gives_a_range_are_refused() -> None:
    graph, norms = _network()
    endless = Norm("a", np.full(8, np.inf), norms[0].deviation, norms[0].shift)
    with np.errstate(invalid="ignore"), pytest.raises(DataError) as caught:
        quantize_without_data(equalized(graph, (endless, *norms[1:])), PIXELS)
    assert caught.value.code == "data-free-range"


def test_pixels_have_their_whole_range() -> None:
    found = pixels(Preprocess(mean=(127.5,), scale=(1 / 127.5,)), 3)
    assert found.range == (-1, 1)
    assert found.mean.shape == (3,)


def test_the_road_says_what_data_would_have_won(tmp_path: Path) -> None:
    graph, _ = _network()
    path = tmp_path / "residual.tflite"
    path.write_bytes(write_tflite(graph))
    images = _images(40)
    labels = np.arange(40) % 4
    np.savez(tmp_path / "eval.npz", x=images.astype(np.uint8), y=labels)
    options = ConvertOptions(
        calibration="none", evaluation=str(tmp_path / "eval.npz"), scale=(1.0,), gate=False
    )
    done = convert_model(path, load_target("host"), options, tool_version="0")
    assert str(done.manifest.recipe["calibration"]).startswith("none: ")
    [price] = [note for note in done.manifest.warnings if note.code == "data-free-price"]
    assert "without data" in price.message
    assert "with ranges from 40 of the evaluation samples" in price.message
