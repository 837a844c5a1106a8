"""Batches, blocks, order, what is kept and what is freed."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.interpret import iterate, run, run_batches
from edgekit.converter.interpret.program import fold_constants, program, stackable
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph, Quant, Tensor
from tests.converter.interpret.tiny_graphs import Q, activation, chain, fixed, random_input

RNG = np.random.default_rng(3)
WEIGHTS = Quant.per_channel([0.01, 0.02, 0.015, 0.008], axis=0)
WIDE = Quant.per_tensor(0.2, 10)
PROBABILITY = Quant.per_tensor(1 / 256, -128)


def int8(*shape: int) -> np.ndarray:  # type: ignore[type-arg]
    return RNG.integers(-127, 128, shape).astype(np.int8)


def network(floating: bool = False) -> Graph:
    """Convolution, depthwise, a residual ADD, MEAN, RESHAPE, FULLY_CONNECTED, SOFTMAX."""

    def act(name: str, *shape: int, quant: Quant = WIDE) -> Tensor:
        return activation(name, *shape, quant=None if floating else quant)

    def weights(name: str, axis: int, *shape: int) -> Tensor:
        if floating:
            return fixed(name, (int8(*shape) / 200).astype(np.float32))
        return fixed(name, int8(*shape), replace(WEIGHTS, axis=axis))

    def bias(name: str) -> Tensor:
        values = RNG.integers(-300, 300, 4)
        return fixed(
            name, (values / 100).astype(np.float32) if floating else values.astype(np.int32)
        )

    x, a, b = act("x", 1, 6, 5, 3, quant=Q), act("a", 1, 3, 3, 4), act("b", 1, 3, 3, 4)
    c, d, e = act("c", 1, 3, 3, 4), act("d", 1, 1, 1, 4), act("e", 1, 4)
    f, y = act("f", 1, 4), act("y", 1, 4, quant=PROBABILITY)
    same = ops.Padding.SAME
    return chain(
        (ops.Conv2D(same, 2, 2), [x, weights("k", 0, 4, 3, 3, 3), bias("kb")], a),
        (ops.DepthwiseConv2D(same), [a, weights("w", 3, 1, 3, 3, 4), bias("wb")], b),
        (ops.Add(ops.Activation.RELU), [a, b], c),
        (ops.Mean(keep_dims=True), [c, fixed("axes", np.array([1, 2], np.int32))], d),
        (ops.Reshape(), [d], e),
        (ops.FullyConnected(), [e, weights("m", 0, 4, 4), bias("mb")], f),
        (ops.Softmax(), [f], y),
    )


NETWORK, FLOATING = network(), network(floating=True)


@pytest.mark.parametrize("graph", [NETWORK, FLOATING], ids=["int8", "float32"])
@given(samples=st.integers(1, 9), seed=st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_a_batch_equals_its_samples_stacked(graph: Graph, samples: int, seed: int) -> None:
    x = random_input(graph["x"], samples, seed)
    together = run(graph, [x], keep="all")
    alone = [run(graph, [x[i : i + 1]], keep="all") for i in range(samples)]
    for name in graph.activations():
        stacked = np.concatenate([single[name] for single in alone])
        assert together[name].shape == (samples, *graph[name].shape[1:])
        if graph is NETWORK:
            np.testing.assert_array_equal(together[name], stacked)
        else:
            # BLAS may sum in another order for another number of rows.
            np.testing.assert_allclose(together[name], stacked, rtol=1e-5, atol=1e-6)


def test_blocks_do_not_change_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    x = random_input(NETWORK["x"], 23)
    whole = run(NETWORK, [x])["y"]
    for module, limit in (("kernel", "BLOCK"), ("requantize", "CHUNK"), ("run", "BLOCK")):
        # Through sys.modules, because the package's `run` is the function.
        found = sys.modules[f"edgekit.converter.interpret.{module}"]
        monkeypatch.setattr(found, f"{limit}_ELEMENTS", 200)
    np.testing.assert_array_equal(run(NETWORK, [x])["y"], whole)


def test_inputs_by_name_in_order_or_bare() -> None:
    x = random_input(NETWORK["x"], 2)
    by_name, in_order, bare = (run(NETWORK, given)["y"] for given in ({"x": x}, [x], x))
    np.testing.assert_array_equal(by_name, in_order)
    np.testing.assert_array_equal(by_name, bare)


def test_keep_decides_what_is_returned() -> None:
    x = random_input(NETWORK["x"], 1)
    assert list(run(NETWORK, [x])) == ["y"]
    assert list(run(NETWORK, [x], keep="all")) == ["x", *"abcdefy"]


def test_iterate_shows_every_node_in_order() -> None:
    x = random_input(NETWORK["x"], 3)
    every = run(NETWORK, [x], keep="all")
    shown = list(iterate(NETWORK, [x]))
    assert [node.name for node, _ in shown] == [node.name for node in NETWORK.nodes]
    for node, results in shown:
        np.testing.assert_array_equal(results[node.output], every[node.output])


def test_what_nobody_reads_later_is_freed() -> None:
    dead = {step.node.name: step.dead for step in program(NETWORK).steps}
    assert dead == {
        "a": ("x",), "b": (), "c": ("a", "b"), "d": ("c",), "e": ("d",), "f": ("e",), "y": ("f",)
    }  # fmt: skip


def test_run_batches_yields_each_result_and_reports_progress() -> None:
    batches = [random_input(NETWORK["x"], n, seed=n) for n in (2, 1, 4)]
    seen: list[tuple[int, int]] = []
    results = run_batches(NETWORK, batches, total=7, progress=lambda *pair: seen.append(pair))
    for batch, result in zip(batches, results, strict=True):
        np.testing.assert_array_equal(result["y"], run(NETWORK, batch)["y"])
    assert seen == [(2, 7), (3, 7), (7, 7)]


def test_an_output_may_be_an_input() -> None:
    x, y = activation("x", 1, 4), activation("y", 1, 4)
    graph = chain((ops.Reshape(), [x], y), outputs=["y", "x"])
    values = random_input(x, 2)
    np.testing.assert_array_equal(run(graph, [values])["x"], values)


def test_float16_weights_are_widened_once() -> None:
    x, y = activation("x", 1, 3, quant=None), activation("y", 1, 2, quant=None)
    half = fixed("half", RNG.standard_normal((2, 3)).astype(np.float16))
    full = activation("full", 2, 3, quant=None)
    graph = chain((ops.Dequantize(), [half], full), (ops.FullyConnected(), [x, full, None], y))
    assert [node.name for node in fold_constants(graph).nodes] == ["y"]
    values = random_input(x, 5)
    expected = values @ half.values.astype(np.float32).T
    np.testing.assert_allclose(run(graph, [values])["y"], expected, rtol=1e-6)


# ------------------------------------------------------- graphs whose samples cannot be stacked


def squeezed() -> Graph:
    x, s = activation("x", 1, 1, 6), activation("s", 6)
    return chain(
        (ops.Squeeze(), [x], s), (ops.Softmax(), [s], activation("y", 6, quant=PROBABILITY))
    )


def rows() -> Graph:
    x, r = activation("x", 1, 2, 3), activation("r", 2, 3)
    w = fixed("w", int8(4, 3), WEIGHTS)
    return chain(
        (ops.Reshape(), [x], r), (ops.FullyConnected(), [r, w, None], activation("y", 2, 4))
    )


def mean_of_batch() -> Graph:
    x, axes = activation("x", 2, 3), fixed("axes", np.array([0], np.int32))
    return chain((ops.Mean(keep_dims=True), [x, axes], activation("y", 1, 3)))


def padded_batch() -> Graph:
    x, table = activation("x", 1, 3), fixed("table", np.array([[1, 0], [0, 0]], np.int32))
    return chain((ops.Pad(), [x, table], activation("y", 2, 3)))


def joined_with_a_constant() -> Graph:
    x, more = activation("x", 1, 3), fixed("more", int8(1, 2), Q)
    return chain((ops.Concatenation(1), [x, more], activation("y", 1, 5)))


def broadcast_of_lower_rank() -> Graph:
    x, v = activation("x", 1, 2, 3), activation("v", 1, 3)
    return chain((ops.Add(), [x, v], activation("y", 1, 2, 3)))


def constant_of_full_rank() -> Graph:
    x, more = activation("x", 2, 3), fixed("more", int8(2, 3), Q)
    return chain((ops.Mul(), [x, more], activation("y", 2, 3)))


LONELY = [
    squeezed,
    rows,
    mean_of_batch,
    padded_batch,
    joined_with_a_constant,
    broadcast_of_lower_rank,
    constant_of_full_rank,
]


@pytest.mark.parametrize("make", LONELY)
def test_samples_that_cannot_be_stacked_are_run_one_by_one(make: object) -> None:
    graph = make()  # type: ignore[operator]
    assert not stackable(graph)
    inputs = {name: random_input(graph[name], 3, seed=5) for name in graph.inputs}
    own = {name: graph[name].shape[0] for name in graph.inputs}
    alone = [
        run(graph, {name: x[i * own[name] : (i + 1) * own[name]] for name, x in inputs.items()})
        for i in range(3)
    ]
    expected = np.concatenate([single["y"] for single in alone])
    np.testing.assert_array_equal(run(graph, inputs)["y"], expected)
    *_, (_, last) = iterate(graph, inputs)
    np.testing.assert_array_equal(last["y"], expected)


def test_ordinary_networks_are_stackable() -> None:
    assert stackable(NETWORK)
    assert stackable(FLOATING)
    x, bias = activation("x", 1, 2, 3), fixed("bias", int8(3), Q)
    assert stackable(chain((ops.Add(), [x, bias], activation("y", 1, 2, 3))))


def test_a_graph_written_for_a_larger_batch_takes_any_number() -> None:
    x = Tensor("x", (4, 3), DType.INT8, Q)
    w = fixed("w", int8(4, 3), WEIGHTS)
    graph = chain((ops.FullyConnected(), [x, w, None], activation("y", 4, 4)))
    values = random_input(x, 2)[:7]
    np.testing.assert_array_equal(run(graph, [values])["y"][:4], run(graph, [values[:4]])["y"])
    assert run(graph, [values])["y"].shape == (7, 4)


def test_what_depends_on_constants_only_is_kept_when_all_is_asked_for() -> None:
    """As the first step of an unrolled recurrent layer, whose state starts as a constant."""
    x, state = activation("x", 1, 4, quant=Q), fixed("state", int8(1, 4))
    state = replace(state, quant=Q)
    first, second = activation("first", 1, 4, quant=Q), activation("second", 1, 4, quant=Q)
    y = activation("y", 1, 4, quant=WIDE)
    graph = chain(
        (ops.Relu(), [state], first),
        (ops.Relu(), [first], second),
        (ops.Add(), [x, second], y),
    )
    found = run(graph, random_input(x, 3), keep="all")
    expected = np.maximum(state.values, Q.zero_point)
    assert np.array_equal(found["first"], expected)
    assert np.array_equal(found["second"], expected)
