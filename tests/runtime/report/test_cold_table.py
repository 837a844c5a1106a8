"""The table and the figure of cold starts."""

from __future__ import annotations

from dataclasses import replace

from edgekit.artifacts.run import ColdStart
from edgekit.runtime.report.cold_table import cold_table
from edgekit.runtime.report.figures import build_figures
from edgekit.runtime.report.html import sections
from edgekit.runtime.report.terminal import terminal
from tests.helpers.sample_report import host_report, manifest, this_machine

STARTS = (ColdStart(0.3, 0.1, 0.01), ColdStart(0.2, 0.2, 0.03), ColdStart(0.4, 0.3, 0.02))


def test_medians_of_the_parts_and_the_range_of_totals() -> None:
    report = host_report()
    assert cold_table(report).rows == ()
    first, *others = report.runs
    report = replace(report, runs=(replace(first, cold=STARTS), *others))
    (row,) = cold_table(report).rows
    texts = [cell.text for cell in row]
    assert texts[2:] == ["3", "300 ms", "200 ms", "20.0 ms", "430 ms", "410 ms .. 720 ms"]
    assert "page cache" in cold_table(report).caption
    assert "Cold start" in terminal(report)
    (speed,) = [part for part in sections(report) if part.key == "speed"]
    assert "cold" in [table.key for table in speed.tables]


def test_the_figure_is_the_median_of_the_totals() -> None:
    run = replace(host_report().runs[0], cold=STARTS)
    figure = build_figures(manifest(), this_machine(), runs=[run])["cold_start"]
    assert round(figure.value, 9) == 0.43
    assert (figure.runs, figure.spread, figure.unit) == (3, "smallest..largest", "s")
    assert figure.provenance is run.provenance
    assert "fresh processes" in figure.basis
    assert "page cache" in figure.basis
