"""The benchmarks of MLPerf Tiny (closed division) as a table.

Facts: mlcommons/tiny, benchmark/MLPerfTiny_Rules.adoc, and the data sets of eembc/energyrunner.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.errors import ProtocolError


@dataclass(frozen=True, slots=True)
class Benchmark:
    """`sample_bytes` go to the board per inference, which answers with `results` numbers.

    `metric` is "top1" or "auc" and `required` the fraction that the closed division asks for on
    `files` files. `folder` holds them below the data sets' folder. Where `windowed`, a file is cut
    into overlapping samples whose results are averaged.
    """

    id: str
    title: str
    sample_bytes: int
    results: int
    metric: str
    required: float
    files: int
    folder: str
    windowed: bool = False


BENCHMARKS = {
    row.id: row
    for row in (
        Benchmark("kws01", "keyword spotting", 490, 12, "top1", 0.90, 1000, "kws01"),
        Benchmark("vww01", "visual wake words", 27648, 2, "top1", 0.80, 1000, "vww01"),
        Benchmark("ic01", "image classification", 3072, 10, "top1", 0.85, 200, "ic01"),
        Benchmark("ic02", "image classification, large", 3072, 10, "top1", 0.91, 200, "ic01"),
        Benchmark("ad01", "anomaly detection", 2560, 1, "auc", 0.85, 248, "ad01", windowed=True),
    )
}
STREAMING = ("sww01", "strww01")
"""Ids of the streaming wake word benchmark, which is another dialogue altogether."""


def find_benchmark(model_id: str, subject: str) -> Benchmark:
    """The benchmark a board's model id names. Raises ProtocolError with advice for others."""
    if model_id in BENCHMARKS:
        return BENCHMARKS[model_id]
    known = ", ".join(BENCHMARKS)
    if model_id in STREAMING:
        raise ProtocolError(
            subject,
            f"runs {model_id}, the streaming wake word benchmark",
            allowed=known,
            hint="it streams audio from an interface board's SD card: use the official runner",
            code="mlperf-streaming",
        )
    raise ProtocolError(
        subject,
        f"model id {model_id!r} in its answer to `profile`" if model_id else "tells no model id",
        allowed=known,
        hint="EdgeKit firmware gets its id when built: edgekit build BUNDLE --model-id kws01; in "
        "the reference firmware it is TH_MODEL_VERSION",
        code="mlperf-model",
    )


def guess_benchmark(sample_bytes: int, results: int) -> str:
    """The id of the benchmark a model of these sizes is for, "" when it is for none.

    `sample_bytes` of an int8 input tensor, `results` the elements of its output.
    """
    for row in BENCHMARKS.values():
        elements = row.sample_bytes // 4 if row.windowed else row.sample_bytes
        outputs = elements if row.windowed else row.results
        if (sample_bytes, results) == (elements, outputs):
            return row.id
    return ""
