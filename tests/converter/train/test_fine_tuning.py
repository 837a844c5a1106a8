"""Trained models trained further: they stay good, repeat and resume exactly, and convert."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.converter.ir import ops
from edgekit.converter.load.load import load_model
from edgekit.converter.quantize.execute import outputs_real
from edgekit.converter.quantize.int8 import quantize_int8
from edgekit.converter.tflite.writer import write_tflite
from edgekit.converter.train.options import FINE_EPOCHS, FINE_RATES, TrainOptions
from edgekit.converter.train.train import Places, Trained, train
from edgekit.errors import DataError, EdgeKitError, ModelError, UsageError
from tests.helpers.colour_networks import colour_network, write_colour_network
from tests.helpers.colours import coloured
from tests.helpers.fine_tuning import TINY, fine_tuned
from tests.helpers.float_graphs import FloatGraph, classifier, samples

pytestmark = pytest.mark.tensorflow
pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A float .tflite that knows its colours."""
    return write_colour_network(tmp_path_factory.mktemp("start") / "start.tflite")


def test_a_trained_network_stays_good(colours: Path, start: Path, tmp_path: Path) -> None:
    """What is written is a float .tflite of the same structure, with the top-1 that was told."""
    x, labels = coloured(120, 9)
    np.savez(tmp_path / "other.npz", x=x, y=labels, classes=np.array(["blue", "green", "red"]))
    found = fine_tuned(
        colours, start, tmp_path / "a.tflite", evaluation=str(tmp_path / "other.npz")
    )
    assert (found.architecture, found.parameters) == ("start.tflite", 8 * 28 + 80 + 72 + 51)
    before, after = load_model(start).graph, load_model(found.model).graph
    assert [node.op for node in before.nodes] == [node.op for node in after.nodes]
    assert list(before.tensors) == list(after.tensors)
    answers = outputs_real(after, ((x.astype(np.float32) - 127.5) / 127.5))["softmax"]
    assert found.top1 == float((answers.argmax(axis=1) == labels).mean())
    assert found.top1 >= 0.9
    changed = [n for n in before.tensors if not _equal(before[n].data, after[n].data)]
    assert len(changed) == 8


def _equal(a: Any, b: Any) -> bool:
    return (a is None and b is None) or np.array_equal(a, b)


