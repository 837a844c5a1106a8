"""Any mix of formats: the graph is right, computes what it should, and its C is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.interpret import run
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.verify import verify
from edgekit.converter.mixed.build import Builder
from edgekit.converter.mixed.price import owner, prices
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.quantize.params import quantize_input
from edgekit.converter.quantize.sqnr import Power
from edgekit.converter.tflite import read_tflite, write_tflite
from edgekit.targets.reader import load_target
from tests.helpers.generated_c import TARGET, build, generate, run_c
from tests.helpers.mixed_networks import inputs_of, mixed_network

LAYERS = ("first", "narrow", "wide", "deep", "second", "dense")
MIXES: tuple[dict[str, str], ...] = (
    {},
    dict.fromkeys(LAYERS, "int4"),
    dict.fromkeys(LAYERS, "int16"),
    {"narrow": "binary", "wide": "binary", "second": "binary"},
    {"first": "int16", "narrow": "int4", "wide": "binary", "deep": "int16", "second": "int4"},
    {"narrow": "int16", "second": "int16"},
    {"first": "binary", "deep": "int4", "dense": "binary"},
)


@pytest.fixture(scope="module")
def builder() -> Builder:
    graph = mixed_network()
    x = inputs_of(graph, 48)
    return Builder(graph, lambda: [x], lambda count: x[:count])


def ratio(graph: Graph, exact: Graph, x: np.ndarray, name: str) -> float:  # type: ignore[type-arg]
    power = Power()
    power.add(outputs_real(exact, x, (name,))[name], outputs_real(graph, x, (name,))[name])
    return power.decibels


def test_without_a_choice_it_is_the_int8_graph(builder: Builder) -> None:
    graph = mixed_network()
    plain = quantize_int8(graph, [inputs_of(graph, 48)]).graph
    made = builder.built({}).graph
    assert made.nodes == plain.nodes
    assert write_tflite(made) == write_tflite(plain)


@pytest.mark.parametrize("mix", MIXES)
def test_layers_have_the_format_asked_for(builder: Builder, mix: dict[str, str]) -> None:
    graph = builder.built(mix).graph
    verify(graph)
    nodes = {node.name: node for node in graph.nodes}
    for name in LAYERS:
        node, form = nodes[name], mix.get(name, "int8")
        weights = graph.input(node, 1)
        if form == "binary":
            assert node.op.NAME == "LceBconv2d"
            continue
        assert weights.dtype is (DType.INT4 if form == "int4" else DType.INT8)
        wanted = DType.INT16 if form == "int16" else DType.INT8
        assert graph.input(node).dtype is graph.output(node).dtype is wanted
        if form == "int4":
            assert np.abs(weights.values.astype(int)).max() == 7
        if form == "int16":
            assert graph.role(node, "bias").dtype is DType.INT64  # type: ignore[union-attr]
            assert graph.output(node).quant.zero_point == 0  # type: ignore[union-attr]


def test_int16_throughout_has_int16_ends_and_hardly_any_noise(builder: Builder) -> None:
    graph = builder.built(dict.fromkeys(LAYERS, "int16")).graph
    assert {graph[name].dtype for name in (*graph.inputs, *graph.outputs)} == {DType.INT16}
    assert not any(node.op.NAME == "QUANTIZE" for node in graph.nodes)
    exact = mixed_network()
    x = inputs_of(exact, 32, seed=5)
    narrow = ratio(builder.built({}).graph, exact, x, "dense")
    assert ratio(graph, exact, x, "dense") > narrow + 3


def test_a_border_is_crossed_once_however_many_read_it(builder: Builder) -> None:
    graph = builder.built({"narrow": "int16"}).graph
    made = [node.name for node in graph.nodes if node.op.NAME == "QUANTIZE"]
    assert made == ["first/int16", "narrow/int8"]


def test_what_lies_between_int16_layers_is_int16(builder: Builder) -> None:
    graph = builder.built({"first": "int16", "narrow": "int16", "wide": "int16"}).graph
    assert graph["residual"].dtype is DType.INT16
    assert graph["x"].dtype is DType.INT16


def test_biases_are_corrected_in_mixes_too() -> None:
    graph = mixed_network()
    x = inputs_of(graph, 64)
    builder = Builder(graph, lambda: [x], lambda count: x[:count], bias_samples=64)
    built = builder.built({"wide": "binary", "second": "int4"})
    assert any(note.code == "bias-correction" for note in built.notes)
    verify(built.graph)


@pytest.mark.parametrize("mix", MIXES)
def test_a_mix_survives_its_file(builder: Builder, mix: dict[str, str]) -> None:
    graph = builder.built(mix).graph
    again = read_tflite(write_tflite(graph), graph.name)
    x = quantize_input(inputs_of(graph, 4, seed=2), graph["x"])
    for one, other in zip(run(graph, x).values(), run(again, x).values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_generated_c_equals_the_interpreter(builder: Builder, tmp_path: Path) -> None:
    for isas in (("ref",), ("dsp", "any", "ref")):
        target = TARGET.model_copy(update={"cpu": TARGET.cpu.model_copy(update={"isa": isas})})
        models = [
            generate(builder.built(mix).graph, f"mix_{index}", target=target)
            for index, mix in enumerate(MIXES)
        ]
        folder = tmp_path / isas[0]
        folder.mkdir()
        library = build(models, folder, "-fsanitize=undefined")
        for model in models:
            x = quantize_input(inputs_of(model.graph, 3, seed=3), model.graph["x"])
            for sample in x:
                expected = run(model.graph, sample[None])
                for name, found in zip(
                    model.graph.outputs, run_c(library, model, [sample[None]]), strict=True
                ):
                    np.testing.assert_array_equal(found, expected[name], err_msg=model.name)


def test_prices_add_up_and_follow_the_formats(builder: Builder) -> None:
    target = load_target("virtual-m4")
    plain = prices(builder.built({}).graph, target, LAYERS)
    int4 = prices(builder.built(dict.fromkeys(LAYERS, "int4")).graph, target, LAYERS)
    assert plain is not None
    assert int4 is not None
    assert sum(take.flash for take in plain.layers.values()) <= plain.whole.flash
    assert sum(take.instructions for take in plain.layers.values()) <= plain.whole.instructions
    assert int4.layers["second"].flash < 0.65 * plain.layers["second"].flash
    assert "dsp" in plain.basis


def test_a_sketch_has_the_price_of_the_graph(builder: Builder) -> None:
    target = load_target("virtual-m4")
    for mix in MIXES:
        one = prices(builder.built(mix).graph, target, LAYERS)
        other = prices(builder.sketched(mix), target, LAYERS)
        assert one is not None
        assert other is not None
        assert one.whole == other.whole, mix


def test_steps_belong_to_the_longest_name() -> None:
    layers = {"block", "block/conv"}
    assert owner("block/conv/signs", layers) == "block/conv"
    assert owner("block/signs", layers) == "block"
    assert owner("other/signs", layers) == "other"
