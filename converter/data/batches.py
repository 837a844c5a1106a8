"""Samples to the float32 batches a graph takes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.data.dataset import Array, Dataset, Kind, Progress
from edgekit.converter.data.images import normalize, preprocess_image
from edgekit.converter.ir.graph import Graph
from edgekit.errors import DataError

BATCH = 16
"""Samples per batch: large enough for NumPy, small enough for the cache and the memory."""

Batch = NDArray[np.float32] | dict[str, NDArray[np.float32]]
"""Samples along the first axis: an array for a model with one input, else arrays by its name."""


def batches(
    dataset: Dataset,
    preprocess: Preprocess,
    shape: tuple[int, ...],
    *,
    size: int = BATCH,
    progress: Progress | None = None,
) -> Iterator[NDArray[np.float32]]:
    """The data set as float32 arrays (up to `size`, *shape), each sample brought to `shape`.

    `shape` is the model's input without the batch axis. Raises DataError for samples that do not
    fit, naming the first.
    """
    for start in range(0, dataset.count, size):
        indices = range(start, min(start + size, dataset.count))
        yield np.stack([prepare(dataset, index, preprocess, shape) for index in indices])
        if progress is not None:
            progress(indices.stop, dataset.count)


def graph_batches(
    dataset: Dataset,
    preprocess: Preprocess,
    graph: Graph,
    *,
    size: int = BATCH,
    progress: Progress | None = None,
) -> Iterator[Batch]:
    """As `batches`, for all inputs of the graph: arrays by name where there are several."""
    if len(graph.inputs) == 1:
        shape = graph[graph.inputs[0]].shape[1:]
        yield from batches(dataset, preprocess, shape, size=size, progress=progress)
        return
    for start in range(0, dataset.count, size):
        indices = range(start, min(start + size, dataset.count))
        rows = [prepare_all(dataset, index, preprocess, graph) for index in indices]
        yield {name: np.stack([row[name] for row in rows]) for name in graph.inputs}
        if progress is not None:
            progress(indices.stop, dataset.count)


def prepare_all(
    dataset: Dataset, index: int, preprocess: Preprocess, graph: Graph
) -> dict[str, NDArray[np.float32]]:
    """Sample `index` for every input of the graph, by name, without the batch axis.

    A data set for several inputs has an array for each, used as it is. Raises DataError.
    """
    shapes = {name: graph[name].shape[1:] for name in graph.inputs}
    if len(shapes) == 1:
        return {name: prepare(dataset, index, preprocess, shape) for name, shape in shapes.items()}
    return {
        name: _reshape(dataset.parts[name](index), shape, dataset, index).astype(np.float32)
        for name, shape in shapes.items()
    }


def prepare(
    dataset: Dataset, index: int, preprocess: Preprocess, shape: tuple[int, ...]
) -> NDArray[np.float32]:
    """Sample `index` as the float32 model input of `shape`."""
    sample = dataset.load(index)
    if dataset.kind is Kind.IMAGES and not _flattens(sample, shape):
        return preprocess_image(sample, preprocess, shape)
    return normalize(_reshape(sample, shape, dataset, index), preprocess)


def _flattens(sample: Array, shape: tuple[int, ...]) -> bool:
    """Whether the model takes this image as a plain vector."""
    return len(shape) == 1 and sample.size == shape[0]


def _reshape(sample: Array, shape: tuple[int, ...], dataset: Dataset, index: int) -> Array:
    """The sample in the model's shape, when they differ in extents of 1 only or the model's is
    flat."""
    same = [n for n in sample.shape if n != 1] == [n for n in shape if n != 1]
    if same or _flattens(sample, shape):
        return sample.reshape(shape)
    turned = sample.ndim == 3 and sample.transpose(1, 2, 0).shape == shape
    raise DataError(
        f"{dataset.description}, {dataset.names[index]}",
        f"shape {list(sample.shape)}",
        allowed=f"{list(shape)}, the model's input",
        hint="the channels come last: transpose it" if turned else "reshape or resize the samples",
        code="sample-shape",
    )
