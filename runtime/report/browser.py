"""Pages and pictures as PNG, drawn by a Chromium that is installed: it reads a file and opens no
connection."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from edgekit.errors import ToolError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SECONDS = 120
"""Longest that a picture takes on a busy machine."""
LONGEST = 60
"""Bytes that the folder of temporary files may have: Chromium makes a socket far below it, and the
path of a socket is limited to 107."""
_OPTIONS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--enable-logging=stderr", "--log-level=0",
)  # fmt: skip


def find_browser() -> str | None:
    """The program, or None where none of NAMES is installed."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def draw(
    page: Path, size: tuple[int, int], *, dark: bool = False, density: float = 1.0
) -> tuple[bytes, str]:
    """A file (HTML or SVG) as a PNG of `size` CSS pixels times `density`, and what its console
    said. `dark` asks for the page's dark colours.

    Raises ToolError when no browser is installed or it draws nothing.
    """
    browser = find_browser()
    if browser is None:
        raise ToolError(
            "chromium",
            "not installed, and PNG pictures are drawn by it",
            allowed=", ".join(NAMES),
            hint="run: apt install chromium; or take --svg, which needs nothing",
            code="browser-missing",
        )
    with tempfile.TemporaryDirectory(prefix="edgekit-browser-") as folder:
        picture = Path(folder) / "picture.png"
        command = [
            browser,
            *_OPTIONS,
            *(("--no-sandbox",) if _root() else ()),
            f"--user-data-dir={folder}/profile",
            f"--window-size={size[0]},{size[1]}",
            f"--force-device-scale-factor={density:g}",
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--screenshot={picture}",
            page.resolve().as_uri(),
        ]
        said = _run(command, page)
        if not picture.exists():
            raise _failed(page, _cause(said))
        return picture.read_bytes(), "\n".join(
            line for line in said.splitlines() if ":CONSOLE" in line
        )


def _root() -> bool:
    """Whether this is the superuser, for whom Chromium has no sandbox; Windows has none."""
    return hasattr(os, "getuid") and os.getuid() == 0


def _run(command: list[str], page: Path) -> str:
    environment = dict(os.environ)
    if len(os.fsencode(tempfile.gettempdir())) > LONGEST:
        environment["TMPDIR"] = "/tmp"
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise _failed(page, f"no picture in {SECONDS} s") from None
    return done.stderr.decode(errors="replace")


def _cause(said: str) -> str:
    """The line that says why, of all that Chromium says."""
    lines = said.strip().splitlines() or ["it said nothing"]
    return next((line for line in lines if "FATAL" in line), lines[-1])


def _failed(page: Path, said: str) -> ToolError:
    return ToolError(
        "chromium",
        f"could not draw {page.name}: {said[:200]}",
        hint="try it by hand: chromium --headless --screenshot PAGE; or take --svg",
        code="browser-failed",
    )
