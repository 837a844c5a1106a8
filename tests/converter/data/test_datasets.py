"""Every kind of data source: what is read, and the message for each way to get it wrong."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.converter.data.dataset import Dataset, Kind, subset
from edgekit.converter.data.open import open_dataset
from edgekit.errors import DataError, UsageError


def save(path: Path, value: int = 100, size: tuple[int, int] = (8, 6)) -> Path:
    """A small picture, grey level `value` with one corner black."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.full((size[1], size[0], 3), value, np.uint8)
    pixels[0, 0] = 0
    Image.fromarray(pixels).save(path)
    return path


def failure(spec: object, **options: int) -> DataError:
    with pytest.raises(DataError) as caught:
        open_dataset(spec, **options)
    return caught.value


# ------------------------------------------------------------------------------------ folders


def test_a_folder_is_read_recursively_in_natural_order(tmp_path: Path) -> None:
    for name in ("b10.png", "b2.png", "deep/er/a.jpg", ".hidden.png"):
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    dataset = open_dataset(tmp_path)
    assert dataset.names == ("b2.png", "b10.png", "a.jpg")
    assert dataset.kind is Kind.IMAGES
    assert dataset.labels is None
    assert [sample.shape for sample in dataset.samples] == [(6, 8, 3)] * 3
    assert dataset.description == f"{tmp_path.name} (3 samples)"


def test_a_folder_per_class_gives_labels(tmp_path: Path) -> None:
    for name in ("dog/1.png", "cat/1.png", "cat/2.png"):
        save(tmp_path / name)
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("cat", "dog")
    assert dataset.labels == (0, 0, 1)


