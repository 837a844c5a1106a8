"""Cold starts of every run, split into their parts."""

from __future__ import annotations

from statistics import median

from edgekit.artifacts.report import Report
from edgekit.artifacts.run import RunResult
from edgekit.runtime.report.figures import CACHE
from edgekit.runtime.report.tables import Cell, Column, Table
from edgekit.units import si

CAPTION = (
    "Medians of fresh processes, to the first result. Process: until its own code runs with its "
    f"libraries loaded. Model: until it is ready with its inputs. {CACHE.capitalize()}."
)


def cold_table(report: Report) -> Table:
    """Medians of each run that timed cold starts, and the range of their totals."""
    columns = (
        Column("Engine", wide=True), Column("Threads", True), Column("Starts", True),
        Column("Process", True), Column("Model", True), Column("First inference", True),
        Column("Total", True), Column("Range", True),
    )  # fmt: skip
    rows = tuple(_row(run) for run in report.runs if run.cold)
    return Table("cold", "Cold start", columns, rows, CAPTION if rows else "")


def _row(run: RunResult) -> tuple[Cell, ...]:
    parts = ("process_s", "load_s", "first_s", "total_s")
    medians = [median(getattr(start, part) for start in run.cold) for part in parts]
    totals = [start.total_s for start in run.cold]
    spread = f"{si(min(totals), 's')} .. {si(max(totals), 's')}"
    counts = (run.engine, str(run.threads), str(len(run.cold)))
    texts = (*counts, *(si(value, "s") for value in medians), spread)
    return tuple(map(Cell, texts))
