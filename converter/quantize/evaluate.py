"""Float against quantized on real data: accuracy where labels exist, agreement where not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import AccuracySummary, Preprocess
from edgekit.converter.data.batches import graph_batches
from edgekit.converter.data.dataset import Dataset, Progress, subset
from edgekit.converter.ir.graph import Graph
from edgekit.converter.quantize.execute import Array, Batch, count_of, outputs_real
from edgekit.converter.quantize.sqnr import Power
from edgekit.converter.quantize.tasks import (
    Head,
    Task,
    fitting_labels,
    head,
    judged,
    with_labels,
)

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Predictions:
    """Per sample: the class predicted, and a score that ranks class 1 above class 0.

    `classes` is None where the output is no classes, `scores` where there are not two classes.
    """

    classes: NDArray[np.int64] | None = None
    scores: Floats | None = None


def compare(
    float_graph: Graph,
    int8_graph: Graph,
    dataset: Dataset,
    preprocess: Preprocess,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
    require_labels: bool = False,
    calibrated_on: str = "",
) -> AccuracySummary:
    """Both graphs on up to `limit` samples, in the NumPy interpreter.

    Labels count when they fit the model's classes; with `require_labels` (data given for
    evaluation) labels that do not fit raise DataError. `calibrated_on` is the description of the
    calibration data: the summary's `data` says so when it is the same.
    """
    reference = Reference(
        float_graph,
        dataset,
        preprocess,
        limit=limit,
        require_labels=require_labels,
        calibrated_on=calibrated_on,
    )
    return reference.against(int8_graph, progress=progress)


KEPT_BYTES = 1 << 28
"""Samples and the float model's results are kept up to so many bytes, else made anew."""


class Reference:
    """A float graph on a data set, to compare any number of quantized graphs with.

    Arguments as for `compare`. With `keep` the float graph runs once only, where samples and
    results take no more than `KEPT_BYTES`.
    """

    def __init__(
        self,
        graph: Graph,
        dataset: Dataset,
        preprocess: Preprocess,
        *,
        limit: int | None = None,
        require_labels: bool = False,
        calibrated_on: str = "",
        keep: bool = False,
    ) -> None:
        self._graph, self._preprocess, self._keep = graph, preprocess, keep
        self._part = subset(dataset, limit, 0)
        self._labels = fitting_labels(self._part, graph, required=require_labels)
        self._found = with_labels(head(graph), self._labels)
        self._judged = judged(graph, self._found)
        self._data = _data(self._part, calibrated_on)
        self._kept: list[tuple[Batch, dict[str, Array]]] | None = None

    def against(self, graph: Graph, *, progress: Progress | None = None) -> AccuracySummary:
        """The comparison with one quantized graph."""
        found, names = self._found, (*self._graph.outputs, *self._judged)
        powers = {name: Power() for name in self._judged}
        parts: tuple[list[Predictions], list[Predictions]] = ([], [])
        largest = regret = 0.0
        for batch, exact in self._batches(names, progress):
            noisy = outputs_real(graph, batch, names)
            for name, power in powers.items():
                power.add(exact[name], noisy[name])
            gaps = (_gap(exact[name], noisy[name]) for name in self._graph.outputs)
            largest = max([largest, *gaps])
            for kept, results in zip(parts, (exact, noisy), strict=True):
                kept.append(_predictions(found, results[found.output], batch))
            regret += _regret(found, exact[found.output], parts[0][-1], parts[1][-1])
        probable = found.output != found.scores
        return _summary(
            found,
            (_joined(parts[0]), _joined(parts[1])),
            self._labels,
            samples=self._part.count,
            data=self._data,
            sqnr_db=min(power.decibels for power in powers.values()),
            largest=largest,
            expected_drop=regret / self._part.count if probable else None,
        )

    def _batches(
        self, names: tuple[str, ...], progress: Progress | None
    ) -> Iterator[tuple[Batch, dict[str, Array]]]:
        """Each batch with what the float graph gives for it."""
        if self._kept is not None:
            yield from self._kept
            return
        made: list[tuple[Batch, dict[str, Array]]] = []
        size = 0
        for batch in graph_batches(self._part, self._preprocess, self._graph, progress=progress):
            both = (batch, outputs_real(self._graph, batch, names))
            size += sum(array.nbytes for array in (*both[1].values(), *_arrays(batch)))
            if self._keep and size <= KEPT_BYTES:
                made.append(both)
            yield both
        if self._keep and size <= KEPT_BYTES:
            self._kept = made


def _arrays(batch: Batch) -> Iterable[Array]:
    return batch.values() if isinstance(batch, Mapping) else (batch,)


def evaluate(
    graph: Graph,
    dataset: Dataset,
    preprocess: Preprocess,
    *,
    limit: int | None = None,
    progress: Progress | None = None,
) -> AccuracySummary | None:
    """The accuracy of one graph (float or quantized) on labelled data; None without labels.

    `before` and `after` are the same. Raises DataError for labels that do not fit.
    """
    part = subset(dataset, limit, 0)
    labels = fitting_labels(part, graph, required=True)
    if labels is None:
        return None
    found = with_labels(head(graph), labels)
    kept = [
        _predictions(found, outputs_real(graph, batch)[found.output], batch)
        for batch in graph_batches(part, preprocess, graph, progress=progress)
    ]
    both = (_joined(kept), _joined(kept))
    return _summary(found, both, labels, samples=part.count, data=part.description)


