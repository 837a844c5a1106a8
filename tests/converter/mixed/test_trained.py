"""Layers trained binarized beside their int8 form."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.converter.compress.passes import compress
from edgekit.converter.interpret import run
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops import Activation, Padding
from edgekit.converter.ir.ops_binary import BINARY
from edgekit.converter.mixed.trained import compare_trained, has_binarized, in_int8
from edgekit.converter.quantize.gate import Limits
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.targets.reader import load_target
from tests.helpers.float_graphs import FloatGraph
from tests.helpers.mixed_networks import inputs_of, mixed_network


def trained(channels: int = 64, size: int = 10) -> Graph:
    """A float network with two layers of signs, as the converter's passes leave it."""
    rng = np.random.default_rng(3)
    g = FloatGraph("signs")
    x = g.input((1, size, size, 3))
    y = g.conv(x, rng.normal(0, 0.4, (channels, 3, 3, 3)), rng.normal(0, 0.2, channels),
               activation=Activation.NONE, name="first")  # fmt: skip
    for name in ("second", "third"):
        signs = np.sign(rng.normal(0, 1, (channels, 3, 3, channels)))
        packed = g.node(ops.LceQuantize(), [y], name=f"{name}_in", dtype="int32")
        values = g.node(ops.LceDequantize(), [packed], name=f"{name}_real",
                        shape=g.tensors[y].shape)  # fmt: skip
        y = g.conv(values, 0.1 * signs, rng.normal(0, 0.5, channels), padding=Padding.VALID,
                   name=name)  # fmt: skip
    y = g.node(ops.Mean(), [y, g.constant([1, 2], dtype="int32")], name="mean")
    y = g.dense(y, rng.normal(0, 1, (4, channels)), np.zeros(4), name="dense")
    return compress(g.graph(g.node(ops.Softmax(), [y], name="softmax")))


@pytest.fixture(scope="module")
def quantized() -> Graph:
    graph = trained()
    return quantize_int8(graph, [inputs_of(graph, 32)]).graph


def test_what_came_binarized(quantized: Graph) -> None:
    assert has_binarized(quantized)
    assert not has_binarized(mixed_network())


def test_the_int8_form_has_no_signs_and_constant_weights(quantized: Graph) -> None:
    wide = in_int8(quantized)
    assert not any(isinstance(node.op, BINARY) for node in wide.nodes)
    second = next(node for node in wide.nodes if node.name == "second")
    assert isinstance(second.op, ops.Conv2D)
    assert wide.input(second, 1).constant
    assert wide.output(second).dtype is DType.INT8


def test_both_forms_give_the_same_within_one_step(quantized: Graph) -> None:
    x = np.random.default_rng(0).integers(-128, 128, (8, 10, 10, 3)).astype(np.int8)
    both = [run(one, x, keep="all")["third"] for one in (quantized, in_int8(quantized))]
    assert np.abs(both[0].astype(int) - both[1].astype(int)).max() <= 1


def test_every_layer_has_both_prices(quantized: Graph) -> None:
    target = load_target("virtual-m4")
    report, _ = compare_trained(quantized, target, None, "instructions", Limits())
    formats = {layer.layer: layer.format for layer in report.layers}
    assert formats == {"first": "W8A8", "second": "W1A1", "third": "W1A1", "dense": "W8A8"}
    for layer in report.layers[1:3]:
        wide, narrow = layer.prices
        assert narrow.flash_bytes < 0.2 * wide.flash_bytes
        macs = {"second": 8 * 8, "third": 6 * 6}[layer.layer] * 9 * 64 * 64
        assert wide.instructions < 1.5 * macs, "a fast int8 kernel is what binary is compared with"
        assert narrow.instructions > 0
        assert wide.accuracy is None
    assert report.samples == 0
    assert report.after.format == "W8A8+W1A1"


def test_layers_too_small_for_one_bit_are_named() -> None:
    graph = trained(channels=4, size=8)
    small = quantize_int8(graph, [inputs_of(graph, 16)]).graph
    _, notes = compare_trained(small, load_target("virtual-m4"), None, "instructions", Limits())
    [note] = [note for note in notes if "instructions" in note.message]
    assert note.code == "binary-loses"
    assert "second" in note.message
