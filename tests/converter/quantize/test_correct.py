"""Bias correction: mean errors go, nothing else changes, and it is kept only where it helps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.verify import verify
from edgekit.converter.quantize.correct import correct_biases, shifted_biases
from edgekit.converter.quantize.execute import Batch, by_name, outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.params import MAX_BIAS
from tests.helpers.float_graphs import FloatGraph, samples

RNG = np.random.default_rng(21)


def _weights(*shape: int) -> np.ndarray:
    return RNG.normal(0, 0.5, shape).astype(np.float32)


def _depthwise_chain(blocks: int = 4, channels: int = 8) -> Graph:
    """Depthwise and pointwise convolutions in turn, where rounding shifts means most."""
    g = FloatGraph("chain")
    y = g.input((1, 8, 8, channels))
    relu = Activation.RELU
    for _ in range(blocks):
        # Two channels far wider than the others make the shared scale of activations coarse.
        kernel = _weights(1, 3, 3, channels)
        kernel[..., :2] *= 12
        y = g.depthwise(y, kernel, _weights(channels), activation=relu)
        y = g.conv(y, _weights(channels, 1, 1, channels) / 2, _weights(channels), activation=relu)
    y = g.node(ops.Mean(), [y, g.constant([1, 2], dtype="int32")])
    return g.graph(g.dense(y, _weights(3, channels), _weights(3), name="scores"))


def _errors(exact: Graph, quantized: Graph, batch: Batch) -> dict[str, float]:
    """The mean error of each output channel over the output's scale, worst channel by name."""
    names = tuple(node.output for node in quantized.nodes if "weights" in node.op.INPUTS)
    wanted, found = (outputs_real(graph, batch, names) for graph in (exact, quantized))
    gaps = {name: found[name].astype(np.float64) - wanted[name] for name in names}
    return {
        name: float(np.abs(gap.reshape(-1, gap.shape[-1]).mean(axis=0)).max())
        / quantized[name].quant.scale  # type: ignore[union-attr]
        for name, gap in gaps.items()
    }


def test_mean_errors_shrink_and_only_biases_change() -> None:
    graph = _depthwise_chain()
    data = samples(graph, 64)
    plain = quantize_int8(graph, [data]).graph
    corrected = shifted_biases(graph, plain, data)
    verify(corrected)
    assert corrected.nodes == plain.nodes
    biases = {node.inputs[2] for node in plain.nodes if len(node.inputs) == 3}
    for name, tensor in plain.tensors.items():
        assert corrected[name].quant == tensor.quant
        if tensor.constant and name not in biases:
            assert np.array_equal(corrected[name].values, tensor.values)
    before, after = _errors(graph, plain, data), _errors(graph, corrected, data)
    assert sum(after.values()) < 0.6 * sum(before.values())


def test_the_better_graph_by_unused_samples_is_chosen_and_said() -> None:
    graph = _depthwise_chain()
    data = samples(graph, 64)
    plain = quantize_int8(graph, [data]).graph
    chosen, note = correct_biases(graph, plain, data)
    assert (note.code, note.level) == ("bias-correction", "info")
    assert note.message.startswith("biases corrected: output SQNR ")
    fresh = samples(graph, 64, seed=9)
    exact = outputs_real(graph, fresh)["scores"]
    noise = [
        float(np.square(outputs_real(each, fresh)["scores"] - exact).sum())
        for each in (plain, chosen)
    ]
    assert noise[1] < noise[0]


def test_a_correction_that_does_not_help_is_not_kept() -> None:
    """The samples that judge are unlike those that correct: the mean says nothing about them."""
    graph = _depthwise_chain()
    data = samples(graph, 64)
    plain = quantize_int8(graph, [data]).graph
    mixed = data.copy()
    mixed[0::2] = 0.02
    chosen, note = correct_biases(graph, plain, mixed)
    assert chosen is plain
    assert note.message.startswith("biases left as they were: ")


