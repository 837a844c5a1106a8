"""How samples become a network's input: known scalings, and the one a trained network wants."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.converter.data.candidates import CANDIDATES, Candidate
from edgekit.converter.train.backend import Classifier, heads_of
from edgekit.converter.train.data import Labelled

TRIALS = 512
"""Training samples that tell how a trained network wants its pixels scaled."""


def scaled(tf: Any, x: Any, candidate: Candidate | None) -> Any:
    """A batch as float32, scaled; None leaves the values as they are."""
    x = tf.cast(x, tf.float32)
    if candidate is None:
        return x
    if candidate.color == "bgr":
        x = tf.reverse(x, [-1])
    return (x - tf.constant(candidate.mean, tf.float32)) * tf.constant(candidate.scale, tf.float32)


def best_scaling(tf: Any, view: Classifier, data: Labelled) -> tuple[Candidate | None, float]:
    """The known scaling under which the network is right most often, and that share; arrays stay
    as they are."""
    some = data.some(TRIALS)
    tried: list[Candidate | None] = [None]
    if data.images:
        tried = [c for c in CANDIDATES if not c.coloured or data.shape[2] == 3]
    results = []
    for candidate in tried:
        scores, _ = heads_of(view, scaled(tf, some.x, candidate), training=False)
        results.append(float((np.asarray(scores).argmax(axis=1) == some.labels).mean()))
    best = int(np.argmax(results))
    return tried[best], results[best]
