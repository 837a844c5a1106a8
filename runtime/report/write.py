"""Write a report and its views into a folder, all of them or none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.artifacts.files import write_files
from edgekit.artifacts.power import PowerTrace
from edgekit.artifacts.report import REPORT_NAME, Report, from_json
from edgekit.errors import DataError, UsageError
from edgekit.runtime.power.trace_file import trace_npz
from edgekit.runtime.report.csv_text import csv_text
from edgekit.runtime.report.html import html
from edgekit.runtime.report.junit import junit
from edgekit.runtime.report.markdown import markdown
from edgekit.runtime.report.prometheus import prometheus
from edgekit.runtime.report.stored import storing
from edgekit.runtime.report.zoom import Stretch, zoom_of

VIEWS: Mapping[str, tuple[str, Callable[[Report], str]]] = {
    "html": ("report.html", html),
    "markdown": ("report.md", markdown),
    "csv": ("report.csv", csv_text),
    "junit": ("report.xml", junit),
    "prometheus": ("report.prom", prometheus),
}
"""Format -> (file name, pure function of the report)."""


@dataclass(frozen=True, slots=True)
class Written:
    """A report on the disk: the record as it stands there, with all its samples, and the files."""

    record: Report
    paths: tuple[Path, ...]


def write_report(
    report: Report,
    folder: Path,
    *,
    trace: PowerTrace | None = None,
    formats: Iterable[str] = ("html", "markdown"),
) -> Written:
    """Write `report.json`, the views and the side files.

    All are complete on the disk before the first one replaces what was there. A view that fails
    loses no measurement: the record and its side files are written before the error goes on.
    Without `trace` the record names no recording. Other files in the folder stay as they are.

    Raises UsageError for an unknown format before anything is written, DataError for a record that
    could not be read again, OutputError when a file cannot be written.
    """
    chosen = tuple(formats)
    unknown = [name for name in chosen if name not in VIEWS]
    if unknown:
        raise UsageError(
            "report format",
            unknown[0],
            allowed=", ".join(VIEWS),
            hint="report.json is always written; these are pages made of it",
            code="report-format",
        )
    record, contents = _record(report, folder, trace)
    try:
        recording = _recording(trace, record) if "html" in chosen else ()
        views = {folder / VIEWS[name][0]: view(name, record, recording) for name in chosen}
    except Exception:
        write_files(contents)
        raise
    write_files(contents | views)
    return Written(record, tuple(contents | views))


def view(name: str, report: Report, recording: tuple[Stretch, ...] = ()) -> str:
    """One of VIEWS; `recording` is what a page has to zoom into."""
    make = VIEWS[name][1]
    return html(report, recording) if make is html else make(report)


def _recording(trace: PowerTrace | None, record: Report) -> tuple[Stretch, ...]:
    if trace is None or len(trace.t) < 2:
        return ()
    span = (float(trace.t[0]), float(trace.t[-1]))
    return zoom_of((trace,), span, len(trace.t), record.energy)


def _record(
    report: Report, folder: Path, trace: PowerTrace | None
) -> tuple[Report, dict[Path, bytes | str]]:
    """The record with all its samples, and the files it is written as, the record last."""
    contents: dict[Path, bytes | str] = {}
    record = report
    if report.trace is not None and trace is not None:
        recording = trace_npz(trace)
        contents[folder / report.trace.file] = recording
        digest = hashlib.sha256(recording).hexdigest()
        record = replace(report, trace=replace(report.trace, file_sha256=digest))
    elif report.trace is not None:
        record = replace(report, trace=replace(report.trace, file="", file_sha256=""))
    written, samples = storing(record)
    if written.samples is not None and samples is not None:
        contents[folder / written.samples.file] = samples
    contents[folder / REPORT_NAME] = checked_json(written)
    return record, contents


def checked_json(report: Report) -> str:
    """The record as JSON that reads back. Raises DataError, code "report-invalid", naming the
    field, for a record with what no reader takes."""
    text = report.to_json()
    try:
        from_json(text)
    except DataError as error:
        raise DataError(
            REPORT_NAME,
            f"would not be readable: {error.found.removeprefix('damaged: ')}",
            hint="a meter or a board gave what cannot be; run edgekit bench again",
            code="report-invalid",
        ) from None
    return text
