"""The history: every report that was measured, in one SQLite file.

Writers of several processes take turns (WAL, one short transaction a record); a process that is
killed leaves the records that were written whole and nothing else. The file states its version,
and older ones are brought to the present one when they are opened.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edgekit.artifacts.figures import OF_MEANS, Figure, Provenance
from edgekit.artifacts.report import Report, from_json, with_samples
from edgekit.errors import UsageError
from edgekit.runtime.lab import history_errors as errors
from edgekit.runtime.lab.history_schema import APPLICATION, MIGRATIONS, VERSION
from edgekit.runtime.lab.state import state_folder
from edgekit.runtime.opened import Closed
from edgekit.runtime.report.stored import storing

HISTORY = "EDGEKIT_HISTORY"
FILE = "history.db"
PATIENCE_S = 30.0
"""How long other writers are waited for."""
LIKE = "name, model_sha256, target, device, commit_id, created, tool"


@dataclass(frozen=True, slots=True)
class Record:
    """A report in the history, without its body. `created` is the report's own date and `added`
    when it came here, both in UTC; `commit` is that of the repository it was measured in, with
    "-dirty" where files were changed, "" outside of one."""

    id: int
    sha256: str
    """See `identity`."""
    name: str
    model_sha256: str
    target: str
    device: str
    commit: str
    created: str
    added: str
    tool: str
    tags: tuple[str, ...]

    @property
    def short_commit(self) -> str:
        """As people write it: "1a2b3c4", with "+" where files were changed; "" for none."""
        head, _, dirty = self.commit.partition("-")
        return head[:7] + ("+" if dirty else "")

    @property
    def date(self) -> str:
        """The date and time to the second."""
        return self.created[:19].replace("T", " ")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: those with all that is given. `last` keeps only so many, the newest."""

    name: str | None = None
    target: str | None = None
    device: str | None = None
    tag: str | None = None
    commit: str | None = None
    """Its beginning."""
    last: int | None = None


class History(Closed):
    """An open history; use it in a `with` block.

    All functions raise DataError for a file that is no history, is damaged or comes from a newer
    EdgeKit, and OutputError for one that is locked for too long or cannot be written.
    """

    def __init__(self, path: Path, *, patience_s: float = PATIENCE_S, create: bool = True) -> None:
        self.path = path
        if not create and not path.exists():
            raise errors.missing(self.path)
        with self._naming():
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            place = _read_only(path) or path
            self._base = sqlite3.connect(
                place, timeout=patience_s, isolation_level=None, uri=isinstance(place, str)
            )
            try:
                self._prepare(patience_s)
            except BaseException:
                self._base.close()
                raise

    def close(self) -> None:
        self._base.close()

    def add(self, report: Report, *, tags: Sequence[str] = ()) -> tuple[int, bool]:
        """Keep a report: its number, and whether it is new. The same one is kept once; tags are
        added to those it has."""
        written, samples = storing(report)
        text = written.to_json()
        digest = identity(from_json(text))  # numbers as they are when read again
        told = report.environment
        row = (
            digest,
            report.bundle.name,
            report.bundle.model_sha256,
            report.target.name,
            told.get("device", ""),
            told.get("commit", ""),
            _utc(report.created),
            report.tool,
            _utc(datetime.now().astimezone().isoformat()),
            zlib.compress(text.encode()),
        )
        with self._writing():
            made = self._base.execute(
                f"INSERT INTO records (sha256, {LIKE}, added, report) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sha256) DO NOTHING",
                row,
            )
            (number,) = self._base.execute(
                "SELECT id FROM records WHERE sha256 = ?", (digest,)
            ).fetchone()
            if made.rowcount:
                self._base.executemany(
                    "INSERT INTO figures VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (number, name, f.value, f.unit, *_ends(f), str(f.provenance))
                        for name, f in report.figures.items()
                    ],
                )
                if samples is not None:
                    self._base.execute("INSERT INTO samples VALUES (?, ?)", (number, samples))
            self._tag(number, tags)
        return number, bool(made.rowcount)

    def records(self, wanted: Wanted | None = None) -> list[Record]:
        """The records wanted, in the order they were measured."""
        clauses, values = _clauses(wanted or Wanted())
        where = f"WHERE {' AND '.join(clauses)}" if clauses else ""
        last = wanted.last if wanted is not None and wanted.last is not None else -1
        with self._naming():
            rows = self._base.execute(
                f"SELECT id, sha256, {LIKE}, added FROM records {where} "
                "ORDER BY created DESC, id DESC LIMIT ?",
                (*values, last),
            ).fetchall()
            tags = self._tags()
        return [_record(row, tags.get(row[0], ())) for row in reversed(rows)]

    def record(self, number: int) -> Record:
        """One record. Raises UsageError."""
        found = [record for record in self.records() if record.id == number]
        if found:
            return found[0]
        raise UsageError(
            f"record {number}",
            f"not in {self.path}",
            allowed="a number of `edgekit history list`",
            hint="edgekit history list",
            code="history-no-record",
        )

    def report(self, number: int) -> Report:
        """The report of a record. Raises UsageError."""
        self.record(number)
        with self._naming():
            body, samples = self._base.execute(
                "SELECT report, data FROM records LEFT JOIN samples ON record = id WHERE id = ?",
                (number,),
            ).fetchone()
        try:
            text = zlib.decompress(body).decode()
        except (zlib.error, UnicodeDecodeError) as error:
            raise errors.damaged(self.path, str(error)) from None
        report = from_json(text, subject=f"record {number} of {self.path}")
        return report if samples is None else with_samples(report, samples)

    def figures(self, name: str) -> dict[int, Figure]:
        """A figure of all records that have it, by their number."""
        with self._naming():
            rows = self._base.execute(
                "SELECT record, value, unit, low, high, provenance FROM figures WHERE name = ?",
                (name,),
            ).fetchall()
        return {row[0]: _figure(*row[1:]) for row in rows}

    def figure_names(self) -> list[str]:
        """Every name that a figure of a record has."""
        with self._naming():
            rows = self._base.execute("SELECT DISTINCT name FROM figures ORDER BY name").fetchall()
        return [name for (name,) in rows]

    def tag(self, number: int, tags: Sequence[str], *, remove: bool = False) -> Record:
        """Add tags to a record, or remove them. Raises UsageError."""
        self.record(number)
        with self._writing():
            if remove:
                self._base.executemany(
                    "DELETE FROM tags WHERE record = ? AND tag = ?", [(number, t) for t in tags]
                )
            else:
                self._tag(number, tags)
        return self.record(number)

    def _tag(self, number: int, tags: Sequence[str]) -> None:
        self._base.executemany(
            "INSERT OR IGNORE INTO tags (record, tag) VALUES (?, ?)", [(number, t) for t in tags]
        )

    def _tags(self) -> dict[int, tuple[str, ...]]:
        found: dict[int, tuple[str, ...]] = {}
        for number, tag in self._base.execute("SELECT record, tag FROM tags ORDER BY tag"):
            found[number] = (*found.get(number, ()), tag)
        return found

    def _prepare(self, patience_s: float) -> None:
        """Check whose file it is, and bring it to the present version."""
        self._base.execute("PRAGMA foreign_keys = ON")
        if self._versions() == (APPLICATION, VERSION):
            return
        # Switching to WAL does not wait for others by itself: an exclusive transaction does.
        with self._writing("EXCLUSIVE"):
            application, version = self._versions()
            empty = not self._base.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if application != APPLICATION and not empty:
                raise errors.foreign(self.path)
            if version > VERSION:
                raise errors.newer(self.path, version)
            for step in MIGRATIONS[version:]:
                for statement in step:
                    self._base.execute(statement)
            self._base.execute(f"PRAGMA application_id = {APPLICATION}")
            self._base.execute(f"PRAGMA user_version = {VERSION}")
        with suppress(sqlite3.OperationalError):  # another is at it: it stays so from then on
            self._base.execute("PRAGMA journal_mode = WAL")

    def _versions(self) -> tuple[int, int]:
        return (
            self._base.execute("PRAGMA application_id").fetchone()[0],
            self._base.execute("PRAGMA user_version").fetchone()[0],
        )

    @contextmanager
    def _writing(self, kind: str = "IMMEDIATE") -> Iterator[None]:
        """A transaction: all of the block or nothing."""
        with self._naming():
            self._base.execute(f"BEGIN {kind}")
            try:
                yield
                self._base.execute("COMMIT")
            except BaseException:
                if self._base.in_transaction:
                    self._base.execute("ROLLBACK")
                raise

    @contextmanager
    def _naming(self) -> Iterator[None]:
        """What SQLite and the system refuse in the block becomes an error about the history."""
        try:
            yield
        except sqlite3.Error as error:
            raise errors.refused(self.path, error) from None
        except OSError as error:
            raise errors.unwritable(self.path, error.strerror or str(error)) from None


