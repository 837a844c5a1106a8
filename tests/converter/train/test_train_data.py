"""Labelled data for training: every form, and every refusal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from edgekit.converter.train import data
from edgekit.converter.train.data import Labelled, load, load_evaluation, split
from edgekit.converter.train.shapes import Shape
from edgekit.errors import DataError, UsageError
from tests.helpers.colours import CLASSES, coloured, write_colours


def _quiet(stage: str, done: int, total: int) -> None:
    """No progress."""


def _load(spec: Any, shape: Shape | None = None, samples: int | None = None) -> Labelled:
    return load(spec, shape, samples=samples, seed=0, progress=_quiet)


def _refused(call: Callable[[], object], code: str, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        call()
    assert caught.value.code == code
    assert caught.value.hint
    for word in words:
        assert word in str(caught.value)


def _pictures(folder: Path, *classes: str, sizes: tuple[int, ...] = (12,)) -> Path:
    for number, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for index, size in enumerate(sizes * 2):
            Image.new("RGB", (size, size), (90 * number, 10, index)).save(
                folder / name / f"{index}.png"
            )
    return folder


def test_an_archive(colours: Path) -> None:
    found = _load(colours)
    x, labels = coloured(96, 1)
    np.testing.assert_array_equal(found.x, x)
    np.testing.assert_array_equal(found.labels, labels)
    assert (found.classes, found.images, found.shape) == (CLASSES, True, (8, 8, 3))
    assert found.scaling is not None
    assert (found.scaling.mean, found.scaling.scale) == ((127.5,), (1 / 127.5,))
    assert _load(colours, samples=30).count == 30


def test_a_folder_per_class_and_a_csv(tmp_path: Path) -> None:
    folder = _pictures(tmp_path / "pictures", "cat", "dog")
    found = _load(folder)
    assert (found.classes, found.labels.tolist()) == (("cat", "dog"), [0, 0, 1, 1])
    assert _load(folder, (8, 16, 1)).x.shape == (4, 8, 16, 1)
    rows = [f"pictures/{name}/0.png,{name}" for name in ("dog", "cat")]
    (tmp_path / "rows.csv").write_text("\n".join(rows))
    assert _load(tmp_path / "rows.csv").labels.tolist() == [1, 0]


def test_arrays_stay_as_they_are(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(6, 9, 8, 1))
    np.savez(tmp_path / "a.npz", x=x, y=[0, 1, 2, 0, 1, 2])
    found = _load(tmp_path / "a.npz")
    np.testing.assert_array_equal(found.x, x.astype(np.float32))
    assert (found.images, found.scaling, found.classes) == (False, None, ("0", "1", "2"))
    np.savez(tmp_path / "b.npz", x=(x * 9).astype(np.int8), y=[0, 1, 2, 0, 1, 2])
    assert _load(tmp_path / "b.npz").x.dtype == np.int8


def test_the_hash_follows_samples_labels_and_classes(colours: Path, tmp_path: Path) -> None:
    found = _load(colours)
    assert found.sha256() == _load(colours).sha256()
    others = [write_colours(tmp_path / "a.npz", seed=2)]
    x, y = coloured(96, 1)
    np.savez(tmp_path / "b.npz", x=x, y=y)
    np.savez(tmp_path / "c.npz", x=x, y=(y + 1) % 3, classes=np.array(CLASSES))
    others += [tmp_path / "b.npz", tmp_path / "c.npz"]
    assert len({found.sha256(), *(_load(other).sha256() for other in others)}) == 4


def test_validation_is_held_back(colours: Path) -> None:
    whole = _load(colours)
    kept, held = split(whole, 0.25, 7)
    assert held is not None
    assert (kept.count, held.count) == (72, 24)
    assert held.source == "24 samples held back from colours.npz (96 samples)"
    rows = np.concatenate([kept.x, held.x]).reshape(96, -1)
    assert len(np.unique(rows, axis=0)) == len(np.unique(whole.x.reshape(96, -1), axis=0))
    again = split(whole, 0.25, 7)[1]
    assert again is not None
    np.testing.assert_array_equal(again.x, held.x)
    assert split(whole, 0, 7) == (whole, None)
    few = split(whole, 0.001, 7)[1]
    assert few is not None
    assert few.count == 1


def test_evaluation_data_are_matched_by_name(tmp_path: Path) -> None:
    train = _load(_pictures(tmp_path / "a", "cat", "dog", "fox"))
    found = load_evaluation(_pictures(tmp_path / "b", "dog", "fox", sizes=(20,)), train, _quiet)
    assert (found.labels.tolist(), found.classes) == ([1, 1, 2, 2], train.classes)
    assert found.shape == train.shape
    cow = _pictures(tmp_path / "c", "cat", "cow")
    _refused(lambda: load_evaluation(cow, train, _quiet), "other-classes", "'cow'", "cat, dog, fox")


def test_evaluation_data_without_names_count_from_0(colours: Path, tmp_path: Path) -> None:
    train, (x, y) = _load(colours), coloured(9, 4)
    np.savez(tmp_path / "a.npz", x=x, y=y)
    found = load_evaluation(tmp_path / "a.npz", train, _quiet)
    np.testing.assert_array_equal(found.labels, y)
    np.savez(tmp_path / "b.npz", x=x, y=y + 1)
    _refused(lambda: load_evaluation(tmp_path / "b.npz", train, _quiet), "other-classes", "'0'")
    np.savez(tmp_path / "c.npz", x=x.astype(np.float32), y=y)
    _refused(
        lambda: load_evaluation(tmp_path / "c.npz", train, _quiet), "other-classes", "holds arrays"
    )


def test_data_without_labels(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=coloured(9, 0)[0])
    _refused(lambda: _load(tmp_path / "a.npz"), "no-labels", "a folder per class")
    np.savez(tmp_path / "b.npz", x=coloured(9, 0)[0], y=np.linspace(0, 1, 9))
    _refused(lambda: _load(tmp_path / "b.npz"), "no-labels", "are no class indices")


def test_one_class(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=coloured(9, 0)[0], y=np.ones(9), classes=np.array(CLASSES))
    _refused(lambda: _load(tmp_path / "a.npz"), "one-class", "all 9 samples", "'green'")


def test_class_indices_far_from_0(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=coloured(9, 0)[0], y=np.arange(9) + 10**6)
    _refused(lambda: _load(tmp_path / "a.npz"), "class-indices", "1000008", "0, 1, 2")


def test_samples_of_several_sizes(tmp_path: Path) -> None:
    folder = _pictures(tmp_path / "a", "cat", "dog", sizes=(12, 20))
    _refused(lambda: _load(folder), "input-unknown", "12x12x3 and 20x20x3", "--input")
    assert _load(folder, (16, 16, 3)).shape == (16, 16, 3)
    np.savez(tmp_path / "b.npz", x=np.ones((4, 9)), y=[0, 1, 0, 1])
    _refused(lambda: _load(tmp_path / "b.npz"), "input-unknown", "shape 9")


def test_arrays_of_another_shape_and_values_that_are_none(tmp_path: Path) -> None:
    x = np.ones((4, 9, 8, 2))
    np.savez(tmp_path / "a.npz", x=x, y=[0, 1, 0, 1])
    _refused(lambda: _load(tmp_path / "a.npz", (8, 8, 2)), "sample-shape", "9x8x2", "not resized")
    x[2, 0, 0, 0] = np.nan
    np.savez(tmp_path / "b.npz", x=x, y=[0, 1, 0, 1])
    _refused(lambda: _load(tmp_path / "b.npz"), "not-finite", "sample 2", "1 values are NaN")


def test_images_have_one_or_three_channels(colours: Path) -> None:
    with pytest.raises(UsageError, match=r"8x8x2: images have no 2 channels"):
        _load(colours, (8, 8, 2))


def test_more_data_than_memory(colours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "memory_bytes", lambda: 2.0**30)
    _refused(lambda: _load(colours, (4096, 4096, 3)), "too-much-data", "4.5 GiB", "--samples")
    assert _load(colours).count == 96
