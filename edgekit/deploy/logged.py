"""Runs in the log: when, what, on what, and how it ended."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from edgekit import __version__
from edgekit.artifacts.bundle import read_manifest
from edgekit.artifacts.figures import Note
from edgekit.artifacts.report import Report
from edgekit.errors import EdgeKitError
from edgekit.runtime.lab.run_log import LoggedRun, append, log_path, moment, result_of


@dataclass
class Logged:
    """What is known of a run so far; commands fill it in as they learn it."""

    command: str
    target: str = ""
    device: str = ""
    bundle: Path | None = None
    output: Path | None = None
    warnings: tuple[str, ...] = ()
    model_sha256: str = ""
    began: float = field(default_factory=time.time)

    def report(self, report: Report) -> None:
        """Take from a report what it tells."""
        self.target, self.model_sha256 = report.target.name, report.bundle.model_sha256
        self.warnings = tuple(note.code for note in report.warnings if note.level == "warning")

    def line(self, error: BaseException | None, ended: float) -> LoggedRun:
        """As it stands in the log."""
        code = _exit_code(error)
        return LoggedRun(
            start=moment(self.began),
            end=moment(ended),
            seconds=round(ended - self.began, 3),
            command=self.command,
            target=self.target,
            device=self.device,
            bundle=str(self.bundle or ""),
            model_sha256=self.model_sha256 or _model_of(self.bundle),
            result=result_of(code),
            exit_code=code,
            error=_name(error),
            message=str(error) if isinstance(error, EdgeKitError) else "",
            warnings=self.warnings,
            output=str(self.output or ""),
            pid=os.getpid(),
            edgekit=__version__,
        )


@contextmanager
def logged(run: Logged, log: Path | None, warn: Callable[[Note], None]) -> Iterator[None]:
    """Write a line about `run` when the block ends, however it ends."""
    try:
        yield
    except BaseException as error:
        write(run, error, time.time(), log, warn)
        raise
    write(run, None, time.time(), log, warn)


def write(
    run: Logged,
    error: BaseException | None,
    ended: float,
    log: Path | None,
    warn: Callable[[Note], None],
) -> None:
    """Add the line. A log that cannot be written is a warning, and fails no run."""
    path = log_path(log)
    if path is None:
        return
    try:
        append(path, run.line(error, ended))
    except OSError as refused:
        why = f"the run was not logged: {refused.strerror or refused}"
        warn(Note("log-not-written", str(path), why, "name another with --log or $EDGEKIT_LOG"))


def _exit_code(error: BaseException | None) -> int:
    if error is None:
        return 0
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    return error.exit_code if isinstance(error, EdgeKitError) else 1


def _name(error: BaseException | None) -> str:
    if error is None:
        return ""
    return error.code if isinstance(error, EdgeKitError) else type(error).__name__


def _model_of(bundle: Path | None) -> str:
    """The hash of a bundle's model, "" where that cannot be told."""
    if bundle is None:
        return ""
    try:
        return read_manifest(bundle).model_sha256
    except EdgeKitError:
        return ""
