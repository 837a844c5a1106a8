"""Samples that a record keeps in a file beside it, because there are too many of them for JSON.

They are read when they are asked for: most of what is done with a record needs none of them.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note
from edgekit.artifacts.run import Batch, RunResult, StoredSamples
from edgekit.errors import DataError

SAMPLES_NAME = "samples.npz"
Source = Path | bytes
"""An .npz: the file, or what is in it."""


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


class LazySamples(Sequence[float]):
    """Seconds in an .npz, read when the first of them is asked for; otherwise a tuple of floats.

    `stored` tells how many there are and how they are spread, which takes no reading. Asking for
    them raises DataError where the file has changed since the record was read.
    """

    def __init__(self, source: Source, stored: StoredSamples) -> None:
        self._source, self.stored = source, stored

    @cached_property
    def values(self) -> NDArray[np.float64]:
        """All of them, shape (stored.count,)."""
        try:
            with np.load(_opened(self._source), allow_pickle=False) as archive:
                found = np.asarray(archive[self.stored.array], np.float64)
        except (ValueError, OSError, LookupError, zipfile.BadZipFile, EOFError) as error:
            raise self._changed(str(error)) from None
        if found.shape != (self.stored.count,) or not np.isfinite(found).all():
            raise self._changed(f"{self.stored.array} is not what the record says")
        return found

    def _changed(self, why: str) -> DataError:
        return DataError(
            str(self._source) if isinstance(self._source, Path) else SAMPLES_NAME,
            f"no longer the file the record names: {why}",
            hint="copy it there from where the report was made",
            code="samples-changed",
        )

    def __len__(self) -> int:
        return self.stored.count

    def __iter__(self) -> Iterator[float]:
        return iter(self.values.tolist())

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[float]: ...
    def __getitem__(self, place: int | slice) -> float | Sequence[float]:
        found = self.values[place]
        return tuple(found.tolist()) if isinstance(place, slice) else float(found)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.values, dtype) if copy else np.asarray(self.values, dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __deepcopy__(self, memo: object) -> tuple[float, ...]:
        return tuple(self)  # what becomes JSON is plain


def stored_of(samples: Sequence[float]) -> StoredSamples | None:
    """The statistics of samples that are in a file; None for those in memory."""
    return samples.stored if isinstance(samples, LazySamples) else None


def load_samples(
    runs: tuple[RunResult, ...], named: SamplesFile, folder: Path
) -> tuple[RunResult, ...]:
    """The runs with the samples that `named`, in `folder`, holds, once its hash is the one the
    record states. Raises SamplesLost."""
    if Path(named.file).name != named.file:
        raise _lost("samples-missing", named.file, "is not in the report's folder")
    path = folder / named.file
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        found = f"cannot be read: {error.strerror or error}"
        raise _lost("samples-missing", named.file, found) from None
    return _filled_runs(runs, named, path, digest)


def unpacked_samples(
    runs: tuple[RunResult, ...], named: SamplesFile, data: bytes
) -> tuple[RunResult, ...]:
    """The same from what the file holds. Raises SamplesLost."""
    return _filled_runs(runs, named, data, hashlib.sha256(data).hexdigest())


def _filled_runs(
    runs: tuple[RunResult, ...], named: SamplesFile, source: Source, digest: str
) -> tuple[RunResult, ...]:
    if digest != named.sha256:
        raise _lost("samples-changed", named.file, "is not the file the record names")
    try:
        lengths = _lengths(source)
        return tuple(_filled(run, source, lengths) for run in runs)
    except _Missing as error:
        raise _lost("samples-changed", named.file, f"holds no {error}") from None
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        raise _lost("samples-changed", named.file, f"cannot be read: {error}") from None


class _Missing(Exception):
    """An array that is not in the file, or not of its length."""


def _opened(source: Source) -> Path | io.BytesIO:
    return source if isinstance(source, Path) else io.BytesIO(source)


def _lengths(source: Source) -> dict[str, tuple[int, ...]]:
    """The shape of every array, from its head alone."""
    found = {}
    with zipfile.ZipFile(_opened(source)) as archive:
        for member in archive.namelist():
            with archive.open(member) as stream:
                npy.read_magic(stream)  # type: ignore[no-untyped-call]
                shape, _, _ = npy.read_array_header_1_0(stream)  # type: ignore[no-untyped-call]
                found[member.removesuffix(".npy")] = shape
    return found


def _filled(run: RunResult, source: Source, lengths: dict[str, tuple[int, ...]]) -> RunResult:
    batches = tuple(_filled_batch(batch, source, lengths) for batch in run.batches)
    if run.latency_stored is None:
        return replace(run, batches=batches)
    latency = _lazy(run.latency_stored, source, lengths)
    return replace(run, batches=batches, latency_s=latency, latency_stored=None)


def _filled_batch(batch: Batch, source: Source, lengths: dict[str, tuple[int, ...]]) -> Batch:
    if batch.seconds_stored is None:
        return batch
    seconds = _lazy(batch.seconds_stored, source, lengths)
    return replace(batch, seconds=seconds, seconds_stored=None)


def _lazy(
    stored: StoredSamples, source: Source, lengths: dict[str, tuple[int, ...]]
) -> tuple[float, ...]:
    if lengths.get(stored.array) != (stored.count,):
        raise _Missing(stored.array)
    return cast("tuple[float, ...]", LazySamples(source, stored))
