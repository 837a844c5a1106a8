"""The table of programs that write firmware to boards (flashers.toml)."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from edgekit.targets.model import Strict

TABLE = Path(__file__).parent / "flashers.toml"


class Flasher(Strict):
    """One way to write firmware; `command` is empty for the one that is no program (a drive)."""

    name: str
    file: Literal["elf", "bin", "uf2"]
    install: str
    """What to type, or do, to have it."""
    program: str = ""
    version: tuple[str, ...] = ()
    version_ends: tuple[int, ...] = (0,)
    command: tuple[str, ...] = ()
    probe: tuple[str, ...] = ()
    """Words that choose one of several boards or probes by its serial number."""
    probes: tuple[str, ...] = ()
    """Arguments with which it lists debug probes as JSON."""
    port: bool = False
    """Whether it speaks to a bootloader's serial port."""
    success: str = ""
    """What it prints when all was written, whatever its status says afterwards."""
    bootloader: bool = False
    """Whether it speaks to the board's own bootloader, not to a debug probe."""
    troubles: tuple[tuple[str, str], ...] = ()
    """(name of a trouble, pattern of the message that tells of it)."""


@cache
def flashers() -> dict[str, Flasher]:
    """All rows by name."""
    rows = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    return {
        name: Flasher(**{"name": name, "program": name if "command" in row else "", **row})
        for name, row in rows.items()
    }