def top1(predicted: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """The share of samples whose predicted class is their label."""
    return float((predicted == labels).mean())


MOST_CLASSES = 32
"""Up to so many classes a matrix of them can be read."""


def confusion(
    predicted: NDArray[np.int64] | None, labels: NDArray[np.int64] | None, classes: int
) -> tuple[tuple[int, ...], ...] | None:
    """Samples by label (rows) and predicted class (columns); None without labels or with more
    than MOST_CLASSES classes."""
    if predicted is None or labels is None or classes > MOST_CLASSES:
        return None
    counts = np.bincount(labels * classes + predicted, minlength=classes * classes)
    return tuple(tuple(row) for row in counts.reshape(classes, classes).tolist())


def roc_auc(scores: Floats, labels: NDArray[np.int64]) -> float | None:
    """Area under the ROC curve for labels 0 and 1: the chance that a 1 outranks a 0.

    By ranks (Mann-Whitney), ties count half. None when one class is absent.
    """
    positives = int((labels == 1).sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return None
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    above = ranks[labels == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def _gap(exact: Array, noisy: Array) -> float:
    return float(np.abs(exact - noisy).max())


def _predictions(found: Head, output: Array, batch: Batch) -> Predictions:
    rows = output.reshape(count_of(batch), -1).astype(np.float64)
    if found.task is Task.CLASSES:
        scores = rows[:, 1] - rows[:, 0] if found.size == 2 else None
        return Predictions(rows.argmax(axis=1), scores)
    if found.task is Task.BINARY:
        return Predictions((rows[:, 0] >= 0.5).astype(np.int64), rows[:, 0])
    if found.task is Task.RECONSTRUCTION:
        assert isinstance(batch, np.ndarray), "an autoencoder has one input"
        error = np.square(rows - batch.reshape(len(batch), -1)).mean(axis=1)
        return Predictions(scores=error)
    return Predictions()


def _regret(found: Head, exact: Array, kept: Predictions, now: Predictions) -> float:
    """Sum over samples of p(class predicted by float) - p(class predicted now), by float's p."""
    if kept.classes is None or now.classes is None:
        return 0.0
    rows = exact.reshape(len(kept.classes), -1).astype(np.float64)
    if found.task is Task.BINARY:
        rows = np.concatenate([1 - rows, rows], axis=1)
    each = np.arange(len(rows))
    return float((rows[each, kept.classes] - rows[each, now.classes]).sum())


def _joined(parts: list[Predictions]) -> Predictions:
    classes = [part.classes for part in parts if part.classes is not None]
    scores = [part.scores for part in parts if part.scores is not None]
    return Predictions(
        np.concatenate(classes) if classes else None, np.concatenate(scores) if scores else None
    )


def _data(part: Dataset, calibrated_on: str) -> str:
    same = calibrated_on.partition(" (")[0] == part.source
    return part.description + (", also used for calibration" if same else "")


def _summary(
    found: Head,
    both: tuple[Predictions, Predictions],
    labels: NDArray[np.int64] | None,
    *,
    samples: int,
    data: str,
    sqnr_db: float | None = None,
    largest: float | None = None,
    expected_drop: float | None = None,
) -> AccuracySummary:
    before, after = both
    agreement = None
    if before.classes is not None and after.classes is not None:
        agreement = top1(before.classes, after.classes)
    auc = _auc(both, labels)
    metric, values = _metric(found, both, labels, auc, agreement, sqnr_db)
    return AccuracySummary(
        metric,
        *values,
        samples,
        data,
        sqnr_db,
        largest,
        agreement=agreement,
        expected_drop=expected_drop,
        auc=auc,
        confusion=confusion(after.classes, labels, max(found.size, 2)),
    )


def _auc(
    both: tuple[Predictions, Predictions], labels: NDArray[np.int64] | None
) -> tuple[float, float] | None:
    before, after = both
    if labels is None or before.scores is None or after.scores is None:
        return None
    areas = roc_auc(before.scores, labels), roc_auc(after.scores, labels)
    return None if areas[0] is None or areas[1] is None else (areas[0], areas[1])


def _metric(
    found: Head,
    both: tuple[Predictions, Predictions],
    labels: NDArray[np.int64] | None,
    auc: tuple[float, float] | None,
    agreement: float | None,
    sqnr_db: float | None,
) -> tuple[str, tuple[float, float]]:
    """The main metric with its values before and after."""
    before, after = both
    if labels is not None and before.classes is not None and after.classes is not None:
        return "top1", (top1(before.classes, labels), top1(after.classes, labels))
    if auc is not None:
        return "auc", auc
    if agreement is not None:
        return "agreement", (1.0, agreement)
    lost = 10 ** (-(sqnr_db or 0.0) / 10)
    return "sqnr", (1.0, max(0.0, 1 - lost))
