"""Data sets in the official layout: `y_labels.csv` and the files it names.

A row is `file,classes,label`, for anomaly detection with `,window_bytes,stride_bytes` behind it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgekit.errors import DataError
from edgekit.runtime.mlperf.benchmarks import Benchmark

TRUTH = "y_labels.csv"
LAYOUT = f"a folder with {TRUTH} and the .bin files it names, or one with such a folder per model"


@dataclass(frozen=True, slots=True)
class Sample:
    """A file of the set. Its `label` is a class below `classes`; 1 means anomalous for ad01."""

    path: Path
    classes: int
    label: int
    window: int
    stride: int

    @property
    def name(self) -> str:
        """The file's name, as in y_labels.csv."""
        return self.path.name

    def pieces(self) -> Iterator[bytes]:
        """What goes to the board for this file: its bytes, or one window after another."""
        data = self.path.read_bytes()
        for start in range(0, len(data) - self.window + 1, self.stride):
            yield data[start : start + self.window]


@dataclass(frozen=True, slots=True)
class SampleSet:
    """All files of a benchmark's data set, in the order of y_labels.csv."""

    folder: Path
    samples: tuple[Sample, ...]

    def subset(self, count: int) -> tuple[Sample, ...]:
        """About `count` files with each class in turn, so that none is left out; all if fewer."""
        if count >= len(self.samples):
            return self.samples
        queues: dict[int, list[Sample]] = {}
        for sample in self.samples:
            queues.setdefault(sample.label, []).append(sample)
        taken = [
            sample
            for round_ in range(max(map(len, queues.values())))
            for queue in queues.values()
            for sample in queue[round_ : round_ + 1]
        ]
        return tuple(taken[:count])


def open_samples(folder: Path, benchmark: Benchmark) -> SampleSet:
    """The data set of `benchmark` in `folder`, or in its subfolder of the benchmark's name.

    Every row and the size of every file is checked now, before hours of inference. Raises
    DataError that names the row or the file.
    """
    place = _place(folder, benchmark)
    truth = place / TRUTH
    try:
        with truth.open(encoding="utf-8-sig", newline="") as stream:
            rows = [(line, row) for line, row in enumerate(csv.reader(stream), 1) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            str(truth),
            f"cannot be read: {error}",
            hint="take the file of the official data set again",
            code="mlperf-labels",
        ) from None
    samples = tuple(_sample(truth, line, row, benchmark) for line, row in rows)
    if not samples:
        raise DataError(
            str(truth),
            "names no file",
            allowed=_form(benchmark),
            hint="take the file of the official data set again",
            code="mlperf-labels",
        )
    return SampleSet(place, samples)


def _place(folder: Path, benchmark: Benchmark) -> Path:
    for place in (folder, folder / benchmark.folder):
        if (place / TRUTH).is_file():
            return place
    what = f"no {TRUTH} in it, and none in {benchmark.folder}/" if folder.is_dir() else "no folder"
    raise DataError(
        str(folder),
        what,
        allowed=LAYOUT,
        hint="the official sets are in the `datasets` folder of the energyrunner repository; "
        "docs/mlperf.md shows the layout",
        code="mlperf-no-data",
    )


def _form(benchmark: Benchmark) -> str:
    return "file,classes,label" + (",window_bytes,stride_bytes" if benchmark.windowed else "")


def _sample(truth: Path, line: int, row: list[str], benchmark: Benchmark) -> Sample:
    """A row as a sample whose file is there and has the right size."""
    fields = [field.strip() for field in row]
    wanted = 5 if benchmark.windowed else 3
    numbers = fields[1:wanted]
    if len(fields) < wanted or not fields[0] or not all(map(str.isdecimal, numbers)):
        raise _bad_row(truth, line, ",".join(row), benchmark)
    classes, label, *cut = map(int, numbers)
    if label >= classes:
        raise _bad_row(truth, line, f"label {label} of {classes} classes", benchmark)
    window, stride = cut or (benchmark.sample_bytes, benchmark.sample_bytes)
    if window != benchmark.sample_bytes or stride < 1:
        raise _bad_row(
            truth, line, f"windows of {window} bytes every {stride}, not of "
            f"{benchmark.sample_bytes}", benchmark,
        )  # fmt: skip
    path = truth.parent / fields[0]
    _check_size(path, line, benchmark)
    return Sample(path, classes, label, window, stride)


def _bad_row(truth: Path, line: int, found: str, benchmark: Benchmark) -> DataError:
    return DataError(
        f"{truth}, line {line}",
        f"not understood: {found[:80]}",
        allowed=_form(benchmark),
        hint="mend the row, or take the file of the official data set again",
        code="mlperf-labels",
    )


def _check_size(path: Path, line: int, benchmark: Benchmark) -> None:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise DataError(
            str(path),
            f"named in line {line} of {TRUTH}, and cannot be read: {error.strerror}",
            hint="make the data set whole: each row needs its file",
            code="mlperf-file",
        ) from None
    right = size >= benchmark.sample_bytes if benchmark.windowed else size == benchmark.sample_bytes
    if not right:
        least = "at least " if benchmark.windowed else ""
        raise DataError(
            str(path),
            f"{size} bytes",
            allowed=f"{least}{benchmark.sample_bytes} bytes for {benchmark.id}",
            hint=f"is this the data set of {benchmark.id}?",
            code="mlperf-file",
        )