def test_numbered_classes_are_in_numeric_order(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        save(tmp_path / str(number) / "a.png")
    assert open_dataset(tmp_path).classes == ("1", "2", "10")


def test_labels_txt_sets_the_order_of_the_classes(tmp_path: Path) -> None:
    for name in ("dog/1.png", "cat/1.png"):
        save(tmp_path / name)
    (tmp_path / "labels.txt").write_text("dog\nbird\ncat\n")
    dataset = open_dataset(tmp_path)
    assert dataset.classes == ("dog", "bird", "cat")
    assert dataset.labels == (2, 0)


def test_splits_are_no_classes(tmp_path: Path) -> None:
    for name in ("train/1.png", "test/1.png"):
        save(tmp_path / name)
    assert open_dataset(tmp_path).labels is None


def test_a_folder_called_images_is_named_with_its_parent(tmp_path: Path) -> None:
    save(tmp_path / "pets" / "images" / "a.png")
    assert open_dataset(tmp_path / "pets" / "images").source == "pets/images"


def test_missing_and_empty_folders(tmp_path: Path) -> None:
    assert failure(tmp_path / "nowhere").code == "data-missing"
    error = failure(tmp_path)
    assert error.code == "no-images"
    assert ".jpg" in error.allowed


@pytest.mark.parametrize("content", [b"", b"not an image", b"\x89PNG\r\n\x1a\n broken"])
def test_an_unreadable_image_is_named(tmp_path: Path, content: bytes) -> None:
    save(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(content)
    dataset = open_dataset(tmp_path)
    with pytest.raises(DataError) as caught:
        list(dataset.samples)
    assert caught.value.code == "image-unreadable"
    assert "bad.png" in caught.value.subject


def test_a_truncated_image_is_named(tmp_path: Path) -> None:
    path = save(tmp_path / "cut.jpg", size=(64, 64))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(DataError, match=r"cut\.jpg") as caught:
        open_dataset(path).load(0)
    assert caught.value.code == "image-unreadable"


# ---------------------------------------------------------------------------- labels.json, csv


def write_labels(folder: Path, content: object) -> Path:
    for name in ("a.png", "b.png"):
        save(folder / "images" / name)
    path = folder / "labels.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


PERSON = {
    "label_rule": "person=1 if a person is in it",
    "rows": [
        {"file": "a.png", "boxes": 3, "person": 1},
        {"file": "b.png", "boxes": 0, "person": 0},
    ],
}


@pytest.mark.parametrize("place", ["", "images", "labels.json"])
def test_labels_json_beside_the_images(tmp_path: Path, place: str) -> None:
    write_labels(tmp_path, PERSON)
    dataset = open_dataset(tmp_path / place)
    assert dataset.labels == (1, 0)
    assert dataset.classes == ("no person", "person")


@pytest.mark.parametrize(
    ("content", "labels", "classes"),
    [
        ({"a.png": "cat", "b.png": "ant"}, (1, 0), ("ant", "cat")),
        ({"a.png": 3, "b.png": 0}, (3, 0), None),
        ([{"file": "a.png", "label": 1}, {"file": "b.png", "label": 2}], (1, 2), None),
        ({"rows": [{"file": "b.png", "class": "dog"}]}, (0,), ("dog",)),
    ],
)
def test_forms_of_labels_json(
    tmp_path: Path, content: object, labels: tuple[int, ...], classes: tuple[str, ...] | None
) -> None:
    dataset = open_dataset(write_labels(tmp_path, content))
    assert (dataset.labels, dataset.classes) == (labels, classes)


@pytest.mark.parametrize(
    "content",
    ["{", '"text"', [], [{"file": "a.png"}], [{"file": "a.png", "label": 1}, {"label": 2}]],
)
def test_labels_json_that_says_nothing(tmp_path: Path, content: object) -> None:
    assert failure(write_labels(tmp_path, content)).code == "bad-labels"


def test_labels_json_that_names_a_missing_image(tmp_path: Path) -> None:
    error = failure(write_labels(tmp_path, {"a.png": 0, "c.png": 1, "d.png": 1}))
    assert error.code == "image-missing"
    assert "c.png and 1 more" in error.found


def test_labels_for_only_some_images_are_not_used(tmp_path: Path) -> None:
    write_labels(tmp_path, {"a.png": 1})
    dataset = open_dataset(tmp_path / "images")
    assert dataset.labels is None
    assert [note.code for note in dataset.notes] == ["labels-incomplete"]


def write_csv(folder: Path, rows: list[list[object]]) -> Path:
    for name in ("a.png", "b.png"):
        save(folder / name)
    path = folder / "set.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return path


@pytest.mark.parametrize("header", [[], [["path", "label"]]])
def test_csv_with_and_without_header(tmp_path: Path, header: list[list[object]]) -> None:
    dataset = open_dataset(write_csv(tmp_path, [*header, ["a.png", 4], ["b.png", 0]]))
    assert dataset.labels == (4, 0)
    assert dataset.names == ("a.png", "b.png")


def test_csv_with_class_names(tmp_path: Path) -> None:
    dataset = open_dataset(write_csv(tmp_path, [["a.png", "sun"], ["b.png", "rain"]]))
    assert (dataset.labels, dataset.classes) == ((1, 0), ("rain", "sun"))


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([], "bad-csv"),
        ([["a.png", ""]], "bad-csv"),
        ([["a.png"]], "bad-csv"),
        ([["gone.png", 1]], "image-missing"),
    ],
)
def test_csv_errors(tmp_path: Path, rows: list[list[object]], code: str) -> None:
    assert failure(write_csv(tmp_path, rows)).code == code


def test_csv_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "set.csv"
    path.write_bytes(b"\xff\xfe\x00")
    assert failure(path).code == "bad-csv"


# --------------------------------------------------------------------------------- npz and npy


def test_npz_with_labels(tmp_path: Path) -> None:
    x = np.arange(24, dtype=np.float32).reshape(4, 6)
    np.savez(tmp_path / "set.npz", x=x, y=[0, 1, 2, 1], classes=["a", "b", "c"])
    dataset = open_dataset(tmp_path / "set.npz")
    assert dataset.kind is Kind.ARRAYS
    assert (dataset.labels, dataset.classes) == ((0, 1, 2, 1), ("a", "b", "c"))
    np.testing.assert_array_equal(dataset.load(2), x[2])


@pytest.mark.parametrize("labels", [[[0], [2]], [[1, 0, 0], [0, 0, 1]]])
def test_columns_and_one_hot_labels(tmp_path: Path, labels: list[list[int]]) -> None:
    np.savez(tmp_path / "set.npz", x=np.ones((2, 3)), y=labels)
    assert open_dataset(tmp_path / "set.npz").labels == (0, 2)