def identity(report: Report) -> str:
    """A hash that is the same for a report in memory and read again: its date, program, model,
    target and figures."""
    figures = {name: asdict(figure) for name, figure in report.figures.items()}
    what = (report.created, report.tool, report.bundle.model_sha256, report.target.name, figures)
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def _utc(created: str) -> str:
    """An ISO 8601 date with zone in UTC, so that text sorts as time; what is none stays."""
    try:
        return datetime.fromisoformat(created).astimezone(UTC).isoformat(timespec="seconds")
    except ValueError:
        return created


def history_path(given: Path | None = None) -> Path:
    """Where the history is: `given`, else `$EDGEKIT_HISTORY`, else the state folder."""
    if given is not None:
        return given
    named = os.environ.get(HISTORY)
    return Path(named) if named else state_folder() / FILE


def _read_only(path: Path) -> str | None:
    """The URI by which SQLite reads a file where nothing may be written, None for any other."""
    writable = os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)
    if writable or not path.exists():
        return None
    # What a writer left in the log counts; without one SQLite must not look for it.
    log = path.with_name(f"{path.name}-wal")
    return f"{path.resolve().as_uri()}?mode=ro{'' if log.exists() else '&immutable=1'}"


def _clauses(wanted: Wanted) -> tuple[list[str], list[str]]:
    rows = (
        ("name = ?", wanted.name),
        ("target = ?", wanted.target),
        ("device = ?", wanted.device),
        ("id IN (SELECT record FROM tags WHERE tag = ?)", wanted.tag),
        ("instr(commit_id, ?) = 1", wanted.commit),
    )
    given = [(clause, value) for clause, value in rows if value is not None]
    return [clause for clause, _ in given], [value for _, value in given]


def _record(row: tuple[Any, ...], tags: tuple[str, ...]) -> Record:
    """The columns id, sha256, LIKE and added."""
    number, digest, name, model, target, device, commit, created, tool, added = row
    return Record(
        id=number,
        sha256=digest,
        name=name,
        model_sha256=model,
        target=target,
        device=device,
        commit=commit,
        created=created,
        added=added,
        tool=tool,
        tags=tags,
    )


def _ends(figure: Figure) -> tuple[float | None, float | None]:
    """Of its spread; that of means is left to the report, where its name says what it is."""
    return (None, None) if figure.spread == OF_MEANS else (figure.low, figure.high)


def _figure(
    value: float, unit: str, low: float | None, high: float | None, provenance: str
) -> Figure:
    return Figure(value, unit, Provenance(provenance), "history", low=low, high=high)
