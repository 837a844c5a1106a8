"""The calibration linter: what would quietly spoil a quantization, said before it does.

Codes. Errors: no-samples, not-finite, all-zero, constant, all-same, wrong-scale, sample-shape
(and those of the readers: data-missing, no-images, image-unreadable, ...). Warnings: few-samples,
zero-samples, constant-samples, duplicates, one-class, wrong-scale (when the scale was given on
purpose), integer-samples, clipped, unused-range.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.figures import Note
from edgekit.converter.data.batches import prepare, prepare_all
from edgekit.converter.data.dataset import Array, Dataset, Kind, Progress
from edgekit.converter.data.response import first_layer_spread
from edgekit.converter.ir.graph import Graph
from edgekit.errors import DataError

ENOUGH = 100
"""Fewer samples than this leave ranges to chance."""

PROBE = 32
"""Samples on which the scale is checked."""

SPREAD_LOW, SPREAD_HIGH = 0.02, 12.0
"""A first-layer spread outside is what a factor of 255 too little or too much leads to."""


@dataclass(slots=True)
class _Findings:
    """Names of samples by what is wrong with them."""

    zero: list[str] = field(default_factory=list)
    constant: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    seen: dict[bytes, str] = field(default_factory=dict)


def lint_calibration(
    graph: Graph, dataset: Dataset, preprocess: Preprocess, *, progress: Progress | None = None
) -> tuple[Note, ...]:
    """Look at every sample as the model will get it; warnings in a fixed order.

    Raises DataError for data that cannot calibrate anything: not finite, all zero, all constant,
    all the same, of another shape, or a factor of 255 away from what the model was trained on
    (a warning instead where `preprocess` comes from flags).
    """
    if dataset.parts:
        return _several(graph, dataset, preprocess, progress)
    found = _Findings()
    shape = graph[graph.inputs[0]].shape[1:]
    for index in range(dataset.count):
        raw = dataset.load(index)
        _check_finite(dataset, index, raw)
        _inspect(found, dataset.names[index], raw)
        if index == 0:
            prepare(dataset, index, preprocess, shape)
        if progress is not None:
            progress(index + 1, dataset.count)
    _refuse(dataset, found)
    return (*_warnings(dataset, found), *_scale(graph, dataset, preprocess))


def _several(
    graph: Graph, dataset: Dataset, preprocess: Preprocess, progress: Progress | None
) -> tuple[Note, ...]:
    """The same for a model with several inputs. One of them may well be constant, and two
    samples may share one: samples are judged whole."""
    found = _Findings()
    for index in range(dataset.count):
        parts = {name: load(index) for name, load in dataset.parts.items()}
        for name, raw in parts.items():
            _check_finite(dataset, index, raw, f", input {name}")
        prepare_all(dataset, index, preprocess, graph)
        flat = np.concatenate([np.ravel(raw).astype(np.float64) for raw in parts.values()])
        _inspect(found, dataset.names[index], flat)
        if progress is not None:
            progress(index + 1, dataset.count)
    _refuse(dataset, found)
    return _warnings(dataset, found)


def _check_finite(dataset: Dataset, index: int, raw: Array, where: str = "") -> None:
    if raw.dtype.kind == "f" and not np.isfinite(raw).all():
        bad = int(raw.size - np.isfinite(raw).sum())
        raise DataError(
            f"{dataset.description}, {dataset.names[index]}{where}",
            f"{bad} values are NaN or infinite",
            hint="remove the sample or repair what makes it",
            code="not-finite",
        )


def _inspect(found: _Findings, name: str, raw: Array) -> None:
    low, high = raw.min(), raw.max()
    if low == high == 0:
        found.zero.append(name)
    elif low == high:
        found.constant.append(name)
    digest = hashlib.blake2b(np.ascontiguousarray(raw).tobytes(), digest_size=16).digest()
    if digest in found.seen:
        found.repeated.append(name)
    found.seen.setdefault(digest, name)


def _refuse(dataset: Dataset, found: _Findings) -> None:
    """Raise DataError for data without any content."""
    count, flat = dataset.count, len(found.zero) + len(found.constant)
    if len(found.zero) == count:
        raise _useless(dataset, "every sample is zero", "all-zero")
    if flat == count:
        raise _useless(dataset, "every sample is constant", "constant")
    if count > 1 and len(found.seen) == 1:
        raise _useless(dataset, f"all {count} samples are the same", "all-same")


def _useless(dataset: Dataset, text: str, code: str) -> DataError:
    return DataError(
        dataset.description,
        text,
        allowed="samples like those the model will see",
        hint="give real inputs; ranges measured on these would ruin the model",
        code=code,
    )


def _warnings(dataset: Dataset, found: _Findings) -> tuple[Note, ...]:
    count, subject = dataset.count, dataset.description
    rows: tuple[tuple[bool, str, Callable[[], str], str], ...] = (
        (
            count < ENOUGH,
            "few-samples",
            lambda: f"only {count} samples",
            f"give {ENOUGH} or more: ranges measured on few samples clip what comes later",
        ),
        (
            bool(found.zero),
            "zero-samples",
            lambda: _some(found.zero, "are all zero"),
            "remove them",
        ),
        (
            bool(found.constant),
            "constant-samples",
            lambda: _some(found.constant, "are constant"),
            "remove them",
        ),
        (
            len(found.repeated) > count // 20,
            "duplicates",
            lambda: _some(found.repeated, "repeat an earlier one"),
            "give different samples: copies add nothing",
        ),
        (
            dataset.labels is not None and count >= 10 and len(set(dataset.labels)) == 1,
            "one-class",
            lambda: "all samples are of one class",
            "draw samples from every class",
        ),
    )
    return tuple(Note(code, subject, text(), advice) for hit, code, text, advice in rows if hit)


def _some(names: list[str], what: str) -> str:
    return f"{len(names)} samples {what} (first: {names[0]})"


def _scale(graph: Graph, dataset: Dataset, preprocess: Preprocess) -> tuple[Note, ...]:
    """Notes on the scale of the prepared samples; raises DataError when it is off for sure."""
    shape = graph[graph.inputs[0]].shape[1:]
    step = max(1, dataset.count // PROBE)
    chosen = range(0, dataset.count, step)[:PROBE]
    values = np.stack([prepare(dataset, index, preprocess, shape) for index in chosen])
    if graph[graph.inputs[0]].quant is not None:
        return _against_quantization(graph, dataset, values)
    return (
        *_integers(dataset, preprocess),
        *_against_training(graph, dataset, preprocess, values),
    )


def _integers(dataset: Dataset, preprocess: Preprocess) -> tuple[Note, ...]:
    dtype = dataset.load(0).dtype
    plain = (preprocess.mean, preprocess.scale) == ((0.0,), (1.0,))
    if dataset.kind is Kind.IMAGES or dtype.kind not in "iu" or not plain:
        return ()
    return (
        Note(
            "integer-samples",
            dataset.description,
            f"the samples are {dtype} and the model takes float32; they are used as plain numbers",
            "if they are quantized, give their zero point and scale: --mean ZERO --scale SCALE",
        ),
    )


def _against_training(
    graph: Graph, dataset: Dataset, preprocess: Preprocess, values: NDArray[np.float32]
) -> tuple[Note, ...]:
    """Compare with what the weights were trained on: see `trial`.

    Two signs must agree, the range of the data and the response of the first layer.
    """
    spread = first_layer_spread(graph, values)
    low, high = float(values.min()), float(values.max())
    if spread is None:
        return ()
    if spread < SPREAD_LOW and low >= -1.01 and high <= 1.01:
        text = f"values lie in {low:.3g} to {high:.3g}, the model seems to expect 0..255"
    elif spread > SPREAD_HIGH and low >= 0 and 2 < high <= 255:
        text = f"values lie in {low:.3g} to {high:.3g}, the model seems to expect 0..1 or -1..1"
    else:
        return ()
    text += f" (its first layer responds with a spread of {spread:.2g})"
    advice = "--scale 255" if spread < SPREAD_LOW else "--scale 1/255"
    if preprocess.source.startswith("flag"):
        return (Note("wrong-scale", dataset.description, text, "check --mean and --scale"),)
    raise DataError(
        dataset.description,
        text,
        hint=f"use {advice}, or --scale 1 to take the values as they are",
        code="wrong-scale",
    )


def _against_quantization(
    graph: Graph, dataset: Dataset, values: NDArray[np.float32]
) -> tuple[Note, ...]:
    """Compare with the range that a quantized input can hold."""
    tensor = graph[graph.inputs[0]]
    assert tensor.quant is not None
    limits = np.iinfo(tensor.dtype.value)
    ends = np.array([limits.min, limits.max], np.float64)
    low, high = tensor.quant.scale * (ends - tensor.quant.zero_point)
    slack = 0.02 * (high - low)
    clipped = float(np.mean((values < low - slack) | (values > high + slack)))
    used = float(values.max() - values.min()) / (high - low)
    range_text = f"the model's input holds {low:.3g} to {high:.3g}"
    if clipped > 0.2:
        text = f"{clipped:.0%} of the values do not fit: {range_text}"
        return (Note("clipped", dataset.description, text, "check --mean and --scale"),)
    if used < 0.05:
        text = f"the values use {used:.1%} of the range: {range_text}"
        return (Note("unused-range", dataset.description, text, "check --mean and --scale"),)
    return ()
