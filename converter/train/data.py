"""Labelled data in memory, ready to be trained on."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.data.candidates import SIGNED, Candidate
from edgekit.converter.data.dataset import Dataset, Kind
from edgekit.converter.data.images import preprocess_image
from edgekit.converter.data.open import open_dataset
from edgekit.converter.train.shapes import Shape, shape_text
from edgekit.errors import DataError, UsageError

Progress = Callable[[str, int, int], None]
MEMORY_SHARE = 0.6
"""Of the machine's memory that samples may take."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Samples (n, height, width, channels) with their class indices (n,).

    Images are uint8 and go into a network as (x - 127.5) / 127.5; arrays keep their dtype and go
    in as they are. `classes` are names, or the indices as text.
    """

    source: str
    x: NDArray[Any]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    images: bool

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.labels)

    @property
    def shape(self) -> Shape:
        """Height, width and channels of a sample."""
        height, width, depth = self.x.shape[1:]
        return height, width, depth

    @property
    def scaling(self) -> Candidate | None:
        """How samples become the input of a network that is trained from the start."""
        return SIGNED if self.images else None

    def some(self, count: int) -> Labelled:
        """Up to `count` samples, spread evenly."""
        return self.part(np.linspace(0, self.count - 1, min(count, self.count)).astype(np.int64))

    def part(self, indices: NDArray[np.int64]) -> Labelled:
        """The samples at these indices."""
        return replace(self, x=self.x[indices], labels=self.labels[indices])

    def sha256(self) -> str:
        """A hash over samples, labels and classes."""
        digest = hashlib.sha256(f"{self.x.shape} {self.x.dtype} {self.classes}".encode())
        for array in (self.x, self.labels):
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def load(
    spec: Any, shape: Shape | None, *, samples: int | None, seed: int, progress: Progress
) -> Labelled:
    """The training data that `spec` names (see `open_dataset`), images brought to `shape`.

    Raises DataError without labels, with one class, when samples differ in size and `shape` does
    not say one, and when they do not fit into memory.
    """
    dataset = open_dataset(spec, limit=samples, seed=seed)
    labels = _labels(dataset)
    classes = _classes(dataset, labels)
    if len(set(labels.tolist())) < 2:
        raise DataError(
            dataset.source,
            f"all {dataset.count} samples are of one class, {classes[labels[0]]!r}",
            allowed="two or more classes",
            hint="give the folder above, with a subfolder for each class",
            code="one-class",
        )
    wanted = shape or _own_shape(dataset)
    x = _stack(dataset, wanted, progress, "load data")
    return Labelled(dataset.description, x, labels, classes, dataset.kind is Kind.IMAGES)


def load_evaluation(spec: Any, train: Labelled, progress: Progress) -> Labelled:
    """Data to judge by, in the shape and with the classes of the training data, matched by name
    where both have names. Raises DataError for classes that training does not know."""
    dataset = open_dataset(spec, evaluation=True)
    labels = _labels(dataset)
    names = _classes(dataset, labels)
    foreign = [name for name in names if name not in train.classes]
    if dataset.classes is None and labels.max() < len(train.classes):
        names, foreign = train.classes, []
    if foreign or (dataset.kind is Kind.IMAGES) != train.images:
        raise DataError(
            dataset.source,
            f"its class {foreign[0]!r} is none of the training data's"
            if foreign
            else f"holds {dataset.kind}, the training data do not",
            allowed=", ".join(train.classes[:20]) if foreign else "the same kind of samples",
            hint="give evaluation data of the same classes, read the same way",
            code="other-classes",
        )
    order = np.array([train.classes.index(name) for name in names])
    x = _stack(dataset, train.shape, progress, "load evaluation data")
    return Labelled(dataset.description, x, order[labels], train.classes, train.images)


def split(data: Labelled, share: float, seed: int) -> tuple[Labelled, Labelled | None]:
    """Training and validation part; the latter is drawn with `seed`, at least one sample."""
    if not share:
        return data, None
    held = max(1, round(data.count * share))
    order = np.random.default_rng(seed).permutation(data.count)
    kept, judged = data.part(np.sort(order[held:])), data.part(np.sort(order[:held]))
    return kept, replace(judged, source=f"{judged.count} samples held back from {data.source}")


def _labels(dataset: Dataset) -> NDArray[np.int64]:
    if dataset.labels is None:
        raise DataError(
            dataset.source,
            "has no labels, and training needs them",
            allowed="a folder per class, .npz with x and y, .csv with path,label, labels.json",
            hint="; ".join(note.message for note in dataset.notes)
            or "label them: y beside x in an .npz, or a folder per class of images",
            code="no-labels",
        )
    return np.array(dataset.labels, np.int64)


def _classes(dataset: Dataset, labels: NDArray[np.int64]) -> tuple[str, ...]:
    highest = int(labels.max())
    if dataset.classes is not None and len(dataset.classes) > highest:
        return dataset.classes
    if highest >= max(1000, 10 * len(labels)):
        raise DataError(
            dataset.source,
            f"class index {highest} with {len(labels)} samples",
            allowed="class indices counted from 0",
            hint="number the classes 0, 1, 2, ...",
            code="class-indices",
        )
    return tuple(str(index) for index in range(highest + 1))


def _own_shape(dataset: Dataset) -> Shape:
    """The shape that the first samples share."""
    found = sorted({dataset.load(index).shape for index in range(min(dataset.count, 50))})
    if len(found) == 1 and len(found[0]) == 3:
        height, width, depth = found[0]
        return height, width, depth
    shown = " and ".join(shape_text(shape) for shape in found[:2])
    raise DataError(
        dataset.source,
        f"samples of {shown}" if len(found) > 1 else f"samples of shape {shown}",
        allowed="one height x width x channels",
        hint="say what to train on with --input, such as --input 96x96x3",
        code="input-unknown",
    )


def _stack(dataset: Dataset, shape: Shape, progress: Progress, stage: str) -> NDArray[Any]:
    images = dataset.kind is Kind.IMAGES
    if images and shape[2] not in (1, 3):
        raise UsageError(
            "--input",
            f"{shape_text(shape)}: images have no {shape[2]} channels",
            allowed="1 (grey) or 3 (colours)",
            hint=f"for example --input {shape_text((*shape[:2], 3))}",
            code="bad-option",
        )
    dtype = np.dtype(np.uint8) if images else np.asarray(dataset.load(0)).dtype
    dtype = dtype if dtype.kind in "iu" else np.dtype(np.float32)
    _check_memory(dataset, shape, dtype)
    fit = Preprocess(resize="stretch", color="gray" if shape[2] == 1 else "rgb")
    x = np.empty((dataset.count, *shape), dtype)
    for index in range(dataset.count):
        sample = dataset.load(index)
        x[index] = preprocess_image(sample, fit, shape) if images else _array(dataset, index, shape)
        if index % 500 == 499 or index + 1 == dataset.count:
            progress(stage, index + 1, dataset.count)
    return x


def _array(dataset: Dataset, index: int, shape: Shape) -> NDArray[Any]:
    sample = np.asarray(dataset.load(index))
    subject = f"{dataset.source}, {dataset.names[index]}"
    if sample.size != np.prod(shape):
        raise DataError(
            subject,
            f"shape {shape_text(sample.shape)}",
            allowed=shape_text(shape),
            hint="arrays are not resized: leave --input out, or prepare them",
            code="sample-shape",
        )
    if not np.isfinite(sample).all():
        raise DataError(
            subject,
            f"{np.count_nonzero(~np.isfinite(sample))} values are NaN or infinite",
            allowed="finite numbers",
            hint="remove the sample or repair what makes it",
            code="not-finite",
        )
    return sample.reshape(shape)


def _check_memory(dataset: Dataset, shape: Shape, dtype: np.dtype[Any]) -> None:
    needed = dataset.count * int(np.prod(shape)) * dtype.itemsize
    allowed = MEMORY_SHARE * memory_bytes()
    if needed > allowed:
        raise DataError(
            dataset.source,
            f"{dataset.count} samples of {shape_text(shape)} take {needed / 2**30:.1f} GiB",
            allowed=f"{allowed / 2**30:.1f} GiB, {MEMORY_SHARE:.0%} of this machine's memory",
            hint="train on fewer with --samples, or on smaller images with --input",
            code="too-much-data",
        )


def memory_bytes() -> float:
    """The machine's memory; unlimited where the system does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (ValueError, OSError, AttributeError):
        return float("inf")
