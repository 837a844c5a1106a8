"""How images become the model's input: declared by flags, else guessed and said so.

The rules, first match wins:

1. A quantized input states its real range in its scale and zero point.
2. A multiplication by about 1/255 or 1/127.5 at the model's start (Keras' Rescaling) takes 0..255.
3. Labels: the candidate with the highest accuracy, if its lead is beyond chance.
4. The first layer's response: in a trained network with normalization its spread is near 1. At
   0..255 for a model that wants 0..1 it is hundreds, the other way round thousandths.
5. Between 0..1 and -1..1, which rule 4 cannot tell apart: the candidate under which the
   predictions depend more on the input (mutual information between image and class).

Rules 3 to 5 run the float model on a few dozen samples for each candidate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.figures import Note
from edgekit.converter.data.batches import batches
from edgekit.converter.data.dataset import Dataset, Kind, subset
from edgekit.converter.data.images import is_image_shape
from edgekit.converter.data.response import first_layer_spread, outputs, rescaling
from edgekit.converter.ir.graph import DType, Graph, Tensor

TRIALS = 48
"""Samples each candidate is tried on."""

MIDDLE_SPREAD = 8.0
"""Geometric middle between a healthy first-layer spread (0.5) and one 255 times too large."""

CLEAR_INFORMATION = 0.3
"""Below this share of the most possible, the images are not what the model was trained for."""


class Confidence(StrEnum):
    """How much a guess is worth."""

    CERTAIN = "certain"
    LIKELY = "likely"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A known way to scale 8-bit pixels: y = (x - mean) * scale, into [low, high]."""

    name: str
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    low: float
    high: float


BYTES = Candidate("0..255", (0.0,), (1.0,), 0.0, 255.0)
UNIT = Candidate("0..1", (0.0,), (1 / 255,), 0.0, 1.0)
SIGNED = Candidate("-1..1", (127.5,), (1 / 127.5,), -1.0, 1.0)
STANDARD = Candidate(
    "ImageNet mean and deviation",
    (123.675, 116.28, 103.53),
    (1 / 58.395, 1 / 57.12, 1 / 57.375),
    -2.12,
    2.64,
)
CANDIDATES = (UNIT, SIGNED, BYTES, STANDARD)


@dataclass(frozen=True, slots=True)
class Guess:
    """A preprocessing with the reason for it and how sure that is."""

    preprocess: Preprocess
    reason: str
    confidence: Confidence

    @property
    def note(self) -> Note:
        """The guess as a line for the user: a warning when it is not sure."""
        unsure = self.confidence is Confidence.UNSURE
        return Note(
            "preprocess-unsure" if unsure else "preprocess",
            "input",
            f"{describe(self.preprocess)} ({self.confidence}: {self.reason})",
            "say it with --resize, --color, --mean and --scale" if unsure else "",
            level="warning" if unsure else "info",
        )


def describe(preprocess: Preprocess) -> str:
    """A preprocessing in a few words: "stretch, rgb, 0..1"."""
    if preprocess.resize == "none" and (preprocess.mean, preprocess.scale) == ((0.0,), (1.0,)):
        return "values as they are"
    known = [c for c in CANDIDATES if (c.mean, c.scale) == (preprocess.mean, preprocess.scale)]
    if known:
        return f"{preprocess.resize}, {preprocess.color}, {known[0].name}"
    mean = ",".join(f"{value:g}" for value in preprocess.mean)
    scale = ",".join(f"{value:g}" for value in preprocess.scale)
    return f"{preprocess.resize}, {preprocess.color}, (x - {mean}) * {scale}"


def choose_preprocess(
    graph: Graph,
    dataset: Dataset | None,
    *,
    resize: str | None = None,
    color: str | None = None,
    mean: tuple[float, ...] | None = None,
    scale: tuple[float, ...] | None = None,
) -> Guess:
    """The preprocessing for `graph` (as loaded, before compression) and this data.

    What is given stands; the rest is guessed. With `mean` or `scale` given the other defaults to
    0 or 1. Arrays are taken as they are.
    """
    tensor = graph[graph.inputs[0]]
    given = [name for name, value in _flags(resize, color, mean, scale) if value is not None]
    if mean is not None or scale is not None:
        values, reason = Preprocess(mean=mean or (0.0,), scale=scale or (1.0,)), "as given"
        guess = Guess(values, reason, Confidence.CERTAIN)
    elif len(graph.inputs) > 1:
        reason = "arrays for several inputs are taken as they are"
        guess = Guess(Preprocess(), reason, Confidence.LIKELY)
    else:
        guess = _guess_values(graph, tensor, dataset, resize or _resize(graph), color)
    fit = resize or ("none" if _arrays(dataset) else _resize(graph))
    done = replace(guess.preprocess, resize=fit, color=color or _color(tensor.shape[1:]))
    return replace(guess, preprocess=replace(done, source=_source(given, guess)))


