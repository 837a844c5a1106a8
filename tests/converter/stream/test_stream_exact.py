"""Streaming networks equal the window networks they were made from, window by window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgekit.converter.interpret import run_in_a_row
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.load.dequantize import dequantize_graph
from edgekit.converter.quantize.dynamic import dynamic_weights
from edgekit.converter.quantize.halves import half_weights
from edgekit.converter.stream.stream import Streamed, stream
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from edgekit.errors import EdgeKitError, UnsupportedError
from tests.helpers.int8_graphs import Array
from tests.helpers.streamed import steps, wanted
from tests.helpers.temporal_graphs import HEADS, Temporal, random_temporal


def streamed_outputs(streamed: Streamed, given_steps: list[Array]) -> list[list[Array]]:
    found = run_in_a_row(streamed.graph, given_steps)
    return [[result[name] for name in streamed.graph.outputs] for result in found]


def check(streamed: Streamed) -> None:
    """Every call's outputs equal the window's, from the first call on."""
    new = steps(streamed)
    for ours, theirs in zip(streamed_outputs(streamed, new), wanted(streamed, new), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(a, b.reshape(a.shape))


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), times=st.integers(1, 3))
def test_any_network_equals_its_window(seed: int, times: int) -> None:
    graph = random_temporal(seed)
    try:
        streamed = stream(graph)
    except EdgeKitError as error:
        assert error.code in ("stream-hop", "stream-nothing")  # noqa: PT017
        assume(False)
    if times * streamed.least < streamed.steps:
        try:
            streamed = stream(graph, times * streamed.least)
        except EdgeKitError as error:
            assert error.code == "stream-nothing"  # noqa: PT017
    check(streamed)


def ds_cnn(padding: Padding, head: str) -> Graph:
    """The shape of MLPerf Tiny's keyword network, small."""
    t = Temporal(1, 33, 4, 1)
    t.conv(6, 5, wide=2, stride=2, padding=padding)
    for _ in range(2):
        t.depthwise(3, wide=2, padding=padding)
        t.conv(6, 1)
    made: Graph = getattr(t, head)()
    return made


def dilated(causal: bool, head: str) -> Graph:
    """A temporal convolutional network of three residual blocks."""
    t = Temporal(2, 40, 1, 4)
    for dilation in (1, 2, 4):
        if causal:
            t.residual(lambda d=dilation: t.causal(4, 3, d))  # type: ignore[misc]
        else:
            t.residual(lambda d=dilation: t.conv(4, 3, dilation=d))  # type: ignore[misc]
    made: Graph = getattr(t, head)()
    return made


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("padding", list(Padding))
def test_depthwise_separable_networks(padding: Padding, head: str) -> None:
    check(stream(ds_cnn(padding, head), 4))


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("causal", [False, True])
def test_dilated_networks(causal: bool, head: str) -> None:
    check(stream(dilated(causal, head), 2))


def test_a_valid_network_computes_new_rows_alone() -> None:
    streamed = stream(ds_cnn(Padding.VALID, "mean"))
    assert streamed.hop == streamed.least == 2
    assert {rows.computed_rows for name, rows in streamed.rows.items() if name != "x0"} == {1}
    assert streamed.graph["x0"].shape == (1, 2, 4, 1)
    kept = {state.name: state.initial.shape[1] for state in streamed.graph.states}
    # A convolution over 5 rows that steps by 2 reads 3 old ones, one over 3 rows 2, the mean all.
    assert kept["x0_ring"] == 3
    assert sorted(kept.values()) == [2, 2, 3, 10]


def test_same_padding_computes_edges_too() -> None:
    streamed = stream(ds_cnn(Padding.SAME, "mean"))
    computed = [rows.computed_rows for name, rows in streamed.rows.items() if name != "x0"]
    assert min(computed) > 1
    assert max(computed) < streamed.window["conv_2d_0"].shape[1]


