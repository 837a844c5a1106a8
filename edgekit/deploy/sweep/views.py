"""What a person reads of a sweep: tables, CSV, Markdown, pictures, a page. Pure functions of the
record."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.artifacts.files import write_file
from edgekit.deploy.summary import METRICS
from edgekit.deploy.sweep.objectives import OBJECTIVES, Objective
from edgekit.deploy.sweep.record import RECORD_NAME, SweepRecord, Trial
from edgekit.runtime.report.csv_text import harmless
from edgekit.runtime.report.markdown import safe
from edgekit.runtime.report.svg_tradeoff import Point, Words, pareto_front, svg_tradeoff

ACCURACY = OBJECTIVES["accuracy"]


def write_sweep(record: SweepRecord, folder: Path) -> None:
    """sweep.json, .csv, .md, .html and the pictures. Raises OutputError."""
    from edgekit.deploy.sweep.page import page

    drawn = pictures(record)
    files = {
        RECORD_NAME: record.to_json(),
        "sweep.csv": csv_text(record),
        "sweep.md": markdown(record),
        "sweep.html": page(record, drawn),
        **drawn,
    }
    for name, text in files.items():
        write_file(folder / name, text)


def heading(objective: Objective, record: SweepRecord) -> str:
    """An objective as a column's name, with how its figures were had: "flash (estimated)"."""
    title = objective.title
    if objective.name == ACCURACY.name:
        title = METRICS.get(record.metric, title)
    provenance = record.provenance.get(objective.name)
    return title if provenance is None else f"{title} ({provenance.value})"


def front_columns(record: SweepRecord) -> tuple[str, ...]:
    """Headings of the front's table; those of numbers begin with ">"."""
    values = (f">{heading(row, record)}" for row in record.objectives)
    return (">trial", "combination", *values, "bundle")


def front_rows(record: SweepRecord) -> list[tuple[str, ...]]:
    """The trials on the front, best in the first objective first."""
    return [
        (f"{t.number}", t.label, *_values(t, record.objectives), t.bundle or "-")
        for t in record.front
    ]


def _values(trial: Trial, objectives: Sequence[Objective]) -> tuple[str, ...]:
    found = trial.outcome.figures
    return tuple(
        row.text(found[row.name].value) if row.name in found else "-" for row in objectives
    )


def summary(record: SweepRecord) -> str:
    """How many trials there were, and what became of them."""
    counts = record.counts()
    parts = [f"{counts['ok']} within the limits" if record.limits.given else f"{counts['ok']} done"]
    parts += [f"{counts['infeasible']} outside"] * bool(counts["infeasible"])
    parts += [f"{counts['failed']} failed"] * bool(counts["failed"])
    broke = "" if record.complete else "; broke off"
    return f"{record.how}: {len(record.trials)} trials, {', '.join(parts)}{broke}"


def csv_text(record: SweepRecord) -> str:
    """Every trial with its figures in base units, each with its provenance."""
    axes = list(record.trials[0].point) if record.trials else []
    names = [*OBJECTIVES, "accuracy_before"]
    head = ["trial", "state", "front", *axes]
    head += [column for name in names for column in (name, f"{name}_provenance")]
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([*head, "metric", "problem", "bundle"])
    for trial in record.trials:
        figures = [trial.outcome.figures.get(name) for name in names]
        cells = [c for f in figures for c in ((f.value, f.provenance.value) if f else ("", ""))]
        row = [trial.number, trial.state, int(trial.front), *trial.point.values(), *cells]
        row += [trial.outcome.metric, trial.problem, trial.bundle]
        writer.writerow([harmless(cell) for cell in row])
    return stream.getvalue()


def markdown(record: SweepRecord) -> str:
    """The front and all trials as tables."""
    parts = ["# Sweep", f"{safe(summary(record))}. Made by {safe(record.tool)}."]
    columns = front_columns(record)
    if record.front:
        parts += ["## Pareto front", _table(columns, front_rows(record))]
    parts += ["## All trials", _table(*all_trials(record))]
    return "\n\n".join(parts) + "\n"


def all_trials(record: SweepRecord) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Headings and rows of every trial, with what is wrong with it."""
    values = (f">{heading(row, record)}" for row in record.objectives)
    columns = (">trial", "combination", *values, "state")
    rows = [
        (
            f"{t.number}",
            t.label,
            *_values(t, record.objectives),
            "front" if t.front else ": ".join(filter(None, (t.state, t.problem))),
        )
        for t in record.trials
    ]
    return columns, rows


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = "|".join("--:" if name.startswith(">") else "---" for name in columns)
    lines = [f"| {' | '.join(safe(name.lstrip('>')) for name in columns)} |", f"|{rule}|"]
    lines += [f"| {' | '.join(map(safe, row))} |" for row in rows]
    return "\n".join(lines)


def pictures(record: SweepRecord) -> dict[str, str]:
    """Accuracy over each other objective, by file name; only what can be drawn."""
    done = [t for t in record.trials if t.state == "ok" and ACCURACY.name in t.outcome.figures]
    costs = [row for row in record.objectives if row.name != ACCURACY.name]
    return {
        f"front-{row.name}.svg": _picture(record, done, row)
        for row in costs
        if done and all(t.value(row.name) > 0 for t in done)
    }


_SCALES = {"B": (1 / 1024, "KiB"), "instructions": (1e-6, "M"), "s": (1e3, "ms"), "J": (1e6, "uJ")}
"""Units of the horizontal axis."""


def _picture(record: SweepRecord, trials: Sequence[Trial], cost: Objective) -> str:
    """Every trial as a point; those on the front of this picture have names, of equal ones the
    first."""
    factor, unit = _SCALES[cost.unit]
    points = [
        Point(t.label, t.value(cost.name) * factor, 100 * t.value(ACCURACY.name)) for t in trials
    ]
    named = pareto_front(points)
    points = [point if point in named else replace(point, name="") for point in points]
    basis = trials[0].outcome.figures[ACCURACY.name].provenance.value
    metric = METRICS.get(record.metric, ACCURACY.title)
    words = Words(
        f"{metric} and {cost.title}: {len(trials)} trials",
        f"{cost.title} in {unit}, {record.provenance[cost.name].value}",
        f"{metric} in %, {basis}",
    )
    return svg_tradeoff(points, words)
