"""Views of reports: the pages `report` writes and those inside a bundle."""

from __future__ import annotations

from pathlib import Path

from edgekit.artifacts.bundle import Manifest
from edgekit.artifacts.files import write_file
from edgekit.artifacts.report import REPORT_NAME, Report, read_report
from edgekit.targets.model import Target

__all__ = ["conversion_views", "read_report", "write_views"]


def conversion_views(manifest: Manifest, target: Target) -> dict[str, str]:
    """report.json and report.html of a conversion, which has no runs and no date."""
    from edgekit import __version__
    from edgekit.runtime.report.build import make_report
    from edgekit.runtime.report.html import html

    report = make_report(manifest, target, tool=f"edgekit {__version__}")
    return {REPORT_NAME: report.to_json(), "report.html": html(report)}


def write_views(
    report: Report, *, html: Path | None, markdown: Path | None, csv: Path | None
) -> list[Path]:
    """Write the views asked for and return their paths. Raises OutputError."""
    from edgekit.runtime.report import csv_text
    from edgekit.runtime.report import html as html_view
    from edgekit.runtime.report import markdown as markdown_view

    makers = (
        (html, html_view.html),
        (markdown, markdown_view.markdown),
        (csv, csv_text.csv_text),
    )
    written = []
    for path, make in makers:
        if path is not None:
            write_file(path, make(report))
            written.append(path)
    return written
