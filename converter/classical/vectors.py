"""Any labelled data set as vectors of features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.data.dataset import Dataset, Kind, pick
from edgekit.errors import DataError

SIDE = 16
"""Pixels of a picture's side at most: larger ones are averaged down."""


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Samples (n, features) in float32 and their class indices (n,)."""

    x: NDArray[np.float32]
    y: NDArray[np.int64]


def vectors(dataset: Dataset, shape: tuple[int, ...] | None = None) -> tuple[Labelled, str]:
    """The data set's samples as vectors, and what the features are.

    Pictures become 0..255 at `shape` (height, width, channels), by default at most SIDE by SIDE in
    their own colours; arrays are flattened. Raises DataError without labels, for fewer than two
    classes, and for arrays of different shapes.
    """
    labels = labels_of(dataset)
    if dataset.kind is not Kind.IMAGES:
        rows = [np.asarray(sample, np.float32).ravel() for sample in dataset.samples]
        _check_sizes(dataset, rows)
        return Labelled(np.stack(rows), labels), f"{len(rows[0])} numbers as they are"
    given = shape or small_shape(dataset.load(0))
    rows = [_shrunk(sample, given).ravel() for sample in dataset.samples]
    return Labelled(np.stack(rows), labels), "x".join(map(str, given)) + " pixels of 0..255"


def labels_of(dataset: Dataset) -> NDArray[np.int64]:
    """Class indices. Raises DataError where there are none, or one class only."""
    if dataset.labels is None:
        raise DataError(
            dataset.description,
            "has no class labels",
            allowed="a folder per class, .npz with x and y, .csv with a column of labels",
            hint="label it: every sample needs its class",
            code="no-labels",
        )
    if len(set(dataset.labels)) < 2:
        raise DataError(
            dataset.description,
            "all samples are of one class",
            allowed="two classes or more",
            hint="give data with samples of every class",
            code="one-class",
        )
    return np.array(dataset.labels, np.int64)


def small_shape(sample: NDArray[Any]) -> tuple[int, int, int]:
    """Height, width and channels that pictures like this one are brought to."""
    height, width = sample.shape[:2]
    shrink = max(1, -(-max(height, width) // SIDE))
    return max(1, height // shrink), max(1, width // shrink), sample.shape[2]


def halves(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """The data set in two: for training, and `share` of it held back, class by class."""
    rng = np.random.default_rng(seed)
    labels = labels_of(dataset)
    held: list[int] = []
    for label in np.unique(labels):
        own = rng.permutation(np.flatnonzero(labels == label))
        held += own[: max(1, round(share * len(own)))].tolist()
    kept = sorted(set(range(len(labels))) - set(held))
    return pick(dataset, kept), pick(dataset, sorted(held))


def _shrunk(sample: NDArray[Any], shape: Sequence[int]) -> NDArray[np.float32]:
    """The picture averaged down to `shape`, or as it is."""
    from PIL import Image

    if sample.shape == tuple(shape):
        return sample.astype(np.float32)
    colours = sample[:, :, 0] if sample.shape[2] == 1 else sample
    image = Image.fromarray(colours)
    if shape[2] != sample.shape[2]:
        image = image.convert("L" if shape[2] == 1 else "RGB")
    small = image.resize((shape[1], shape[0]), Image.Resampling.BOX)
    return np.asarray(small, np.float32).reshape(tuple(shape))


def _check_sizes(dataset: Dataset, rows: Sequence[NDArray[Any]]) -> None:
    odd = next((at for at, row in enumerate(rows) if len(row) != len(rows[0])), None)
    if odd is not None:
        raise DataError(
            f"{dataset.description}, {dataset.names[odd]}",
            f"{len(rows[odd])} numbers, the first sample has {len(rows[0])}",
            allowed="as many features in every sample",
            hint="cut or pad the samples to one length",
            code="feature-count",
        )
