"""Data for models with several inputs, from archives and from Python."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.data.batches import graph_batches
from edgekit.converter.data.guess import choose_preprocess
from edgekit.converter.data.lint import lint_calibration
from edgekit.converter.data.open import open_dataset
from edgekit.converter.data.several import input_specs
from edgekit.converter.ir import ops
from edgekit.converter.ir.graph import Graph
from edgekit.errors import DataError
from tests.helpers.float_graphs import FloatGraph

RNG = np.random.default_rng(5)


def _graph(same_shape: bool = False) -> Graph:
    g = FloatGraph("two")
    image, meta = g.input((1, 2, 3, 1), "image"), g.input((1, 6 if same_shape else 4), "meta")
    flat = g.node(ops.Reshape(), [image], "flat", (1, 6))
    left = g.dense(flat, RNG.normal(0, 1, (4, 6)), name="left")
    right = g.dense(meta, RNG.normal(0, 1, (4, 6 if same_shape else 4)), name="right")
    return g.graph(g.node(ops.Add(), [left, right], "sum"))


def _arrays(count: int = 40) -> dict[str, np.ndarray]:
    return {
        "image": RNG.normal(0, 1, (count, 2, 3)).astype(np.float64),
        "meta": RNG.integers(0, 9, (count, 4)),
    }


def failure(graph: Graph, spec: object) -> DataError:
    def read() -> None:
        dataset = open_dataset(spec, inputs=input_specs(graph))
        list(graph_batches(dataset, Preprocess(), graph))

    with pytest.raises(DataError) as caught:
        read()
    return caught.value


def test_an_archive_has_an_array_for_each_input(tmp_path: Path) -> None:
    arrays, graph = _arrays(), _graph()
    np.savez(tmp_path / "d.npz", **arrays, y=np.arange(40) % 4)
    dataset = open_dataset(tmp_path / "d.npz", limit=10, inputs=input_specs(graph))
    assert (dataset.count, dataset.total, len(dataset.labels or ())) == (10, 40, 10)
    [batch] = graph_batches(dataset, Preprocess(), graph)
    assert isinstance(batch, dict)
    assert {name: (a.shape, a.dtype.name) for name, a in batch.items()} == {
        "image": ((10, 2, 3, 1), "float32"),
        "meta": ((10, 4), "float32"),
    }
    chosen = [int(label) for label in dataset.labels or ()]
    rows = [int(name.split()[1]) for name in dataset.names]
    assert chosen == [row % 4 for row in rows]
    assert np.array_equal(batch["meta"], arrays["meta"][rows])


def test_arrays_of_other_names_are_found_by_their_shape(tmp_path: Path) -> None:
    arrays, graph = _arrays(), _graph()
    np.savez(tmp_path / "d.npz", pixels=arrays["image"], facts=arrays["meta"])
    dataset = open_dataset(tmp_path / "d.npz", inputs=input_specs(graph))
    [batch, *_] = graph_batches(dataset, Preprocess(), graph)
    assert isinstance(batch, dict)
    assert np.array_equal(batch["meta"], arrays["meta"][:16])


def test_inputs_of_one_shape_need_their_names(tmp_path: Path) -> None:
    np.savez(tmp_path / "d.npz", a=np.ones((3, 6)), b=np.ones((3, 6)))
    error = failure(_graph(same_shape=True), tmp_path / "d.npz")
    assert error.code == "several-inputs"
    assert "a [3, 6], b [3, 6]" in error.found


def _as_lists() -> Iterable[Any]:
    arrays = _arrays(5)
    for image, meta in zip(arrays["image"], arrays["meta"], strict=True):
        yield [image, meta]


def _as_dicts() -> Iterable[Any]:
    arrays = _arrays(5)
    for image, meta in zip(arrays["image"], arrays["meta"], strict=True):
        yield {"meta": meta, "image": image}


@pytest.mark.parametrize("source", [_as_lists, _as_dicts, lambda: _arrays(5)])
def test_from_python(source: Callable[[], Any]) -> None:
    graph = _graph()
    spec = source() if source is not _as_lists else source
    dataset = open_dataset(spec, inputs=input_specs(graph))
    [batch] = graph_batches(dataset, Preprocess(), graph)
    assert isinstance(batch, dict)
    assert {name: a.shape for name, a in batch.items()} == {
        "image": (5, 2, 3, 1),
        "meta": (5, 4),
    }


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda folder: folder, "a folder"),
        (lambda folder: folder / "no.npz", "no such file"),
        (lambda folder: np.ones((4, 6)), "a single ndarray"),
        (lambda folder: {"image": np.ones((4, 2, 3))}, "no array for input meta [4]"),
        (
            lambda folder: {"image": np.ones((4, 2, 3)), "meta": np.ones((5, 4))},
            "differ in number: 4 for image, 5 for meta",
        ),
        (lambda folder: [[np.ones(6)]], "without an array for every input"),
        (lambda folder: [{"image": np.ones(6)}], "without an array for every input"),
    ],
)
def test_what_does_not_fit_names_the_inputs(
    make: Callable[[Path], object], words: str, tmp_path: Path
) -> None:
    error = failure(_graph(), make(tmp_path))
    assert error.code == "several-inputs"
    assert words in error.found
    assert "image [2, 3, 1], meta [4]" in error.allowed


def test_samples_of_another_shape_are_named() -> None:
    arrays = {"image": np.ones((3, 2, 4)), "meta": np.ones((3, 4))}
    error = failure(_graph(), arrays)
    assert error.code == "sample-shape"
    assert "[2, 4]" in error.found


def test_the_linter_looks_at_every_input() -> None:
    graph, arrays = _graph(), _arrays(20)
    dataset = open_dataset(arrays, inputs=input_specs(graph))
    preprocess = choose_preprocess(graph, dataset).preprocess
    notes = lint_calibration(graph, dataset, preprocess)
    assert [note.code for note in notes] == ["few-samples"]
    arrays["image"][7, 0, 0] = np.nan
    with pytest.raises(DataError) as caught:
        lint_calibration(graph, open_dataset(arrays, inputs=input_specs(graph)), preprocess)
    assert caught.value.code == "not-finite"
    assert caught.value.subject == "arrays (20 samples), sample 7, input image"


def test_one_constant_input_is_no_fault() -> None:
    graph, arrays = _graph(), _arrays(20)
    arrays["meta"][:] = 0
    dataset = open_dataset(arrays, inputs=input_specs(graph))
    notes = lint_calibration(graph, dataset, Preprocess())
    assert [note.code for note in notes] == ["few-samples"]
