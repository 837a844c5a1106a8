"""The calibration linter: one test per code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.figures import Note
from edgekit.converter.data.dataset import Dataset
from edgekit.converter.data.lint import lint_calibration
from edgekit.converter.data.open import open_dataset
from edgekit.converter.ir.graph import DType, Graph, Quant
from edgekit.converter.load.load import load_model
from edgekit.errors import DataError
from tests.helpers.float_graphs import FloatGraph, classifier, samples

READY = Preprocess(resize="none", source="guessed: arrays")


def lint(
    data: np.ndarray | Dataset, *, graph: Graph | None = None, preprocess: Preprocess = READY
) -> dict[str, Note]:
    dataset = open_dataset(data) if isinstance(data, np.ndarray) else data
    return {
        note.code: note for note in lint_calibration(graph or classifier(), dataset, preprocess)
    }


def refusal(data: np.ndarray, **options: object) -> DataError:
    with pytest.raises(DataError) as caught:
        lint(data, **options)  # type: ignore[arg-type]
    assert caught.value.hint
    return caught.value


def good(count: int = 120) -> np.ndarray:
    return samples(classifier(), count)


def expecting(low: float, high: float) -> Graph:
    """A model whose first layer has a spread near 1 for inputs in [low, high]."""
    rng = np.random.default_rng(5)
    g = FloatGraph()
    weights = rng.normal(0, 1.5 / (high - low), (8, 3, 3, 3))
    return g.graph(g.conv(g.input((1, 8, 8, 3)), weights, rng.normal(0, 1, 8)))


def uniform(low: float, high: float) -> np.ndarray:
    return np.random.default_rng(6).uniform(low, high, (120, 8, 8, 3)).astype(np.float32)


def test_good_data_pass_without_a_word() -> None:
    assert lint(good()) == {}


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite(bad: float) -> None:
    data = good()
    data[7, 3, 3, 1] = bad
    error = refusal(data)
    assert error.code == "not-finite"
    assert "sample 7" in error.subject


def test_all_zero() -> None:
    assert refusal(np.zeros((120, 8, 8, 3), np.float32)).code == "all-zero"


def test_constant() -> None:
    levels = np.linspace(0, 1, 120, dtype=np.float32)[:, None, None, None]
    assert refusal(np.broadcast_to(levels, (120, 8, 8, 3)).copy()).code == "constant"


def test_all_the_same() -> None:
    assert refusal(np.repeat(good(1), 120, axis=0)).code == "all-same"


def test_another_shape() -> None:
    assert refusal(np.ones((4, 5), np.float32)).code == "sample-shape"


def test_few_samples() -> None:
    note = lint(good(99))["few-samples"]
    assert "99" in note.message
    assert "100" in note.advice


def test_some_zero_and_constant_samples() -> None:
    data = good()
    data[3] = 0
    data[5] = 2
    notes = lint(data)
    assert "sample 3" in notes["zero-samples"].message
    assert "sample 5" in notes["constant-samples"].message


def test_duplicates() -> None:
    data = good()
    data[100:] = data[:20]
    assert "20 samples repeat" in lint(data)["duplicates"].message


def test_a_few_duplicates_are_tolerated() -> None:
    data = good()
    data[119] = data[0]
    assert lint(data) == {}


def test_one_class_only() -> None:
    dataset = replace(open_dataset(good()), labels=(1,) * 120)
    assert "one-class" in lint(dataset)


def test_unit_data_for_a_model_of_bytes() -> None:
    error = refusal(uniform(0, 1), graph=expecting(0, 255))
    assert error.code == "wrong-scale"
    assert "--scale 255" in error.hint


def test_bytes_for_a_model_of_unit_data() -> None:
    error = refusal(uniform(0, 255), graph=expecting(0, 1))
    assert error.code == "wrong-scale"
    assert "--scale 1/255" in error.hint


@pytest.mark.parametrize("high", [1, 255])
def test_the_right_scale(high: float) -> None:
    assert lint(uniform(0, high), graph=expecting(0, high)) == {}


def test_a_scale_given_on_purpose_is_only_doubted() -> None:
    given = Preprocess(resize="none", source="flag (scale); guessed: as given")
    notes = lint(uniform(0, 1), graph=expecting(0, 255), preprocess=given)
    assert list(notes) == ["wrong-scale"]


def test_integers_for_a_float_model() -> None:
    data = np.random.default_rng(0).integers(-9, 9, (120, 8, 8, 3)).astype(np.int8)
    note = lint(data)["integer-samples"]
    assert "--mean" in note.advice


def quantized(scale: float, zero_point: int) -> Graph:
    graph = classifier()
    quant = Quant.per_tensor(scale, zero_point)
    return graph.with_tensors(replace(graph["x"], dtype=DType.INT8, quant=quant))


@pytest.mark.parametrize(("high", "code"), [(255, "clipped"), (0.01, "unused-range"), (1, None)])
def test_against_a_quantized_input(high: float, code: str | None) -> None:
    notes = lint(uniform(0, high), graph=quantized(1 / 255, -128))
    assert list(notes) == ([code] if code else [])


def test_progress_counts_samples() -> None:
    calls: list[tuple[int, int]] = []
    dataset = open_dataset(good())
    lint_calibration(
        classifier(), dataset, READY, progress=lambda done, total: calls.append((done, total))
    )
    assert calls[-1] == (120, 120)


@pytest.mark.data
@pytest.mark.parametrize(
    ("model", "divide", "code"),
    [
        ("mlperf_vww_96_float.tflite", 1.0, "wrong-scale"),
        ("mlperf_vww_96_float.tflite", 255.0, None),
        ("mobilenet_v1_0.25_128_float.tflite", 1.0, "wrong-scale"),
        ("mobilenet_v1_0.25_128_float.tflite", 127.5, None),
        ("mlperf_resnet8_cifar10_float.tflite", 1.0, None),
        ("mlperf_resnet8_cifar10_float.tflite", 255.0, "wrong-scale"),
    ],
)
def test_published_models(test_data: Path, model: str, divide: float, code: str | None) -> None:
    graph = load_model(test_data / "models" / model).graph
    photos = open_dataset(test_data / "datasets" / "coco256_person", limit=16)
    shape = graph[graph.inputs[0]].shape[1:]
    from edgekit.converter.data.batches import batches

    pixels = np.concatenate(list(batches(photos, Preprocess(), shape)))
    data = pixels / np.float32(divide) - (1 if divide == 127.5 else 0)
    if code:
        assert refusal(data, graph=graph).code == code
    else:
        assert list(lint(data, graph=graph)) == ["few-samples"]
