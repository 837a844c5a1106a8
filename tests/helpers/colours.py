"""Tiny labelled data that a tiny network learns in seconds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

CLASSES = ("blue", "green", "red")


def coloured(count: int, seed: int, side: int = 8) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Noisy images (count, side, side, 3) whose brightest channel is their class."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    x = rng.integers(0, 140, (count, side, side, 3))
    x[np.arange(count), :, :, 2 - labels] += 80
    order = rng.permutation(count)
    return x[order].astype(np.uint8), labels[order]


def write_colours(path: Path, count: int = 96, seed: int = 1, side: int = 8) -> Path:
    """The images as an .npz."""
    x, y = coloured(count, seed, side)
    np.savez(path, x=x, y=y, classes=np.array(CLASSES))
    return path


@pytest.fixture(scope="session")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """96 images of 8x8 in three classes."""
    return write_colours(tmp_path_factory.mktemp("colours") / "colours.npz")
