"""Views of reports: the pages `report` writes and those inside a bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.artifacts.bundle import Manifest
from edgekit.artifacts.files import write_files
from edgekit.artifacts.report import REPORT_NAME, Report, read_report
from edgekit.deploy.pictures import png_of
from edgekit.errors import MeterError
from edgekit.targets.model import Target

if TYPE_CHECKING:
    from edgekit.runtime.report.zoom import Stretch

__all__ = ["conversion_views", "read_report", "write_views"]


def conversion_views(manifest: Manifest, target: Target) -> dict[str, str]:
    """report.json and report.html of a conversion, which has no runs and no date."""
    from edgekit import __version__
    from edgekit.runtime.report.build import make_report
    from edgekit.runtime.report.html import html

    report = make_report(manifest, target, tool=f"edgekit {__version__}")
    return {REPORT_NAME: report.to_json(), "report.html": html(report)}


def write_views(
    report: Report,
    places: Mapping[str, Path | None],
    *,
    svg: Path | None = None,
    png: Path | None = None,
    folder: Path | None = None,
) -> list[Path]:
    """Write the views that have a place and return their paths: `places` maps formats of
    `runtime.report.write.VIEWS` to files; `svg` and `png` are folders for a file each picture. A
    page zooms into the power recording that lies in `folder`, the record's, if it is the one that
    the record names.

    All are written or none. Raises OutputError; ToolError when PNG is asked for and no Chromium
    is installed.
    """
    from edgekit.runtime.report.write import view

    wanted = {name: path for name, path in places.items() if path is not None}
    recording = _recording(report, folder) if folder and "html" in wanted else ()
    contents: dict[Path, bytes | str] = {
        path: view(name, report, recording) for name, path in wanted.items()
    }
    contents |= _pictures(report, svg, png)
    write_files(contents)
    return list(contents)


def _recording(report: Report, folder: Path) -> tuple[Stretch, ...]:
    """What the power recording beside a record gives to zoom into; nothing where it is gone or
    another."""
    from edgekit.runtime.power.trace_file import npz_parts
    from edgekit.runtime.report.zoom import zoom_of

    trace = report.trace
    if trace is None or trace.samples < 2 or not trace.file or Path(trace.file).name != trace.file:
        return ()
    path = folder / trace.file
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if digest != trace.file_sha256:
            return ()
        span = (trace.start_s, trace.start_s + trace.step_s * len(trace.low_w))
        return zoom_of(npz_parts(path), span, trace.samples, report.energy)
    except (OSError, MeterError):
        return ()


def _pictures(report: Report, svg: Path | None, png: Path | None) -> dict[Path, bytes | str]:
    if svg is None and png is None:
        return {}
    from edgekit.runtime.report.picture_files import picture_files

    drawn = picture_files(report)
    contents: dict[Path, bytes | str] = {}
    if svg is not None:
        contents |= {svg / name: text for name, text in drawn.items()}
    if png is not None:
        contents |= {(png / name).with_suffix(".png"): png_of(drawn[name]) for name in drawn}
    return contents