def _flags(*values: Any) -> list[tuple[str, Any]]:
    return list(zip(("resize", "color", "mean", "scale"), values, strict=True))


def _source(given: list[str], guess: Guess) -> str:
    if len(given) == 4:
        return "flag"
    text = f"guessed: {guess.reason}"
    return f"flag ({', '.join(given)}); {text}" if given else text


def _color(shape: tuple[int, ...]) -> str:
    return "gray" if shape[-1:] == (1,) else "rgb"


def _resize(graph: Graph) -> str:
    """ImageNet classifiers are evaluated on centre crops; Keras' loaders stretch."""
    classes = graph[graph.outputs[0]].shape[-1:]
    return "crop" if classes in ((1000,), (1001,)) else "stretch"


def _guess_values(
    graph: Graph, tensor: Tensor, dataset: Dataset | None, resize: str, color: str | None
) -> Guess:
    if dataset is not None and tensor.quant and _same_integers(dataset, tensor):
        values = Preprocess(mean=(float(tensor.quant.zero_point),), scale=(tensor.quant.scale,))
        return Guess(values, "samples are integers as the model's input", Confidence.CERTAIN)
    if _arrays(dataset):
        return Guess(Preprocess(), "arrays are taken as they are", Confidence.LIKELY)
    if tensor.quant is not None:
        return _from_quantization(tensor)
    if rescaling(graph):
        return _guess(BYTES, "the model rescales its input itself", Confidence.CERTAIN)
    if dataset is None or not is_image_shape(tensor.shape[1:]):
        return _guess(UNIT, "nothing to go by", Confidence.UNSURE)
    return _by_trial(graph, dataset, resize, color or _color(tensor.shape))


def _guess(candidate: Candidate, reason: str, confidence: Confidence) -> Guess:
    return Guess(Preprocess(mean=candidate.mean, scale=candidate.scale), reason, confidence)


def _same_integers(dataset: Dataset, tensor: Tensor) -> bool:
    return _arrays(dataset) and dataset.load(0).dtype == tensor.dtype.numpy


def _arrays(dataset: Dataset | None) -> bool:
    return dataset is not None and dataset.kind is Kind.ARRAYS


def _from_quantization(tensor: Tensor) -> Guess:
    """Rule 1: the candidate whose range is the input's within 6 %, else the range itself."""
    assert tensor.quant is not None
    first, last = (0, 255) if tensor.dtype is DType.UINT8 else (-128, 127)
    low, high = (tensor.quant.scale * (q - tensor.quant.zero_point) for q in (first, last))
    for candidate in CANDIDATES:
        slack = 0.06 * (candidate.high - candidate.low)
        if abs(low - candidate.low) < slack and abs(high - candidate.high) < slack:
            reason = f"the quantized input spans {low:.3g} to {high:.3g}"
            return _guess(candidate, reason, Confidence.CERTAIN)
    scale = (high - low) / 255
    values = Preprocess(mean=(-low / scale,), scale=(scale,))
    reason = f"pixels spread over the quantized input's range, {low:.3g} to {high:.3g}"
    return Guess(values, reason, Confidence.UNSURE)


def _by_trial(graph: Graph, dataset: Dataset, resize: str, color: str) -> Guess:
    few = subset(dataset, TRIALS, 0)
    tried = [c for c in CANDIDATES if len(c.mean) == 1 or graph[graph.inputs[0]].shape[-1] == 3]
    inputs = {
        c.name: _inputs(graph, few, Preprocess(resize, color, c.mean, c.scale)) for c in tried
    }
    probabilities = {c.name: outputs(graph, inputs[c.name]) for c in tried}
    return _by_labels(few, probabilities) or _by_response(graph, inputs, probabilities)


def _inputs(graph: Graph, dataset: Dataset, preprocess: Preprocess) -> NDArray[np.float32]:
    shape = graph[graph.inputs[0]].shape[1:]
    return np.concatenate(list(batches(dataset, preprocess, shape)))


