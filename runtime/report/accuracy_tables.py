"""The float model against the converted one, and which classes are taken for which."""

from __future__ import annotations

from collections.abc import Iterator

from edgekit.artifacts.bundle import AccuracySummary
from edgekit.artifacts.report import Report
from edgekit.runtime.report.tables import Cell, Column, Table
from edgekit.runtime.report.text import metric_text, plural, samples_text
from edgekit.units import count_text, percent

Row = tuple[str, str, str, str]


def accuracy_table(report: Report) -> Table:
    """What was found of both models on the same samples: the metric first, then how far apart
    their outputs are."""
    columns = (Column(""), Column("Float", True), Column("Converted", True), Column("Change", True))
    summary = report.bundle.accuracy
    if summary is None:
        return Table("accuracy", "Accuracy", columns, ())
    rows = tuple(tuple(map(Cell, row)) for row in (_metric(summary), *_more(summary)))
    caption = f"On {samples_text(summary)}."
    return Table("accuracy", "Beside the float model", columns, rows, caption)


def _metric(summary: AccuracySummary) -> Row:
    change = f"{100 * (summary.after - summary.before):+.2f} points"
    before, after = percent(summary.before), percent(summary.after)
    return metric_text(summary.metric), before, after, change


def _more(summary: AccuracySummary) -> Iterator[Row]:
    if summary.auc is not None and summary.metric != "auc":
        before, after = summary.auc
        change = f"{after - before:+.4f}"
        yield "area under the ROC curve", f"{before:.4f}", f"{after:.4f}", change
    if summary.agreement is not None and summary.metric != "agreement":
        yield "same class as the float model", "", percent(summary.agreement), ""
    if summary.expected_drop is not None:
        lost = f"{-100 * summary.expected_drop:+.2f} points"
        yield "expected by the float model's probabilities", "", "", lost
    if summary.sqnr_db is not None:
        yield "output signal to quantization noise", "", f"{summary.sqnr_db:.1f} dB", ""
    if summary.max_abs_error is not None:
        yield "largest difference of an output", "", f"{summary.max_abs_error:.3g}", ""


def confusion_table(report: Report) -> Table:
    """A row for each class, a column for each class predicted by the converted model; empty
    without a matrix."""
    summary = report.bundle.accuracy
    matrix = summary.confusion if summary is not None else None
    if summary is None or not matrix:
        return Table("confusion", "", (), ())
    names = _names(report.bundle.labels, len(matrix))
    columns = (Column("Class"), *(Column(name, True) for name in names), Column("Recall", True))
    rows = tuple(_row(name, place, matrix[place]) for place, name in enumerate(names))
    return Table("confusion", "Confusion matrix", columns, rows, _caption(summary, names))


def _names(labels: tuple[str, ...], count: int) -> tuple[str, ...]:
    return labels if len(labels) == count else tuple(map(str, range(count)))


def _row(name: str, place: int, counts: tuple[int, ...]) -> tuple[Cell, ...]:
    whole = sum(counts)
    cells = (
        Cell(count_text(n) if n else "·", shade=n / whole if n else None, right=i == place)
        for i, n in enumerate(counts)
    )
    return (Cell(name), *cells, Cell(percent(counts[place] / whole, 1) if whole else ""))


def _caption(summary: AccuracySummary, names: tuple[str, ...]) -> str:
    """How to read it, and the pair that is confused most."""
    text = f"Rows: class; columns: predicted by the converted model, on {samples_text(summary)}."
    wrong = [
        (n, i, j)
        for i, row in enumerate(summary.confusion or ())
        for j, n in enumerate(row)
        if i != j and n
    ]
    if not wrong:
        return text
    most, i, j = max(wrong, key=lambda found: found[0])
    return f"{text} Confused most: {names[i]} taken for {names[j]}, {plural(most, 'time')}."
