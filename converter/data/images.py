"""Image files to pixels, and pixels to a model's input."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.errors import DataError

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
)
Pixels = NDArray[np.uint8]


def decode_image(source: Path | bytes, subject: str) -> Pixels:
    """An image as uint8 (height, width, 3), or (height, width, 1) when it has no colour.

    Turned upright as its EXIF orientation says; the first frame of an animation. Raises
    DataError naming `subject` when it cannot be opened or decoded.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with Image.open(stream) as image:
            upright = ImageOps.exif_transpose(image)
            pixels = np.asarray(_eight_bits(upright))
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        SyntaxError,
        ValueError,
    ) as error:
        raise DataError(
            subject,
            f"cannot be read as an image: {_reason(error)}",
            allowed="JPEG, PNG, WebP, BMP, GIF, TIFF or PPM",
            hint="remove or replace the file",
            code="image-unreadable",
        ) from None
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def preprocess_image(
    image: Pixels | Path, preprocess: Preprocess, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """An image as the float32 model input of `shape` (height, width, 1 or 3).

    Resizing is bilinear with antialiasing, on 8-bit values, as training pipelines with Pillow do.
    Raises DataError when the model takes no images, or the shapes cannot be brought together.
    """
    pixels = decode_image(image, image.name) if isinstance(image, Path) else image
    return normalize(fitted_image(pixels, preprocess, shape), preprocess)


def fitted_image(pixels: Pixels, preprocess: Preprocess, shape: tuple[int, ...]) -> Pixels:
    """The same before it is normalized: uint8 of `shape`, in the model's order of channels."""
    height, width = image_shape(shape, preprocess)
    return fit_image(_colour(pixels, preprocess.color), height, width, preprocess.resize)


def normalize(values: NDArray[Any], preprocess: Preprocess) -> NDArray[np.float32]:
    """(values - mean) * scale over the last axis, as float32."""
    mean = np.array(preprocess.mean, np.float32)
    scale = np.array(preprocess.scale, np.float32)
    result: NDArray[np.float32] = (values.astype(np.float32) - mean) * scale
    return result


def is_image_shape(shape: tuple[int, ...]) -> bool:
    """Whether a sample of this shape can be an image: (height, width, 1 or 3)."""
    return len(shape) == 3 and shape[2] in (1, 3)


def image_shape(shape: tuple[int, ...], preprocess: Preprocess) -> tuple[int, int]:
    """Height and width of a model input of `shape`. Raises DataError for another than an image."""
    if not is_image_shape(shape):
        raise DataError(
            "images",
            f"the model's input has shape {list(shape)}",
            allowed="height x width x 1 or 3",
            hint="give the samples as .npz or .npy arrays of the model's input shape",
            code="not-an-image-model",
        )
    channels = 1 if preprocess.color == "gray" else 3
    if channels != shape[2]:
        allowed = "gray" if shape[2] == 1 else "rgb, bgr"
        raise DataError(
            "color",
            f"{preprocess.color} has {channels} channels, the model's input {shape[2]}",
            allowed=allowed,
            hint=f"use --color {allowed.split(',')[0]}",
            code="color-channels",
        )
    return shape[0], shape[1]


def _eight_bits(image: Image) -> Image:
    """The image in mode L or RGB; transparency is dropped."""
    from PIL import Image as pillow

    if image.mode.startswith("I") or image.mode == "F":
        return pillow.fromarray(_grey_bytes(np.asarray(image).astype(np.float64)))
    return image if image.mode in ("L", "RGB") else image.convert(_plain_mode(image))


def _grey_bytes(values: NDArray[np.float64]) -> Pixels:
    """Grey values of any format as bytes: up to 1 they are shares of white, up to 255 they are
    bytes already, else they have 16 bits and the upper byte is kept."""
    highest = float(values.max(initial=0.0))
    fraction = highest <= 1 and bool((values != np.floor(values)).any())
    factor = 255.0 if fraction else 1.0 if highest <= 255 else 1 / 256
    scaled = values * factor
    bytes_: Pixels = np.clip(np.rint(scaled) if fraction else scaled, 0, 255).astype(np.uint8)
    return bytes_


def _plain_mode(image: Image) -> str:
    return "L" if image.mode in ("1", "LA") else "RGB"


def _colour(pixels: Pixels, color: str) -> Pixels:
    from PIL import Image

    if color == "gray":
        if pixels.shape[2] == 1:
            return pixels
        return np.asarray(Image.fromarray(pixels).convert("L"))[:, :, None]
    wide = np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels
    return wide[:, :, ::-1] if color == "bgr" else wide


def fit_image(pixels: Pixels, height: int, width: int, resize: str) -> Pixels:
    """The pixels at that size, resized as `Preprocess.resize` says. Raises DataError."""
    if pixels.shape[:2] == (height, width):
        return pixels
    if resize == "none":
        raise DataError(
            "image",
            f"{pixels.shape[1]} x {pixels.shape[0]} pixels",
            allowed=f"{width} x {height}, as --resize none leaves sizes alone",
            hint="use --resize crop or --resize stretch",
            code="image-size",
        )
    box = crop_box(pixels.shape[0], pixels.shape[1], height, width) if resize == "crop" else None
    from PIL import Image

    flat = np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    small = Image.fromarray(flat).resize((width, height), Image.Resampling.BILINEAR, box=box)
    result = np.asarray(small)
    return result[:, :, None] if result.ndim == 2 else result


def crop_box(rows: int, columns: int, height: int, width: int) -> tuple[float, float, float, float]:
    """The largest centred box of the target's proportions: left, top, right, bottom."""
    factor = min(rows / height, columns / width)
    # Rounding may make the side that is kept whole longer than the image by 1e-14.
    tall, wide = min(factor * height, rows), min(factor * width, columns)
    left, top = (columns - wide) / 2, (rows - tall) / 2
    return left, top, left + wide, top + tall


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = str(error).partition("\n")[0]
    return "not an image" if text.startswith("cannot identify") else text
