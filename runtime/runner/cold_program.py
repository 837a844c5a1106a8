"""Cold starts of the generated C's program: it starts itself again and again, wherever it is."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from edgekit.artifacts.run import ColdStart
from edgekit.errors import DeviceError

WAIT_S = 600.0
"""The longest that all starts together may take."""


def words(count: int, inputs: str) -> tuple[str, ...]:
    """What a runner (`firmware_stubs/runner/runner.c`) is told for `count` starts on a file."""
    return ("starts", str(count), inputs)


def program_starts(program: Path, inputs: Path, *, count: int) -> tuple[ColdStart, ...]:
    """`count` times the program on a file of one sample, on this machine, from its start to its
    first result.

    Raises DeviceError when it does not end well.
    """
    command = [str(program.resolve()), *words(count, str(inputs))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=WAIT_S)
    if done.returncode:
        said = done.stderr.strip()[-200:] or "it said nothing"
        raise _unreadable(f"{program}", f"ended with status {done.returncode}: {said}")
    return starts_of(done.stdout, count)


def starts_of(text: str, count: int) -> tuple[ColdStart, ...]:
    """The starts that a runner printed: three lines each. Raises DeviceError for other lines."""
    try:
        found = tuple(_starts(text))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise _unreadable("runner", f"its output is not complete: {error}") from None
    if len(found) != count:
        raise _unreadable("runner", f"its output is not complete: {len(found)} of {count} starts")
    return found


def _starts(text: str) -> Iterator[ColdStart]:
    rows = [json.loads(line) for line in text.splitlines()]
    for head, sample, start in zip(rows[::3], rows[1::3], rows[2::3], strict=True):
        entered, ready, first = head["entered_ns"], sample["ready_ns"], sample["ns"][0]
        parts = (entered - start["began_ns"], ready - entered, first)
        yield ColdStart(*(part / 1e9 for part in parts))


def _unreadable(subject: str, found: str) -> DeviceError:
    return DeviceError(subject, found, hint="run it by hand: ./runner INPUT", code="runner-output")
