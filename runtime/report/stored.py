"""Which samples of a record go into the file beside it, and that file."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from edgekit.artifacts.report import Report
from edgekit.artifacts.run import Batch, RunResult, StoredSamples
from edgekit.artifacts.samples import SAMPLES_NAME, SamplesFile

MOST_INLINE = 10_000
"""Up to so many samples all stand in report.json, 20 bytes each."""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def storing(report: Report) -> tuple[Report, bytes | None]:
    """The record as it is written, and the content of the file beside it; None where it needs
    none. Equal samples give equal bytes."""
    if _count(report) <= MOST_INLINE:
        return report, None
    taken = _Taken()
    runs = tuple(_taken_from(run, f"runs.{i}", taken) for i, run in enumerate(report.runs))
    data = _npz(taken.arrays)
    count = sum(map(len, taken.arrays.values()))
    named = SamplesFile(SAMPLES_NAME, hashlib.sha256(data).hexdigest(), count)
    return replace(report, runs=runs, samples=named), data


def _count(report: Report) -> int:
    return sum(
        len(run.latency_s) + sum(len(batch.seconds) for batch in run.batches) for run in report.runs
    )


@dataclass(frozen=True, slots=True)
class _Taken:
    """Arrays of seconds by name."""

    arrays: dict[str, NDArray[np.float64]] = field(default_factory=dict)

    def keep(self, name: str, samples: tuple[float, ...]) -> StoredSamples:
        """Take samples, of which there is at least one."""
        values = np.asarray(samples, np.float64)
        self.arrays[name] = values
        statistics = np.percentile(values, [0, 5, 50, 95, 99, 100])
        return StoredSamples(name, len(values), *map(float, statistics))


def _taken_from(run: RunResult, name: str, taken: _Taken) -> RunResult:
    batches = tuple(
        _taken_batch(batch, f"{name}.batches.{i}.seconds", taken)
        for i, batch in enumerate(run.batches)
    )
    if not run.latency_s:
        return replace(run, batches=batches)
    stored = taken.keep(f"{name}.latency_s", run.latency_s)
    return replace(run, batches=batches, latency_s=(), latency_stored=stored)


def _taken_batch(batch: Batch, name: str, taken: _Taken) -> Batch:
    if not batch.seconds:
        return batch
    return replace(batch, seconds=(), seconds_stored=taken.keep(name, batch.seconds))


def _npz(arrays: dict[str, NDArray[np.float64]]) -> bytes:
    """As numpy.savez_compressed writes it, without the time of day."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, values in arrays.items():
            member = io.BytesIO()
            npy.write_array(member, values, allow_pickle=False)  # type: ignore[no-untyped-call]
            entry = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, member.getvalue(), compresslevel=6)
    return stream.getvalue()
