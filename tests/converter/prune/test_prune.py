"""Pruning as a whole: shares are met, the weights that stay make up for the others, zeros last."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.converter.interpret.run import run
from edgekit.converter.ir.cost import graph_cost
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.ir.verify import verify
from edgekit.converter.lower.channels import drop_constant_channels
from edgekit.converter.prune.families import staying
from edgekit.converter.prune.prune import Pruned, prune
from edgekit.converter.prune.spec import parse_prune
from edgekit.converter.quantize.closed_form import best_on
from edgekit.converter.quantize.cluster import cluster_weights
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.rounding import round_adaptively
from edgekit.converter.quantize.scheme import SCHEMES
from edgekit.errors import EdgeKitError
from tests.helpers.float_graphs import Activation, FloatGraph, classifier, samples

RNG = np.random.default_rng(11)


def network(size: int = 6) -> Graph:
    """A stem, a residual block with a depthwise convolution, a flattening dense layer."""
    rng = np.random.default_rng(2)
    g = FloatGraph("net")

    def weights(*shape: int) -> np.ndarray:
        return rng.normal(0, 1 / np.sqrt(np.prod(shape[1:])), shape).astype(np.float32)

    relu = Activation.RELU
    x = g.conv(
        g.input((1, size, size, 3)), weights(16, 3, 3, 3), weights(16), activation=relu, name="stem"
    )
    y = g.conv(x, weights(24, 1, 1, 16), weights(24), activation=relu, name="wide")
    y = g.depthwise(y, 0.4 * weights(1, 3, 3, 24), weights(24), name="dw")
    y = g.conv(y, weights(16, 1, 1, 24), weights(16), name="back")
    from edgekit.converter.ir import ops

    y = g.node(ops.Add(), [x, y], "join")
    y = g.node(ops.Reshape(), [y], "flat", (1, 16 * size * size))
    return g.graph(g.dense(y, weights(8, 16 * size * size), weights(8), name="dense"))


def pruned(text: str, graph: Graph | None = None, count: int = 0) -> Pruned:
    graph = graph or network()
    found = prune(graph, parse_prune(text), samples(graph, count) if count else None)
    verify(found.graph)
    return found


@pytest.mark.parametrize("count", [0, 64])
@pytest.mark.parametrize("text", ["0.6", "layer:0.6", "1:4", "channels:0.5", "macs:0.4"])
def test_what_was_asked_for_is_what_comes_out(text: str, count: int) -> None:
    found = pruned(text, count=count)
    before, after = found.summary.weights
    assert found.summary.criterion == ("data" if count else "magnitude")
    assert found.graph.inputs == ("x",)
    assert found.graph["dense"].shape == (1, 8)
    assert run(found.graph, samples(found.graph, 1))["dense"].shape == (1, 8)
    assert found.summary.macs[1] == graph_cost(found.graph).macs
    if text in ("0.6", "layer:0.6"):
        assert (before, abs(found.summary.zeros / after - 0.6) < 0.01) == (after, True)
    elif text == "1:4":
        shares = {layer.layer: layer.sparsity for layer in found.summary.layers}
        assert shares == {"stem": 0, "wide": 0.75, "dw": 0, "back": 0.75, "dense": 0.75}
    else:
        assert found.summary.macs[1] <= 0.6 * found.summary.macs[0]
        widths = {layer.layer: layer.channels for layer in found.summary.layers}
        assert widths["stem"] == widths["back"]
        assert widths["wide"] == widths["dw"]
        assert all(after % 4 == 0 for _, after in widths.values())
        assert widths["dense"] == (8, 8)


def test_dead_channels_are_the_first_to_go_and_leave_no_trace() -> None:
    graph, rows = network(), [1, 2, 3, 5, 8, 13, 20, 22, 0, 4, 6, 9]
    for node in graph.nodes:
        if node.name in ("wide", "dw"):
            for index, axis in ((1, 0 if node.name == "wide" else 3), (2, 0)):
                tensor = graph.input(node, index)
                values = np.moveaxis(np.array(tensor.values), axis, 0)
                values[rows] = 0
                graph = graph.with_tensors(replace(tensor, data=np.moveaxis(values, 0, axis)))
    small = pruned("channels:0.5,stem=0,back=0", graph).graph
    assert small["wide"].shape[-1] == 12
    x = samples(graph, 1)
    np.testing.assert_allclose(run(small, x)["dense"], run(graph, x)["dense"], atol=1e-5)


def test_channels_that_zeros_leave_unread_are_left_out_of_the_c() -> None:
    """A column of zeros in "back" leaves nobody to read the channels of "dw" and "wide"."""
    graph = network()
    back = graph.input(next(node for node in graph.nodes if node.name == "back"), 1)
    values = np.array(back.values)
    values[..., [1, 7, 9]] = 0
    graph = graph.with_tensors(replace(back, data=values))
    integers = quantize_int8(graph, [samples(graph, 8)]).graph
    left = drop_constant_channels(integers)
    assert [left[name].shape[-1] for name in ("wide", "dw", "back")] == [21, 21, 16]


def test_data_make_up_for_much_of_what_went() -> None:
    for text in ("0.5", "2:4", "channels:0.25"):
        found = pruned(text, count=128).summary
        assert found.sqnr_db is not None
        plain, fitted = found.sqnr_db
        assert fitted > plain + 2, text


def test_the_best_weights_on_a_mask_are_those_of_least_squares() -> None:
    x = RNG.normal(0, 1, (400, 6)) @ RNG.normal(0, 1, (6, 6))
    weights, mask = RNG.normal(0, 1, (1, 2, 6)), np.ones((1, 2, 6), bool)
    mask[0, 0, [1, 4]] = False
    own = (x.T @ x / len(x))[None]
    found = best_on(weights, mask, own, own)
    assert not found[~mask].any()
    np.testing.assert_allclose(found[0, 1], weights[0, 1])
    exact = np.linalg.lstsq(x[:, mask[0, 0]], x @ weights[0, 0], rcond=None)[0]
    best = float(np.square(x[:, mask[0, 0]] @ exact - x @ weights[0, 0]).mean())
    plain = float(np.square(x @ (weights[0, 0] * ~mask[0, 0])).mean())
    loss = float(np.square(x @ (found[0, 0] - weights[0, 0])).mean())
    assert best <= loss < best + 0.2 * (plain - best)


@pytest.mark.parametrize(
    ("scheme", "method"),
    [
        *(
            ("int8", name)
            for name in ("nearest", "gptq", "adaround", "cluster", "gptq of clusters")
        ),
        *(("int4", name) for name in ("nearest", "gptq")),
        ("int16", "gptq"),
    ],
)
def test_zeros_stay_zero_in_integers(scheme: str, method: str) -> None:
    found = pruned("layer:0.5", network(3), count=64).graph
    batch = samples(found, 64)
    result = quantize_int8(found, [batch], scheme=SCHEMES[scheme]).graph
    if "cluster" in method:
        result = cluster_weights(result, 8).graph
    if method.split()[0] in ("gptq", "adaround"):
        result, _ = round_adaptively(
            found, result, batch, method.split()[0], clustered="of" in method
        )
    for node in found.nodes:
        if "weights" in node.op.INPUTS:
            exact = found.input(node, 1).values
            stored = result.input(next(n for n in result.nodes if n.name == node.name), 1).values
            assert not stored[exact == 0].any(), node.name
            assert (exact == 0).mean() > 0.2, node.name


@pytest.mark.parametrize(
    ("count", "share", "left"), [(16, 0.5, 8), (24, 0.9, 4), (6, 0.5, 4), (3, 0.9, 3)]
)
def test_channels_stay_in_multiples(count: int, share: float, left: int) -> None:
    assert staying(count, share) == left


def failure(text: str, graph: Graph) -> EdgeKitError:
    with pytest.raises(EdgeKitError) as caught:
        prune(graph, parse_prune(text))
    return caught.value


def test_what_cannot_be_pruned_says_so() -> None:
    graph = network()
    error = failure("macs:0.98", graph)
    assert error.code == "prune-out-of-reach"
    assert "of the multiply-accumulates of net can go" in error.found
    error = failure("channels:0.5,*=0", graph)
    assert (error.code, "keeps all its channels" in error.found) == ("nothing-to-prune", True)
    assert failure("macs:0.5,*=0", graph).code == "nothing-to-prune"
    g = FloatGraph("one")
    alone = g.graph(g.dense(g.input((1, 8)), np.ones((9, 8)), name="dense"))
    error = failure("channels:0.5", alone)
    assert (error.code, "all of them reach" in error.found) == ("nothing-to-prune", True)
    assert failure("channels:0.5,head=0", graph).code == "prune-unknown-layer"
    quantized = classifier()
    name = quantized.nodes[0].output
    integers = replace(quantized[name], dtype=DType.INT8, quant=Quant.per_tensor(0.1, 0))
    assert failure("0.5", quantized.with_tensors(integers)).code == "prune-quantized"
