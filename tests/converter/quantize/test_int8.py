"""Float graphs to int8 graphs: formats, groups, biases, and results close to the float ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.converter.interpret.run import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Node, Quant
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.groups import same_scale_groups, union_ranges
from edgekit.converter.quantize.int8 import (
    QuantizeResult,
    is_quantized,
    quantize_int8,
    quantize_ranges,
)
from edgekit.converter.quantize.params import MAX_BIAS
from edgekit.converter.quantize.scheme import INT8, INT8_WEIGHTS, UNIT
from edgekit.converter.quantize.sqnr import layer_sqnr
from edgekit.errors import DataError, UnsupportedError
from tests.helpers.float_graphs import FloatGraph, classifier, samples
from tests.helpers.random_graphs import random_graph

RNG = np.random.default_rng(11)


def quantize(graph: Graph, count: int = 64) -> QuantizeResult:
    """The graph quantized on random samples, verified."""
    result = quantize_int8(graph, [samples(graph, count)])
    verify(result.graph)
    return result


def weights(*shape: int) -> np.ndarray:
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def quant_of(result: QuantizeResult, name: str) -> Quant:
    found = result.graph[name].quant
    assert found is not None
    return found


# ----------------------------------------------------------------------------------- in general


def test_everything_computes_in_int8_and_keeps_its_name() -> None:
    graph = classifier()
    done = quantize(graph).graph
    assert [node.name for node in done.nodes] == [node.name for node in graph.nodes]
    assert set(done.tensors) == set(graph.tensors)
    assert (done.inputs, done.outputs) == (graph.inputs, graph.outputs)
    dtypes = {done[name].dtype for name in done.activations()}
    assert dtypes == {DType.INT8}
    assert is_quantized(done)
    assert not is_quantized(graph)


def test_ranges_are_those_seen_in_the_data() -> None:
    graph = classifier()
    x = samples(graph, 40)
    ranges = quantize_int8(graph, [x[:7], x[7:]]).ranges
    seen = run(graph, x, keep="all")
    for name, (low, high) in ranges.items():
        assert low == pytest.approx(float(seen[name].min()), abs=1e-5)
        assert high == pytest.approx(float(seen[name].max()), abs=1e-5)


def test_outputs_stay_close_to_the_float_model() -> None:
    graph = classifier()
    done = quantize(graph, 256).graph
    x = samples(graph, 100, seed=9)
    exact, close = outputs_real(graph, x)["softmax"], outputs_real(done, x)["softmax"]
    assert np.abs(exact - close).max() < 0.06
    assert np.abs(exact - close).mean() < 0.01


def test_weights_are_per_channel_symmetric_and_narrow() -> None:
    done = quantize(classifier()).graph
    for name, axis, channels in (("conv", 0, 6), ("depthwise", 3, 6), ("logits", 0, 4)):
        [node] = [node for node in done.nodes if node.name == name]
        stored = done.input(node, 1)
        assert stored.dtype is DType.INT8
        assert stored.quant is not None
        assert stored.quant.axis == axis
        assert len(stored.quant.scales) == channels
        assert set(stored.quant.zero_points) == {0}
        assert np.abs(stored.values.astype(int)).max() == 127


def test_bias_scale_is_input_scale_times_weight_scale() -> None:
    done = quantize(classifier()).graph
    node = done.nodes[0]
    x, w, b = (done.input(node, index) for index in range(3))
    assert x.quant is not None
    assert w.quant is not None
    assert b.quant is not None
    assert b.dtype is DType.INT32
    assert b.quant.zero_points == (0,) * 6
    np.testing.assert_allclose(b.quant.scales, x.quant.scale * np.array(w.quant.scales), rtol=1e-6)


def test_progress_counts_samples() -> None:
    graph, calls = classifier(), []
    quantize_int8(graph, [samples(graph, 5)] * 3, progress=lambda *done: calls.append(done))
    assert calls == [(5, 0), (10, 0), (15, 0)]


def test_the_same_data_in_other_batches_give_the_same_graph() -> None:
    graph = classifier()
    x = samples(graph, 30)
    one = quantize_int8(graph, [x]).graph
    many = quantize_int8(graph, [x[i : i + 1] for i in range(30)]).graph
    for name in one.tensors:
        first, second = one[name].quant, many[name].quant
        assert (first is None) == (second is None)
        if first and second:
            np.testing.assert_allclose(first.scales, second.scales, rtol=1e-5)
            assert first.zero_points == second.zero_points


def test_nodes_on_constants_only_are_computed_first() -> None:
    g = FloatGraph()
    total = g.node(ops.Add(), [g.constant([1.0, 2]), g.constant([3.0, 4])])
    result = quantize(g.graph(g.node(ops.Mul(), [g.input((1, 2)), total], "y")))
    assert [node.name for node in result.graph.nodes] == ["y"]


@pytest.mark.parametrize("seed", range(3))
def test_a_quantized_graph_passes_through_and_needs_no_data(seed: int) -> None:
    graph = random_graph(seed)
    result = quantize_int8(graph, iter(()))
    assert result.graph is graph
    assert [note.code for note in result.notes] == ["already-quantized"]


# -------------------------------------------------------------------------------------- groups


def pooled() -> Graph:
    """conv -> pad -> max pool -> reshape, and a second reader of the convolution."""
    g = FloatGraph()
    x = g.input((1, 4, 4, 2))
    y = g.conv(x, weights(3, 1, 1, 2), name="conv")
    table = g.constant([(0, 0), (1, 1), (1, 1), (0, 0)], dtype="int32")
    p = g.node(ops.Pad(), [y, table], "pad")
    p = g.node(ops.MaxPool2D(ops.Padding.VALID, 2, 2, 2, 2), [p], "pool")
    z = g.conv(y, weights(2, 1, 1, 3), name="other")
    return g.graph(g.node(ops.Reshape(), [p], "flat", (1, 27)), z)


def test_operators_that_only_move_values_share_one_scale() -> None:
    result = quantize(pooled())
    shared = {quant_of(result, name) for name in ("conv", "pad", "pool", "flat")}
    assert len(shared) == 1
    assert quant_of(result, "other") not in shared


def test_groups_are_found_through_chains() -> None:
    groups = same_scale_groups(pooled())
    assert len({groups[name] for name in ("conv", "pad", "pool", "flat")}) == 1
    assert "other" not in groups
    assert not any(name in groups for name in pooled().tensors if name.startswith("c1"))


def test_concatenation_widens_every_operand_to_the_union() -> None:
    g = FloatGraph()
    x = g.input((1, 2, 2, 2))
    a = g.conv(x, weights(2, 1, 1, 2), name="a")
    b = g.conv(x, 10 * weights(2, 1, 1, 2), activation=Activation.RELU, name="b")
    c = g.constant(np.full((1, 2, 2, 1), -40.0), "c")
    graph = g.graph(g.node(ops.Concatenation(3), [a, b, c], "joined"))
    result = quantize(graph)
    assert len({quant_of(result, name) for name in ("a", "b", "c", "joined")}) == 1
    low, high = result.ranges["joined"]
    assert low == pytest.approx(-40)
    assert result.ranges["a"] == result.ranges["b"] == (low, high)
    assert result.graph["c"].dtype is DType.INT8


def test_union_of_ranges() -> None:
    ranges = {"x": (-1.0, 1.0), "conv": (-1.0, 2.0), "pad": (0.0, 3.0), "other": (0.0, 9.0)}
    unions = union_ranges(pooled(), ranges)
    assert unions["conv"] == unions["pad"] == (-1.0, 3.0)
    assert unions["other"] == (0.0, 9.0)


@pytest.mark.parametrize("op", [ops.Softmax(), ops.Logistic()])
def test_probabilities_have_their_fixed_format(op: ops.Op) -> None:
    g = FloatGraph()
    y = g.node(op, [g.dense(g.input((1, 4)), weights(3, 4))], "p")
    result = quantize(g.graph(g.node(ops.Reshape(), [y], "q", (1, 3, 1))))
    assert quant_of(result, "p") == quant_of(result, "q") == UNIT


def test_probabilities_beside_larger_values_are_requantized() -> None:
    g = FloatGraph()
    x = g.input((1, 4))
    p = g.node(ops.Softmax(), [x], "p")
    v = g.dense(x, 5 * weights(3, 4), name="v")
    graph = g.graph(g.node(ops.Concatenation(1), [p, v], "joined"))
    result = quantize(graph)
    assert [node.op.NAME for node in result.graph.nodes] == [
        "SOFTMAX",
        "QUANTIZE",
        "FULLY_CONNECTED",
        "CONCATENATION",
    ]
    assert quant_of(result, "p") == quant_of(result, "v") != UNIT
    x_values = samples(graph, 20)
    exact = outputs_real(graph, x_values)["joined"]
    close = outputs_real(result.graph, x_values)["joined"]
    np.testing.assert_allclose(close, exact, atol=3 * quant_of(result, "v").scale)


# --------------------------------------------------------------------- constants, bias, weights


def test_constant_operands_are_activations_with_their_own_scale() -> None:
    g = FloatGraph()
    y = g.node(ops.Mul(), [g.input((1, 4, 4, 2)), g.constant([0.5, -2.0], "factor")], "y")
    result = quantize(g.graph(y))
    stored = result.graph["factor"]
    assert stored.quant is not None
    assert stored.dtype is DType.INT8
    assert stored.quant.scale == pytest.approx(2.5 / 255)
    assert result.graph["y"].dtype is DType.INT8


def test_a_missing_bias_stays_missing() -> None:
    g = FloatGraph()
    result = quantize(g.graph(g.dense(g.input((1, 4)), weights(3, 4), name="y")))
    assert len(result.graph.nodes[0].inputs) == 2


def test_a_large_bias_on_dead_weights_fits_and_keeps_its_value() -> None:
    """A channel of zeros would get a scale at which a bias of 5 is 10^11 steps."""
    matrix = weights(3, 4)
    matrix[1] = 0
    g = FloatGraph()
    bias = np.array([0.1, 5.0, -0.1], np.float32)
    graph = g.graph(g.dense(g.input((1, 4)), matrix, bias, name="y"))
    result = quantize(graph)
    stored = result.graph.input(result.graph.nodes[0], 2)
    assert stored.quant is not None
    assert np.abs(stored.values.astype(np.int64)).max() <= MAX_BIAS + 100
    np.testing.assert_allclose(stored.values * np.array(stored.quant.scales), bias, rtol=1e-3)
    assert [note.code for note in result.notes] == ["bias-scale-raised"]
    x = samples(graph, 10)
    np.testing.assert_allclose(
        outputs_real(result.graph, x)["y"][:, 1], 5.0, atol=2 * quant_of(result, "y").scale
    )


def test_weights_shared_by_two_layers_stay_one_tensor_but_biases_part() -> None:
    g = FloatGraph()
    x = g.input((1, 4))
    shared, bias = g.constant(weights(4, 4), "w"), g.constant(weights(4), "b")
    y = g.node(ops.FullyConnected(), [x, shared, bias], "first")
    y = g.node(ops.FullyConnected(), [y, shared, bias], "second")
    done = quantize(g.graph(y)).graph
    assert done.nodes[0].inputs == ("x", "w", "b")
    assert done.nodes[1].inputs == ("first", "w", "b/second")


def test_the_scheme_can_make_an_exception_for_one_layer() -> None:
    per_tensor = replace(INT8_WEIGHTS, per_channel=False)
    scheme = replace(INT8, exceptions={"logits": per_tensor})
    graph = classifier()
    done = quantize_int8(graph, [samples(graph, 20)], scheme=scheme).graph
    verify(done)
    by_name = {node.name: done.input(node, 1).quant for node in done.nodes if len(node.inputs) > 2}
    assert by_name["logits"] is not None
    assert by_name["conv"] is not None
    assert len(by_name["logits"].scales) == 1
    assert len(by_name["conv"].scales) == 6


def test_activations_that_never_left_zero_are_reported() -> None:
    g = FloatGraph()
    y = g.dense(
        g.input((1, 4)), weights(3, 4), np.full(3, -99.0), activation=Activation.RELU, name="off"
    )
    result = quantize(g.graph(g.dense(y, weights(2, 3), name="y")))
    assert {note.subject for note in result.notes if note.code == "dead-activation"} >= {"off"}


# -------------------------------------------------------------------------------------- errors


def test_no_sample() -> None:
    with pytest.raises(DataError) as caught:
        quantize_int8(classifier(), [])
    assert caught.value.code == "no-samples"


def test_samples_of_another_shape() -> None:
    with pytest.raises(DataError) as caught:
        quantize_int8(classifier(), [np.ones((2, 9, 9, 3), np.float32)])
    assert caught.value.code == "sample-shape"
    assert "[8, 8, 3]" in caught.value.allowed


def test_samples_that_are_not_finite() -> None:
    with pytest.raises(DataError) as caught:
        quantize_int8(classifier(), [np.full((2, 8, 8, 3), np.nan, np.float32)])
    assert caught.value.code == "not-finite"


def test_activations_that_overflow_name_the_node() -> None:
    g = FloatGraph()
    y = g.dense(g.input((1, 4)), np.full((3, 4), 1e30, np.float32), name="huge")
    graph = g.graph(g.dense(y, np.full((2, 3), 1e30, np.float32), name="over"))
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(DataError) as caught:
        quantize_int8(graph, [samples(graph, 4)])
    assert caught.value.code == "not-finite"
    assert "over" in caught.value.subject


def _two_inputs() -> tuple[Graph, dict[str, np.ndarray]]:
    """An image and a vector that meet, both also outputs of the graph on the way."""
    g = FloatGraph("two")
    a, b = g.input((1, 6), "a"), g.input((1, 4), "b")
    left = g.dense(a, weights(4, 6), weights(4), name="left")
    return g.graph(g.node(ops.Add(), [left, b], "sum"), b), {
        "a": RNG.normal(0, 3, (50, 6)).astype(np.float32),
        "b": RNG.normal(2, 1, (50, 4)).astype(np.float32),
    }


def test_several_inputs_have_ranges_of_their_own() -> None:
    graph, data = _two_inputs()
    result = quantize_int8(graph, [data])
    verify(result.graph)
    for name, array in data.items():
        assert result.ranges[name] == (float(array.min()), float(array.max()))
    exact, close = outputs_real(graph, data), outputs_real(result.graph, data)
    assert set(close) == {"sum", "b"}
    assert np.abs(exact["b"] - close["b"]).max() <= quant_of(result, "b").scale
    assert np.abs(exact["sum"] - close["sum"]).max() < 4 * quant_of(result, "sum").scale
    assert min(layer_sqnr(graph, result.graph, data).values()) > 25


def test_several_inputs_need_an_array_each() -> None:
    graph, data = _two_inputs()
    with pytest.raises(DataError) as caught:
        quantize_int8(graph, [{"a": data["a"]}])
    assert caught.value.code == "input-names"
    assert caught.value.allowed == "one for each of a, b"
    with pytest.raises(DataError) as caught:
        quantize_int8(graph, [{**data, "b": data["a"]}])
    assert (caught.value.code, "b" in caught.value.allowed) == ("sample-shape", True)


def test_mixed_precision_is_refused() -> None:
    graph = classifier()
    dense = graph.nodes[-2]
    half = replace(graph[dense.output], name="half", dtype=DType.INT8, quant=UNIT)
    again = replace(graph[dense.output], name="again")
    nodes = (
        *graph.nodes[:-1],
        Node("q", ops.Quantize(), (dense.output,), ("half",)),
        Node("d", ops.Dequantize(), ("half",), ("again",)),
        replace(graph.nodes[-1], inputs=("again",)),
    )
    with pytest.raises(UnsupportedError) as caught:
        quantize_int8(graph.with_tensors(half, again).with_nodes(nodes), [])
    assert caught.value.code == "mixed-precision-input"


def test_computed_weights_are_refused() -> None:
    g = FloatGraph()
    x = g.input((4, 4))
    node = Node("y", ops.FullyConnected(), (x, x), ("y",))
    tensors = {**g.tensors, "y": replace(g.tensors["x"], name="y")}
    with pytest.raises(UnsupportedError) as caught:
        quantize_int8(Graph("self", tensors, (node,), ("x",), ("y",)), [])
    assert caught.value.code == "computed-weights"


# ----------------------------------------------------------------- ranges without the interpreter


def test_known_ranges_need_no_data() -> None:
    g = FloatGraph()
    y = g.dense(g.input((1, 2)), np.array([[1.0, -0.5]]), np.array([0.25]), name="y")
    done = quantize_ranges(g.graph(y), {"x": (-1.0, 1.0), "y": (0.0, 2.55)}).graph
    assert done["y"].quant == Quant.per_tensor(0.01, -128)
    assert done["c1"].values.tolist() == [[127, -64]]
    scale = done["c2"].quant
    assert scale is not None
    assert done["c2"].values.tolist() == [round(0.25 / scale.scale)]
