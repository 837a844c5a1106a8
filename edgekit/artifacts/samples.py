"""Samples that a record keeps in a file beside it, because there are too many of them for JSON."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note
from edgekit.artifacts.run import Batch, RunResult, StoredSamples

SAMPLES_NAME = "samples.npz"


@dataclass(frozen=True, slots=True)
class SamplesFile:
    """A compressed .npz in the report's folder: its name, SHA-256 and how many samples it holds."""

    file: str
    sha256: str
    samples: int


class SamplesLost(Exception):
    """A side file that is not there, is another, or cannot be read; `note` says which and what
    follows."""

    def __init__(self, note: Note) -> None:
        self.note = note
        super().__init__(note.message)


def _lost(code: str, file: str, found: str) -> SamplesLost:
    advice = "copy it there from where the report was made; the record's figures stand"
    return SamplesLost(Note(code, file, f"{found}, so that samples are not shown", advice))


def load_samples(
    runs: tuple[RunResult, ...], named: SamplesFile, folder: Path
) -> tuple[RunResult, ...]:
    """The runs with the samples that `named`, in `folder`, holds. Raises SamplesLost."""
    arrays = _arrays(named, folder)
    try:
        return tuple(_filled(run, arrays) for run in runs)
    except _Missing as error:
        raise _lost("samples-changed", named.file, f"holds no {error}") from None


class _Missing(Exception):
    """An array that is not in the file, or not of its length."""


def _arrays(named: SamplesFile, folder: Path) -> Mapping[str, NDArray[np.float64]]:
    """Every array of the file, once its hash is the one the record states."""
    if Path(named.file).name != named.file:
        raise _lost("samples-missing", named.file, "is not in the report's folder")
    try:
        data = (folder / named.file).read_bytes()
    except OSError as error:
        found = f"cannot be read: {error.strerror or error}"
        raise _lost("samples-missing", named.file, found) from None
    if hashlib.sha256(data).hexdigest() != named.sha256:
        raise _lost("samples-changed", named.file, "is not the file the record names")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: np.asarray(archive[name], np.float64) for name in archive.files}
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise _lost("samples-changed", named.file, f"cannot be read: {error}") from None


def _filled(run: RunResult, arrays: Mapping[str, NDArray[np.float64]]) -> RunResult:
    batches = tuple(_filled_batch(batch, arrays) for batch in run.batches)
    if run.latency_stored is None:
        return replace(run, batches=batches)
    latency = _values(run.latency_stored, arrays)
    return replace(run, batches=batches, latency_s=latency, latency_stored=None)


def _filled_batch(batch: Batch, arrays: Mapping[str, NDArray[np.float64]]) -> Batch:
    if batch.seconds_stored is None:
        return batch
    return replace(batch, seconds=_values(batch.seconds_stored, arrays), seconds_stored=None)


def _values(stored: StoredSamples, arrays: Mapping[str, NDArray[np.float64]]) -> tuple[float, ...]:
    found = arrays.get(stored.array)
    if found is None or found.shape != (stored.count,) or not np.isfinite(found).all():
        raise _Missing(stored.array)
    return tuple(found.tolist())
