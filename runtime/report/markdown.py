"""A report as GitHub-flavoured Markdown, short enough for a pull request: answers and warnings are
seen, tables are folded."""

from __future__ import annotations

from edgekit.artifacts.report import Report
from edgekit.runtime.report.answers import Answer, answers
from edgekit.runtime.report.harmless import cleaned, visible
from edgekit.runtime.report.tables import Column, Table, tables
from edgekit.runtime.report.terminal import by_urgency, note_line
from edgekit.runtime.report.text import EXPLAINED

# An @ at the start of a name would notify somebody.
_SPECIAL = str.maketrans({c: f"\\{c}" for c in "\\`*_[]<>|#~&$"} | {"@": "@<!-- -->"})


def markdown(report: Report) -> str:
    """The whole report as Markdown text; names from models are escaped."""
    report = cleaned(report)
    parts = [f"# {safe(report.bundle.name)} on {safe(report.target.title)}", _origin(report)]
    parts.append(_answers(answers(report)))
    if report.warnings:
        lines = "\n".join(f"- {safe(note_line(note))}" for note in by_urgency(report.warnings))
        parts.append(f"## Warnings\n\n{lines}\n\n{safe(EXPLAINED)}.")
    parts += [_table(table) for table in tables(report)]
    return "\n\n".join(parts) + "\n"


def _origin(report: Report) -> str:
    date = f", {report.created}" if report.created else ""
    return f"Made by {safe(report.tool)}{date}."


def _answers(rows: tuple[Answer, ...]) -> str:
    lines = ["| | | | |", "|---|---|---|---|"]
    for row in rows:
        tag = row.provenance.value if row.provenance else ""
        cells = (row.question, f"**{safe(row.value)}**", tag, safe("; ".join(row.details)))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _table(table: Table) -> str:
    head = f"| {' | '.join(safe(column.title) for column in table.columns)} |"
    rule = f"|{'|'.join(_rule(column) for column in table.columns)}|"
    rows = (f"| {' | '.join(safe(cell.text) for cell in row)} |" for row in table.rows)
    caption = f"{safe(table.caption)}\n\n" if table.caption else ""
    body = "\n".join((head, rule, *rows))
    title = safe(table.title)  # blank lines make what is inside Markdown again
    return f"<details><summary>{title}</summary>\n\n{caption}{body}\n\n</details>"


def _rule(column: Column) -> str:
    return "--:" if column.numeric else "---"


def safe(text: str) -> str:
    """Text in which nothing is Markdown or invisible, on one line."""
    return visible(text).translate(_SPECIAL)
