"""Csv files of numbers as data sets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.converter.data.open import open_dataset
from edgekit.converter.data.several import InputSpec
from edgekit.errors import DataError


def written(folder: Path, text: str) -> Path:
    path = folder / "set.csv"
    path.write_text(text)
    return path


def spec(features: int) -> tuple[InputSpec, ...]:
    return (InputSpec("x", "x", (features,)),)


@pytest.mark.parametrize(
    ("text", "features", "labels"),
    [
        ("1,2,0\n3,4,1\n", None, (0, 1)),  # without a model the last column is the label
        ("1,2,0\n3,4,1\n", 2, (0, 1)),
        ("a,b,y\n1,2,0\n3,4,1\n", 2, (0, 1)),
        ("label,a,b\n0,1,2\n1,3,4\n", 2, (0, 1)),
        ("a;b;class\n1;2;0\n3;4;1\n", None, (0, 1)),
        ("1,2\n3,4\n", 2, None),  # as many numbers as the model reads
        ("a,b\n1,2\n3,4\n", 2, None),
    ],
)
def test_numbers_and_where_their_label_is(
    tmp_path: Path, text: str, features: int | None, labels: tuple[int, ...] | None
) -> None:
    inputs = () if features is None else spec(features)
    dataset = open_dataset(written(tmp_path, text), inputs=inputs)
    assert dataset.labels == labels
    np.testing.assert_array_equal(np.stack(list(dataset.samples)), [[1, 2], [3, 4]])


def test_labels_may_be_words(tmp_path: Path) -> None:
    dataset = open_dataset(written(tmp_path, "a,b,species\n1,2.5,setosa\n-3,4e1,birch\n"))
    assert (dataset.labels, dataset.classes) == ((1, 0), ("birch", "setosa"))


def test_values_that_are_no_classes_are_named(tmp_path: Path) -> None:
    dataset = open_dataset(written(tmp_path, "a,b,y\n1,2,0.5\n3,4,1.5\n"))
    assert dataset.labels is None
    assert [note.code for note in dataset.notes] == ["labels-not-classes"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("1,2,0\n3,4\n", "line 2 has 2 cells, the first 3"),
        ("a,b,y\n1,,0\n3,4,1\n", "the cell '' is no number"),
    ],
)
def test_broken_rows_are_refused(tmp_path: Path, text: str, found: str) -> None:
    with pytest.raises(DataError) as caught:
        open_dataset(written(tmp_path, text))
    assert (caught.value.code, caught.value.found) == ("bad-csv", found)
    assert "rows of numbers" in caught.value.allowed
