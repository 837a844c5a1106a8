"""What the file of the history may refuse, each as an error that names it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edgekit.errors import DataError, EdgeKitError, OutputError
from edgekit.runtime.lab.history_schema import VERSION


def refused(path: Path, error: sqlite3.Error) -> EdgeKitError:
    """What SQLite says."""
    primary = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return OutputError(
            str(path),
            "locked: another program has been writing to it all the time",
            allowed="writers that take turns",
            hint="close it (a database browser?) and try again; lsof tells who has it open",
            code="history-locked",
        )
    if primary == sqlite3.SQLITE_FULL:
        return OutputError(
            str(path),
            "the disk is full",
            hint="free space; what was in the history is still there",
            code="history-full",
        )
    if primary == sqlite3.SQLITE_NOTADB:
        return foreign(path)
    if primary == sqlite3.SQLITE_CORRUPT:
        return damaged(path, str(error))
    return unwritable(path, str(error))


def unwritable(path: Path, why: str) -> OutputError:
    """A place that cannot be opened or written."""
    return OutputError(
        str(path),
        f"cannot be opened or written: {why}",
        allowed="a file in a folder that can be written",
        hint="name another with --history FILE or $EDGEKIT_HISTORY",
        code="history-place",
    )


def damaged(path: Path, why: str) -> DataError:
    """A file whose content is broken."""
    return DataError(
        str(path),
        f"damaged: {why}",
        hint="move it away; `edgekit history import` takes up the reports (report.json) again",
        code="history-damaged",
    )


def missing(path: Path) -> DataError:
    """A file that is not there."""
    return DataError(
        str(path),
        "no history yet",
        allowed="a file that `edgekit bench` or `edgekit history import` made",
        hint="bench something, or name another with --history FILE or $EDGEKIT_HISTORY",
        code="history-missing",
    )


def foreign(path: Path) -> DataError:
    """A file of another program."""
    return DataError(
        str(path),
        "no history of EdgeKit",
        allowed="a file that `edgekit bench` or `edgekit history import` made",
        hint="name another with --history FILE or $EDGEKIT_HISTORY",
        code="history-foreign",
    )


def newer(path: Path, version: int) -> DataError:
    """A file of a later version than this program knows."""
    return DataError(
        str(path),
        f"history of version {version}, written by a newer EdgeKit",
        allowed=str(VERSION),
        hint="run: pip install --upgrade edgekit-sdk",
        code="history-newer",
    )
