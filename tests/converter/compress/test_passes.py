"""Every pass on a graph of two to four nodes: what is left, and that it computes the same."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.compress.passes import PASSES, compress
from edgekit.converter.interpret.run import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.verify import verify
from tests.helpers.float_graphs import FloatGraph, classifier, samples
from tests.helpers.random_graphs import random_graph

RNG = np.random.default_rng(7)
RUN = dict(PASSES)


def apply(name: str, graph: Graph) -> Graph:
    """The pass's result, verified, with unchanged outputs."""
    result = RUN[name](graph)
    verify(result)
    x = samples(graph, 3)
    before, after = run(graph, x), run(result, x)
    assert result.outputs == graph.outputs
    for output in graph.outputs:
        np.testing.assert_allclose(after[output], before[output], rtol=1e-5, atol=1e-5)
    return result


def operators(graph: Graph) -> list[str]:
    return [node.op.NAME for node in graph.nodes]


def weights(*shape: int) -> np.ndarray:
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def test_constant_arithmetic_is_done_once() -> None:
    g = FloatGraph()
    x = g.input((1, 4))
    total = g.node(ops.Add(), [g.constant([1.0, 2, 3, 4]), g.constant([4.0, 3, 2, 1])], "total")
    result = apply("fold-constants", g.graph(g.node(ops.Mul(), [x, total], "y")))
    assert operators(result) == ["MUL"]
    np.testing.assert_array_equal(result["total"].values, [5, 5, 5, 5])


@pytest.mark.parametrize("position", ["first", "last"])
def test_shape_changes_without_effect_are_dropped(position: str) -> None:
    g = FloatGraph()
    y = x = g.input((1, 4))
    if position == "first":
        y = g.node(ops.Reshape(), [y], "same", (1, 4))
    y = g.dense(y, weights(3, 4), name="dense")
    if position == "last":
        y = g.node(ops.Reshape(), [y], "same", (1, 3))
    assert operators(apply("drop-identities", g.graph(y))) == ["FULLY_CONNECTED"]
    assert x == "x"


def test_an_identity_between_input_and_output_stays() -> None:
    g = FloatGraph()
    graph = g.graph(g.node(ops.Reshape(), [g.input((1, 4))], "y", (1, 4)))
    assert operators(apply("drop-identities", graph)) == ["RESHAPE"]


def test_reshapes_in_a_row_become_one() -> None:
    g = FloatGraph()
    y = g.node(ops.Reshape(), [g.input((1, 2, 6))], "a", (1, 12))
    y = g.node(ops.Reshape(), [y], "b", (1, 3, 4))
    y = g.node(ops.Squeeze(), [g.node(ops.Reshape(), [y], "c", (1, 1, 12))], "d")
    y = g.node(ops.Reshape(), [y], "e", (1, 4, 3))
    result = apply("drop-identities", g.graph(y))
    assert [node.name for node in result.nodes] == ["e"]


def test_other_operators_without_effect_are_dropped() -> None:
    g = FloatGraph()
    y = g.conv(g.input((1, 4, 4, 2)), weights(2, 1, 1, 2), name="conv")
    y = g.node(ops.Pad(), [y, g.constant(np.zeros((4, 2)), dtype="int32")], "pad")
    y = g.node(ops.Concatenation(3), [y], "concat")
    y = g.node(ops.Relu(), [g.node(ops.Relu(), [y], "r1")], "r2")
    assert operators(apply("drop-identities", g.graph(y))) == ["CONV_2D", "RELU"]


@pytest.mark.parametrize(
    ("size", "amounts", "stride", "folds"),
    [
        (6, ((0, 1), (0, 1)), 2, True),
        (6, ((1, 1), (1, 1)), 1, True),
        (7, ((1, 1), (1, 1)), 2, True),
        (6, ((1, 1), (1, 1)), 2, False),  # SAME starts at 0 here, not at -1
        (6, ((1, 0), (1, 0)), 1, False),
        (6, ((2, 2), (2, 2)), 1, False),
    ],
)
def test_padding_folds_where_same_pads_alike(
    size: int, amounts: tuple[tuple[int, int], ...], stride: int, folds: bool
) -> None:
    g = FloatGraph()
    table = g.constant([(0, 0), *amounts, (0, 0)], dtype="int32")
    y = g.node(ops.Pad(), [g.input((1, size, size, 2)), table])
    y = g.conv(y, weights(3, 3, 3, 2), padding=Padding.VALID, stride=stride)
    result = apply("fold-padding", g.graph(y))
    assert operators(result) == (["CONV_2D"] if folds else ["PAD", "CONV_2D"])


