"""Random changes of training batches in NumPy: pure functions of a generator and a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Batch = NDArray[Any]
Targets = NDArray[np.float32]

CROP_SHARE = 1 / 8
"""Pixels of padding around an image before a crop of its size, as a share of its side."""
ERASE_SHARE = (0.02, 0.25)
"""Area that is erased or pasted over, as a share of the image's."""
ERASE_CHANCE = 0.5
MIX_ALPHA = 0.2
"""Of the Beta distribution that mixup draws its shares from."""


@dataclass(frozen=True, slots=True)
class Augment:
    """Which changes are made, and label smoothing.

    "flip": left and right, half of the images. "crop": shifted by up to an eighth, mirrored edges.
    "erase": a random box of half of the images filled with noise (Zhong et al., "Random Erasing",
    2020; DeVries and Taylor, "Cutout", 2017). "mixup": Zhang et al. (2018). "cutmix": Yun et al.
    (2019). With both of the last, each batch gets one or the other.
    """

    names: tuple[str, ...]
    smoothing: float = 0.0


def apply(
    rng: np.random.Generator,
    x: Batch,
    labels: NDArray[np.int64],
    classes: int,
    augment: Augment,
) -> tuple[Batch, Targets]:
    """A changed copy of a batch (n, height, width, channels) and its targets (n, classes).

    Targets are label-smoothed: 1 - s + s / classes for the class, s / classes for the others
    (Szegedy et al., 2016), mixed where images are.
    """
    targets = np.full((len(x), classes), augment.smoothing / classes, np.float32)
    targets[np.arange(len(x)), labels] += 1 - augment.smoothing
    x = x.copy()
    for name, change in _CHANGES.items():
        if name in augment.names:
            x = change(rng, x)
    mixes = [name for name in _MIXES if name in augment.names]
    if not mixes:
        return x, targets
    return _MIXES[mixes[int(rng.integers(len(mixes)))]](rng, x, targets)


def flip(rng: np.random.Generator, x: Batch) -> Batch:
    """Half of the images with left and right exchanged."""
    chosen = rng.random(len(x)) < 0.5
    x[chosen] = x[chosen, :, ::-1]
    return x


def crop(rng: np.random.Generator, x: Batch) -> Batch:
    """Each image shifted at random; what comes in is mirrored at the edge."""
    _, height, width, _ = x.shape
    up, left = (max(1, round(side * CROP_SHARE)) for side in (height, width))
    wide = np.pad(x, ((0, 0), (up, up), (left, left), (0, 0)), mode="reflect")
    tops = rng.integers(0, 2 * up + 1, len(x))
    lefts = rng.integers(0, 2 * left + 1, len(x))
    for index, (top, side) in enumerate(zip(tops.tolist(), lefts.tolist(), strict=True)):
        x[index] = wide[index, top : top + height, side : side + width]
    return x


def erase(rng: np.random.Generator, x: Batch) -> Batch:
    """A box of some images filled with pixels drawn from anywhere in the batch."""
    _, height, width, depth = x.shape
    pixels = x.reshape(-1, depth)
    for index in np.flatnonzero(rng.random(len(x)) < ERASE_CHANCE).tolist():
        top, bottom, left, right = _box(rng, height, width, rng.uniform(*ERASE_SHARE))
        noise = pixels[rng.integers(0, len(pixels), (bottom - top) * (right - left))]
        x[index, top:bottom, left:right] = noise.reshape(bottom - top, right - left, depth)
    return x


def mixup(rng: np.random.Generator, x: Batch, y: Targets) -> tuple[Batch, Targets]:
    """Each image mixed with another of the batch, by one share for all."""
    share = np.float32(rng.beta(MIX_ALPHA, MIX_ALPHA))
    order = rng.permutation(len(x))
    mixed = x.astype(np.float32) * share + x[order].astype(np.float32) * (1 - share)
    if x.dtype.kind in "iu":
        mixed = np.rint(mixed)
    return mixed.astype(x.dtype), y * share + y[order] * (1 - share)


def cutmix(rng: np.random.Generator, x: Batch, y: Targets) -> tuple[Batch, Targets]:
    """A box of each image replaced by another image's, targets mixed by area."""
    _, height, width, _ = x.shape
    order = rng.permutation(len(x))
    top, bottom, left, right = _box(rng, height, width, rng.random())
    mixed = x.copy()
    mixed[:, top:bottom, left:right] = x[order, top:bottom, left:right]
    share = np.float32(1 - (bottom - top) * (right - left) / (height * width))
    return mixed, y * share + y[order] * (1 - share)


def _box(
    rng: np.random.Generator, height: int, width: int, area: float
) -> tuple[int, int, int, int]:
    """A box of about this share of the area, within a factor of 2 of the image's proportions:
    top, bottom, left, right."""
    stretch = 2.0 ** rng.uniform(-0.5, 0.5)
    rows = min(height, max(1, round(height * area**0.5 * stretch)))
    columns = min(width, max(1, round(width * area**0.5 / stretch)))
    top = int(rng.integers(0, height - rows + 1))
    left = int(rng.integers(0, width - columns + 1))
    return top, top + rows, left, left + columns


_CHANGES = {"flip": flip, "crop": crop, "erase": erase}
_MIXES = {"mixup": mixup, "cutmix": cutmix}
