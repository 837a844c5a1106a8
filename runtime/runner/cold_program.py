"""Cold starts of the generated C's program, on this machine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path

from edgekit.artifacts.run import ColdStart
from edgekit.errors import DeviceError
from edgekit.runtime.runner.clock import clock_ns

WAIT_S = 600.0


def program_starts(program: Path, inputs: Path, *, count: int) -> tuple[ColdStart, ...]:
    """`count` times the program on a file of one sample, from its start to its first result.

    Raises DeviceError when it does not end well.
    """
    return tuple(_start([str(program.resolve()), str(inputs)]) for _ in range(count))


def _start(command: list[str]) -> ColdStart:
    began = clock_ns()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WAIT_S)
    if done.returncode:
        said = done.stderr.strip()[-200:] or "it said nothing"
        raise DeviceError(
            command[0],
            f"ended with status {done.returncode}: {said}",
            hint="run it by hand: ./runner INPUT",
            code="runner-output",
        )
    return cold_start(began, done.stdout.splitlines())


def cold_start(began_ns: int, lines: Iterable[str]) -> ColdStart:
    """The lines of a runner (`firmware_stubs/runner/runner.c`) that was started at `began_ns`."""
    head, sample = (json.loads(line) for line in lines)
    entered, ready, first = head["entered_ns"], sample["ready_ns"], sample["ns"][0]
    return ColdStart((entered - began_ns) / 1e9, (ready - entered) / 1e9, first / 1e9)
