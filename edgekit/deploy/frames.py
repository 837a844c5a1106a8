"""Frames for a virtual camera: pictures of a folder or an array, as a sensor would send them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.camera.formats import FrameFormat, Raw
from edgekit.converter.data.images import SUFFIXES, Pixels, decode_image, fit_image
from edgekit.errors import DataError


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames in order with their names; a frame is what the sensor's bytes would be."""

    raw: tuple[Raw, ...]
    names: tuple[str, ...]


def load_frames(
    place: str | Path, format: FrameFormat, width: int, height: int, limit: int | None = None
) -> Frames:
    """Pictures as frames of a sensor: a folder's in the order of their names, or those of a .npy.

    An array is uint8 (frames, height, width, 3), or without the last axis for grey. Pictures of
    another size are resized, the middle of the frame's proportions. Raises DataError.
    """
    path = Path(place)
    pictures = _folder(path, limit) if path.is_dir() else _array(path, limit)
    raw = []
    for picture in pictures.values():
        coloured = np.repeat(picture, 3, axis=2) if picture.shape[2] == 1 else picture
        raw.append(format.pack(fit_image(coloured, height, width, Preprocess().resize)))
    return Frames(tuple(raw), tuple(pictures))


def picture_files(folder: Path) -> list[Path]:
    """The pictures below a folder in the order of their names. Raises DataError without any."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        raise _no_frames(folder, "no pictures in it")
    return files


def _folder(path: Path, limit: int | None) -> dict[str, Pixels]:
    return {
        file.relative_to(path).as_posix(): decode_image(file, file.name)
        for file in picture_files(path)[:limit]
    }


def _array(path: Path, limit: int | None) -> dict[str, Pixels]:
    try:
        values: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _no_frames(path, f"cannot be read: {error}") from None
    shaped = isinstance(values, np.ndarray) and values.dtype == np.uint8 and values.size > 0
    if (
        not shaped
        or values.ndim not in (3, 4)
        or (values.ndim == 4 and values.shape[3] not in (1, 3))
    ):
        found = (
            f"{values.dtype} {list(values.shape)}"
            if isinstance(values, np.ndarray)
            else "an archive"
        )
        raise _no_frames(path, found)
    whole = values if values.ndim == 4 else values[:, :, :, None]
    return {f"{index:04d}": picture for index, picture in enumerate(whole[:limit])}


def _no_frames(path: Path, found: str) -> DataError:
    return DataError(
        str(path),
        found,
        allowed="a folder of pictures, or a .npy of uint8 (frames, height, width[, 3])",
        hint="export a video's frames as pictures first: ffmpeg -i clip.mp4 frames/%05d.png",
        code="no-frames",
    )