def test_padding_that_others_read_stays() -> None:
    g = FloatGraph()
    table = g.constant([(0, 0), (1, 1), (1, 1), (0, 0)], dtype="int32")
    padded = g.node(ops.Pad(), [g.input((1, 6, 6, 2)), table])
    y = g.conv(padded, weights(3, 3, 3, 2), padding=Padding.VALID)
    assert "PAD" in operators(apply("fold-padding", g.graph(y, padded)))


@pytest.mark.parametrize("kind", ["conv", "depthwise", "dense"])
@pytest.mark.parametrize("bias", [True, False])
def test_scale_and_shift_behind_a_layer_fold_into_it(kind: str, bias: bool) -> None:
    g = FloatGraph()
    if kind == "dense":
        y = g.dense(g.input((1, 5)), weights(4, 5), weights(4) if bias else None, name="layer")
        shape: tuple[int, ...] = (4,)
    elif kind == "conv":
        x = g.input((1, 5, 5, 2))
        y = g.conv(x, weights(4, 3, 3, 2), weights(4) if bias else None, name="layer")
        shape = (1, 1, 1, 4)
    else:
        x = g.input((1, 5, 5, 2))
        y = g.depthwise(x, weights(1, 3, 3, 4), weights(4) if bias else None, name="layer")
        shape = (1, 1, 1, 4)
    y = g.node(ops.Mul(), [y, g.constant(weights(*shape))])
    y = g.node(ops.Add(Activation.RELU), [g.constant(weights(*shape)), y])
    result = apply("fold-scales", g.graph(y))
    assert [node.name for node in result.nodes] == ["layer"]
    assert result.nodes[0].op.activation is Activation.RELU


def test_nothing_folds_behind_an_activation() -> None:
    g = FloatGraph()
    y = g.conv(g.input((1, 4, 4, 2)), weights(3, 1, 1, 2), activation=Activation.RELU)
    y = g.node(ops.Mul(), [y, g.constant(weights(3))])
    assert operators(apply("fold-scales", g.graph(y))) == ["CONV_2D", "MUL"]


def test_a_scale_that_varies_over_the_image_stays() -> None:
    g = FloatGraph()
    y = g.conv(g.input((1, 4, 4, 2)), weights(3, 1, 1, 2))
    y = g.node(ops.Mul(), [y, g.constant(weights(1, 4, 4, 3))])
    assert operators(apply("fold-scales", g.graph(y))) == ["CONV_2D", "MUL"]


def test_a_result_that_others_read_is_not_scaled() -> None:
    g = FloatGraph()
    y = g.conv(g.input((1, 4, 4, 2)), weights(3, 1, 1, 2))
    z = g.node(ops.Mul(), [y, g.constant(weights(3))])
    assert operators(apply("fold-scales", g.graph(y, z))) == ["CONV_2D", "MUL"]


@pytest.mark.parametrize(
    ("padding", "left"),
    [(Padding.VALID, ["CONV_2D"]), (Padding.SAME, ["MUL", "ADD", "CONV_2D"])],
)
def test_normalization_in_front_folds_unless_padding_would_be_shifted(
    padding: Padding, left: list[str]
) -> None:
    g = FloatGraph()
    y = g.node(ops.Mul(), [g.input((1, 5, 5, 3)), g.constant(1 / 127.5)])
    y = g.node(ops.Add(), [y, g.constant([-1.0, -0.5, 0.25])])
    y = g.conv(y, weights(4, 3, 3, 3), weights(4), padding=padding)
    assert operators(apply("fold-scales", g.graph(y))) == left


