"""A data set as a value: samples by index, loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note

Array = NDArray[Any]
Progress = Callable[[int, int], None]
"""Called with (samples done, samples in all; 0 when not known)."""


class Kind(StrEnum):
    """What one sample is."""

    IMAGES = "images"
    """uint8 (height, width, 1 or 3), colours in the order red, green, blue."""
    ARRAYS = "arrays"
    """Any dtype, of the model's input shape without the batch axis."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """Samples with, where known, a class index each.

    `source` names where they come from, without folders; `names` has one entry per sample for
    messages; `load(i)` returns sample i as `kind` says; `total` counts the samples of the whole
    source when this is a part of it. For a model with several inputs `parts` has the loader of
    each by the input's name, and `load` is the first one's.
    """

    source: str
    kind: Kind
    names: tuple[str, ...]
    load: Callable[[int], Array]
    labels: tuple[int, ...] | None = None
    classes: tuple[str, ...] | None = None
    notes: tuple[Note, ...] = ()
    total: int = 0
    parts: Mapping[str, Callable[[int], Array]] = field(default_factory=dict)

    @property
    def description(self) -> str:
        """The source and how much of it this is: "photos (100 of 256 samples)"."""
        unit = "sample" if max(self.count, self.total) == 1 else "samples"
        part = f"{self.count} of {self.total}" if self.total > self.count else f"{self.count}"
        return f"{self.source} ({part} {unit})"

    @property
    def count(self) -> int:
        """Number of samples."""
        return len(self.names)

    @property
    def samples(self) -> Iterator[Array]:
        """The samples in order, each loaded when reached."""
        return (self.load(index) for index in range(self.count))


def subset(dataset: Dataset, limit: int | None, seed: int) -> Dataset:
    """At most `limit` samples: one drawn from each of `limit` equal stretches of the source.

    So every part of a sorted source is covered, and a source with a period is not sampled in
    step with it. The same seed draws the same samples, in the source's order.
    """
    count = dataset.count
    if limit is None or limit >= count:
        return dataset
    edges = np.arange(limit + 1) * count // limit
    chosen = np.random.default_rng(seed).integers(edges[:-1], edges[1:]).tolist()
    part = replace(pick(dataset, chosen), total=max(count, dataset.total))
    return replace(part, notes=(*dataset.notes, *_sorted_note(dataset, limit)))


def pick(dataset: Dataset, indices: list[int]) -> Dataset:
    """The samples at `indices`, in that order."""
    labels, load = dataset.labels, dataset.load
    return replace(
        dataset,
        names=tuple(dataset.names[index] for index in indices),
        load=lambda position: load(indices[position]),
        parts={name: _picked(part, indices) for name, part in dataset.parts.items()},
        labels=None if labels is None else tuple(labels[index] for index in indices),
    )


def _picked(load: Callable[[int], Array], indices: list[int]) -> Callable[[int], Array]:
    return lambda position: load(indices[position])


def _sorted_note(dataset: Dataset, limit: int) -> tuple[Note, ...]:
    labels = dataset.labels
    if labels is None or len(set(labels)) < 2 or any(np.diff(labels) < 0):
        return ()
    return (
        Note(
            "sorted-by-class",
            dataset.source,
            "the samples are sorted by class",
            f"{limit} were drawn evenly from all of them, not from the start",
            level="info",
        ),
    )
