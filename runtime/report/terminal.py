"""A report on the terminal: the six answers, the figures, the costliest layers, the warnings."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from edgekit.artifacts.figures import Note
from edgekit.artifacts.report import Report
from edgekit.runtime.report.answers import answers
from edgekit.runtime.report.cold_table import cold_table
from edgekit.runtime.report.harmless import cleaned
from edgekit.runtime.report.layers import layers
from edgekit.runtime.report.mlperf_tables import rules_table, timed_table
from edgekit.runtime.report.streaming_tables import streaming_table
from edgekit.runtime.report.sustained_tables import sustained_table
from edgekit.runtime.report.tables import (
    Table,
    batches_table,
    figures_table,
    filled,
    layers_table,
    runs_table,
)
from edgekit.runtime.report.text import EXPLAINED, plural

if TYPE_CHECKING:
    from rich.console import Console

WIDTH = 100
NARROW = 98
"""Below, answers take a column less and the operator, which a layer's name often tells, goes."""
LAYERS_SHOWN = 12
"""Layers on the terminal, costliest first; the pages have them all."""


def terminal(report: Report, *, width: int = WIDTH, color: bool = False) -> str:
    """The text for a terminal of `width` columns, with ANSI colours when `color`."""
    from rich.console import Console

    report = cleaned(report)
    stream = io.StringIO()
    console = Console(
        file=stream, width=width, force_terminal=color, no_color=not color, highlight=False,
        emoji=False, markup=False,
    )  # fmt: skip
    console.print(_heading(report), style="bold")
    console.print()
    _print_answers(console, report)
    heads = (rules_table(report), timed_table(report))
    speed = (_runs(report), batches_table(report), cold_table(report), sustained_table(report))
    for table in (*heads, figures_table(report), streaming_table(report), *speed):
        _print_table(console, _without(filled(table), "Basis"))
    left_out = ["Output", "Weights", "RAM", "Estimated", *(["Operator"] if width < NARROW else [])]
    _print_table(console, _without(filled(_costliest(report)), *left_out))
    for note in by_urgency(report.warnings):
        console.print(note_line(note), style="yellow" if note.level == "warning" else "")
    if report.warnings:
        console.print(EXPLAINED, style="dim")
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


def by_urgency(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Warnings first, then remarks, each in their order: what to act on stands on top."""
    return tuple(sorted(notes, key=lambda note: note.level == "info"))


def note_line(note: Note) -> str:
    """A warning as one line of text, its code in brackets at the end."""
    advice = f"; {note.advice}" if note.advice else ""
    return f"{note.level}: {note.subject}: {note.message}{advice} [{note.code}]"


def _heading(report: Report) -> str:
    date = f", {report.created}" if report.created else ""
    return f"{report.bundle.name} on {report.target.title} ({report.tool}{date})"


def _print_answers(console: Console, report: Report) -> None:
    from rich.table import Table as Grid

    grid = Grid.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(style="bold")
    grid.add_column()
    for answer in answers(report):
        tag = f" ({answer.provenance})" if answer.provenance else ""
        value = answer.value + tag
        if console.width < NARROW:
            value = value.replace(" (", "\n(")
        grid.add_row(answer.question, value, "; ".join(answer.details))
    console.print(grid)
    console.print()


def _print_table(console: Console, table: Table) -> None:
    from rich import box
    from rich.table import Table as Drawn

    if not table.rows:
        return
    tight = _natural_width(table) > console.width
    drawn = Drawn(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0 if tight else 1))
    for index, column in enumerate(table.columns):
        number = column.numeric or any(row[index].bar is not None for row in table.rows)
        drawn.add_column(
            column.title.replace(" ", "\n") if tight else column.title,
            justify="right" if number else "left",
            no_wrap=column.numeric,
            overflow="fold",
        )
    for row in table.rows:
        drawn.add_row(*(cell.text for cell in row))
    console.print(table.title, style="bold")
    console.print(drawn)


def _natural_width(table: Table) -> int:
    """Columns that no table of this content needs more of: three between two of them."""
    columns = enumerate(column.title for column in table.columns)
    texts = ([title, *(row[i].text for row in table.rows)] for i, title in columns)
    return sum(max(map(len, column)) + 3 for column in texts)


def _runs(report: Report) -> Table:
    """What all runs share moves into the title: device, threads, provenance."""
    table, runs = runs_table(report), report.runs
    devices = {run.device for run in runs}
    if len(devices) != 1:
        return table
    shared, title = ["Device"], f"Runs on {devices.pop()}"
    if len({run.threads for run in runs}) == 1:
        shared.append("Threads")
        title += f", {plural(runs[0].threads, 'thread')}" if runs[0].latency_s else ""
    if len({run.provenance for run in runs}) == 1:
        shared.append("Provenance")
        title += f" ({runs[0].provenance})"
    return replace(_without(table, *shared), title=title)


def _without(table: Table, *titles: str) -> Table:
    """What is too wide for a terminal is left to the pages."""
    kept = [i for i, column in enumerate(table.columns) if column.title not in titles]
    return replace(
        table,
        columns=tuple(table.columns[i] for i in kept),
        rows=tuple(tuple(row[i] for i in kept) for row in table.rows),
    )


def _costliest(report: Report) -> Table:
    """The heaviest layers only, and a title that says so."""
    table, weights = layers_table(report), layers(report).weight[1]
    if len(table.rows) <= LAYERS_SHOWN:
        return table
    order = sorted(range(len(weights)), key=lambda i: -weights[i])[:LAYERS_SHOWN]
    title = f"Layers: the {LAYERS_SHOWN} heaviest of {len(table.rows)}"
    return replace(table, title=title, rows=tuple(table.rows[i] for i in order))
