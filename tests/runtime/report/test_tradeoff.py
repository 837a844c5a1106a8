"""Accuracy against cost over reports: front, explanations, conditions."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.artifacts.report import Report
from edgekit.runtime.report.conditions import METRICS
from edgekit.runtime.report.svg_tradeoff import Point, pareto_front
from edgekit.runtime.report.tradeoff import TradeOff, trade_offs, tradeoff_rows, tradeoff_svg
from tests.helpers import sample_report as sample

MADE = sample.board_report(4)


def report(accuracy: float, flash: float, *, cpu: str = "cortex-m4f") -> Report:
    """A report with this accuracy (a fraction) and flash (bytes)."""
    figures = dict(MADE.figures)
    figures["accuracy"] = replace(figures["accuracy"], value=accuracy)
    figures["flash"] = replace(figures["flash"], value=flash)
    return replace(MADE, figures=figures, target=replace(MADE.target, cpu=cpu))


def against_flash(*rows: tuple[float, float], across: tuple[str, ...] = ()) -> tuple[TradeOff, ...]:
    reports = [report(*row) for row in rows]
    names = [chr(ord("a") + i) for i in range(len(rows))]
    return trade_offs(reports, names, METRICS["flash"], across=across)


def test_the_dominated_are_told_by_whom_and_by_how_much() -> None:
    (found,) = against_flash((0.90, 2000), (0.88, 1000), (0.87, 2000), (0.90, 4000), (0.88, 1500))
    assert [row.name for row in found.front] == ["b", "a"]
    told = {name: standing for name, _, _, standing in tradeoff_rows(found)}
    assert told["a"] == told["b"] == "front"
    assert told["c"] == "below a: 3.00 points more accurate at the same cost"
    assert told["d"] == "below a: as accurate and 50 % cheaper (2000 B less)"
    assert told["e"] == "below b: as accurate and 33.3 % cheaper (500 B less)"


def test_medians_of_unlike_samples_are_set_against_each_other_and_said_so() -> None:
    figure = Figure(0.01, "s", Provenance.MEASURED, "this machine", 9, 0.009, 0.011, "p5..p95")
    pair = [
        replace(MADE, figures={**MADE.figures, "latency": each})
        for each in (figure, replace(figure, spread="p5..p95 of means"))
    ]
    (found,) = trade_offs(pair, ["a", "b"], METRICS["latency"])
    assert found.spreads.endswith("do not (p5..p95 of a; p5..p95 of means of b)")
    assert found.record()["spreads"] == found.spreads


def test_equal_reports_are_both_on_the_front() -> None:
    (found,) = against_flash((0.9, 1000), (0.9, 1000))
    assert len(found.front) == 2


POINTS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), min_size=1, max_size=12)


@given(POINTS)
def test_the_front_is_that_of_the_picture_and_every_reason_holds(
    points: list[tuple[int, int]],
) -> None:
    (found,) = against_flash(*((a / 10, 1000.0 * b) for a, b in points))
    drawn = pareto_front([Point("", 1000.0 * b, a / 10) for a, b in points])
    assert {(r.cost.value, r.accuracy.value) for r in found.front} == {
        (point.cost, point.value) for point in drawn
    }
    by_name = {row.name: row for row in found.standings}
    for row in found.standings:
        if row.dominated_by:
            best = by_name[row.dominated_by]
            assert not best.dominated_by
            assert best.accuracy.value >= row.accuracy.value
            assert best.cost.value <= row.cost.value


def test_unlike_conditions_are_groups_of_their_own() -> None:
    reports = [report(0.9, 1000), report(0.8, 2000, cpu="cortex-m0"), report(0.7, 3000)]
    first, second = trade_offs(reports, ["a", "b", "c"], METRICS["flash"])
    assert [row.name for row in first.standings] == ["a", "c"]
    assert [row.name for row in second.front] == ["b"]
    (both,) = trade_offs(reports, ["a", "b", "c"], METRICS["flash"], across=("architecture",))
    assert both.crossed == {"architecture": ("cortex-m4f", "cortex-m0")}
    assert [row.dominated_by for row in both.standings] == ["", "a", "a"]


def test_reports_without_accuracy_are_left_out() -> None:
    bare = replace(MADE, figures={"flash": MADE.figures["flash"]})
    assert trade_offs([bare], ["a"], METRICS["flash"]) == ()


@pytest.mark.parametrize("name", ["latency", "energy", "flash", "ram"])
def test_each_pair_has_a_picture(name: str) -> None:
    (found,) = trade_offs([MADE, MADE], ["<a>", "b"], METRICS[name])
    text = tradeoff_svg(found)
    assert ElementTree.fromstring(text) is not None
    assert "&lt;a&gt;" in text
    assert f"Accuracy against {'RAM' if name == 'ram' else name}, " in text