def _by_labels(dataset: Dataset, probabilities: dict[str, NDArray[Any]]) -> Guess | None:
    """Rule 3; None when labels do not decide.

    ImageNet's mean and deviation come close to the other candidates: they must lead all of them
    or are left out.
    """
    labels = dataset.labels
    classes = next(iter(probabilities.values())).shape[-1]
    foreign = dataset.classes is not None and len(dataset.classes) != classes
    if labels is None or classes < 2 or foreign or max(labels) >= classes:
        return None
    hits = {n: float((p.argmax(-1) == labels).mean()) for n, p in probabilities.items()}
    chance = 1 / classes
    for names in (list(hits), [name for name in hits if name != STANDARD.name]):
        first, second = sorted(names, key=lambda name: -hits[name])[:2]
        if _leads(hits[first], hits[second], chance, len(labels)):
            reason = (
                f"top-1 {hits[first]:.0%} on {len(labels)} labelled samples, "
                f"{hits[second]:.0%} with {second}"
            )
            return _guess(_named(first), reason, Confidence.CERTAIN)
    return _tied(hits, chance, len(labels))


def _tied(hits: dict[str, float], chance: float, count: int) -> Guess | None:
    """A model that is mostly right with several scales: the best of them, the first if equal."""
    first, second = sorted(hits, key=lambda name: -hits[name])[:2]
    if hits[first] < (1 + chance) / 2:
        return None
    reason = (
        f"top-1 {hits[first]:.0%} on {count} labelled samples, hardly less "
        f"({hits[second]:.0%}) with {second}"
    )
    return _guess(_named(first), reason, Confidence.LIKELY)


def _leads(best: float, second: float, chance: float, count: int) -> bool:
    """Whether the lead, and the distance from chance, are beyond what luck makes."""
    spread = float(np.sqrt(max(best * (1 - best), 0.05) / count))
    return best - second >= 1.5 * spread and best >= chance + 2 * spread


def _named(name: str) -> Candidate:
    return next(candidate for candidate in CANDIDATES if candidate.name == name)


def _by_response(
    graph: Graph, inputs: dict[str, NDArray[np.float32]], probabilities: dict[str, NDArray[Any]]
) -> Guess:
    """Rules 4 and 5."""
    spread = first_layer_spread(graph, inputs[BYTES.name])
    if spread is None:
        return _guess(UNIT, "no first layer to look at", Confidence.UNSURE)
    off = max(spread / MIDDLE_SPREAD, MIDDLE_SPREAD / spread)
    sure = Confidence.LIKELY if off > 3 else Confidence.UNSURE
    reason = f"with 0..255 the first layer's response spreads over {spread:.2g}"
    if spread < MIDDLE_SPREAD:
        return _guess(BYTES, reason, sure)
    return _unit_or_signed(probabilities, reason, sure)


def _unit_or_signed(probabilities: dict[str, NDArray[Any]], reason: str, sure: Confidence) -> Guess:
    unit, signed = (information(probabilities[c.name]) for c in (UNIT, SIGNED))
    choice = SIGNED if signed > unit else UNIT
    if min(unit, signed) * 1.05 > max(unit, signed):
        return _guess(UNIT, f"{reason}; 0..1 and -1..1 look alike", Confidence.UNSURE)
    if max(unit, signed) < CLEAR_INFORMATION * _most_information(probabilities):
        sure = Confidence.UNSURE
    reason = f"{reason}; predictions follow the images more with {choice.name}"
    return _guess(choice, reason, sure)


def _most_information(probabilities: dict[str, NDArray[Any]]) -> float:
    """What a model that names every sample with full confidence would reach, in nats."""
    rows = next(iter(probabilities.values()))
    return float(np.log(max(2, min(len(rows), rows[0].size))))


def information(probabilities: NDArray[Any]) -> float:
    """Mutual information between sample and predicted class, in nats.

    Rows that do not sum to 1 (logits) go through a softmax first.
    """
    rows = probabilities.reshape(len(probabilities), -1).astype(np.float64)
    if rows.shape[1] == 1:
        rows = np.concatenate([rows, 1 - rows], axis=1)
    if (rows < 0).any() or not np.allclose(rows.sum(axis=1), 1, atol=0.05):
        rows = np.exp(rows - rows.max(axis=1, keepdims=True))
    rows = rows / rows.sum(axis=1, keepdims=True)
    return float(_entropy(rows.mean(axis=0)) - _entropy(rows).mean())


def _entropy(p: NDArray[np.float64]) -> NDArray[np.float64]:
    total: NDArray[np.float64] = -(p * np.log(np.maximum(p, 1e-12))).sum(axis=-1)
    return total
