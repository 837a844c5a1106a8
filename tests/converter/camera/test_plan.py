"""Frames as inputs: the same numbers as preparing the picture with Pillow, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.camera.formats import FORMATS, frame_format, luma
from edgekit.converter.camera.plan import Region, convert_frame, plan_frames, resized
from edgekit.converter.camera.taps import WEIGHT_BITS, make_taps
from edgekit.converter.data.images import preprocess_image
from edgekit.converter.ir.graph import DType
from edgekit.converter.quantize.params import quantize_input
from edgekit.errors import DataError, ModelError, UsageError
from tests.helpers.frame_plans import image_graph, plan, random_frame

PILLOW = {name: Image.Resampling[name.upper()] for name in ("bilinear", "box", "nearest")}
sides = st.integers(2, 70)


def picture(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


@given(sides, sides, sides, sides, st.sampled_from(sorted(PILLOW)), st.integers(0, 99))
@settings(max_examples=150, deadline=None)
def test_a_resize_is_pillows(
    width: int, height: int, columns: int, rows: int, name: str, seed: int
) -> None:
    """Across first, as here; Pillow 13 shrinks some tall pictures down first: up to 1 apart."""
    pixels = picture(width, height, seed)
    across, down = make_taps(width, columns, name), make_taps(height, rows, name)
    turned = (1, 0, 2)
    ours = down.apply(across.apply(pixels.transpose(turned)).transpose(turned))
    other = across.apply(down.apply(pixels).transpose(turned)).transpose(turned)
    pillow = np.asarray(Image.fromarray(pixels).resize((columns, rows), PILLOW[name]))
    assert np.array_equal(pillow, ours) or np.array_equal(pillow, other)
    assert np.abs(pillow.astype(int) - ours).max() <= 1


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(160, 120, 96), (320, 240, 96), (174, 144, 32), (324, 244, 96), (640, 480, 224)],
)
@pytest.mark.parametrize("resize", ["crop", "stretch"])
def test_usual_cameras_give_exactly_what_convert_prepares(
    width: int, height: int, size: int, resize: str
) -> None:
    found = plan((size, size, 3), "rgb565be", width, height, resize=resize)
    frame = random_frame(found, 1)
    preprocess = Preprocess(resize=resize, mean=(127.5,), scale=(1 / 127.5,))
    prepared = preprocess_image(FORMATS["rgb565be"].unpack(frame, 3), preprocess, (size, size, 3))
    [tensor] = image_graph((size, size, 3)).tensors.values()
    np.testing.assert_array_equal(convert_frame(found, frame)[0], quantize_input(prepared, tensor))


def test_weights_sum_to_one() -> None:
    for name in PILLOW:
        for row in make_taps(61, 17, name, (3.2, 55.1)).weights:
            assert abs(sum(row) - (1 << WEIGHT_BITS)) <= len(row)


@pytest.mark.parametrize("format", sorted(FORMATS))
def test_a_uniform_picture_survives_every_format(format: str) -> None:
    pixels = np.full((6, 8, 3), (200, 120, 40), np.uint8)
    packed = FORMATS[format].pack(pixels)
    assert packed.shape == (6, 8 * FORMATS[format].pixel_bytes)
    back = FORMATS[format].unpack(packed, 3).astype(int)
    wanted = np.repeat(luma(pixels)[:, :, None], 3, axis=2) if format == "gray8" else pixels
    assert np.abs(back - wanted).max() <= (8 if format.startswith("rgb565") else 2)


@pytest.mark.parametrize("format", ["yuyv", "uyvy"])
def test_colours_of_yuv_are_those_of_pillow(format: str) -> None:
    raw = np.random.default_rng(3).integers(0, 256, (20, 80), np.uint8)
    quads = raw.reshape(20, 20, 4)[:, :, [0, 1, 2, 3] if format == "yuyv" else [1, 0, 3, 2]]
    chroma = np.repeat(quads[:, :, [1, 3]], 2, axis=1)
    y = quads[:, :, [0, 2]].reshape(20, 40)
    planes = np.concatenate([y[:, :, None], chroma], axis=2)
    pillow = np.asarray(Image.fromarray(planes, "YCbCr").convert("RGB")).astype(int)
    assert np.abs(FORMATS[format].unpack(raw, 3) - pillow).max() <= 1
    np.testing.assert_array_equal(FORMATS[format].unpack(raw, 1)[:, :, 0], y)


def test_grey_of_colours_is_that_of_pillow() -> None:
    pixels = picture(50, 40)
    np.testing.assert_array_equal(luma(pixels), np.asarray(Image.fromarray(pixels).convert("L")))


@pytest.mark.parametrize("format", ["rggb", "grbg", "gbrg", "bggr"])
def test_a_mosaic_keeps_the_pixels_it_has(format: str) -> None:
    pixels = picture(10, 8)
    back = FORMATS[format].unpack(FORMATS[format].pack(pixels), 3)
    places = {"r": 0, "g": 1, "b": 2}
    for index, colour in enumerate(format):
        rows, columns = slice(index // 2, None, 2), slice(index % 2, None, 2)
        kept = (rows, columns, places[colour])
        np.testing.assert_array_equal(back[kept], pixels[kept])


def test_a_region_is_the_frame_cut_first() -> None:
    part = Region(6, 4, 20, 16)
    found = plan((9, 9, 3), "rgb565le", 40, 30, region=part)
    frame = random_frame(found, 2)
    alone = plan((9, 9, 3), "rgb565le", 20, 16)
    cut = frame[part.top : part.top + part.height, 2 * part.left : 2 * (part.left + part.width)]
    np.testing.assert_array_equal(convert_frame(found, frame), convert_frame(alone, cut))


def test_bgr_models_get_the_channels_turned() -> None:
    rgb, bgr = (plan((5, 5, 3), "yuyv", 16, 16, color=color) for color in ("rgb", "bgr"))
    frame = random_frame(rgb, 4)
    turned = convert_frame(bgr, frame)[:, :, :, ::-1]
    np.testing.assert_array_equal(convert_frame(rgb, frame), turned)
    np.testing.assert_array_equal(resized(rgb, frame), resized(bgr, frame))


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"width": 15, "format": "yuyv"}, "an even width"),
        ({"height": 1, "format": "rggb"}, "2 to 65535"),
        ({"region": Region(0, 0, 17, 4)}, "is not inside a frame of 16x12"),
        ({"region": Region(-1, 0, 4, 4)}, "is not inside a frame of 16x12"),
        ({"format": "rgb888"}, "rgb565le"),
        ({"resample": "lanczos"}, "bilinear, box, nearest"),
    ],
)
def test_frames_that_cannot_be_are_refused(options: dict[str, object], word: str) -> None:
    given: dict[str, object] = {"format": "gray8", "width": 16, "height": 12}
    with pytest.raises(UsageError, match=word):
        plan((4, 4, 1), **(given | options))  # type: ignore[arg-type]


def test_resize_none_takes_frames_of_the_models_size_only() -> None:
    graph, preprocess = image_graph((12, 16, 1)), Preprocess(resize="none", color="gray")
    assert plan_frames(graph, preprocess, format="gray8", width=16, height=12).shape == (12, 16, 1)
    with pytest.raises(UsageError, match="--resize none") as caught:
        plan_frames(graph, preprocess, format="gray8", width=18, height=12)
    assert caught.value.code == "frame-not-resized"


def test_models_that_take_no_image_are_refused() -> None:
    flat = image_graph((4, 4, 1))
    tensor = replace(flat["image"], dtype=DType.INT32, quant=None)
    with pytest.raises(ModelError, match="one image of int8"):
        plan_frames(
            replace(flat, tensors={"image": tensor}),
            Preprocess(color="gray"),
            format="gray8",
            width=8,
            height=8,
        )


def test_a_frame_of_the_wrong_length_is_named() -> None:
    assert frame_format("rgb565").name == "rgb565be"
    with pytest.raises(DataError, match=r"9 bytes.*8 bytes"):
        FORMATS["gray8"].frame(bytes(9), 4, 2)
