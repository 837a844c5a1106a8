"""Data as people have it: rare picture formats, links, splits in one archive, labels in words."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.converter.data.images import decode_image
from edgekit.converter.data.open import open_dataset
from edgekit.converter.data.several import InputSpec
from edgekit.converter.quantize.tasks import fitting_labels
from edgekit.errors import DataError
from tests.helpers.float_graphs import classifier

RAMP = np.arange(256, dtype=np.uint8).reshape(16, 16)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("share.tif", (RAMP / 255).astype(np.float32)),
        ("bytes.tif", RAMP.astype(np.float32)),
        ("bytes32.tif", RAMP.astype(np.int32)),
        ("bytes16.png", RAMP.astype(np.uint16)),
        ("wide16.png", RAMP.astype(np.uint16) * 256 + 17),
        ("wide32.tif", RAMP.astype(np.int32) * 256 + 17),
    ],
)
def test_grey_values_of_any_format_become_bytes(
    name: str, values: np.ndarray, tmp_path: Path
) -> None:
    Image.fromarray(values).save(tmp_path / name)
    pixels = decode_image(tmp_path / name, name)
    assert pixels.shape == (16, 16, 1)
    assert np.array_equal(pixels[:, :, 0], RAMP)


def test_a_black_float_image_is_black() -> None:
    pixels = decode_image(_tiff(np.zeros((4, 4), np.float32)), "black")
    assert not pixels.any()


def _tiff(values: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, "TIFF")
    return stream.getvalue()


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for index in range(3):
        Image.fromarray(RAMP + index).save(elsewhere / f"{index}.png")
    folder = tmp_path / "set"
    for name in ("cat", "dog"):
        (folder / name).mkdir(parents=True)
    (folder / "cat" / "linked").symlink_to(elsewhere)
    (folder / "cat" / "round").symlink_to(folder)
    (folder / "dog" / "gone.png").symlink_to(tmp_path / "nothing.png")
    Image.fromarray(RAMP).save(folder / "dog" / "0.png")
    dataset = open_dataset(folder)
    assert (dataset.count, dataset.classes) == (4, ("cat", "dog"))
    assert dataset.labels == (0, 0, 0, 1)


def test_the_part_of_an_archive_goes_by_its_use(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "mnist.npz",
        x_test=np.zeros((3, 4, 4), np.uint8),
        y_test=np.array([0, 1, 2]),
        x_train=np.ones((5, 4, 4), np.uint8),
        y_train=np.array([2, 2, 1, 1, 0]),
    )
    train = open_dataset(tmp_path / "mnist.npz")
    assert (train.description, train.labels) == ("mnist.npz: x_train (5 samples)", (2, 2, 1, 1, 0))
    test = open_dataset(tmp_path / "mnist.npz", evaluation=True)
    assert (test.description, test.labels) == ("mnist.npz: x_test (3 samples)", (0, 1, 2))
    np.savez(tmp_path / "only.npz", x_test=np.zeros((3, 4, 4), np.uint8), y_test=np.arange(3))
    assert open_dataset(tmp_path / "only.npz").labels == (0, 1, 2)


def test_labels_in_words(tmp_path: Path) -> None:
    words = np.array(["dog", "cat", "dog", "emu"])
    np.savez(tmp_path / "d.npz", x=np.ones((4, 3), np.float32), y=words)
    dataset = open_dataset(tmp_path / "d.npz")
    assert dataset.classes == ("cat", "dog", "emu")
    assert dataset.labels == (1, 0, 1, 2)


def test_an_array_of_the_input_s_own_shape_is_one_sample(tmp_path: Path) -> None:
    inputs = (InputSpec("image", "image", (96, 96, 3)),)
    pixels = np.zeros((96, 96, 3), np.uint8)
    np.save(tmp_path / "one.npy", pixels)
    for spec in (pixels, tmp_path / "one.npy"):
        dataset = open_dataset(spec, inputs=inputs)
        assert dataset.count == 1
        assert dataset.load(0).shape == (96, 96, 3)
    assert open_dataset(pixels).count == 96


def test_labels_that_count_from_one_are_recognized() -> None:
    graph = classifier(classes=4)
    pairs = [(np.zeros((8, 8, 3), np.float32), label) for label in (1, 2, 3, 4)]
    with pytest.raises(DataError) as caught:
        fitting_labels(open_dataset(pairs), graph, required=True)
    assert caught.value.code == "class-mismatch"
    assert caught.value.hint == "the labels seem to count from 1: subtract 1 from each"


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_other_separators_of_csv_files(mark: str, tmp_path: Path) -> None:
    for index in range(2):
        Image.fromarray(RAMP).save(tmp_path / f"{index}.png")
    (tmp_path / "l.csv").write_text(f"path{mark}label\n0.png{mark}cat\n1.png{mark}dog\n")
    dataset = open_dataset(tmp_path / "l.csv")
    assert (dataset.labels, dataset.classes) == ((0, 1), ("cat", "dog"))