@pytest.mark.parametrize("labels", [[0.5, 0.7], [-1, 1], [[0.2, 0.8], [0.1, 0.9]]])
def test_labels_that_are_no_classes_are_not_used(tmp_path: Path, labels: object) -> None:
    np.savez(tmp_path / "set.npz", x=np.ones((2, 3)), y=labels)
    dataset = open_dataset(tmp_path / "set.npz")
    assert dataset.labels is None
    assert [note.code for note in dataset.notes] == ["labels-not-classes"]


def test_a_single_array_needs_no_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", whatever=np.ones((3, 2)))
    assert open_dataset(tmp_path / "set.npz").count == 3


@pytest.mark.parametrize("shape", [(3, 4, 4, 3), (3, 4, 4, 1), (3, 4, 4)])
def test_byte_arrays_of_image_shape_are_images(tmp_path: Path, shape: tuple[int, ...]) -> None:
    np.save(tmp_path / "set.npy", np.ones(shape, np.uint8))
    dataset = open_dataset(tmp_path / "set.npy")
    assert dataset.kind is Kind.IMAGES
    assert dataset.load(0).ndim == 3


def packed(folder: Path, **changes: object) -> Path:
    """Two PNG images end to end, as the packed layout has them."""
    blobs = []
    for value in (10, 200):
        stream = io.BytesIO()
        Image.fromarray(np.full((4, 5, 3), value, np.uint8)).save(stream, "PNG")
        blobs.append(stream.getvalue())
    fields: dict[str, object] = {
        "data": np.frombuffer(b"".join(blobs), np.uint8),
        "offsets": np.cumsum([0, *map(len, blobs)]),
        "labels": np.array([1, 0], np.uint8),
        "names": np.array([b"dark.png", b"light.png"]),
        "classes": np.array(["light", "dark"]),
    }
    np.savez(folder / "packed.npz", **{**fields, **changes})
    return folder / "packed.npz"


def test_packed_images_are_decoded_one_by_one(tmp_path: Path) -> None:
    dataset = open_dataset(packed(tmp_path))
    assert dataset.kind is Kind.IMAGES
    assert dataset.names == ("dark.png", "light.png")
    assert (dataset.labels, dataset.classes) == ((1, 0), ("light", "dark"))
    assert [int(sample[0, 0, 0]) for sample in dataset.samples] == [10, 200]


@pytest.mark.parametrize("offsets", [[0, 5, 10**6], [0, 9, 9], [3], [[0, 1]], [-1, 4, 9]])
def test_offsets_that_do_not_fit(tmp_path: Path, offsets: object) -> None:
    assert failure(packed(tmp_path, offsets=np.array(offsets))).code == "array-unreadable"


def test_a_packed_image_that_is_damaged(tmp_path: Path) -> None:
    dataset = open_dataset(packed(tmp_path, offsets=np.array([0, 20, 70])))
    with pytest.raises(DataError, match=r"dark\.png") as caught:
        dataset.load(0)
    assert caught.value.code == "image-unreadable"


