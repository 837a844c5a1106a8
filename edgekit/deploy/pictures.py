"""Pictures as files: SVG, or PNG drawn by a Chromium that is installed."""

from __future__ import annotations

import re
from pathlib import Path

from edgekit.artifacts.files import scratch_folder, write_file
from edgekit.errors import UsageError

FORMATS = (".svg", ".png")


def _check(path: Path) -> None:
    """Raises UsageError for a picture that is named neither .svg nor .png."""
    if path.suffix.lower() not in FORMATS:
        raise UsageError(
            str(path),
            f"a picture cannot be written as {path.suffix or 'a file without an ending'}",
            allowed=", ".join(FORMATS),
            hint="picture.svg needs nothing, picture.png needs Chromium",
            code="picture-format",
        )


def write_picture(path: Path, drawing: str) -> None:
    """Write the text of an SVG file to `path` as its ending says. Raises UsageError, OutputError;
    ToolError when PNG is asked for and no Chromium is installed."""
    _check(path)
    write_file(path, png_of(drawing) if path.suffix.lower() == ".png" else drawing)


def png_of(drawing: str) -> bytes:
    """The text of an SVG file as a PNG of twice its size in pixels. Raises ToolError."""
    from edgekit.runtime.report.browser import draw

    size = re.search(r'width="(\d+)" height="(\d+)"', drawing)
    assert size is not None
    with scratch_folder("edgekit-picture-") as folder:
        page = folder / "picture.svg"
        page.write_text(drawing, encoding="utf-8")
        return draw(page, (int(size[1]), int(size[2])), density=2.0)[0]
