"""Trained networks that another learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.converter.data.candidates import Candidate
from edgekit.converter.load.keras import attempt
from edgekit.converter.load.tolerant import tolerant_layers
from edgekit.converter.train.backend import Classifier, classifier, heads_of
from edgekit.converter.train.data import Labelled
from edgekit.converter.train.scaling import best_scaling, scaled
from edgekit.converter.train.shapes import shape_text
from edgekit.converter.train.start import image_shape, read_trainable
from edgekit.converter.train.trainable import view
from edgekit.errors import ModelError

SUFFIXES = (".keras", ".h5")
"""Of files that Keras computes itself; models of other formats are computed as graphs."""
SMALL = 1e-7


@dataclass(frozen=True, slots=True)
class Teacher:
    """A trained classifier with the scaling of its input, y = (x - mean) * scale per channel.

    `top1` is its share of right answers on the samples that told the scaling.
    """

    path: Path
    sha256: str
    view: Classifier
    scaling: Candidate | None
    top1: float

    def answer(self, tf: Any, x: Any) -> tuple[Any, Any]:
        """(scores, features) for a batch as it came from the data; probabilities as their
        logarithm, which under softmax(. / T) is the same. No gradient flows into them."""
        scores, features = heads_of(self.view, scaled(tf, x, self.scaling), training=False)
        if not self.view.logits:
            scores = tf.math.log(scores + SMALL)
        return tf.stop_gradient(scores), features


def load_teachers(tf: Any, paths: Sequence[Path], data: Labelled) -> tuple[Teacher, ...]:
    """The teachers, each held against the data. Raises ModelError for files that cannot be read,
    other shapes and other numbers of classes."""
    return tuple(_load(tf, path, data) for path in paths)


def _load(tf: Any, path: Path, data: Labelled) -> Teacher:
    if not path.exists():
        raise ModelError(
            f"teacher {path}",
            "no such file",
            allowed=f"{', '.join(SUFFIXES)}, a float .tflite, a SavedModel folder",
            hint="give a trained model as `edgekit train` or model.save() wrote it",
            code="teacher-file",
        )
    network, sha256 = (_from_keras if path.suffix in SUFFIXES else _from_graph)(tf, path, data)
    scaling, top1 = best_scaling(tf, network, data)
    return Teacher(path, sha256, network, scaling, top1)


def _from_keras(tf: Any, path: Path, data: Labelled) -> tuple[Classifier, str]:
    classes = None if path.suffix == ".keras" else tolerant_layers(tf, set())
    model = attempt(
        path,
        "load",
        lambda: tf.keras.models.load_model(path, compile=False, custom_objects=classes),
    )
    takes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    _check(path, takes, [tuple(tensor.shape[1:]) for tensor in model.outputs], data)
    model.trainable = False
    return classifier(tf, model), hashlib.sha256(path.read_bytes()).hexdigest()


def _from_graph(tf: Any, path: Path, data: Labelled) -> tuple[Classifier, str]:
    graph, sha256 = read_trainable(path, f"teacher {path}")
    gives = [graph[name].shape[1:] for name in graph.outputs]
    _check(path, [image_shape(graph)], gives, data)
    return view(tf, graph), sha256


Shapes = Sequence[tuple[int | None, ...]]


def _check(path: Path, takes: Shapes, gives: Shapes, data: Labelled) -> None:
    fits = len(takes) == 1 and len(takes[0]) == 3
    fits = fits and all(a in (None, b) for a, b in zip(takes[0], data.shape, strict=True))
    if not fits:
        shown = " and ".join("x".join(str(e or "?") for e in shape) for shape in takes)
        raise ModelError(
            f"teacher {path}",
            f"takes {shown}",
            allowed=f"{shape_text(data.shape)}, as the student",
            hint=f"train the student on the teacher's images with --input {shown}",
            code="teacher-input",
        )
    if list(gives) != [(len(data.classes),)]:
        shown = " and ".join("x".join(map(str, shape)) for shape in gives)
        raise ModelError(
            f"teacher {path}",
            f"tells {shown} classes apart",
            allowed=f"{len(data.classes)}, as the training data have",
            hint="train a teacher on these data",
            code="teacher-classes",
        )
