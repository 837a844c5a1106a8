"""What a model's output means, and which labels fit it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.data.dataset import Dataset
from edgekit.converter.ir.graph import Graph
from edgekit.converter.ir.ops import (
    Dequantize,
    DetectionPostProcess,
    Logistic,
    Quantize,
    Reshape,
    Softmax,
    Squeeze,
)
from edgekit.errors import DataError


class Task(StrEnum):
    """How the first output is judged."""

    CLASSES = "classes"
    """One score per class, the largest wins."""
    BINARY = "binary"
    """A single probability; 0.5 and more means class 1."""
    RECONSTRUCTION = "reconstruction"
    """As many values as the input: an autoencoder, whose error tells the odd from the usual."""
    DETECTIONS = "detections"
    """Boxes, classes and scores, in an order that the smallest change of a score turns round."""
    VALUES = "values"
    """Numbers that are no classes."""


@dataclass(frozen=True, slots=True)
class Head:
    """The task, and the tensor in front of a final softmax or logistic (else the output)."""

    task: Task
    output: str
    scores: str
    size: int


def head(graph: Graph) -> Head:
    """What the first output is, from the operators that make it.

    Scores without a softmax count as classes only when labels say so; see `with_labels`.
    """
    output = graph.outputs[0]
    size = int(np.prod(graph[output].shape[1:], dtype=np.int64))
    name = output
    node = graph.producer(name)
    while node is not None and isinstance(node.op, Reshape | Squeeze | Quantize | Dequantize):
        name = graph.input(node).name
        node = graph.producer(name)
    if node is not None and isinstance(node.op, DetectionPostProcess):
        return Head(Task.DETECTIONS, output, output, size)
    if node is not None and isinstance(node.op, Softmax) and size > 1:
        return Head(Task.CLASSES, output, graph.input(node).name, size)
    if node is not None and isinstance(node.op, Logistic) and size == 1:
        return Head(Task.BINARY, output, graph.input(node).name, size)
    same = graph[graph.inputs[0]].shape[1:] == graph[output].shape[1:]
    return Head(
        Task.RECONSTRUCTION if same and len(graph.inputs) == 1 else Task.VALUES,
        output,
        output,
        size,
    )


def judged(graph: Graph, found: Head) -> tuple[str, ...]:
    """The tensors whose noise counts: the first output before its softmax, the other outputs; in
    place of detections the encoded boxes and the scores that they are made from."""
    names: list[str] = []
    for name in (found.scores, *graph.outputs[1:]):
        node = graph.producer(name)
        detects = node is not None and isinstance(node.op, DetectionPostProcess)
        names += [str(operand) for operand in node.inputs[:2]] if node and detects else [name]
    return tuple(dict.fromkeys(names))


def with_labels(found: Head, labels: Iterable[int] | None) -> Head:
    """The head as labels reveal it: several plain values beside class labels are logits."""
    if labels is None or found.task is not Task.VALUES or found.size < 2:
        return found
    return Head(Task.CLASSES, found.output, found.scores, found.size)


def fitting_labels(dataset: Dataset, graph: Graph, *, required: bool) -> NDArray[np.int64] | None:
    """The data's labels, if they name this model's classes; else None.

    With `required` labels that do not fit raise DataError instead.
    """
    if dataset.labels is None:
        return None
    found = head(graph)
    problem = _mismatch(dataset, dataset.labels, found)
    if not problem:
        return np.array(dataset.labels, np.int64)
    if not required:
        return None
    raise DataError(
        dataset.description,
        problem,
        allowed=_allowed(found),
        hint=_way_out(dataset.labels, found),
        code="class-mismatch",
    )


def _allowed(found: Head) -> str:
    if found.task is Task.DETECTIONS:
        return "data without class labels"
    return f"class indices 0 to {_classes(found) - 1}, in the order of the model's output"


def _way_out(labels: tuple[int, ...], found: Head) -> str:
    if found.task is Task.DETECTIONS:
        return "give the images in one folder; the noise of boxes and scores is measured on them"
    classes = _classes(found)
    if min(labels) == 1 and max(labels) == classes:
        return "the labels seem to count from 1: subtract 1 from each"
    return "use a data set with the model's classes; a labels.txt in the folder sets their order"


def _classes(found: Head) -> int:
    two = found.task in (Task.BINARY, Task.RECONSTRUCTION) or found.size == 1
    return 2 if two else found.size


def _mismatch(dataset: Dataset, labels: tuple[int, ...], found: Head) -> str:
    """Why the labels cannot be the model's classes, or ""."""
    classes = _classes(found)
    if found.task is Task.DETECTIONS:
        return "it has class labels, and the model gives boxes"
    if found.task is Task.VALUES and found.size < 2:
        return "it has class labels, and the model's single output is no probability"
    if dataset.classes is not None and len(dataset.classes) != classes:
        return f"{len(dataset.classes)} classes, the model has {classes}"
    if max(labels) >= classes:
        return f"label {max(labels)}, the model has {classes} classes"
    return ""
