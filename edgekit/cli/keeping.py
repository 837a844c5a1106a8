"""The line in the log and the record in the history that a run leaves, whatever becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.cli import output

if TYPE_CHECKING:
    from edgekit.artifacts.figures import Note
    from edgekit.artifacts.report import Report
    from edgekit.deploy.logged import Logged


@dataclass(frozen=True, slots=True)
class Keeping:
    """Where a command's log and history are, as its options say; None: the usual places."""

    out: output.Output
    log: Path | None = None
    history: Path | None = None
    tags: tuple[str, ...] = ()

    @contextmanager
    def logged(self, run: Logged) -> Iterator[None]:
        """Write a line about `run` when the block ends."""
        from edgekit.deploy.logged import logged

        with logged(run, self.log, self.warn):
            yield

    def keep(self, report: Report) -> None:
        """Add a report to the history."""
        from edgekit.deploy.history import keep

        note = keep(report, self.history, self.tags)
        if note is not None:
            self.warn(note)

    def warn(self, note: Note) -> None:
        """Tell what could not be kept."""
        self.out.notes([note])
