"""Which known scaling a float model was trained with, by trying each on some images.

With labels: under the right one the labelled classes are most probable. Without: candidates under
which the first layer's response explodes are out (in a trained network with normalization its
spread is near 1; at 0..255 for a model that wants 0..1 it is hundreds), and of the others the right
one makes the predictions depend most on the input: the mutual information between image and class
is largest. Checked on three networks refitted to every candidate: the right one led in all 15.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.converter.data.batches import batches
from edgekit.converter.data.candidates import BYTES, CANDIDATES, UNIT, Candidate, Confidence
from edgekit.converter.data.dataset import Dataset, subset
from edgekit.converter.data.response import first_layer_spread, outputs
from edgekit.converter.ir.graph import Graph

TRIALS = 48
"""Samples each candidate is tried on."""

FEW = 8
"""With fewer samples no guess without labels is more than unsure."""

MOST_SPREAD = 8.0
"""Geometric middle between a healthy first-layer spread (0.5) and one 255 times too large."""

CLEAR_INFORMATION = 0.3
"""Below this share of the most possible, the images are not what the model was trained for."""

CLEAR_LEAD = 1.03
"""A lead in information below this may be chance."""

Floats = NDArray[np.float64]
Verdict = tuple[Candidate, str, Confidence]


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate, the class probabilities (samples, classes) under it, and the spread of the
    first layer's response, None where no layer has weights."""

    candidate: Candidate
    probabilities: Floats
    spread: float | None

    @property
    def calm(self) -> bool:
        """Whether the first layer neither explodes nor falls silent."""
        return self.spread is not None and 0 < self.spread < MOST_SPREAD

    @property
    def information(self) -> float:
        """See `information`."""
        return information(self.probabilities)


def by_trial(graph: Graph, dataset: Dataset, resize: str, color: str | None) -> Verdict:
    """The candidate, the reason for it and how sure that is. `color` restricts the candidates to
    this order of channels."""
    few = subset(dataset, TRIALS, 0)
    channels = graph[graph.inputs[0]].shape[-1]
    tried = [c for c in CANDIDATES if not c.coloured or channels == 3]
    tried = [c for c in tried if color in (None, "gray", c.color) or c.color == "rgb"]
    trials = [_trial(graph, few, c, resize, color) for c in tried]
    return _by_labels(few, trials) or _by_response(trials)


def _trial(
    graph: Graph, dataset: Dataset, candidate: Candidate, resize: str, color: str | None
) -> Trial:
    shape = graph[graph.inputs[0]].shape[1:]
    order = color or ("gray" if shape[-1] == 1 else candidate.color)
    preprocess = Preprocess(resize, order, candidate.mean, candidate.scale)
    inputs = np.concatenate(list(batches(dataset, preprocess, shape)))
    found = probabilities(outputs(graph, inputs))
    return Trial(candidate, found, first_layer_spread(graph, inputs))


# ------------------------------------------------------------------------------- with labels


def _by_labels(dataset: Dataset, trials: list[Trial]) -> Verdict | None:
    """None when there are no labels of the model's classes, or they do not decide."""
    labels, classes = dataset.labels, trials[0].probabilities.shape[1]
    foreign = dataset.classes is not None and len(dataset.classes) != classes
    if labels is None or foreign or max(labels) >= classes:
        return None
    rows = np.arange(len(labels))
    true = {trial.candidate.name: trial.probabilities[rows, labels] for trial in trials}
    ranked = sorted(trials, key=lambda trial: -float(true[trial.candidate.name].mean()))
    if ranked[0].calm:
        ranked = [trial for trial in ranked if trial.calm] + ranked
    first, second = (trial.candidate for trial in ranked[:2])
    lead = true[first.name] - true[second.name]
    hits = [float((trial.probabilities.argmax(1) == labels).mean()) for trial in ranked[:2]]
    text = f"top-1 {hits[0]:.0%} on {len(labels)} labelled samples"
    if _beyond_chance(lead, 0) and _beyond_chance(true[first.name], 1 / classes):
        return first, f"{text}, {hits[1]:.0%} with {second.name}", Confidence.CERTAIN
    if hits[0] < (1 + 1 / classes) / 2:
        return None
    reason = f"{text}, hardly less ({hits[1]:.0%}) with {second.name}"
    return first, reason, Confidence.LIKELY


def _beyond_chance(values: Floats, level: float) -> bool:
    """Whether the mean is above the level by two standard errors, and by more than a trifle."""
    error = float(values.std()) / np.sqrt(len(values))
    return bool(values.mean() > level + max(2 * error, 0.01))


# ---------------------------------------------------------------------------- without labels


def _by_response(trials: list[Trial]) -> Verdict:
    if trials[0].spread is None:
        return UNIT, "no first layer to look at", Confidence.UNSURE
    calm = [trial for trial in trials if trial.calm]
    ranked = sorted(calm, key=lambda trial: -trial.information)
    if not ranked or ranked[0].information <= 0:
        return UNIT, "no known scaling makes the predictions follow the images", Confidence.UNSURE
    best = ranked[0]
    near = [t for t in ranked if t.information * CLEAR_LEAD > best.information]
    rows, classes = best.probabilities.shape
    share = best.information / float(np.log(max(2, min(rows, classes))))
    spread = next(t.spread for t in trials if t.candidate is BYTES)
    told = f"with 0..255 the first layer's response spreads over {spread:.2g}; predictions follow"
    reason = f"{told} the images most with {best.candidate.name}"
    doubtful = share < CLEAR_INFORMATION or rows < FEW
    if len(near) > 1:
        best = min(near, key=lambda trial: CANDIDATES.index(trial.candidate)) if doubtful else best
        names = " and ".join(t.candidate.name for t in near)
        return best.candidate, f"{told} the images alike with {names}", Confidence.UNSURE
    return best.candidate, reason, Confidence.UNSURE if doubtful else Confidence.LIKELY


def probabilities(scores: NDArray[np.generic]) -> Floats:
    """Outputs (samples, ...) as class probabilities (samples, classes).

    Rows that do not sum to 1 (logits) go through a softmax; a single value is the probability of
    class 1, through a sigmoid where it is none.
    """
    rows = scores.reshape(len(scores), -1).astype(np.float64)
    if rows.shape[1] == 1:
        plain = rows.min() >= 0 and rows.max() <= 1
        single = rows if plain else 1 / (1 + np.exp(-np.clip(rows, -60, 60)))
        rows = np.concatenate([1 - single, single], axis=1)
    if (rows < 0).any() or not np.allclose(rows.sum(axis=1), 1, atol=0.05):
        rows = np.exp(rows - rows.max(axis=1, keepdims=True))
    normalized: Floats = rows / rows.sum(axis=1, keepdims=True)
    return normalized


def information(scores: NDArray[np.generic]) -> float:
    """Mutual information between sample and predicted class, in nats."""
    rows = probabilities(scores)
    return float(_entropy(rows.mean(axis=0)) - _entropy(rows).mean())


def _entropy(p: Floats) -> Floats:
    total: Floats = -(p * np.log(np.maximum(p, 1e-12))).sum(axis=-1)
    return total
