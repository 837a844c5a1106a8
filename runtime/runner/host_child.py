"""The measuring process of `run_host`: a JSON request on stdin, a JSON answer on stdout."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from edgekit import litert
from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.run import Batch, RunResult, SustainedWindow
from edgekit.errors import DataError, EdgeKitError, UnsupportedError
from edgekit.runtime.measure import stats, sustained
from edgekit.runtime.measure.timing import (
    Effort,
    calls_per_sample,
    reading_s,
    sample_count,
    take_samples,
    warm_up,
)
from edgekit.runtime.runner import environment, throttling
from edgekit.units import si


def main() -> None:
    """Answer one request; an EdgeKitError is an answer too."""
    request = json.load(sys.stdin)
    try:
        answer: dict[str, Any] = {"result": asdict(measure(request))}
    except EdgeKitError as error:
        answer = {"error": error.as_record()}
    json.dump(answer, sys.stdout)


def measure(request: dict[str, Any]) -> RunResult:
    """The run a request asks for (see `run_host` for its fields)."""
    machine, state = environment.describe(), throttling.here()
    effort = Effort(**request["effort"])
    litert.load_provider(request["provider"])
    before = environment.current_rss()
    interpreter = _open(request, None)
    own = _batch_of(interpreter)
    warmed, samples, each = _sample(interpreter, _given(request), effort)
    peak = environment.peak_rss()
    long = _sustained(interpreter, samples, request["sustained"])
    others, refused = _other_batches(request, own, effort)
    after = throttling.here()
    mine = (Batch(own, samples),) if own in request["batches"] else ()
    return RunResult(
        device=environment.device_name(),
        engine=interpreter.description,
        provenance=Provenance.MEASURED,
        latency_s=samples,
        batches=tuple(sorted((*mine, *others), key=lambda row: row.batch)),
        threads=interpreter.threads,
        warmup=warmed,
        memory={"peak_rss": peak, "rss_before_model": before},
        environment=machine | throttling.around(state, after),
        warnings=(
            *environment.notes(machine, interpreter.threads),
            *throttling.notes(environment.HERE, state, after),
            *_averaged(each, samples),
            *stats.notes(samples, subject=f"latency, threads {interpreter.threads}"),
            *sustained.notes(long, interpreter.description),
            *refused,
        ),
        sustained=long,
    )


def _open(request: dict[str, Any], batch: int | None) -> litert.Interpreter:
    return litert.open_interpreter(
        Path(request["model"]),
        threads=request["threads"],
        kernels=cast(litert.Kernels, request["kernels"]),
        provider=request["provider"],
        batch=batch,
    )


def _batch_of(interpreter: litert.Interpreter) -> int:
    shape = interpreter.inputs[0].shape if interpreter.inputs else ()
    return shape[0] if shape else 1


def _other_batches(
    request: dict[str, Any], own: int, effort: Effort
) -> tuple[list[Batch], list[Note]]:
    """Each further batch size with half the time, and a note for those the model refuses."""
    rows, notes = [], []
    shorter = replace(effort, seconds=effort.seconds / 2, warmup_s=effort.warmup_s / 2)
    for size in request["batches"]:
        if size == own:
            continue
        try:
            interpreter = _open(request, size)
        except UnsupportedError as error:
            notes.append(Note(error.code, f"batch {size}", error.found, error.hint))
            continue
        rows.append(Batch(size, _sample(interpreter, _given(request), shorter)[1]))
    return rows, notes


def _sample(
    interpreter: litert.Interpreter, given: Sequence[NDArray[Any]] | None, effort: Effort
) -> tuple[int, tuple[float, ...], int]:
    """Warm-up calls made, the samples, and how many inferences each is the mean of."""
    interpreter.set_inputs(_inputs(interpreter.inputs, given))
    with interpreter.invoking() as invoke:
        warmed, seconds = warm_up(invoke, effort)
        each = calls_per_sample(seconds, reading_s())
        count = sample_count(effort, each * seconds)
        return warmed, take_samples(invoke, count, per_sample=each), each


def _averaged(each: int, samples: Sequence[float]) -> tuple[Note, ...]:
    """That samples are means, where they are."""
    if each == 1:
        return ()
    text = (
        f"an inference takes {si(float(np.median(samples)), 's')}, so short that reading the clock "
        f"would count: each sample is the mean of {each} inferences back to back, and percentiles "
        "are those of such means"
    )
    return (Note("samples-averaged", "latency", text, level="info"),)


def _sustained(
    interpreter: litert.Interpreter, samples: Sequence[float], seconds: float
) -> tuple[SustainedWindow, ...]:
    if not seconds:
        return ()
    count = max(1, int(sustained.BLOCK_S / float(np.median(samples))))
    with interpreter.invoking() as invoke:
        take = partial(take_samples, invoke, count)
        return sustained.run_sustained(take, throttling.here, seconds)


def _given(request: dict[str, Any]) -> list[NDArray[Any]] | None:
    if "inputs" not in request:
        return None
    with np.load(request["inputs"], allow_pickle=False) as arrays:
        return [arrays[name] for name in arrays.files]


def _inputs(
    rows: Sequence[litert.TensorDetails], given: Sequence[NDArray[Any]] | None
) -> list[NDArray[Any]]:
    """What was given, repeated to the batch size; else seeded random values."""
    if given is None:
        random = np.random.default_rng(0)
        return [_random(random, row) for row in rows]
    if len(given) != len(rows):
        raise DataError(
            "model inputs",
            f"{len(given)} arrays given",
            allowed=str(len(rows)),
            hint="give one array per input, in the model's order",
            code="input-count",
        )
    return [_repeated(array, row.shape) for array, row in zip(given, rows, strict=True)]


def _repeated(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    fits = array.ndim > 0 and array.shape[1:] == shape[1:] and array.shape[0] > 0
    return np.resize(array, shape) if fits else array


def _random(random: np.random.Generator, row: litert.TensorDetails) -> NDArray[Any]:
    dtype = np.dtype(row.dtype)
    if dtype.kind == "f":
        return random.random(row.shape).astype(dtype)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, row.shape, dtype, endpoint=True)
    return np.zeros(row.shape, dtype)


if __name__ == "__main__":
    main()
