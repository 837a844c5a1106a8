"""Quantization-aware training: what is trained is what the integer graph has and computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit.converter.compress.passes import compress
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph, Node
from edgekit.converter.load.load import load_model
from edgekit.converter.options import ConvertOptions
from edgekit.converter.quantize.calibrate import calibrate
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.groups import same_scale_groups
from edgekit.converter.quantize.int8 import quantize_int8, quantize_ranges
from edgekit.converter.quantize.params import asymmetric, quantize_array
from edgekit.converter.quantize.recorded import recorded_ranges
from edgekit.converter.quantize.scheme import SCHEMES, WEIGHTED
from edgekit.converter.tflite.reader import TRAINED_FOR
from edgekit.converter.train.fake_quant import DECAY, FakePlan, FakeQuant
from edgekit.converter.train.options import QATS, TrainOptions
from edgekit.converter.train.train import Places, Trained
from edgekit.converter.train.trainable import Trainable
from edgekit.errors import DataError, ModelError, UsageError
from tests.helpers.colour_networks import colour_network, write_colour_network
from tests.helpers.colours import coloured
from tests.helpers.fine_tuning import fine_tuned
from tests.helpers.float_graphs import FloatGraph, samples

pytestmark = pytest.mark.tensorflow
tf = pytest.importorskip("tensorflow")


def _fake(graph: Graph, qat: str, x: Any) -> Trainable:
    plan = FakePlan.of(graph, calibrate(graph, [x]), SCHEMES[qat])
    return Trainable(tf, graph, fake=FakeQuant(tf, plan))


def _node(graph: Graph, name: str) -> Node:
    return next(node for node in graph.nodes if node.name == name)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_colour_network(tmp_path_factory.mktemp("start") / "start.tflite")


@pytest.fixture(scope="module", params=QATS)
def trained(
    request: pytest.FixtureRequest,
    colours: Path,
    start: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[str, Trained]:
    place = tmp_path_factory.mktemp("qat") / f"{request.param}.tflite"
    return request.param, fine_tuned(colours, start, place, qat=request.param)


def _inputs(count: int, seed: int) -> tuple[Any, Any]:
    x, labels = coloured(count, seed)
    return (x.astype(np.float32) - 127.5) / 127.5, labels


@pytest.mark.parametrize("qat", QATS)
def test_weights_are_those_of_the_integer_graph(qat: str) -> None:
    """In the forward pass already, integer for integer, and in what is written."""
    graph = colour_network(3)
    x, _ = _inputs(40, 1)
    network = _fake(graph, qat, x)
    done = quantize_ranges(graph, calibrate(graph, [x]), SCHEMES[qat]).graph
    again = quantize_int8(network.graph(), iter(()), scheme=SCHEMES[qat]).graph
    for node in graph.nodes:
        if type(node.op) not in WEIGHTED:
            continue
        assert network.fake is not None
        name = graph.input(node, 1).name
        used = np.asarray(network.fake.weights(tf, node, tf.constant(graph[name].values)))
        stored = done.input(_node(done, node.name), 1)
        assert stored.quant is not None
        form = SCHEMES[qat].weights_of(node)
        np.testing.assert_array_equal(quantize_array(used, stored.quant, form), stored.values)
        written = again.input(_node(again, node.name), 1)
        np.testing.assert_array_equal(written.values, stored.values)
        np.testing.assert_array_equal(network.graph()[name].values, used)


@pytest.mark.parametrize("qat", QATS)
def test_rounding_lets_gradients_through(qat: str) -> None:
    graph = colour_network()
    x, _ = _inputs(40, 1)
    network = _fake(graph, qat, x)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(network(x, training=True)[0]))
    for gradient in tape.gradient(loss, network.trainable_variables):
        assert np.count_nonzero(gradient) >= 0.8 * np.size(gradient)


def test_clipping_stops_them() -> None:
    g = FloatGraph()
    y = g.dense(g.input((1, 2)), np.eye(2), np.zeros(2), name="y")
    graph = g.graph(g.dense(y, np.ones((2, 2)), np.zeros(2), name="z"))
    ranges = {"x": (-9.0, 9.0), "y": (-1.0, 1.0), "z": (-9.0, 9.0)}
    network = Trainable(tf, graph, fake=FakeQuant(tf, FakePlan.of(graph, ranges, SCHEMES["int8"])))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(network(np.array([[0.5, 5.0]], np.float32))[0])
    first = np.asarray(tape.gradient(loss, network.trainable_variables)[0])
    assert first[0].any()
    assert not first[1].any()


def test_it_computes_what_the_integer_graph_does(trained: tuple[str, Trained]) -> None:
    """Within 1 step for 8 bits, 4 of the 256 times finer ones of 16, and with the same answers."""
    qat, result = trained
    graph = compress(load_model(result.model).graph)
    x, labels = _inputs(300, 3)
    plan = FakePlan.of(graph, recorded_ranges(graph), SCHEMES[qat])
    network = Trainable(tf, graph, fake=FakeQuant(tf, plan))
    ours = np.asarray(network(x)[0])
    done = quantize_int8(graph, iter(()), scheme=SCHEMES[qat]).graph
    theirs = outputs_real(done, x, ("scores",))["scores"]
    assert done["scores"].quant is not None
    steps = np.abs(ours - theirs) / done["scores"].quant.scale
    assert steps.max() < (4.5 if qat == "int16" else 2.5)
    assert (ours.argmax(axis=1) == theirs.argmax(axis=1)).mean() >= 0.99
    assert (theirs.argmax(axis=1) == labels).mean() >= 0.9


def test_tensorflow_reads_what_is_written(trained: tuple[str, Trained]) -> None:
    _, result = trained
    interpreter = tf.lite.Interpreter(model_path=str(result.model))
    interpreter.allocate_tensors()
    x, _ = _inputs(1, 3)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
    expected = outputs_real(load_model(result.model).graph, x)["softmax"]
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_ranges_survive_exactly(trained: tuple[str, Trained], tmp_path: Path) -> None:
    """Through file, reader, passes and quantizer, with no data given: --calibration none or not."""
    qat, result = trained
    graph = compress(load_model(result.model).graph)
    assert all(graph[name].range is not None for name in graph.activations())
    groups = same_scale_groups(graph)
    for calibration in (None, "none"):
        options = ConvertOptions(calibration=calibration, precision=qat, gate=False)
        made = edgekit.convert(
            result.model,
            target="virtual-m4",
            output_dir=tmp_path / str(calibration),
            options=options,
        )
        assert "recorded-ranges" in {note.code for note in made.manifest.warnings}
        done = load_model(tmp_path / str(calibration) / "model.tflite").graph
        for name in graph.activations():
            known, quant = graph[name].range, done[name].quant
            assert known is not None
            assert done[name].range is None
            if name != "softmax":
                assert quant == asymmetric(*known, SCHEMES[qat].activation), name
        same = {name for name in groups if not graph[name].constant}
        assert len({graph[name].range for name in same}) == 1


def test_data_look_at_the_result_only(
    trained: tuple[str, Trained], colours: Path, tmp_path: Path
) -> None:
    qat, result = trained
    files = []
    for calibration in (None, str(colours)):
        options = ConvertOptions(calibration=calibration, precision=qat)
        place = tmp_path / str(bool(calibration))
        made = edgekit.convert(result.model, target="virtual-m4", output_dir=place, options=options)
        assert made.manifest.recipe["ranges"] == "recorded in quantization-aware training"
        files.append((place / "model.tflite").read_bytes())
    assert files[0] == files[1]


def test_what_needs_data_says_so(trained: tuple[str, Trained], tmp_path: Path) -> None:
    _, result = trained

    def convert(**choices: Any) -> None:
        options = ConvertOptions(**choices)
        edgekit.convert(
            result.model, target="virtual-m4", output_dir=tmp_path / "b", options=options
        )

    with pytest.raises(DataError, match="no representative data given"):
        convert(rounding="gptq")
    with pytest.raises(UsageError) as caught:
        convert(ranges="mse")
    assert caught.value.code == "ranges-trained"
    assert "ranges of its quantization-aware training" in str(caught.value)


def test_ranges_are_averages_until_they_are_frozen() -> None:
    graph = colour_network()
    x, _ = _inputs(40, 1)
    network = _fake(graph, "int8", x)
    assert network.fake is not None
    [ranges] = network.fake.variables
    before = np.asarray(ranges)
    network(x, training=False)
    np.testing.assert_array_equal(np.asarray(ranges), before)
    network(2 * x, training=True)
    after = np.asarray(ranges)
    rows = list(dict.fromkeys(network.fake.plan.groups.values()))
    at = rows.index("x")
    np.testing.assert_allclose(
        after[at],
        DECAY * before[at] + (1 - DECAY) * np.array([2 * x.min(), 2 * x.max()]),
        rtol=1e-5,
    )
    assert np.any(after != before, axis=1).all()
    network.fake.observing = False
    network(3 * x, training=True)
    np.testing.assert_array_equal(np.asarray(ranges), after)


def test_constants_count_in_the_ranges_they_share() -> None:
    g = FloatGraph()
    x = g.input((1, 2, 2, 2))
    joined = g.node(ops.Concatenation(3), [x, g.constant(np.full((1, 2, 2, 1), 7.0), "seven")])
    graph = g.graph(joined)
    plan = FakePlan.of(graph, {"x": (-1.0, 1.0), joined: (-1.0, 7.0)}, SCHEMES["int8"])
    fake = FakeQuant(tf, plan)
    assert plan.least == {plan.groups["x"]: (0.0, 7.0)}
    fake.observe(tf, {"x": tf.constant([-1.0, 2.0])})
    np.testing.assert_allclose(np.asarray(fake.variables[0]), [[-1.0, 7.0]])
    step = 8 / 255
    rounded = plan.constants["seven"]
    assert np.abs(rounded - 7).max() <= step / 2
    assert np.abs(rounded / step - np.rint(rounded / step)).max() < 1e-3


def test_resumed_equals_uninterrupted(colours: Path, start: Path, tmp_path: Path) -> None:
    """Ranges, averages of them and what is frozen are part of it, and a teacher: itself."""
    options = {"qat": "int4", "ema": 0.9, "teachers": (start,), "feature_weight": 1.0, "epochs": 3}
    whole = fine_tuned(colours, start, tmp_path / "whole.tflite", **options)
    place = tmp_path / "part.tflite"

    def stop(*row: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fine_tuned(colours, start, place, on_epoch=stop, **options)
    with pytest.raises(ModelError, match="--qat was int4, now it is int8"):
        fine_tuned(colours, start, place, resume=True, **{**options, "qat": "int8"})
    resumed = fine_tuned(colours, start, place, resume=True, **options)
    assert resumed.rows == whole.rows
    assert place.read_bytes() == whole.model.read_bytes()
    assert [name for name, _ in resumed.teachers] == ["start.tflite"]


def test_training_on_from_a_quantization_aware_one(
    trained: tuple[str, Trained], colours: Path, tmp_path: Path
) -> None:
    """Its ranges are where the next begins; plain training leaves none."""
    qat, result = trained
    again = fine_tuned(
        colours, result.model, tmp_path / "again.tflite", qat=qat, epochs=1, rate=1e-9
    )
    first, second = (load_model(each.model).graph for each in (result, again))
    for name in ("x", "mean", "scores"):
        np.testing.assert_allclose(first[name].range, second[name].range, rtol=0.1)
    plain = fine_tuned(colours, result.model, tmp_path / "plain.tflite", epochs=1)
    assert recorded_ranges(load_model(plain.model).graph) == {}
    told = [load_model(each.model).graph.metadata.get(TRAINED_FOR) for each in (result, plain)]
    assert told == [qat, None]


def test_some_ranges_are_none() -> None:
    """A file with ranges on some of its tensors only is calibrated as any other."""
    graph = colour_network()
    part = graph.with_tensors(replace(graph["stem"], range=(0.0, 1.0)))
    assert recorded_ranges(part) == {}
    with pytest.raises(DataError):
        quantize_int8(part, iter(()))
    x = samples(graph, 8)
    assert quantize_int8(part, [x]).ranges == quantize_int8(graph, [x]).ranges


def _usage(call: Callable[[], object], code: str, *words: str) -> None:
    with pytest.raises(UsageError) as caught:
        call()
    assert caught.value.code == code
    for word in words:
        assert word in str(caught.value)


def test_what_is_refused(start: Path) -> None:
    _usage(lambda: TrainOptions(qat="int8"), "qat-start", "none is named", "--start MODEL")
    _usage(lambda: TrainOptions(start=start, qat="int2"), "bad-option", "int8, int4, int16")
    assert Places.of(None, None, start, "int8").model == Path("start_qat.tflite")
