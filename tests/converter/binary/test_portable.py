"""The form in TFLite's own operators: in LiteRT, in our reader, and what has none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.converter.binary.portable import portable
from edgekit.converter.bits import unpack_bits
from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.ir.ops import Activation, LceBconv2d, LceDequantize, Padding
from edgekit.converter.ir.verify import verify
from edgekit.converter.load.load import prepare
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.errors import UnsupportedError
from edgekit.litert import open_interpreter
from tests.helpers.binary_graphs import (
    Case,
    bconv,
    bconv_graph,
    quantized,
    random_case,
    random_values,
)
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.oracle import run_tflm
from tests.helpers.random_graphs import random_graph

SEEDS = range(16)
KINDS = ((DType.INT32, 0), (DType.INT8, 1))
"""Output, and the most by which an int8 may differ in kernels that round as XNNPACK does."""


def graph_of(seed: int, output: DType) -> Graph:
    """Sources and paddings of every kind."""
    rng = np.random.default_rng(seed)
    source = (DType.INT8, DType.INT8, DType.FLOAT32)[seed % 3]
    return bconv_graph(
        random_case(rng, source=source, output=output, activation=Activation.NONE), rng
    )


def expected(graph: Graph, x: np.ndarray) -> np.ndarray:
    """The outputs, packed signs as codes."""
    y = run(graph, x)[graph.outputs[0]]
    if y.dtype != np.int32:
        return y.astype(np.int32)
    channels = graph.input(graph.nodes[-1], 1).shape[0]
    return np.where(unpack_bits(y, channels), -128, 127)


def in_litert(model: bytes, x: np.ndarray) -> np.ndarray:
    interpreter: Any = open_interpreter(model)
    [found] = interpreter.run([x])
    return np.asarray(found).astype(np.int32)


@pytest.mark.parametrize(("output", "most"), KINDS)
@pytest.mark.parametrize("seed", SEEDS)
def test_litert_gives_the_same(seed: int, output: DType, most: int) -> None:
    graph = graph_of(seed, output)
    x = random_values(graph, np.random.default_rng(seed))
    found = in_litert(write_tflite(portable(graph)), x)
    apart = np.abs(found - expected(graph, x))
    assert apart.max() <= most
    assert (apart > 0).mean() <= 0.05


@pytest.mark.parametrize("output", [DType.INT32, DType.INT8])
@pytest.mark.parametrize("seed", SEEDS)
def test_tflite_micro_gives_the_same_bit_for_bit(seed: int, output: DType) -> None:
    """And so does LiteRT with its reference kernels: biases are moved until they round alike."""
    graph = graph_of(seed, output)
    x = random_values(graph, np.random.default_rng(seed))
    model = write_tflite(portable(graph))
    [found] = run_tflm(model, [x])
    np.testing.assert_array_equal(found.astype(np.int32), expected(graph, x))
    [found] = open_interpreter(model, kernels="reference").run([x])
    np.testing.assert_array_equal(found.astype(np.int32), expected(graph, x))


def test_padding_of_zeros_and_of_ones_are_both_among_them() -> None:
    cases = [graph_of(seed, DType.INT8).nodes[-1].op for seed in SEEDS]
    same = [op for op in cases if isinstance(op, LceBconv2d) and op.padding is Padding.SAME]
    assert {op.pad_values for op in same} == {0, 1}


@pytest.mark.parametrize(("output", "most"), KINDS)
@pytest.mark.parametrize("seed", SEEDS[:6])
def test_our_reader_takes_it_for_int8_convolutions(seed: int, output: DType, most: int) -> None:
    graph = graph_of(seed, output)
    found, _ = prepare(read_tflite(write_tflite(portable(graph)), "g"))
    verify(found)
    # Weights are constants again.
    assert not {"GATHER", "RESHAPE", "SLICE"} & {node.op.NAME for node in found.nodes}
    assert [node.op.NAME for node in found.nodes].count("CONV_2D") == 1
    x = random_values(graph, np.random.default_rng(seed))
    y = run(found, x)[found.outputs[0]].astype(np.int32)
    assert np.abs(y - expected(graph, x)).max() <= most
    again = prepare(read_tflite(write_tflite(found), "g"))[0]
    np.testing.assert_array_equal(run(again, x)[again.outputs[0]], y)


def test_signs_go_from_layer_to_layer_exactly() -> None:
    rng = np.random.default_rng(3)
    g = GraphBuilder("deep")
    x = g.input((1, 8, 8, 40), Quant.per_tensor(0.04, -7), DType.INT8)
    y = quantized(g, x)
    for channels, outputs in ((40, 64), (64, 33), (33, 20)):
        y = bconv(g, y, Case(channels=channels, outputs=outputs, output=DType.INT32), rng)
    graph = g.graph(y)
    values = random_values(graph, rng)
    found = in_litert(write_tflite(portable(graph)), values)
    np.testing.assert_array_equal(found, expected(graph, values))


def test_weights_take_one_bit_each_and_a_table_in_all() -> None:
    case = Case(channels=128, outputs=128, source=DType.INT8, output=DType.INT32)
    graph = bconv_graph(case, np.random.default_rng(0))
    size, bits = len(write_tflite(portable(graph))), 128 * 128 * 9
    assert bits / 8 <= size <= bits / 8 + 2048 + 6000
    assert size < len(write_tflite(graph)) + 2048 + 5000
    stored = [t.values for t in portable(graph).tensors.values() if t.name.endswith("_bits")]
    assert sum(values.nbytes for values in stored) == bits / 8


def test_multipliers_near_zero_keep_their_bias() -> None:
    rng = np.random.default_rng(5)
    case = Case(channels=32, outputs=6, source=DType.INT8, output=DType.INT8)
    graph = bconv_graph(case, rng)
    node = graph.nodes[1]
    small = np.array([0, 1e-9, -1e-9, 0, 0.01, -0.01], np.float32)
    biases = np.array([1, -1, 0.5, 100, 0, 0], np.float32)
    parts = [graph.input(node, at) for at in (2, 3)]
    changed = [
        type(t)(t.name, t.shape, t.dtype, None, values)
        for t, values in zip(parts, (small, biases), strict=True)
    ]
    graph = graph.with_tensors(*changed)
    x = random_values(graph, rng)
    found = in_litert(write_tflite(portable(graph)), x)
    assert np.abs(found - expected(graph, x)).max() <= 1


def test_graphs_without_binarized_layers_come_back_themselves() -> None:
    graph = random_graph(0)
    assert portable(graph) is graph


@pytest.mark.parametrize("shape", [(2, 3, 4, 33), (3, 20), (2, 5, 7)])
@pytest.mark.parametrize("source", [DType.INT8, DType.FLOAT32, DType.BOOL])
@pytest.mark.parametrize(
    "output",
    [
        None,
        DType.BOOL,
        Quant.per_tensor(1 / 127, 0),
        Quant.per_tensor(2 / 255, -1),
        Quant.per_tensor(0.3, 100),
        Quant.per_tensor(3.0, 5),
    ],
)
def test_signs_are_values_exactly(
    shape: tuple[int, ...], source: DType, output: Quant | DType | None
) -> None:
    """LceQuantize and LceDequantize of every element type, in LiteRT with and without XNNPACK, in
    tflite-micro, and read again."""
    g = GraphBuilder("unpacked")
    quant = Quant.per_tensor(0.1, 7) if source is DType.INT8 else None
    packed = quantized(g, g.input(shape, quant, source))
    given = output if isinstance(output, Quant) else None
    dtype = DType.INT8 if given else output if isinstance(output, DType) else DType.FLOAT32
    graph = g.graph(g.node(LceDequantize(), [packed], shape, given, dtype=dtype))
    rng = np.random.default_rng(0)
    x = (
        rng.integers(0, 2, shape).astype(bool)
        if source is DType.BOOL
        else random_values(graph, rng)
    )
    wanted = run(graph, x)[graph.outputs[0]]
    model = write_tflite(portable(graph))
    for kernels in ("default", "reference"):
        [found] = open_interpreter(model, kernels=kernels).run([x])
        np.testing.assert_array_equal(found, wanted)
    [micro] = run_tflm(model, [x])
    np.testing.assert_array_equal(micro, wanted)
    again, _ = prepare(read_tflite(model, "g"))
    verify(again)
    np.testing.assert_array_equal(run(again, x)[again.outputs[0]], wanted)


def one(**fields: Any) -> Graph:
    return bconv_graph(Case(**{"source": DType.INT8, **fields}), np.random.default_rng(0))


@pytest.mark.parametrize(
    ("graph", "found"),
    [
        (one(output=DType.FLOAT32), "float32 output"),
        (one(output=DType.INT8, activation=Activation.RELU), "activation RELU"),
    ],
)
def test_what_has_no_such_form_is_named(graph: Graph, found: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        portable(graph)
    assert caught.value.code == "portable-binary"
    assert caught.value.found.startswith(found)
    assert caught.value.hint


def test_valid_convolutions_pad_nothing_and_are_taken() -> None:
    graph = one(output=DType.INT32, padding=Padding.VALID, pad_values=0)
    x = random_values(graph, np.random.default_rng(1))
    found = in_litert(write_tflite(portable(graph)), x)
    np.testing.assert_array_equal(found, expected(graph, x))