def test_resumed_equals_uninterrupted(colours: Path, start: Path, tmp_path: Path) -> None:
    options = {"ema": 0.9, "optimizer": "adamw", "teachers": (start,), "feature_weight": 1.0}
    whole = fine_tuned(colours, start, tmp_path / "whole.tflite", **options)
    place = tmp_path / "part.tflite"

    def stop(*row: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fine_tuned(colours, start, place, on_epoch=stop, **options)
    assert not place.exists()
    other = write_colour_network(tmp_path / "start.tflite", seed=1)
    with pytest.raises(ModelError, match="of another training: the start models differ"):
        fine_tuned(colours, other, place, resume=True, **options)
    resumed = fine_tuned(colours, start, place, resume=True, **options)
    assert (resumed.resumed_after, resumed.rows) == (1, whole.rows)
    assert place.read_bytes() == whole.model.read_bytes()
    assert not Places(place).checkpoint.exists()


@pytest.mark.parametrize(("scale", "mean"), [(1 / 255, 0.0), (1.0, 0.0)])
def test_its_scaling_is_found(scale: float, mean: float, colours: Path, tmp_path: Path) -> None:
    graph = colour_network(scale=scale, mean=mean)
    (tmp_path / "start.tflite").write_bytes(write_tflite(graph))
    options = {"epochs": 1, "evaluation": str(colours)}
    found = fine_tuned(colours, tmp_path / "start.tflite", tmp_path / "a.tflite", **options)
    assert found.top1 is not None
    assert found.top1 >= 0.9


def test_defaults_are_gentle(tmp_path: Path) -> None:
    fine, whole = TrainOptions(start=tmp_path / "a.h5"), TrainOptions()
    assert (fine.length, fine.method, fine.peak) == (FINE_EPOCHS, "adamw", FINE_RATES["adamw"])
    assert (whole.length, whole.method, whole.peak) == (40, "sgd", 0.2)
    assert replace(fine, optimizer="sgd", batch=64).peak == FINE_RATES["sgd"] / 2


def test_places(tmp_path: Path) -> None:
    start = tmp_path / "net.h5"
    assert Places.of(None, None, start).model == Path("net_tuned.tflite")
    for output, words in (
        ("a.keras", "ends in .tflite"),
        (str(tmp_path), "ends in .tflite"),
    ):
        with pytest.raises(UsageError, match=words):
            Places.of(None, output, start)
    with pytest.raises(UsageError, match="is the model that training starts from"):
        Places.of(None, tmp_path / "net.tflite", tmp_path / "net.tflite")


def _refused(call: Callable[[], object], kind: type[EdgeKitError], code: str, *words: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert caught.value.code == code
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    ("option", "value"),
    [("width", 0.5), ("progressive", 0.5), ("real_weights", 0.5), ("binary", False)],
)
def test_options_of_the_zoo(option: str, value: object, start: Path) -> None:
    call = lambda: replace(TINY, start=start, **{option: value})  # type: ignore[arg-type]  # noqa: E731
    _refused(call, UsageError, "start-option", "is for networks of the zoo")


def test_what_cannot_be_started_from(colours: Path, start: Path, tmp_path: Path) -> None:
    def run(path: Path, data: Path = colours, **more: Any) -> Callable[[], object]:
        return lambda: fine_tuned(data, path, tmp_path / "a.tflite", **more)

    gone = tmp_path / "gone.tflite"
    _refused(run(gone), ModelError, "model-missing", "no such file")
    (tmp_path / "bad.tflite").write_bytes(b"\0\0\0\0TFL3")
    with pytest.raises(ModelError):
        run(tmp_path / "bad.tflite")()
    graph = classifier(classes=4)
    (tmp_path / "four.tflite").write_bytes(write_tflite(graph))
    four = tmp_path / "four.tflite"
    _refused(run(four), ModelError, "start-classes", "tells 4 classes apart", "3, as the training")
    done = quantize_int8(graph, [samples(graph, 9)]).graph
    (tmp_path / "int8.tflite").write_bytes(write_tflite(done))
    _refused(run(tmp_path / "int8.tflite"), ModelError, "train-quantized", "float models")
    _refused(run(start, shape=(9, 8, 3)), ModelError, "start-input", "takes 8x8x3", "9x8x3")
    x, _ = coloured(20, 0)
    np.savez(tmp_path / "unlabelled.npz", x=x)
    _refused(run(start, tmp_path / "unlabelled.npz"), DataError, "no-labels", "has no labels")
    both = replace(TINY, start=start)
    _refused(
        lambda: train("resnet8", colours, output=tmp_path / "a.tflite", options=both),
        UsageError,
        "two-networks",
        "one of the two",
    )


def test_features_take_maps(colours: Path, start: Path, tmp_path: Path) -> None:
    """A network of dense layers has none; it learns from scores, and its input is a flat image."""
    g = FloatGraph("flat")
    rng = np.random.default_rng(0)
    scores = g.dense(g.input((1, 192)), rng.normal(0, 0.05, (3, 192)), np.zeros(3))
    graph = g.graph(g.node(ops.Softmax(), [scores], "softmax"))
    (tmp_path / "flat.tflite").write_bytes(write_tflite(graph))
    x, labels = coloured(60, 2)
    arrays = (x.astype(np.float32) / 127.5 - 1).reshape(60, 1, 1, 192)
    np.savez(tmp_path / "flat.npz", x=arrays, y=labels, classes=np.array(["a", "b", "c"]))

    def run(weight: float) -> Trained:
        flat = tmp_path / "flat.tflite"
        options = {"epochs": 1, "feature_weight": weight, "teachers": (flat,), "augment": ()}
        return fine_tuned(tmp_path / "flat.npz", flat, tmp_path / "a.tflite", **options)

    _refused(lambda: run(1.0), UsageError, "no-features", "flat.tflite has no map")
    assert run(0.0).shape == (1, 1, 192)


def test_images_of_other_sizes_are_brought_to_the_model(start: Path, tmp_path: Path) -> None:
    x, labels = coloured(60, 2, side=16)
    np.savez(tmp_path / "large.npz", x=x, y=labels)
    found = fine_tuned(tmp_path / "large.npz", start, tmp_path / "a.tflite", epochs=1)
    assert found.shape == (8, 8, 3)