def test_several_inputs_and_samples_that_cannot_share_a_call() -> None:
    """The leading axis is transposed, so samples are computed one by one."""
    g = FloatGraph("turned")
    a, b = g.input((1, 4, 6), "a"), g.input((1, 6), "b")
    perm = g.constant([1, 0, 2], dtype="int32")
    rows = g.node(ops.Transpose(), [a, perm], "rows")
    flat = g.node(ops.Reshape(), [rows], "flat", (4, 6))
    left = g.dense(flat, _weights(5, 6), _weights(5), name="left")
    right = g.dense(b, _weights(5, 6), _weights(5), name="right")
    graph = g.graph(g.node(ops.Add(), [left, right], "sum"))
    data = {
        "a": RNG.normal(0, 1, (30, 4, 6)).astype(np.float32),
        "b": RNG.normal(0, 1, (30, 6)).astype(np.float32),
    }
    plain = quantize_int8(graph, [data]).graph
    corrected = shifted_biases(graph, plain, data)
    verify(corrected)
    before, after = _errors(graph, plain, data), _errors(graph, corrected, data)
    assert after["left"] <= before["left"] + 0.02
    assert by_name(graph, data)["a"].shape == (30, 4, 6)


def test_transposed_convolutions_and_layers_without_bias() -> None:
    g = FloatGraph("up")
    x = g.input((1, 4, 4, 3))
    kernel, shape = g.constant(_weights(5, 2, 2, 3)), g.constant([1, 8, 8, 5], dtype="int32")
    op = ops.TransposeConv(ops.Padding.SAME, 2, 2)
    y = g.node(op, [shape, kernel, x, g.constant(_weights(5))], "wide")
    y = g.conv(y, _weights(3, 1, 1, 5), name="bare")
    graph = g.graph(y)
    data = samples(graph, 20)
    plain = quantize_int8(graph, [data]).graph
    corrected = shifted_biases(graph, plain, data)
    verify(corrected)
    changed = [n for n, t in plain.tensors.items() if t.constant and corrected[n] is not t]
    assert changed == [plain.nodes[0].inputs[3]]


def test_biases_keep_half_of_int32_free() -> None:
    g = FloatGraph("dead")
    x = g.input((1, 4))
    kernel = _weights(2, 4)
    kernel[1] = 1e-12
    graph = g.graph(g.dense(x, kernel, np.array([0.1, 5.0], np.float32), name="y"))
    data = samples(graph, 16)
    plain = quantize_int8(graph, [data]).graph
    far = np.array([[0], [50]], np.float32)
    shifted = graph.with_tensors(replace(graph.input(graph.nodes[0], 1), data=kernel + far))
    corrected = shifted_biases(shifted, plain, data)
    assert np.abs(corrected.role(corrected.nodes[0], "bias").values).max() <= MAX_BIAS  # type: ignore[union-attr]


@pytest.mark.data
def test_mobilenet_gains(test_data: object) -> None:
    """MobileNetV1 0.25 answers as its float original on far more photographs."""
    from edgekit.converter.compress.passes import compress
    from edgekit.converter.data.batches import graph_batches
    from edgekit.converter.data.guess import choose_preprocess
    from edgekit.converter.data.open import open_dataset
    from edgekit.converter.load import load_model
    from edgekit.converter.quantize.evaluate import compare

    folder = str(test_data)
    graph = compress(load_model(f"{folder}/models/mobilenet_v1_0.25_128_float.tflite").graph)
    photos = open_dataset(f"{folder}/datasets/coco256_person/images", limit=96)
    preprocess = choose_preprocess(graph, photos).preprocess
    data = np.concatenate([np.asarray(b) for b in graph_batches(photos, preprocess, graph)])
    plain = quantize_int8(graph, [data]).graph
    corrected, _ = correct_biases(graph, plain, data[:64])
    found = [compare(graph, each, photos, preprocess) for each in (plain, corrected)]
    assert (found[1].agreement or 0) > (found[0].agreement or 1) + 0.1
    assert (found[1].sqnr_db or 0) > (found[0].sqnr_db or 99) + 4
