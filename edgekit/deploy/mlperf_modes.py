"""Performance and accuracy mode: what is run, and what comes of it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from edgekit.artifacts.answers import Answer, AnswerLog
from edgekit.artifacts.mlperf import MlperfScore, MlperfWindow
from edgekit.converter.quantize.evaluate import roc_auc
from edgekit.deploy.mlperf_board import MlperfBoard
from edgekit.errors import DataError, ProtocolError
from edgekit.runtime.mlperf.benchmarks import Benchmark
from edgekit.runtime.mlperf.dataset import TRUTH, Sample, SampleSet, open_samples
from edgekit.runtime.mlperf.windows import Progress, performance_windows


def samples_of(board: MlperfBoard, folder: Path | None) -> SampleSet:
    """The data set of the board's benchmark. Raises DataError."""
    if folder is None:
        raise DataError(
            f"{board.benchmark.id}, {board.benchmark.title}",
            "no data set was named",
            allowed="a folder with y_labels.csv and the files it names",
            hint="add --data DIR; docs/mlperf.md says where the official sets are",
            code="mlperf-no-data",
        )
    return open_samples(folder, board.benchmark)


def performance(
    board: MlperfBoard, data: SampleSet, window_s: float, tell: Progress
) -> tuple[MlperfWindow, ...]:
    """Five windows on the first five files. Raises ProtocolError."""
    if board.identity.extension:  # EdgeKit firmware switches modes at run time
        board.device.command("mode perf")
    return performance_windows(board.device, data.samples, board.pace(window_s), tell)


def throughput(windows: Sequence[MlperfWindow]) -> float:
    """Median inferences a second."""
    return median(window.inferences / window.seconds for window in windows)


def accuracy(
    board: MlperfBoard, data: SampleSet, files: int | None, log: AnswerLog, tell: Progress
) -> MlperfScore:
    """One inference on every file, or on about `files` with each class in turn; those that `log`
    has an answer for are not asked again.

    Raises ProtocolError, and DataError where the files are of one class only.
    """
    benchmark = board.benchmark
    chosen = data.samples if files is None else data.subset(files)
    for index, sample in enumerate(chosen):
        tell("files", index, len(chosen))
        if sample.name not in log.found:
            log.add(_answer(board, sample))
    tell("files", len(chosen), len(chosen))
    answers = [log.found[sample.name] for sample in chosen]
    value = score([np.array(answer.results) for answer in answers], chosen, benchmark)
    inferences = sum(answer.inferences for answer in answers)
    return MlperfScore(
        benchmark.metric, value, benchmark.required, len(chosen), benchmark.files, inferences
    )


def _answer(board: MlperfBoard, sample: Sample) -> Answer:
    """The mean results over a file's windows."""
    rows = []
    patience = board.pace(0.0).patience_s
    for piece in sample.pieces():
        board.device.load(piece)
        rows.append(board.device.infer(1, 0, timeout=patience).results)
    _check_results(rows, sample, board.benchmark, board.device.name)
    mean = np.mean(np.array(rows), axis=0)
    return Answer(sample.name, len(rows), tuple(map(float, mean)))


def answer_conditions(board: MlperfBoard, data: SampleSet) -> dict[str, str]:
    """What must be the same for answers to belong together."""
    return {
        "benchmark": board.benchmark.id,
        "vendor": board.identity.vendor,
        "firmware": board.identity.profile,
        "board": "virtual" if board.virtual is not None else "real",
        "build": board.image.build_id if board.image is not None else "",
        "data set": hashlib.sha256((data.folder / TRUTH).read_bytes()).hexdigest(),
    }


def score(
    answers: Sequence[np.ndarray[tuple[int, ...], np.dtype[np.float64]]],
    chosen: Sequence[Sample],
    benchmark: Benchmark,
) -> float:
    """Top-1 or the area under the ROC curve, as a fraction, of a file's mean results each."""
    labels = np.array([sample.label for sample in chosen], np.int64)
    if benchmark.metric == "top1":
        return float(np.mean([int(row.argmax()) for row in answers] == labels))
    area = roc_auc(np.array([row[0] for row in answers], np.float64), labels)
    if area is None:
        raise DataError(
            f"{len(labels)} files of {benchmark.id}",
            f"all have label {labels[0]}, so there is no area under a ROC curve",
            allowed="files of both labels",
            hint="take more --files, or the whole set",
            code="mlperf-one-class",
        )
    return area


def _check_results(
    rows: Sequence[Sequence[float]], sample: Sample, benchmark: Benchmark, subject: str
) -> None:
    """A result for each class of the data set; one where the score is a distance."""
    wanted = sample.classes if benchmark.metric == "top1" else benchmark.results
    wrong = next((row for row in rows if len(row) != wanted), None)
    if wrong is None:
        return
    raise ProtocolError(
        subject,
        f"{len(wrong)} results",
        allowed=f"{wanted}, as {sample.name} has in y_labels.csv",
        hint="is the model of another benchmark in this firmware? See --model-id of edgekit build",
        code="mlperf-results",
    )
