"""How images become the model's input: declared by flags, else guessed and said so.

The rules, first match wins:

1. A quantized input states its real range in its scale and zero point.
2. A multiplication by about 1/255 or 1/127.5 at the model's start (Keras' Rescaling) takes 0..255.
3. The float model is run on a few dozen samples under each known scaling: see `trial`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.figures import Note
from edgekit.converter.data.candidates import BYTES, CANDIDATES, UNIT, Candidate, Confidence
from edgekit.converter.data.dataset import Dataset, Kind
from edgekit.converter.data.images import is_image_shape
from edgekit.converter.data.response import rescaling
from edgekit.converter.data.trial import by_trial
from edgekit.converter.ir.graph import DType, Graph, Tensor


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
    shape = tensor.shape[1:]
    order = color or ("gray" if shape[-1:] == (1,) else guess.preprocess.color)
    done = replace(guess.preprocess, resize=fit, color=order)
    return replace(guess, preprocess=replace(done, source=_source(given, guess)))


def _flags(*values: Any) -> list[tuple[str, Any]]:
    return list(zip(("resize", "color", "mean", "scale"), values, strict=True))


def _source(given: list[str], guess: Guess) -> str:
    if len(given) == 4:
        return "flag"
    text = f"guessed: {guess.reason}"
    return f"flag ({', '.join(given)}); {text}" if given else text


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
    return _guess(*by_trial(graph, dataset, resize, color))


def guessed(guess: Guess, candidate: Candidate, reason: str, confidence: Confidence) -> Guess:
    """The guess with another scaling of its values."""
    values = replace(
        guess.preprocess,
        color=candidate.color if guess.preprocess.color != "gray" else "gray",
        mean=candidate.mean,
        scale=candidate.scale,
        source=f"guessed: {reason}",
    )
    return Guess(values, reason, confidence)


def _guess(candidate: Candidate, reason: str, confidence: Confidence) -> Guess:
    values = Preprocess(color=candidate.color, mean=candidate.mean, scale=candidate.scale)
    return Guess(values, reason, confidence)


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
