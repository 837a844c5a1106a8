"""Dynamic range: what is quantized, LiteRT's arithmetic to the bit, TensorFlow's converter."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import edgekit as sdk
from edgekit.converter.convert import convert_model
from edgekit.converter.interpret import run
from edgekit.converter.interpret.hybrid import quantized_rows
from edgekit.converter.ir.graph import DType, Graph
from edgekit.converter.ir.ops import Activation
from edgekit.converter.ir.verify import verify
from edgekit.converter.options import ConvertOptions
from edgekit.converter.precision import precision_of, widths_of
from edgekit.converter.quantize.dynamic import LEAST_WEIGHTS, dynamic_weights
from edgekit.converter.tflite.reader import read_tflite
from edgekit.converter.tflite.writer import write_tflite
from edgekit.errors import UnsupportedError
from edgekit.litert import open_interpreter
from edgekit.targets.reader import load_target
from tests.helpers.float_graphs import FloatGraph, classifier
from tests.helpers.oracle import skip_without
from tests.helpers.tensorflow_quantize import store_smaller_with_tensorflow

OPTIONS = ConvertOptions(precision="dynamic")
Rng = np.random.Generator


def convolution(rng: Rng, g: FloatGraph, activation: Activation) -> str:
    weights, bias = rng.normal(0, 0.4, (12, 3, 3, 16)), rng.normal(0, 0.1, 12)
    return g.conv(g.input((1, 9, 9, 16)), weights, bias, activation=activation, name="conv")


def depthwise(rng: Rng, g: FloatGraph, activation: Activation) -> str:
    weights, bias = rng.normal(0, 0.4, (1, 3, 3, 128)), rng.normal(0, 0.1, 128)
    del activation
    return g.depthwise(g.input((1, 9, 9, 128)), weights, bias, name="depthwise")


def dense(rng: Rng, g: FloatGraph, activation: Activation) -> str:
    del activation
    return g.dense(g.input((1, 200)), rng.normal(0, 0.4, (17, 200)), rng.normal(0, 1, 17), name="d")


def dynamic(graph: Graph) -> Graph:
    made, notes = dynamic_weights(graph)
    assert notes == ()
    verify(made)
    return made


def network() -> Graph:
    """A layer with many weights, and one with few."""
    rng = np.random.default_rng(1)
    g = FloatGraph("net")
    y = convolution(rng, g, Activation.RELU)
    y = g.depthwise(y, rng.normal(0, 0.4, (1, 3, 3, 12)), rng.normal(0, 0.1, 12), name="few")
    return g.graph(g.dense(y, rng.normal(0, 0.1, (6, 972)), rng.normal(0, 1, 6), name="many"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "net.tflite"
    path.write_bytes(write_tflite(network()))
    return path


def test_layers_with_many_weights_are_quantized_per_channel() -> None:
    made = dynamic(network())
    assert (precision_of(made), widths_of(made)) == ("dynamic", "W8/32A32")
    kinds = {node.name: made.input(node, 1) for node in made.nodes}
    assert kinds["few"].dtype is DType.FLOAT32
    assert kinds["few"].size < LEAST_WEIGHTS
    for name, count in (("conv", 12), ("many", 6)):
        quant = kinds[name].quant
        assert quant is not None
        assert (kinds[name].dtype, quant.axis, len(quant.scales)) == (DType.INT8, 0, count)
        assert set(quant.zero_points) == {0}
        assert np.abs(kinds[name].values).max() == 127
    assert all(made.output(node).dtype is DType.FLOAT32 for node in made.nodes)


@pytest.mark.parametrize("make", [convolution, depthwise, dense])
def test_the_interpreter_equals_litert_to_the_bit(make: object) -> None:
    """LiteRT's reference kernels; XNNPACK's are within a few units of the last place."""
    skip_without("ai_edge_litert")
    for seed in range(6):
        rng = np.random.default_rng(seed)
        g = FloatGraph("net")
        activation = Activation(str(rng.choice(["NONE", "RELU", "RELU6"])))
        graph = dynamic(g.graph(make(rng, g, activation)))  # type: ignore[operator]
        shape = graph[graph.inputs[0]].shape
        offset, size = rng.normal(), rng.choice([0.1, 1, 50])
        x = (rng.normal(offset, 1, shape) * size).astype(np.float32)
        [ours] = run(graph, x).values()
        model = write_tflite(graph)
        [exact] = open_interpreter(model, kernels="reference").run([x])
        np.testing.assert_array_equal(ours, exact)
        [fast] = open_interpreter(model, kernels="default").run([x])
        np.testing.assert_allclose(fast, ours, atol=2e-6 * np.abs(ours).max())


def test_samples_are_quantized_by_themselves() -> None:
    graph = dynamic(network())
    rng = np.random.default_rng(2)
    x = (rng.normal(0, 1, (5, 9, 9, 16)) * 3.0 ** np.arange(5).reshape(-1, 1, 1, 1)).astype("f")
    [together] = run(graph, x).values()
    alone = [next(iter(run(graph, sample[None]).values())) for sample in x]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_rows_of_zeros_and_of_one_sign() -> None:
    rows = np.array([[0, 0, 0], [1, 2, 4], [-3, -1, -2]], np.float32)
    stored, scales = quantized_rows(rows)
    np.testing.assert_allclose(stored * scales[:, None], rows, atol=0.5 * scales.max())
    assert scales[0] == 1
    np.testing.assert_allclose(scales[1:], [4 / 255, 3 / 255], rtol=1e-6)


def test_it_survives_its_file() -> None:
    graph = dynamic(network())
    again = read_tflite(write_tflite(graph), graph.name)
    x = np.random.default_rng(3).normal(0, 1, (1, 9, 9, 16)).astype(np.float32)
    for one, other in zip(run(graph, x).values(), run(again, x).values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_that_others_read_as_they_are_stay_for_them() -> None:
    graph = network()
    first = graph.nodes[0]
    more = replace(first, name="again", op=replace(first.op, stride_h=2), outputs=("again",))
    wider = replace(graph[first.output], name="again", shape=(1, 5, 9, 12))
    twice = replace(graph.with_tensors(wider), nodes=(*graph.nodes, more),
                    outputs=(*graph.outputs, "again"))  # fmt: skip
    made = dynamic(twice)
    names = {node.inputs[1] for node in made.nodes if node.name in ("conv", "again")}
    assert names == {f"{first.inputs[1]}_int8"}


def test_a_network_of_small_layers_stays_as_it_is() -> None:
    graph = classifier()
    made, [note] = dynamic_weights(graph)
    assert made is graph
    assert note.message.startswith("no layer has 1,024 weights or more, and smaller ones stay")
    assert note.advice == "use --precision int8, or float16"


def test_a_bundle_for_interpreters(model: Path, tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(0, 1, (30, 9, 9, 16)).astype(np.float32)
    options = replace(OPTIONS, evaluation=x)
    done = sdk.convert(model, target="rpi4", output_dir=tmp_path / "out", options=options)
    recipe = done.manifest.recipe
    assert (recipe["precision"], recipe["widths"]) == ("dynamic", "W8/32A32")
    assert done.manifest.accuracy is not None
    assert done.manifest.accuracy.sqnr_db > 20
    notes = {note.code: note for note in done.manifest.warnings}
    assert "tflite-runtime 2.14 refuses the file" in notes["newer-runtime"].message
    assert done.manifest.sizes["model"] < 0.45 * model.stat().st_size


def test_no_c_is_made_and_a_microcontroller_refuses(model: Path) -> None:
    with pytest.raises(UnsupportedError) as caught:
        convert_model(model, load_target("virtual-m4"), OPTIONS, tool_version="0.0.test")
    assert "has int8 weights under float32 activations; LiteRT quantizes" in caught.value.found
    assert "--precision int8, or float16" in caught.value.hint
    host = convert_model(model, load_target("host"), OPTIONS, tool_version="0.0.test")
    assert host.code.source is None
    assert "no-c" in [note.code for note in host.manifest.warnings]


@pytest.mark.tensorflow
def test_weights_and_outputs_equal_tensorflows(tmp_path: Path) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("needs tensorflow: pip install -e '.[convert]'")
    exact, theirs = store_smaller_with_tensorflow("dynamic", tmp_path)
    graph, other = dynamic(read_tflite(exact, "net")), read_tflite(theirs, "net")
    for mine, reference in zip(graph.nodes, other.nodes, strict=True):
        if "weights" not in mine.op.INPUTS:
            continue
        stored, expected = graph.input(mine, 1), other.input(reference, 1)
        assert stored.dtype is expected.dtype
        assert stored.quant == expected.quant
        np.testing.assert_array_equal(stored.values, expected.values)
    x = np.random.default_rng(4).normal(0, 1, (1, 16, 16, 3)).astype(np.float32)
    for kernels in ("reference", "default"):
        [ours] = open_interpreter(write_tflite(graph), kernels=kernels).run([x])
        [reference] = open_interpreter(theirs, kernels=kernels).run([x])
        np.testing.assert_array_equal(ours, reference)