@pytest.mark.parametrize("kind", ["depthwise", "dense"])
def test_scale_in_front_of_other_layers_folds(kind: str) -> None:
    g = FloatGraph()
    if kind == "dense":
        y = g.node(ops.Mul(), [g.input((1, 5)), g.constant(weights(5))])
        y = g.dense(g.node(ops.Add(), [y, g.constant(weights(5))]), weights(4, 5))
    else:
        y = g.node(ops.Mul(), [g.input((1, 5, 5, 2)), g.constant(weights(2))])
        y = g.node(ops.Add(), [y, g.constant(weights(2))])
        y = g.depthwise(y, weights(1, 3, 3, 4), padding=Padding.VALID)
    assert len(apply("fold-scales", g.graph(y)).nodes) == 1


def test_weights_that_two_layers_share_are_scaled_for_one_only() -> None:
    g = FloatGraph()
    x, shared = g.input((1, 4)), g.constant(weights(4, 4))
    a = g.node(ops.FullyConnected(), [x, shared], "a")
    b = g.node(ops.FullyConnected(), [x, shared], "b")
    a = g.node(ops.Mul(), [a, g.constant(weights(4))])
    result = apply("fold-scales", g.graph(a, b))
    assert operators(result) == ["FULLY_CONNECTED", "FULLY_CONNECTED"]


@pytest.mark.parametrize(
    ("fused", "op", "expected"),
    [
        (Activation.NONE, ops.Relu(), Activation.RELU),
        (Activation.NONE, ops.Relu6(), Activation.RELU6),
        (Activation.RELU, ops.Relu6(), Activation.RELU6),
        (Activation.RELU6, ops.Relu(), Activation.RELU6),
    ],
)
def test_activations_fuse(fused: Activation, op: ops.Op, expected: Activation) -> None:
    g = FloatGraph()
    y = g.conv(g.input((1, 4, 4, 2)), 9 * weights(3, 1, 1, 2), activation=fused)
    result = apply("fuse-activations", g.graph(g.node(op, [y], "y")))
    assert operators(result) == ["CONV_2D"]
    assert result.nodes[0].op.activation is expected


def test_an_activation_stays_where_its_input_is_needed() -> None:
    g = FloatGraph()
    y = g.conv(g.input((1, 4, 4, 2)), weights(3, 1, 1, 2))
    z = g.node(ops.Relu(), [y])
    w = g.node(ops.Relu(), [g.node(ops.Pad(), [z, g.constant([[0, 0]] * 4, dtype="int32")])])
    graph = apply("fuse-activations", g.graph(y, w))
    assert operators(graph) == ["CONV_2D", "RELU", "PAD", "RELU"]


def test_what_nobody_reads_is_dropped() -> None:
    g = FloatGraph()
    x = g.input((1, 4))
    g.dense(g.dense(x, weights(4, 4), name="a"), weights(4, 4), name="b")
    y = g.dense(x, weights(2, 4), name="y")
    result = apply("drop-dead", g.graph(y))
    assert [node.name for node in result.nodes] == ["y"]
    assert len(result.tensors) == 3


def test_all_passes_together_leave_one_node_per_layer() -> None:
    g = FloatGraph()
    y = g.node(ops.Mul(), [g.input((1, 6, 6, 3)), g.constant(1 / 255)])
    table = g.constant([(0, 0), (0, 1), (0, 1), (0, 0)], dtype="int32")
    y = g.node(ops.Pad(), [y, table])
    y = g.conv(y, weights(4, 3, 3, 3), padding=Padding.VALID, stride=2, name="conv")
    y = g.node(ops.Add(), [g.node(ops.Mul(), [y, g.constant(weights(4))]), g.constant(weights(4))])
    y = g.node(ops.Relu6(), [y])
    y = g.node(ops.Reshape(), [g.node(ops.Reshape(), [y], "r", (1, 9, 4))], "s", (1, 36))
    graph = g.graph(g.dense(y, weights(2, 36), name="dense"))
    result = compress(graph)
    verify(result)
    assert operators(result) == ["CONV_2D", "RESHAPE", "FULLY_CONNECTED"]
    x = samples(graph, 4)
    np.testing.assert_allclose(run(result, x)["dense"], run(graph, x)["dense"], atol=1e-5)


def test_a_graph_with_nothing_to_do_keeps_its_nodes() -> None:
    graph = classifier()
    assert compress(graph).nodes == graph.nodes


@pytest.mark.parametrize("seed", range(3))
def test_quantized_graphs_are_not_touched(seed: int) -> None:
    graph = random_graph(seed)
    assert compress(graph) is graph
