"""Leaving out channels that no input changes: same outputs, sound ranges, nothing needed lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.generate import left_out_note
from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.lower.channels import drop_constant_channels
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.ranges import channel_ranges
from tests.helpers.generated_c import TARGET
from tests.helpers.int8_graphs import GraphBuilder

SEEDS = st.integers(0, 2**32 - 1)
SCALES = Quant.per_channel([0.01] * 6, 0)
BY_CHANNEL = Quant.per_channel([0.01] * 6, 3)
Rng = np.random.Generator


def weights(rng: Rng, *shape: int, dead: float = 0.4) -> np.ndarray[Any, Any]:
    """Random weights; a share of the output channels (first axis) is zero."""
    values = rng.integers(-127, 128, shape).astype(np.int8)
    values[rng.random(shape[0]) < dead] = 0
    return values


def bias(rng: Rng, count: int = 6) -> np.ndarray[Any, Any]:
    """Mostly moderate; some so low that nothing passes a RELU."""
    values = rng.integers(-3000, 3000, count)
    return np.where(rng.random(count) < 0.2, -3_000_000, values).astype(np.int32)


def chain(rng: Rng) -> Graph:
    """conv, depthwise, conv, pooling or mean, dense; six channels, some dead."""
    zero = int(rng.choice([-128, 0, 5]))
    quant = Quant.per_tensor(0.05, zero)
    padding = [Padding.SAME, Padding.VALID][int(rng.integers(2))]
    relu = [Activation.RELU, Activation.RELU6, Activation.NONE][int(rng.integers(3))]
    g = GraphBuilder("chain")
    x = g.input((1, 7, 6, 3), Quant.per_tensor(0.02, -5))
    y = g.conv(
        x, weights(rng, 6, 3, 3, 3), Padding.SAME, quant, scales=SCALES, bias=bias(rng),
        activation=relu,
    )  # fmt: skip
    kernel = weights(rng, 6, 1, 3, 3, dead=0.2).transpose(1, 2, 3, 0)
    y = g.depthwise(y, kernel, padding, quant, scales=BY_CHANNEL, bias=bias(rng), activation=relu)
    size = int(rng.choice([1, 3]))
    y = g.conv(
        y, weights(rng, 6, size, size, 6), padding, quant,
        bias=bias(rng) if rng.integers(2) else None, activation=relu,
    )  # fmt: skip
    shape = g.tensors[y].shape
    if rng.integers(2):
        pool = ops.AveragePool2D(Padding.VALID, shape[1], shape[2], 1, 1)
        y = g.reshape(g.node(pool, [y], (1, 1, 1, 6), quant), (1, 6))
    else:
        axes = g.constant(np.array([1, 2], np.int32))
        y = g.node(ops.Mean(), [y, axes], (1, 6), Quant.per_tensor(0.04, 3))
    return g.graph(g.dense(y, weights(rng, 4, 6, dead=0.1), Quant.per_tensor(0.1, 0)))


def samples(graph: Graph, rng: Rng) -> dict[str, np.ndarray[Any, Any]]:
    """Random inputs and all extremes."""
    shape = graph["x0"].shape[1:]
    random = rng.integers(-128, 128, (4, *shape))
    ends = rng.choice([-128, 127], (4, *shape))
    return {"x0": np.concatenate([random, ends]).astype(np.int8)}


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_outputs_are_the_same_without_constant_channels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = chain(rng)
    small = drop_constant_channels(graph)
    verify(small)
    x = samples(graph, rng)
    found, wanted = run(small, x), run(graph, x)
    for name in graph.outputs:
        np.testing.assert_array_equal(found[name], wanted[name])
    assert graph_cost(small).macs <= graph_cost(graph).macs
    assert drop_constant_channels(small) is small


@settings(max_examples=100, deadline=None)
@given(SEEDS)
def test_every_value_lies_in_its_channels_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    graph = chain(rng)
    values = run(graph, samples(graph, rng), keep="all")
    for name, ranges in channel_ranges(graph).items():
        rows = values[name].reshape(-1, len(ranges.low))
        assert np.all(rows >= ranges.low), name
        assert np.all(rows <= ranges.high), name


def test_a_third_of_the_random_chains_shrink() -> None:
    graphs = [chain(np.random.default_rng(seed)) for seed in range(60)]
    assert sum(drop_constant_channels(g) is not g for g in graphs) > 20


def two_convolutions(constant: int, size: int, padding: Padding, alive: int = 1) -> Graph:
    """The first has `alive` channels with weights and others at `constant` (zero point -7)."""
    g = GraphBuilder("two")
    x = g.input((1, 5, 5, 2), Quant.per_tensor(0.02, 0))
    first = np.zeros((6, 1, 1, 2), np.int8)
    first[:alive] = 100
    start = np.full(6, (constant + 7) * 250, np.int32)  # 0.02 * 0.01 * 250 = 0.05
    y = g.conv(x, first, Padding.SAME, Quant.per_tensor(0.05, -7), bias=start)
    second = np.arange(1, 1 + 3 * size * size * 6, dtype=np.int8).reshape(3, size, size, 6)
    return g.graph(g.conv(y, second, padding, Quant.per_tensor(2.0, 0)))


def left(graph: Graph) -> int:
    """Channels left between the two convolutions."""
    return drop_constant_channels(graph)[graph.nodes[0].output].shape[3]


def test_constants_become_bias_where_windows_stay_inside() -> None:
    assert left(two_convolutions(40, 1, Padding.SAME)) == 1
    assert left(two_convolutions(40, 3, Padding.VALID)) == 1


def test_at_a_border_only_the_zero_point_goes() -> None:
    assert left(two_convolutions(-7, 3, Padding.SAME)) == 1
    assert left(two_convolutions(40, 3, Padding.SAME)) == 6


def test_a_tensor_keeps_one_channel() -> None:
    assert left(two_convolutions(40, 1, Padding.SAME, alive=0)) == 1


def test_outputs_of_the_graph_keep_their_channels() -> None:
    graph = two_convolutions(40, 1, Padding.SAME)
    shown = replace(graph, outputs=(graph.nodes[0].output, *graph.outputs))
    assert drop_constant_channels(shown) is shown


def test_a_mean_over_channels_needs_them_all() -> None:
    g = GraphBuilder("mean")
    x = g.input((1, 4, 4, 4), Quant.per_tensor(0.02, 0))
    first = np.zeros((4, 1, 1, 4), np.int8)
    first[0] = 100
    y = g.conv(x, first, Padding.SAME, Quant.per_tensor(0.05, -7))
    axes = g.constant(np.array([-1], np.int32))
    y = g.node(ops.Mean(), [y, axes], (1, 4, 4), Quant.per_tensor(0.05, -7))
    graph = g.graph(y)
    assert drop_constant_channels(graph) is graph
    assert not channel_ranges(graph)[y].constant.any()


def test_weights_of_uint8_models_are_left_alone() -> None:
    graph = two_convolutions(40, 1, Padding.SAME)
    weights = graph[graph.nodes[0].inputs[1] or ""]
    shifted = replace(
        weights, dtype=DType.UINT8, data=weights.values.astype(np.uint8),
        quant=Quant.per_tensor(0.01, 9),
    )  # fmt: skip
    legacy = graph.with_tensors(shifted)
    ranges = channel_ranges(legacy)[graph.nodes[0].output]
    assert not ranges.constant.any()
    assert drop_constant_channels(legacy) is legacy


def test_a_bias_that_would_leave_int32_keeps_the_channels() -> None:
    graph = two_convolutions(40, 1, Padding.SAME)
    conv = graph.nodes[1]
    top = np.full(3, 2**31 - 1, np.int32)
    tensor = replace(
        graph[graph.nodes[0].inputs[2] or ""], name="top", shape=(3,), data=top,
        quant=Quant.per_tensor(0.05 * 0.01, 0),
    )  # fmt: skip
    full = graph.with_tensors(tensor).with_nodes(
        (graph.nodes[0], replace(conv, inputs=(*conv.inputs[:2], "top")))
    )
    assert drop_constant_channels(full) is full


def test_a_note_says_how_much_is_left_out() -> None:
    graph = two_convolutions(40, 1, Padding.SAME)
    note = left_out_note(graph, lower(graph, TARGET))
    assert note is not None
    assert note.level == "info"
    assert note.message == ("625 of 750 multiply-accumulates make channels that no input changes")
    assert note.advice == ("the generated C leaves them out; the outputs are the same bit for bit")


def test_no_note_when_all_is_needed() -> None:
    graph = two_convolutions(40, 1, Padding.SAME, alive=6)
    assert left_out_note(graph, lower(graph, TARGET)) is None


def test_all_channels_stay_when_asked_for() -> None:
    graph = chain(np.random.default_rng(3))
    lean = lower(graph, TARGET)
    whole = lower(graph, TARGET, all_channels=True)
    assert whole.macs == graph_cost(graph).macs > lean.macs
    assert whole.constant_bytes > lean.constant_bytes
