"""A report's numbers as CSV (RFC 4180): plain values in base units, for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Literal

from edgekit.artifacts.report import Report
from edgekit.runtime.report.harmless import cleaned, visible
from edgekit.runtime.report.layers import layers

What = Literal["figures", "layers", "samples"]


def csv_text(report: Report, what: What = "figures") -> str:
    """One table: the figures, the layers, or every latency sample in seconds."""
    make = {"figures": _figures, "layers": _layers, "samples": _samples}[what]
    head, rows = make(cleaned(report))
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([harmless(value) for value in row] for row in rows)
    return stream.getvalue()


Rows = tuple[Sequence[str], Iterable[Sequence[object]]]


def _figures(report: Report) -> Rows:
    head = ("figure", "value", "unit", "low", "high", "spread", "runs", "provenance", "basis")
    return head, [
        (name, f.value, f.unit, f.low, f.high, f.spread, f.runs, f.provenance.value, f.basis)
        for name, f in report.figures.items()
    ]


def _layers(report: Report) -> Rows:
    found = layers(report)
    head = ("index", "layer", "operator", "macs", found.unit or "cost", "weight_bytes", "sqnr_db")
    return head, [
        (
            r.index,
            r.name,
            r.operator,
            r.macs,
            r.cost,
            r.weight_bytes,
            "inf" if r.exact else r.sqnr_db,
        )
        for r in found.rows
    ]


def _samples(report: Report) -> Rows:
    head = ("run", "engine", "threads", "batch", "seconds")
    return head, [
        (number, run.engine, run.threads, batch, seconds)
        for number, run in enumerate(report.runs)
        for batch, samples in _by_batch(run.latency_s, [(b.batch, b.seconds) for b in run.batches])
        for seconds in samples
    ]


def _by_batch(
    latency: Sequence[float], batches: Sequence[tuple[int, Sequence[float]]]
) -> Sequence[tuple[int, Sequence[float]]]:
    return batches or [(1, latency)]


def harmless(value: object) -> object:
    """A cell of one visible line; text that a spreadsheet would run as a formula gets an apostrophe
    in front."""
    if not isinstance(value, str):
        return value
    text = visible(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
