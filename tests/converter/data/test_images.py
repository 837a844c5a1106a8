"""Pixels to model input: resize, crop, colour, orientation, normalization."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.data.batches import batches
from edgekit.converter.data.images import decode_image, preprocess_image
from edgekit.converter.data.open import open_dataset
from edgekit.errors import DataError


def halves(height: int = 4, width: int = 8) -> np.ndarray:
    """Left half red, right half blue."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2, 0] = 255
    pixels[:, width // 2 :, 2] = 255
    return pixels


def encoded(image: Image.Image, form: str = "PNG", **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def test_pixels_of_the_right_size_are_only_normalized() -> None:
    pixels = halves(4, 4)
    result = preprocess_image(pixels, Preprocess(mean=(127.5,), scale=(1 / 127.5,)), (4, 4, 3))
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, (pixels.astype(np.float32) - 127.5) / 127.5, atol=1e-6)


def test_mean_and_scale_per_channel() -> None:
    preprocess = Preprocess(mean=(10, 20, 30), scale=(1, 2, 4))
    result = preprocess_image(np.full((2, 2, 3), 50, np.uint8), preprocess, (2, 2, 3))
    assert result[0, 0].tolist() == [40, 60, 80]


def test_crop_keeps_proportions_and_stretch_keeps_everything() -> None:
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, :10] = 255  # the left quarter, which a centre crop removes
    crop = preprocess_image(pixels, Preprocess(resize="crop"), (10, 10, 3))
    stretch = preprocess_image(pixels, Preprocess(resize="stretch"), (10, 10, 3))
    assert crop.max() < 64  # the filter reaches one pixel past the edge
    assert stretch[:, 0].min() > 200
    assert stretch[:, -1].max() == 0


def test_crop_to_another_proportion() -> None:
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[:10] = 255
    assert preprocess_image(pixels, Preprocess(resize="crop"), (10, 20, 3)).max() < 64


def test_resize_none_refuses_other_sizes() -> None:
    with pytest.raises(DataError) as caught:
        preprocess_image(halves(4, 8), Preprocess(resize="none"), (4, 4, 3))
    assert caught.value.code == "image-size"
    assert "8 x 4" in caught.value.found


def test_bgr_swaps_the_channels() -> None:
    rgb, bgr = (
        preprocess_image(halves(), Preprocess(color=color), (4, 8, 3)) for color in ("rgb", "bgr")
    )
    np.testing.assert_array_equal(rgb[:, :, ::-1], bgr)


def test_colour_to_gray_and_gray_to_colour() -> None:
    gray = preprocess_image(halves(), Preprocess(color="gray"), (4, 8, 1))
    assert gray.shape == (4, 8, 1)
    assert gray[0, 0, 0] == pytest.approx(76)  # 0.299 of 255
    wide = preprocess_image(np.full((4, 8, 1), 7, np.uint8), Preprocess(), (4, 8, 3))
    assert wide.shape == (4, 8, 3)
    assert wide.min() == wide.max() == 7


@pytest.mark.parametrize(("color", "channels"), [("gray", 3), ("rgb", 1), ("bgr", 1)])
def test_colour_and_channels_that_contradict(color: str, channels: int) -> None:
    with pytest.raises(DataError) as caught:
        preprocess_image(halves(), Preprocess(color=color), (4, 8, channels))
    assert caught.value.code == "color-channels"


@pytest.mark.parametrize("shape", [(640,), (49, 10, 2), (1, 4, 4, 3)])
def test_models_that_take_no_images(shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError) as caught:
        preprocess_image(halves(), Preprocess(), shape)
    assert caught.value.code == "not-an-image-model"


def test_orientation_is_respected() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    data = encoded(Image.fromarray(halves(4, 8)), exif=exif)
    upright = decode_image(data, "phone.png")
    assert upright.shape == (8, 4, 3)
    assert upright[0, 0].tolist() == [255, 0, 0]
    assert upright[-1, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize(
    ("mode", "channels"), [("L", 1), ("1", 1), ("LA", 1), ("P", 3), ("RGBA", 3), ("CMYK", 3)]
)
def test_every_mode_becomes_gray_or_rgb(mode: str, channels: int) -> None:
    form = "TIFF" if mode == "CMYK" else "PNG"
    pixels = decode_image(encoded(Image.fromarray(halves()).convert(mode), form), mode)
    assert pixels.shape == (4, 8, channels)
    assert pixels.dtype == np.uint8


def test_sixteen_bits_keep_the_upper_byte() -> None:
    deep = Image.fromarray(np.full((2, 2), 0x8040, np.uint16))
    assert decode_image(encoded(deep), "deep").reshape(-1).tolist() == [0x80] * 4


def test_a_path_is_decoded_first(tmp_path: Path) -> None:
    Image.fromarray(halves()).save(tmp_path / "a.png")
    result = preprocess_image(tmp_path / "a.png", Preprocess(), (4, 8, 3))
    np.testing.assert_array_equal(result, halves())


def test_batches_cover_everything_and_report_progress() -> None:
    calls: list[tuple[int, int]] = []
    data = open_dataset(np.arange(21, dtype=np.float32).reshape(7, 3))
    parts = list(
        batches(data, Preprocess(), (3,), size=3, progress=lambda *done: calls.append(done))
    )
    assert [len(part) for part in parts] == [3, 3, 1]
    np.testing.assert_array_equal(np.concatenate(parts).reshape(-1), np.arange(21))
    assert calls == [(3, 7), (6, 7), (7, 7)]


def test_arrays_are_scaled_and_reshaped_where_only_ones_differ() -> None:
    data = open_dataset([np.full((1, 4, 2), 3, np.int8)])
    [part] = batches(data, Preprocess(resize="none", mean=(1,), scale=(0.5,)), (4, 2, 1))
    assert part.shape == (1, 4, 2, 1)
    assert part.min() == part.max() == 1


def test_images_for_a_model_that_takes_vectors_are_flattened() -> None:
    data = open_dataset(np.arange(8, dtype=np.uint8).reshape(2, 2, 2))
    [part] = batches(data, Preprocess(color="gray"), (4,))
    assert part.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_samples_that_do_not_fit() -> None:
    with pytest.raises(DataError) as caught:
        list(batches(open_dataset(np.ones((2, 5))), Preprocess(), (4,)))
    assert caught.value.code == "sample-shape"


def test_channels_first_is_recognised() -> None:
    with pytest.raises(DataError) as caught:
        list(batches(open_dataset(np.ones((2, 3, 8, 9))), Preprocess(), (8, 9, 3)))
    assert "transpose" in caught.value.hint
