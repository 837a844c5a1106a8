"""The tables of a run by MLPerf Tiny's rules: each rule with what was found, and each window."""

from __future__ import annotations

from edgekit.artifacts.report import Report
from edgekit.runtime.report.tables import Cell, Column, Table
from edgekit.units import count_text, si


def rules_table(report: Report) -> Table:
    """The rules of the mode, those that were not met marked; empty for another report."""
    record = report.mlperf
    columns = (Column("Rule", wide=True), Column("Found"), Column("Met"))
    if record is None:
        return Table("mlperf-rules", "", columns, ())
    rows = tuple(
        (Cell(rule.sentence), Cell(rule.found), Cell("yes" if rule.met else "NO"))
        for rule in record.rules
    )
    would = "would qualify" if record.qualifies else "would not qualify"
    title = f"MLPerf Tiny {record.benchmark}, {record.mode} mode: {would}"
    caption = f"Firmware of {record.vendor}; link: {record.link}; data: {record.data}."
    return Table("mlperf-rules", title, columns, rows, caption)


def timed_table(report: Report) -> Table:
    """The windows of a run by MLPerf Tiny's rules."""
    columns = (
        Column("File"), Column("Inferences", True), Column("Warm-up", True),
        Column("Window", True), Column("Inferences a second", True),
    )  # fmt: skip
    record = report.mlperf
    if record is None:
        return Table("mlperf-windows", "Windows", columns, ())
    rows = tuple(
        (
            Cell(w.file),
            Cell(count_text(w.inferences)),
            Cell(count_text(w.warmup)),
            Cell(si(w.seconds, "s")),
            Cell(f"{w.inferences / w.seconds:.3f}"),
        )
        for w in record.windows
    )
    return Table("mlperf-windows", "Windows", columns, rows, f"Clock: {record.clock}.")
