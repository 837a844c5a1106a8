"""Answers of an accuracy run, kept line by line while it runs: hours should not be lost.

The file is JSON lines: first the conditions, then one line per file of the data set.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edgekit.artifacts.files import cannot_write, write_file
from edgekit.errors import DataError, UsageError

ANSWERS_NAME = "mlperf-accuracy.partial.jsonl"


@dataclass(frozen=True, slots=True)
class Answer:
    """Mean results of a file over its `inferences` windows."""

    file: str
    inferences: int
    results: tuple[float, ...]


class AnswerLog:
    """Answers so far; `add` appends one to the file at once. Without a folder nothing is kept."""

    def __init__(self, folder: Path | None, found: Mapping[str, Answer]) -> None:
        self._path = folder / ANSWERS_NAME if folder is not None else None
        self.found = dict(found)

    @classmethod
    def begin(cls, folder: Path | None, conditions: Mapping[str, str]) -> AnswerLog:
        """A new file. Raises OutputError."""
        log = cls(folder, {})
        log._begin(conditions)
        return log

    @classmethod
    def resume(cls, folder: Path | None, conditions: Mapping[str, str]) -> AnswerLog:
        """The file of a run that broke off.

        Raises UsageError when there is none or it was made under other conditions, DataError when
        it is damaged.
        """
        path = folder / ANSWERS_NAME if folder is not None else None
        if path is None or not path.is_file():
            raise UsageError(
                "--resume",
                f"no accuracy run that broke off is kept in {folder}" if folder else "no folder",
                allowed=f"-o DIR with {ANSWERS_NAME} in it",
                hint="leave --resume out to begin anew",
                code="resume-nothing",
            )
        first, *rest = _lines(path)
        changed = [key for key in conditions if first.get(key) != conditions[key]]
        if changed:
            key = changed[0]
            raise UsageError(
                f"--resume, {key}",
                f"{conditions[key]!r} now and {first.get(key)!r} before",
                allowed="the same board, firmware and data set",
                hint="leave --resume out to begin anew",
                code="resume-changed",
            )
        answers = [Answer(row["file"], row["inferences"], tuple(row["results"])) for row in rest]
        log = cls(folder, {answer.file: answer for answer in answers})
        log._begin(conditions)  # anew: the last line may be half a one
        return log

    def add(self, answer: Answer) -> None:
        """Keep an answer. Raises OutputError."""
        self.found[answer.file] = answer
        if self._path is None:
            return
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(answer)) + "\n")
        except OSError as error:
            raise cannot_write(self._path, error) from None

    def done(self) -> None:
        """The run is complete: its file goes."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def _begin(self, conditions: Mapping[str, str]) -> None:
        if self._path is not None:
            rows = [dict(conditions), *(asdict(answer) for answer in self.found.values())]
            write_file(self._path, "".join(json.dumps(row) + "\n" for row in rows))


def _lines(path: Path) -> list[dict[str, Any]]:
    """Its lines; the last one may be cut, where a machine died while it was written."""
    rows: list[dict[str, Any]] = []
    texts = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    for number, text in enumerate(texts, 1):
        try:
            row = json.loads(text)
        except ValueError:
            row = None
        if isinstance(row, dict) and (number == 1 or _is_answer(row)):
            rows.append(row)
        elif number < len(texts) or number == 1:
            raise DataError(
                f"{path}, line {number}",
                "is damaged",
                hint="leave --resume out to begin anew",
                code="resume-damaged",
            )
    return rows or [{}]


def _is_answer(row: dict[str, Any]) -> bool:
    results = row.get("results")
    return (
        isinstance(row.get("file"), str)
        and isinstance(row.get("inferences"), int)
        and isinstance(results, list)
        and all(isinstance(value, int | float) for value in results)
    )
