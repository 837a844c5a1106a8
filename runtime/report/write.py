"""Write a report and its views into a folder, each file whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from edgekit.artifacts.files import write_file
from edgekit.artifacts.power import PowerTrace
from edgekit.artifacts.report import REPORT_NAME, Report
from edgekit.errors import UsageError
from edgekit.runtime.power.trace_file import trace_npz
from edgekit.runtime.report.csv_text import csv_text
from edgekit.runtime.report.html import html
from edgekit.runtime.report.markdown import markdown

VIEWS: Mapping[str, tuple[str, Callable[[Report], str]]] = {
    "html": ("report.html", html),
    "markdown": ("report.md", markdown),
    "csv": ("report.csv", csv_text),
}
"""Format -> (file name, pure function of the report)."""


def write_report(
    report: Report,
    folder: Path,
    *,
    trace: PowerTrace | None = None,
    formats: Iterable[str] = ("html", "markdown"),
) -> tuple[Path, ...]:
    """Write `report.json`, the views and the trace's side file; returns the paths written.

    The side file comes first and the record next, so that a failing view loses no measurement.
    Without `trace` the record names no side file. Other files in the folder stay as they are.

    Raises UsageError for an unknown format before anything is written, OutputError when a file
    cannot be written.
    """
    chosen = tuple(formats)
    unknown = [name for name in chosen if name not in VIEWS]
    if unknown:
        raise UsageError(
            "report format", unknown[0], allowed=", ".join(VIEWS), code="report-format"
        )
    record = report
    if report.trace is not None and trace is None:
        record = replace(report, trace=replace(report.trace, file=""))
    paths = []
    if trace is not None and record.trace is not None:
        paths.append(folder / record.trace.file)
        write_file(paths[-1], trace_npz(trace))
    paths.append(folder / REPORT_NAME)
    write_file(paths[-1], record.to_json())
    for name in chosen:
        file, view = VIEWS[name]
        paths.append(folder / file)
        write_file(paths[-1], view(record))
    return tuple(paths)
