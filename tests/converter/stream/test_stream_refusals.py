"""Networks that cannot stream, and hops that do not go with one: what they are told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Quant
from edgekit.converter.stream.stream import stream
from edgekit.errors import UnsupportedError, UsageError
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.streaming_graphs import ring
from tests.helpers.temporal_graphs import Temporal


def network(steps: int = 20, *strides: int) -> Graph:
    t = Temporal(0, steps, 1, 2)
    for stride in strides or (1,):
        t.conv(3, 3, stride=stride)
    return t.mean()


def test_a_hop_is_a_multiple_of_the_strides() -> None:
    with pytest.raises(UsageError) as caught:
        stream(network(60, 2, 2), 3)
    assert caught.value.code == "stream-hop"
    text = str(caught.value)
    assert "3 new time steps a call do not go with temporal: 'conv_2d_1' steps by 4" in text
    assert "multiples of 4 below 60: 4, 8, 12" in text


def test_a_hop_is_shorter_than_the_window() -> None:
    with pytest.raises(UsageError, match="the window has 20, so that nothing would be left"):
        stream(network(20), 20)
    with pytest.raises(UsageError, match="0 new time steps"):
        stream(network(20), 0)


@pytest.mark.parametrize("axis", [0, 2, 4])
def test_time_runs_along_an_axis_with_steps(axis: int) -> None:
    with pytest.raises(UsageError) as caught:
        stream(network(20), axis=axis)
    assert caught.value.code == "stream-axis"
    assert f"axis {axis} of input 'x0', which is [1, 20, 1, 2], is no time" in str(caught.value)


def test_a_network_with_states_streams_already() -> None:
    with pytest.raises(UnsupportedError) as caught:
        stream(ring())
    assert caught.value.code == "stream-states"
    assert "keeps 1 states of its own" in str(caught.value)


def test_one_input_has_the_window() -> None:
    g = GraphBuilder("two")
    q = Quant.per_tensor(0.1, 0)
    names = [g.input((1, 8, 1, 2), q) for _ in range(2)]
    with pytest.raises(UnsupportedError) as caught:
        stream(g.graph(g.node(ops.Add(), names, (1, 8, 1, 2), q)))
    assert caught.value.code == "stream-inputs"
    assert "2 inputs: x0, x1" in str(caught.value)


def test_a_network_whose_first_layer_reads_the_whole_window() -> None:
    t = Temporal(0, 12, 1, 2)
    t.x = t.g.reshape(t.x, (1, 1, 12, 2))  # which keeps time, and computes nothing
    with pytest.raises(UnsupportedError) as caught:
        stream(t.flat())
    assert caught.value.code == "stream-nothing"
    text = str(caught.value)
    assert "every layer would be computed anew for 1 new time steps" in text
    assert "'reshape_1' lays all 12 rows end to end" in text


def test_a_window_that_all_padding_reaches() -> None:
    t = Temporal(0, 6, 1, 2)
    t.conv(3, 5, padding=ops.Padding.SAME)
    t.conv(3, 5, padding=ops.Padding.SAME)
    with pytest.raises(UnsupportedError, match="use padding VALID and a longer window"):
        stream(t.mean(), 2)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("constant", "takes a constant, 'c9', that differs from row to row"),
        ("axis", "normalizes along time"),
    ],
)
def test_reasons_why_time_ends(change: str, reason: str) -> None:
    t = Temporal(5, 20, 1, 3)
    t.conv(3, 3)
    if change == "constant":
        rows = np.arange(54, dtype=np.int8).reshape(1, 18, 1, 3)
        t.g.tensors["c9"] = replace(
            t.g.tensors[t.x], name="c9", data=rows, quant=Quant.per_tensor(0.1, 0)
        )
        t.x = t.g.node(ops.Add(), [t.x, "c9"], t.shape, Quant.per_tensor(0.1, 0))
    else:
        unit = Quant.per_tensor(1 / 256, -128)
        turned = t.g.constant(np.array([0, 2, 3, 1], np.int32))
        q = t.g.tensors[t.x].quant
        t.x = t.g.node(ops.Transpose(), [t.x, turned], (1, 1, 3, 18), q)
        t.x = t.g.node(ops.Softmax(), [t.x], (1, 1, 3, 18), unit)
    streamed = stream(t.mean())
    assert streamed.ends[0][1].reason == reason