def test_only_what_the_last_row_reads_is_computed() -> None:
    """A causal network whose head takes the newest row never recomputes the padded oldest ones."""
    streamed = stream(dilated(True, "last"))
    names = [node.name for node in streamed.graph.nodes if isinstance(node.op, ops.Conv2D)]
    assert len(names) == 3


def test_delays_are_kept_for_residual_sums() -> None:
    """Of VALID blocks the sum takes older rows of its input than the newest."""
    streamed = stream(dilated(False, "last"), 1)
    add = next(node for node in streamed.graph.nodes if isinstance(node.op, ops.Add))
    assert all(streamed.graph.input(add, at).shape[1] == 1 for at in (0, 1))


def test_time_may_be_the_width() -> None:
    t = Temporal(3, 3, 20, 2)
    t.conv(4, 3, wide=5)
    t.conv(4, 1, wide=3)
    streamed = stream(t.mean(), 2, axis=2)
    assert streamed.steps == 20
    check(streamed)


@pytest.mark.parametrize("padding", list(Padding))
def test_rows_that_others_read_may_be_an_output_too(padding: Padding) -> None:
    """Then the output is a part of what is computed and kept."""
    t = Temporal(6, 24, 2, 3)
    t.conv(4, 3, padding=padding)
    rows = t.x
    t.conv(4, 3, padding=padding)
    graph = t.mean()
    streamed = stream(replace(graph, outputs=(rows, *graph.outputs)), 2)
    assert streamed.graph[streamed.graph.outputs[0]].shape == (1, 2, 2, 4)
    check(streamed)


def test_names_of_the_network_stay_its_own() -> None:
    """A layer may be called what a ring's window would be called."""
    t = Temporal(6, 24, 2, 3)
    t.conv(4, 3)
    t.x = t.g.unary(ops.Tanh(), t.x, Quant.per_tensor(1 / 128, 0), name="x0_window")
    check(stream(t.mean()))


def test_a_gate_made_of_the_whole_window_ends_time() -> None:
    t = Temporal(4, 24, 2, 3)
    t.conv(4, 3)
    t.gated()
    streamed = stream(t.mean())
    assert [way.reason for _, way in streamed.ends][1].startswith("joins rows with 'logistic")
    check(streamed)


def test_float_networks_stream_too() -> None:
    streamed = stream(dequantize_graph(ds_cnn(Padding.SAME, "mean")), 4)
    new = steps(streamed)
    for ours, theirs in zip(streamed_outputs(streamed, new), wanted(streamed, new), strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5)


def test_weights_of_float16_are_expanded_and_kept() -> None:
    """They are the outputs of DEQUANTIZE, which no input changes."""
    graph = half_weights(dequantize_graph(ds_cnn(Padding.VALID, "mean")))[0]
    streamed = stream(graph, 4)
    assert streamed.ends[0][0].op.NAME == "MEAN"


def test_dynamic_range_layers_read_the_whole_window() -> None:
    """Their input's scale is taken from all its values, so that no row stays what it was."""
    t = Temporal(1, 24, 1, 32)
    t.conv(32, 3)
    t.conv(32, 3)
    graph = dynamic_weights(dequantize_graph(t.mean()))[0]
    with pytest.raises(UnsupportedError, match="by the largest value of the whole window"):
        stream(graph, 4)


@pytest.mark.parametrize(
    "make", [lambda: ds_cnn(Padding.SAME, "flat"), lambda: dilated(True, "mean")]
)
def test_a_file_holds_the_streaming_network(make: Callable[[], Graph]) -> None:
    streamed = stream(make())
    again = read_tflite(write_tflite(streamed.graph), "again")
    new = steps(streamed)[:4]
    found = list(run_in_a_row(again, new))
    for result, ours in zip(found, streamed_outputs(streamed, new), strict=True):
        for name, value in zip(again.outputs, ours, strict=True):
            np.testing.assert_array_equal(result[name], value)
