"""Where commands print: one object that knows --json, --quiet, --verbose and the terminal.

Results go to stdout, everything else (progress, notes, errors) to stderr, so that
`edgekit ... --json | jq` always works.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from edgekit.cli import signals

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from edgekit.artifacts.figures import Note
    from edgekit.errors import EdgeKitError


@dataclass
class Output:
    """How this command speaks. `current()` is the one in force."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    _progress: Progress | None = field(default=None, repr=False)
    _emitted: bool = False
    _lines: bool = False
    _tasks: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def stdout(self) -> Console:
        """The console results are drawn on."""
        from rich.console import Console

        return Console(file=sys.stdout, highlight=False, width=self.columns)

    @property
    def columns(self) -> int:
        """How wide results may be: the terminal, or 120 into a file or a pager."""
        import shutil

        return shutil.get_terminal_size().columns if sys.stdout.isatty() else 120

    @property
    def stderr(self) -> Console:
        """The console for progress, notes and errors."""
        from rich.console import Console

        return Console(file=sys.stderr, highlight=False, soft_wrap=not sys.stderr.isatty())

    def say(self, text: str = "") -> None:
        """A line of the result; nothing under --quiet or --json."""
        if not (self.quiet or self.json):
            print(_lines(text), flush=True)

    def detail(self, text: str) -> None:
        """A line for --verbose, on stderr."""
        if self.verbose and not self.quiet:
            print(text, file=sys.stderr, flush=True)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table of strings; columns whose heading starts with '>' are right-aligned."""
        if self.quiet or self.json:
            return
        from rich import box
        from rich.table import Table

        headed = any(columns)
        # Where it would not fit, columns move together and headings take a line for each word.
        tight = _natural_width(columns, rows) > self.columns
        table = Table(
            title=_shown(title) or None,
            title_justify="left",
            box=box.SIMPLE_HEAD if headed else box.SIMPLE,
            pad_edge=False,
            padding=(0, 1, 0, 0 if tight else 1),
            show_header=headed,
        )
        for column in columns:
            right = column.startswith(">")
            name = column.lstrip(">")
            table.add_column(
                name.replace(" ", "\n") if tight and right else name,
                justify="right" if right else "left",
                no_wrap=right,
                overflow="fold",
            )
        for row in rows:
            table.add_row(*map(_shown, row))
        self.stdout.print(table)

    def notes(self, notes: Sequence[Note]) -> None:
        """Warnings with their advice and codes, on stderr."""
        if self.quiet or self.json or not notes:
            return
        from edgekit.runtime.report.text import EXPLAINED

        for note in notes:
            colour = "yellow" if note.level == "warning" else "cyan"
            line = f"[{colour}]{note.level}[/]: {_shown(note.subject)}: {_shown(note.message)}"
            self.stderr.print(f"{line} {_code(note.code)}")
            if note.advice:
                self.stderr.print(f"  {_shown(note.advice)}")
        self.stderr.print(f"  [dim]{EXPLAINED}[/]")

    def emit(self, value: Any, verdict: EdgeKitError | None = None) -> None:
        """The machine-readable result, printed under --json only. With a negative verdict its
        record stands in the same value, as "error"."""
        if self.json:
            self._emitted = True
            if verdict is not None:
                value = {**value, "error": verdict.as_dict()}
            print(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False), flush=True)

    def line(self, value: Any) -> None:
        """One of several machine-readable results, on a line of its own; under --json only."""
        if self.json:
            self._lines = True
            print(json.dumps(value, sort_keys=True, ensure_ascii=False), flush=True)

    @contextmanager
    def working(self) -> Iterator[Output]:
        """Inside the block `advance` draws progress bars, if stderr is a terminal."""
        if self.quiet or self.json or not sys.stderr.isatty():
            yield self
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.progress import TimeElapsedColumn as Elapsed

        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Elapsed())
        # Lines printed meanwhile go above the bars, but where stdout is a file they go there.
        aside = sys.stdout.isatty()
        with Progress(
            *columns, console=self.stderr, transient=True, redirect_stdout=aside
        ) as progress:
            self._progress, self._tasks = progress, {}
            try:
                yield self
            finally:
                self._progress = None

    def advance(self, stage: str, done: int, total: int) -> None:
        """The callback long work reports to: `done` of `total` units of `stage`."""
        self._advance(stage, stage, done, total)

    def advance_one(self, name: str, stage: str, done: int, total: int) -> None:
        """The callback of several works side by side: one bar for each `name`."""
        self._advance(name, f"{name}: {stage}", done, total)

    def _advance(self, key: str, text: str, done: int, total: int) -> None:
        signals.again()
        if self._progress is None:
            if self.verbose and not self.quiet and done >= total:
                print(f"{text}: {done}/{total}", file=sys.stderr, flush=True)
            return
        if key not in self._tasks:
            self._tasks[key] = self._progress.add_task(text, total=total or None)
        self._progress.update(
            self._tasks[key], description=text, completed=done, total=total or None
        )

    def error(self, error: EdgeKitError) -> None:
        """An error as four short lines at most, or as a JSON object under --json."""
        if self.json:
            if self._emitted:  # with the verdict in it
                return
            indent = None if self._lines else 2
            record = {"error": error.as_dict()}
            print(json.dumps(record, indent=indent, ensure_ascii=False), flush=True)
            return
        console = self.stderr
        # the code of a whole family says no more than the message
        own = error.code != error.default_code
        code = f" {_code(error.code)}" if own else ""
        console.print(f"[bold red]error[/]: {_shown(error.subject)}: {_shown(error.found)}{code}")
        if error.allowed:
            console.print(f"  allowed: {_shown(error.allowed)}")
        if error.hint:
            console.print(f"  next:    {_shown(error.hint)}")
        if own:
            console.print(f"  [dim]more:    edgekit explain {_shown(error.code)}[/]")


def _lines(text: str) -> str:
    """Lines in which nothing steers the terminal."""
    from edgekit.runtime.report.harmless import visible

    return "\n".join(map(visible, text.split("\n")))


def _shown(text: str) -> str:
    """The same as rich prints it: without markup of its own."""
    from rich.markup import escape

    return escape(_lines(text))


def _code(code: str) -> str:
    """A code in brackets, as rich prints it."""
    return rf"[dim]{_shown(f'[{code}]')}[/]"


def _natural_width(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Columns of text that a table takes when nothing wraps, with three between two of them."""
    texts = [[name.lstrip(">"), *(row[i] for row in rows)] for i, name in enumerate(columns)]
    lines = ([line for text in column for line in text.splitlines()] for column in texts)
    return sum(max(map(len, column), default=0) + 3 for column in lines)


_current = Output()


def current() -> Output:
    """The output of the running command."""
    return _current


def use(*, json: bool, quiet: bool, verbose: bool) -> Output:
    """Set and return the output of the running command. Raises UsageError on a contradiction."""
    global _current
    _current = Output(json=json, quiet=quiet, verbose=verbose)
    if quiet and verbose:
        from edgekit.errors import UsageError

        raise UsageError("--quiet, --verbose", "given together", hint="choose one of them")
    return _current
