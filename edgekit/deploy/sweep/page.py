"""A sweep as one self-contained HTML page, in the style of the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from edgekit.deploy.sweep.record import SweepRecord
from edgekit.deploy.sweep.views import all_trials, front_columns, front_rows, summary
from edgekit.runtime.report.html import TEMPLATES


def page(record: SweepRecord, pictures: Mapping[str, str]) -> str:
    """The page as text. Every name that comes from a model or a file is escaped."""
    style = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    drawn = "\n".join(f"<figure>{_inline(svg)}</figure>" for svg in pictures.values())
    body = [
        "<header><h1>Sweep</h1>",
        f'<p class="sub">{escape(summary(record))}; {escape(record.tool)}</p></header>',
        "<main>",
        "<section><h2>Pareto front</h2>",
        drawn,
        _table(front_columns(record), front_rows(record)),
        "</section>",
        "<section><h2>All trials</h2>",
        _table(*all_trials(record)),
        "</section></main>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<title>Sweep</title>\n'
        f"<style>\n{style}\n</style>\n</head>\n<body>\n" + "\n".join(body) + "\n</body>\n</html>\n"
    )


def _inline(svg: str) -> str:
    """A picture that shrinks with the page."""
    return svg.replace("<svg ", '<svg style="max-width: 100%; height: auto" ', 1)


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    kinds = ["num" if name.startswith(">") else "wide" for name in columns]
    heads = "".join(
        f'<th scope="col" class="{kind}">{escape(name.lstrip(">"))}</th>'
        for kind, name in zip(kinds, columns, strict=True)
    )
    lines = [
        "<tr>"
        + "".join(
            f'<td class="{kind}">{escape(cell)}</td>' for kind, cell in zip(kinds, row, strict=True)
        )
        + "</tr>"
        for row in rows
    ]
    return (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{heads}</tr></thead>\n<tbody>\n'
        + "\n".join(lines)
        + "\n</tbody></table></div>"
    )
