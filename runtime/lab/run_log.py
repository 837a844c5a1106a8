"""The log of runs: one line of JSON each, appended whole.

A line is written with one write(2) to a file opened for appending, under a lock: writers of many
processes never mix, and none loses a line when the file is put aside for a new one. A line that a
crash cut off is ended before the next.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from edgekit.runtime.lab.flock import take
from edgekit.runtime.lab.state import state_folder

LOG = "EDGEKIT_LOG"
OFF = "off"
"""In the place of a file's name."""
FILE = "runs.jsonl"
BINARY = getattr(os, "O_BINARY", 0)
"""What keeps Windows from changing the ends of lines."""
LIMIT = 4 << 20
"""Bytes after which a log is put aside, as FILE.1; one is kept."""
_SECRET = re.compile(r"(\w+://[^/\s:@]*):[^@\s]*@")


@dataclass(frozen=True, slots=True)
class LoggedRun:
    """A line of the log. Times are ISO 8601 with zone; `result` is "ok", "failed", "usage", "no"
    (a negative verdict) or "interrupted"; `error` is the code of the error, "" without one."""

    start: str
    end: str
    seconds: float
    command: str
    target: str
    device: str
    bundle: str
    """The folder that was named."""
    model_sha256: str
    result: str
    exit_code: int
    error: str
    message: str
    warnings: tuple[str, ...]
    """Their codes."""
    output: str
    """The folder of the report, "" for none."""
    pid: int
    edgekit: str
    schema: int = 1

    def line(self) -> str:
        """As it stands in the log; passwords in addresses are left out."""
        text = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return _SECRET.sub(r"\1:***@", text) + "\n"


def result_of(exit_code: int) -> str:
    """How a run ended, by its exit code."""
    known = {0: "ok", 2: "usage", 3: "no", 130: "interrupted", 143: "interrupted"}
    return known.get(exit_code, "failed")


def moment(seconds: float) -> str:
    """Seconds since 1970 as the log tells them."""
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")


def log_path(given: Path | None = None) -> Path | None:
    """Where the log is: `given`, else `$EDGEKIT_LOG`, else the state folder; None when off."""
    named = str(given) if given is not None else os.environ.get(LOG, "")
    if named.lower() == OFF:
        return None
    return Path(named) if named else state_folder() / FILE


def append(path: Path, run: LoggedRun, *, limit: int = LIMIT) -> None:
    """Add a line. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = run.line().encode()
    with _appending(path, len(data), limit) as stream:
        size = os.fstat(stream).st_size
        os.lseek(stream, max(size - 1, 0), os.SEEK_SET)
        if size and os.read(stream, 1) != b"\n":
            data = b"\n" + data
        os.write(stream, data)


def read_log(path: Path) -> list[LoggedRun]:
    """The runs that a log tells of, the earliest first; lines that were cut off are left out."""
    runs = []
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(text)
            runs.append(LoggedRun(**{**row, "warnings": tuple(row["warnings"])}))
        except (ValueError, TypeError, KeyError):
            continue
    return runs


@contextmanager
def _appending(path: Path, more: int, limit: int) -> Iterator[int]:
    """The file, alone with it, put aside first where it would grow beyond `limit`."""
    while True:
        stream = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | BINARY, 0o666)
        try:
            take(stream, wait=True)
            if not _is(stream, path):  # put aside while we waited
                continue
            size = os.fstat(stream).st_size
            if size and size + more > limit:
                path.replace(path.with_name(path.name + ".1"))
                continue
            yield stream
            return
        finally:
            os.close(stream)


def _is(stream: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream), path.stat())
    except FileNotFoundError:
        return False
