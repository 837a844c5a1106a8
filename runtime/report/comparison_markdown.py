"""A comparison of reports as Markdown."""

from __future__ import annotations

from edgekit.runtime.report.comparison import Comparison, cell, conditions_text
from edgekit.runtime.report.markdown import safe


def comparison_markdown(comparison: Comparison) -> str:
    """A table with a row for each report, and below what its letters mean."""
    heads = ["", *(column.metric.title for column in comparison.columns)]
    lines = [_row(heads), _row(["---", *("---:" for _ in comparison.columns)])]
    for place, name in enumerate(comparison.names):
        cells = (cell(column.ranked(place), len(column.groups)) for column in comparison.columns)
        lines.append(_row([name, *cells]))
    lines += [
        "",
        "A number after a figure is its rank among figures of like conditions, the best is 1; "
        "~ means that its interval overlaps that of the rank before.",
        "",
    ]
    for column in comparison.columns:
        for group in column.groups:
            letter = f"{group.letter}: " if len(column.groups) > 1 else ""
            lines.append(f"- {column.metric.title}: {letter}{safe(conditions_text(group))}")
    lines += [
        f"- Beware: {safe(sentence)}" for sentence in (*comparison.crossed, *comparison.spreads)
    ]
    return "\n".join(lines) + "\n"


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(map(safe, cells))} |"