@pytest.mark.parametrize("name", ["set.npz", "set.npy"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut off", b"\x93NUMPY\x01\x00"])
def test_damaged_array_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert failure(tmp_path / name).code == "array-unreadable"


def test_object_arrays_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "set.npy", np.array([{"a": 1}, None], object), allow_pickle=True)
    assert failure(tmp_path / "set.npy").code == "array-unreadable"


def test_one_format_behind_the_other_suffix(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.ones((2, 2)))
    (tmp_path / "a.npz").rename(tmp_path / "a.npy")
    assert failure(tmp_path / "a.npy").code == "array-unreadable"
    np.save(tmp_path / "b.npy", np.ones((2, 2)))
    (tmp_path / "b.npy").rename(tmp_path / "b.npz")
    assert failure(tmp_path / "b.npz").code == "array-unreadable"


def test_an_archive_without_samples_says_what_it_has(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", left=np.ones((2, 2)), right=np.ones((2, 2)))
    error = failure(tmp_path / "set.npz")
    assert error.code == "npz-layout"
    assert "left, right" in error.found


def test_more_labels_than_samples(tmp_path: Path) -> None:
    np.savez(tmp_path / "set.npz", x=np.ones((2, 2)), y=[0, 1, 1])
    assert failure(tmp_path / "set.npz").code == "label-count"


@pytest.mark.parametrize("array", [np.ones(3), np.array([["a", "b"]])])
def test_arrays_without_a_sample_axis_or_numbers(array: np.ndarray) -> None:
    assert failure(array).code == "array-shape"


# -------------------------------------------------------------------------- iterables and rest


def test_an_iterable_of_arrays() -> None:
    dataset = open_dataset(np.full(3, value) for value in range(5))
    assert dataset.count == 5
    assert dataset.labels is None
    assert dataset.load(4).tolist() == [4, 4, 4]


def test_an_endless_generator_is_cut_at_the_limit() -> None:
    def endless() -> Iterator[tuple[np.ndarray, int]]:
        while True:
            yield np.ones(2), 1

    dataset = open_dataset(endless, limit=7)
    assert dataset.count == 7
    assert dataset.labels == (1,) * 7


def test_tensorflow_style_representative_samples() -> None:
    dataset = open_dataset([[np.ones((1, 4))], [np.zeros((1, 4))]])
    assert dataset.load(0).shape == (1, 4)


@pytest.mark.parametrize("item", ["text", {"a": 1}, None, [[1, 2], [3]]])
def test_items_that_are_no_arrays(item: object) -> None:
    assert failure([np.ones(2), item]).code == "bad-sample"


def test_an_iterable_that_yields_nothing() -> None:
    assert failure([]).code == "no-samples"


def test_an_array_without_samples() -> None:
    assert failure(np.ones((0, 3))).code == "no-samples"


def test_a_limit_below_one() -> None:
    with pytest.raises(UsageError, match="0 is too few") as caught:
        open_dataset(np.ones((2, 3)), limit=0)
    assert caught.value.code == "bad-option"


def test_things_that_are_no_data(tmp_path: Path) -> None:
    assert failure(3.5).code == "bad-data"
    (tmp_path / "model.h5").write_bytes(b"")
    assert failure(tmp_path / "model.h5").code == "bad-data"


def test_a_single_image(tmp_path: Path) -> None:
    dataset = open_dataset(save(tmp_path / "one.png"))
    assert dataset.description == "one.png (1 sample)"


# ----------------------------------------------------------------------------------- sampling


def numbered(count: int, labels: tuple[int, ...] | None = None) -> Dataset:
    names = tuple(str(index) for index in range(count))
    return Dataset("numbers", Kind.ARRAYS, names, lambda index: np.array([index]), labels)


def test_a_subset_covers_the_whole_source_in_order() -> None:
    part = subset(numbered(1000), 100, seed=0)
    positions = [int(sample[0]) for sample in part.samples]
    assert [position // 10 for position in positions] == list(range(100))
    assert part.names == tuple(map(str, positions))
    assert part.description == "numbers (100 of 1000 samples)"


def test_a_subset_does_not_follow_a_period_in_the_source() -> None:
    part = subset(numbered(1000, tuple(index % 10 for index in range(1000))), 100, seed=0)
    assert part.labels is not None
    assert len(set(part.labels)) == 10


def test_the_seed_decides() -> None:
    first, second, other = (subset(numbered(1000), 50, seed) for seed in (1, 1, 2))
    assert first.names == second.names != other.names


def test_a_subset_of_a_subset_remembers_the_source() -> None:
    part = subset(subset(numbered(1000), 100, 0), 10, 0)
    assert part.description == "numbers (10 of 1000 samples)"
    assert int(part.load(9)[0]) >= 900


def test_sorted_labels_are_sampled_evenly_and_said() -> None:
    part = subset(numbered(100, tuple(index // 25 for index in range(100))), 20, seed=0)
    assert part.labels is not None
    assert np.bincount(part.labels).tolist() == [5, 5, 5, 5]
    assert [note.code for note in part.notes] == ["sorted-by-class"]


def test_shuffled_labels_need_no_note() -> None:
    assert subset(numbered(4, (1, 0, 1, 0)), 2, seed=0).notes == ()
