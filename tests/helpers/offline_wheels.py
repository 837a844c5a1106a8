"""Wheels for an environment without a network: names and versions of what is installed here, and
one file that makes the new environment look for them where they are."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from pathlib import Path

import numpy

from edgekit.deploy.wheel import pack, requirements

SITE = Path(numpy.__file__).parents[1]


def reused_wheels(folder: Path, extra: str = "rpi") -> Path:
    """One for each package that EdgeKit requires with `extra` on this machine's Python."""
    folder.mkdir(parents=True, exist_ok=True)
    words = requirements(extra, platform.python_version(), platform.machine())
    names = {re.split(r"[^A-Za-z0-9_.-]", word)[0] for word in words}
    for name in sorted(names):
        files = {"reused.pth": f"{SITE}\n".encode()} if name == "numpy" else {}
        wheel = pack(name, metadata.version(name), files)
        (folder / wheel.name).write_bytes(wheel.data)
    return folder
