"""What `edgekit history` does: keeping, exporting, importing and drawing records."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from edgekit.artifacts.figures import Note
from edgekit.artifacts.files import write_file
from edgekit.artifacts.report import Report, from_json, read_report
from edgekit.deploy.pictures import write_picture
from edgekit.errors import DataError, EdgeKitError, UsageError
from edgekit.runtime.lab.history import History, Wanted, history_path
from edgekit.runtime.lab.run_log import OFF
from edgekit.runtime.report.conditions import METRICS
from edgekit.runtime.report.csv_text import harmless
from edgekit.runtime.report.svg_trend import svg_trend
from edgekit.runtime.report.trend import Series, title_of, trends

LINES = ".jsonl"
FORMATS = (LINES, ".csv")
CSV_COLUMNS = (
    *("id", "created", "commit", "name", "target", "device", "tags"),
    *("figure", "value", "unit", "low", "high", "provenance"),
)


@dataclass(frozen=True, slots=True)
class Imported:
    """How many reports were new, and how many were there already."""

    new: int
    known: int


def keep_report(
    report: Report, *, history: str | Path | None = None, tags: Sequence[str] = ()
) -> bool:
    """Add a report to the history, as `edgekit bench` does with every report it makes; whether it
    was new there.

    `history` is the file, by default $EDGEKIT_HISTORY or that of the state folder; "off", there or
    here, keeps nothing. Raises DataError and OutputError.
    """
    place = history_path(None if history is None else Path(history))
    if str(place).lower() == OFF:
        return False
    with History(place) as opened:
        return opened.add(report, tags=tags)[1]


def keep(report: Report, path: Path | None = None, tags: Sequence[str] = ()) -> Note | None:
    """`keep_report` of a command: what goes wrong with that is a warning, never an error. The
    report itself is not lost for it."""
    try:
        keep_report(report, history=path, tags=tags)
    except EdgeKitError as error:
        advice = f"{error.hint}; `edgekit history import` adds the report later"
        return Note("history-not-kept", str(history_path(path)), error.found, advice)
    return None


def export_records(path: Path, wanted: Wanted, history: Path | None = None) -> int:
    """Write the records wanted: whole reports a line each (.jsonl), or their figures as a table
    (.csv). Returns how many. Raises UsageError, DataError, OutputError."""
    if path.suffix not in FORMATS:
        raise UsageError(
            str(path),
            f"records cannot be written as {path.suffix or 'a file without an ending'}",
            allowed=", ".join(FORMATS),
            hint="-o records.jsonl keeps everything, -o records.csv is for other programs",
            code="history-format",
        )
    with History(history_path(history), create=False) as opened:
        count = len(opened.records(wanted))
        text = _lines(opened, wanted) if path.suffix == LINES else _csv(opened, wanted)
        write_file(path, text)
    return count


def import_records(paths: Iterable[Path], history: Path | None = None) -> Imported:
    """Add reports: report.json files, folders with one, and what `export_records` wrote as .jsonl.
    All are read before any is added. Raises DataError, OutputError."""
    found = [row for path in paths for row in _read(path)]
    with History(history_path(history)) as opened:
        new = sum(opened.add(report, tags=tags)[1] for report, tags in found)
    return Imported(new, len(found) - new)


def plot(
    metric: str, wanted: Wanted, *, svg: Path | None = None, history: Path | None = None
) -> tuple[Series, ...]:
    """The series of a metric, drawn to `svg`. Raises UsageError when no record has it."""
    with History(history_path(history), create=False) as opened:
        found = trends(opened, wanted, metric)
        names = opened.figure_names()
    if not found:
        raise UsageError(
            f"--metric {metric}",
            "no record that is wanted has it",
            allowed=", ".join(dict.fromkeys((*METRICS, *names))),
            hint="`edgekit history list` shows the records",
            code="history-metric",
        )
    if svg is not None:
        write_picture(svg, svg_trend(found, title_of(metric)))
    return found


def _lines(history: History, wanted: Wanted) -> str:
    rows = (
        {**asdict(record), "report": json.loads(history.report(record.id).to_json())}
        for record in history.records(wanted)
    )
    return "".join(json.dumps(row, sort_keys=True, ensure_ascii=False) + "\n" for row in rows)


def _csv(history: History, wanted: Wanted) -> str:
    """A row for each figure of each record."""
    text = io.StringIO()
    out = csv.writer(text, lineterminator="\n")
    out.writerow(CSV_COLUMNS)
    tables = {name: history.figures(name) for name in history.figure_names()}
    for record in history.records(wanted):
        who = (record.id, record.created, record.commit, record.name, record.target, record.device)
        for name, table in tables.items():
            if record.id in table:
                f = table[record.id]
                tags = " ".join(record.tags)
                row = [*who, tags, name, f.value, f.unit, f.low, f.high, f.provenance.value]
                out.writerow(map(harmless, row))
    return text.getvalue()


def _read(path: Path) -> Iterator[tuple[Report, tuple[str, ...]]]:
    if path.suffix != LINES:
        yield read_report(path), ()
        return
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, str(error)) from None
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            text, tags = json.dumps(row["report"]), tuple(map(str, row["tags"]))
        except (ValueError, TypeError, KeyError) as error:
            raise _unreadable(path, f"line {number}: {type(error).__name__}: {error}") from None
        yield from_json(text, subject=f"{path}, line {number}"), tags


def _unreadable(path: Path, why: str) -> DataError:
    return DataError(
        str(path),
        f"no records: {why}",
        allowed="what `edgekit history export -o FILE.jsonl` wrote, or report.json",
        hint="export it again",
        code="history-import",
    )
