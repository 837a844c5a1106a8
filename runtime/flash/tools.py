"""Choosing, wording and running the program that writes firmware to a board."""

from __future__ import annotations

import importlib.util
import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from edgekit.errors import ToolError, UsageError
from edgekit.runtime.flash.troubles import failure, trouble
from edgekit.targets.flashers import Flasher, flashers
from edgekit.targets.model import Target

PATIENCE_S = 600.0
"""Longest time one tool may take; writing 2 MB takes a minute over slow probes."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A row of the table with the words that start it here; none for a drive."""

    flasher: Flasher
    words: tuple[str, ...]
    installed: bool = True


@dataclass(frozen=True, slots=True)
class Probe:
    """A debug probe that is plugged in."""

    serial: str
    title: str


def program_words(flasher: Flasher) -> tuple[str, ...]:
    """What starts a tool here, () when it is not installed."""
    path = shutil.which(flasher.program)
    if path is not None:
        return (path,)
    if flasher.name == "pyocd" and importlib.util.find_spec("pyocd") is not None:
        return (sys.executable, "-m", "pyocd")
    return ()


def choose_tool(
    target: Target, wanted: str | None = None, *, probe: str | None = None, dry: bool = False
) -> Tool:
    """The tool asked for, or the first of the profile's that is installed and can do it.

    `probe` asks for one that can choose a board by its serial number. With `dry` one that is not
    installed will do. Raises UsageError, ToolError.
    """
    rows = _rows(target, wanted, probe)
    for row in rows:
        words = program_words(row) if row.command else ()
        if words or not row.command:
            return Tool(row, words)
    if dry:
        return Tool(rows[0], (rows[0].program,), installed=False)
    ways = "; ".join(f"{row.name}: {row.install}" for row in rows)
    raise ToolError(
        " or ".join(row.name for row in rows),
        f"not installed, and flashing {target.name} needs one",
        hint=ways,
        code="flasher-missing",
    )


def _rows(target: Target, wanted: str | None, probe: str | None) -> list[Flasher]:
    known = target.flash.tools if target.flash is not None else ()
    if not known:
        raise UsageError(
            f"target {target.name}",
            "its profile names no tool that flashes it",
            hint="write what `edgekit build` makes by the maker's own way (docs/flash.md), "
            "or add a table [flash] to the profile",
            code="no-flasher",
        )
    if wanted is not None and wanted not in known:
        raise UsageError(
            f"--tool {wanted}",
            f"no tool that flashes {target.name}",
            allowed=", ".join(known),
            hint="leave it out, and the first that is installed is used",
            code="flasher-unknown",
        )
    rows = [flashers()[name] for name in ((wanted,) if wanted else known)]
    able = [row for row in rows if probe is None or row.probe]
    if not able:
        raise UsageError(
            f"--probe {probe}",
            f"{', '.join(row.name for row in rows)} cannot choose a board by its serial number",
            allowed=", ".join(n for n in known if flashers()[n].probe) or "no --probe",
            hint="leave it out, with one board plugged in",
            code="probe-unused",
        )
    return able


def command_line(
    tool: Tool, target: Target, values: Mapping[str, str], probe: str | None
) -> tuple[str, ...]:
    """The command that writes a file: `values` for {file}, {address} and {port}."""
    chip = target.flash.chip.get(tool.flasher.name, "") if target.flash else ""
    words: list[str] = []
    for word in tool.flasher.command:
        if word == "{program}":
            words += tool.words
        elif word == "{chip}":
            words += shlex.split(chip)
        elif word == "{probe}":
            words += [part.format(serial=probe) for part in tool.flasher.probe] if probe else []
        else:
            words.append(word.format(**values))
    return tuple(words)


def run_tool(tool: Tool, target: Target, command: tuple[str, ...]) -> str:
    """Run the command; what it printed. Raises the error that its words mean."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,  # a tool that would ask has not been told enough
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        text = (error.output or b"").decode(errors="replace")
        raise failure(tool.flasher, target, -1, f"{text}\nno end after {PATIENCE_S:g} s") from None
    except OSError as error:
        raise ToolError(
            tool.flasher.name,
            f"does not start: {error.strerror or error}",
            hint=tool.flasher.install,
            code="flasher-missing",
        ) from None
    done_well = tool.flasher.success and tool.flasher.success in done.stdout
    if done.returncode and not done_well:
        raise failure(tool.flasher, target, done.returncode, done.stdout)
    return done.stdout


def probes(tool: Tool) -> tuple[Probe, ...] | None:
    """The debug probes that a tool sees; None for one that cannot list them."""
    if not tool.flasher.probes:
        return None
    done = subprocess.run(
        [*tool.words, *tool.flasher.probes],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    try:
        boards = json.loads(done.stdout)["boards"]
        return tuple(Probe(str(b["unique_id"]), str(b.get("info", ""))) for b in boards)
    except (ValueError, KeyError, TypeError):
        return None


def check_probes(tool: Tool, target: Target, probe: str | None) -> None:
    """Raise DeviceError unless it is clear which probe is meant, where the tool can tell."""
    found = probes(tool)
    if found is None:
        return
    listed = ", ".join(f"{p.serial} ({p.title})" for p in found)
    if not found:
        raise trouble("no-probe", tool.flasher, target)
    if probe is not None and not any(probe.lower() in p.serial.lower() for p in found):
        raise trouble("no-probe", tool.flasher, target, f"none is {probe}, there are {listed}")
    if probe is None and len(found) > 1:
        raise trouble("probe-ambiguous", tool.flasher, target, listed)
