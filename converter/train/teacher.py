"""Trained networks that another learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.converter.data.candidates import CANDIDATES, Candidate
from edgekit.converter.load.keras import attempt
from edgekit.converter.load.tolerant import tolerant_layers
from edgekit.converter.train.backend import Classifier, classifier, heads_of
from edgekit.converter.train.data import Labelled
from edgekit.converter.train.shapes import shape_text
from edgekit.errors import ModelError

SUFFIXES = (".keras", ".h5")
TRIALS = 512
"""Training samples that tell how a teacher wants its pixels scaled."""
SMALL = 1e-7


@dataclass(frozen=True, slots=True)
class Teacher:
    """A Keras classifier with the scaling of its input, y = (x - mean) * scale per channel.

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


def scaled(tf: Any, x: Any, candidate: Candidate | None) -> Any:
    """A batch as float32, scaled; None leaves the values as they are."""
    x = tf.cast(x, tf.float32)
    if candidate is None:
        return x
    if candidate.color == "bgr":
        x = tf.reverse(x, [-1])
    return (x - tf.constant(candidate.mean, tf.float32)) * tf.constant(candidate.scale, tf.float32)


def load_teachers(tf: Any, paths: Sequence[Path], data: Labelled) -> tuple[Teacher, ...]:
    """The teachers, each held against the data. Raises ModelError for files that cannot be read,
    other shapes and other numbers of classes."""
    return tuple(_load(tf, path, data) for path in paths)


def _load(tf: Any, path: Path, data: Labelled) -> Teacher:
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        raise ModelError(
            f"teacher {path}",
            "is no Keras model" if path.exists() else "no such file",
            allowed=", ".join(SUFFIXES),
            hint="give the trained model as `edgekit train` or model.save() wrote it",
            code="teacher-file",
        )
    classes = None if path.suffix == ".keras" else tolerant_layers(tf, set())
    model = attempt(
        path,
        "load",
        lambda: tf.keras.models.load_model(path, compile=False, custom_objects=classes),
    )
    _check(path, model, data)
    model.trainable = False
    view = classifier(tf, model)
    scaling, top1 = _scaling(tf, view, data)
    return Teacher(path, hashlib.sha256(path.read_bytes()).hexdigest(), view, scaling, top1)


def _check(path: Path, model: Any, data: Labelled) -> None:
    takes = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    gives = [tuple(tensor.shape[1:]) for tensor in model.outputs]
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
    if gives != [(len(data.classes),)]:
        shown = " and ".join(shape_text(shape) for shape in gives)
        raise ModelError(
            f"teacher {path}",
            f"tells {shown} classes apart",
            allowed=f"{len(data.classes)}, as the training data have",
            hint="train a teacher on these data",
            code="teacher-classes",
        )


def _scaling(tf: Any, view: Classifier, data: Labelled) -> tuple[Candidate | None, float]:
    """The known scaling under which the teacher is right most often; arrays stay as they are."""
    chosen = np.linspace(0, data.count - 1, min(TRIALS, data.count)).astype(int)
    x, labels = data.x[chosen], data.labels[chosen]
    tried: list[Candidate | None] = [None]
    if data.images:
        tried = [c for c in CANDIDATES if not c.coloured or data.shape[2] == 3]
    results = []
    for candidate in tried:
        scores, _ = heads_of(view, scaled(tf, x, candidate), training=False)
        results.append(float((np.asarray(scores).argmax(axis=1) == labels).mean()))
    best = int(np.argmax(results))
    return tried[best], results[best]
