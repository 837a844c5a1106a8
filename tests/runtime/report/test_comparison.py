"""Reports side by side: ranked among like conditions, never across unlike ones unsaid."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from edgekit.artifacts.figures import Figure, Note, Provenance
from edgekit.artifacts.power import EnergyResult, EnergyWindow
from edgekit.artifacts.report import Report
from edgekit.runtime.report.build import make_report
from edgekit.runtime.report.comparison import cell, compare
from edgekit.runtime.report.comparison_markdown import comparison_markdown
from edgekit.runtime.report.conditions import CONDITIONS, METRICS, entries
from edgekit.runtime.report.svg_comparison import LETTER, NAMES, svg_comparison
from tests.helpers.sample_report import (
    board_report,
    host_report,
    host_run,
    manifest,
    this_machine,
)

MEASURED, SIMULATED = Provenance.MEASURED, Provenance.SIMULATED


def report(
    joules: float,
    *,
    doubt: float = 0.0,
    meter: str = "LPM01A at /dev/ttyACM0, energy at 1000 Hz",
    volts: float | None = 3.3,
    clock_hz: int = 120_000_000,
    window_s: float = 10.5,
    provenance: Provenance = MEASURED,
) -> Report:
    """A board's report with this energy, measured so."""
    base = board_report()
    windows = tuple(
        EnergyWindow(12.0 * n, 12.0 * n + window_s, joules, 1, "trigger") for n in range(5)
    )
    energy = EnergyResult(
        gross_j=joules, net_j=None, low_j=joules - doubt, high_j=joules + doubt, idle_w=None,
        average_w=0.04, windows=windows, provenance=provenance, meter=meter, supply_v=volts,
    )  # fmt: skip
    low_high = (joules - doubt, joules + doubt, "95 % CI") if doubt else (None, None, "")
    figure = Figure(joules, "J", provenance, meter, 5, *low_high)
    kept = {key: value for key, value in base.figures.items() if not key.startswith("energy")}
    return replace(
        base,
        energy=energy,
        figures={**kept, "energy_gross": figure},
        target=replace(base.target, clock_hz=clock_hz),
    )


def energy_column(reports: list[Report], *, across: tuple[str, ...] = ()):
    names = [f"r{n}" for n in range(len(reports))]
    found = compare(reports, names, across=across)
    return found, next(column for column in found.columns if column.metric.name == "energy")


def test_alike_is_ranked() -> None:
    found, column = energy_column([report(3e-3), report(1e-3), report(2e-3)])
    (group,) = column.groups
    assert [(row.entry.report, row.rank) for row in group.ranked] == [(1, 1), (2, 2), (0, 3)]
    assert found.unlike == ()
    assert column.apart == {}
    assert cell(column.ranked(1), len(column.groups)) == "1.00 mJ  1"


@pytest.mark.parametrize(
    ("changes", "condition", "values"),
    [
        ({"meter": "PPK2 at /dev/ttyACM1, source mode"}, "meter", ("LPM01A", "PPK2")),
        ({"volts": 1.8}, "voltage", ("3.3 V", "1.8 V")),
        ({"volts": None}, "voltage", ("3.3 V", "not told")),
        ({"clock_hz": 64_000_000}, "clock", ("120 MHz", "64.0 MHz")),
        ({"window_s": 1.05}, "windows", ("windows of 10 s", "windows of 1 s only")),
        ({"provenance": SIMULATED}, "provenance", ("measured", "simulated")),
    ],
)
def test_unlike_conditions_are_never_ranked_together(
    changes: dict[str, object], condition: str, values: tuple[str, ...]
) -> None:
    other = report(1e-3, **changes)  # type: ignore[arg-type]
    found, column = energy_column([report(3e-3), report(2e-3), other])
    assert [len(group.ranked) for group in column.groups] == [2, 1]
    assert column.apart == {condition: values}
    assert cell(column.ranked(2), 2).endswith("B1")
    assert cell(column.ranked(1), 2).endswith("A1")
    told = f"Energy: 2 groups, which differ in {condition} ({', '.join(values)})"
    assert told in found.unlike
    if condition == "clock":  # the board's latency is on that clock too
        assert len(found.unlike) > 1


def test_the_same_meter_at_another_port_is_like() -> None:
    other = report(1e-3, meter="LPM01A at /dev/ttyACM7, current at 100000 Hz", volts=3.292)
    assert len(energy_column([report(3e-3), other])[1].groups) == 1


def test_ranked_across_when_asked_and_said_so() -> None:
    reports = [report(3e-3), report(1e-3, volts=1.8, clock_hz=64_000_000)]
    found, column = energy_column(reports, across=("voltage", "clock"))
    (group,) = column.groups
    assert [row.entry.report for row in group.ranked] == [1, 0]
    assert group.crossed == {"voltage": ("3.3 V", "1.8 V"), "clock": ("120 MHz", "64.0 MHz")}
    assert (
        "Energy: ranked across voltage (3.3 V, 1.8 V); clock (120 MHz, 64.0 MHz)" in found.crossed
    )
    assert "voltage" not in group.conditions
    assert not any(sentence.startswith("Energy") for sentence in found.unlike)


def test_intervals_that_overlap_are_marked() -> None:
    reports = [report(1.00e-3, doubt=2e-5), report(1.02e-3, doubt=2e-5), report(2e-3, doubt=2e-5)]
    _, column = energy_column(reports)
    assert [(row.rank, row.tied) for row in column.groups[0].ranked] == [
        (1, False),
        (2, True),
        (3, False),
    ]
    assert cell(column.ranked(1), 1) == "1.02 mJ  ~2"
    _, equal = energy_column([report(1e-3), report(1e-3)])
    assert [(row.rank, row.tied) for row in equal.groups[0].ranked] == [(1, False), (1, False)]


def of_means() -> Report:
    """The report of a host whose samples are each the mean of several inferences."""
    note = Note("samples-averaged", "latency", "each sample is a mean", level="info")
    run = replace(host_run(), warnings=(note,))
    return make_report(manifest(), this_machine(), runs=[run], tool="edgekit 0.1.0")


def test_percentiles_of_means_are_not_compared_with_those_of_single_inferences() -> None:
    single, means = host_report(), of_means()
    assert means.figures["latency"].spread == "p5..p95 of means"
    found = compare([single, means], ["one", "two"])
    (told,) = found.spreads
    assert told.startswith("Latency: medians compare, percentiles and spreads do not")
    assert "p5..p95 of one; p5..p95 of means of two" in told
    assert found.record()["spreads"] == [told]
    assert f"- Beware: {told}" in comparison_markdown(found)
    assert compare([means, means], ["one", "two"]).spreads == ()


def test_spreads_of_unlike_kinds_do_not_overlap() -> None:
    base = host_report()
    figure = base.figures["latency"]
    for spread, tied in (("p5..p95", True), ("p5..p95 of means", False)):
        slower = replace(figure, value=figure.value * 1.0001, spread=spread)
        other = replace(base, figures={"latency": slower})
        (column,) = compare([replace(base, figures={"latency": figure}), other], "ab").columns
        assert column.groups[0].ranked[1].tied is tied


def test_an_estimate_is_not_ranked_with_a_measurement() -> None:
    estimated = board_report()
    figures = {key: value for key, value in estimated.figures.items() if "energy" not in key}
    figures["estimated_energy"] = Figure(1e-3, "J", Provenance.ESTIMATED, "a model")
    _, column = energy_column([report(3e-3), replace(estimated, figures=figures, energy=None)])
    assert len(column.groups) == 2
    assert set(column.apart) >= {"provenance", "meter", "voltage"}


def test_accuracy_is_more_the_better_and_on_the_same_data_only() -> None:
    a, b = report(1e-3), report(1e-3)
    good = Figure(0.9, "fraction", MEASURED, "top-1, 10 samples of a.npz")
    better, elsewhere = replace(good, value=0.95), replace(good, basis="top-1, 10 samples of b.npz")
    found = compare(
        [replace(a, figures={"accuracy": one}) for one in (good, better, elsewhere)],
        ["a", "b", "c"],
    )
    (column,) = found.columns
    assert [row.entry.report for row in column.groups[0].ranked] == [1, 0]
    assert column.apart == {"data": (good.basis, elsewhere.basis)}
    assert b.figures["energy_gross"].value == 1e-3


def test_a_report_without_a_figure_has_no_rank() -> None:
    bare = replace(board_report(), figures={}, energy=None)
    found, column = energy_column([report(1e-3), bare])
    assert cell(column.ranked(1), 1) == "-"
    assert json.loads(json.dumps(found.record()))["reports"] == ["r0", "r1"]


def test_the_record_has_every_rank_and_condition() -> None:
    found, _ = energy_column([report(3e-3), report(1e-3, volts=1.8)])
    (energy,) = [row for row in found.record()["metrics"] if row["metric"] == "energy"]
    assert energy["better"] == "less"
    assert [group["group"] for group in energy["groups"]] == ["A", "B"]
    assert energy["groups"][1]["conditions"]["voltage"] == "1.8 V"
    assert energy["groups"][1]["ranking"][0]["report"] == "r1"
    assert energy["apart"] == {"voltage": ("3.3 V", "1.8 V")}


def test_the_picture_keeps_groups_apart_and_is_well_formed() -> None:
    reports = [report(3e-3, doubt=1e-4), report(1e-3), report(2e-3, volts=1.8)]
    found, column = energy_column(reports)
    drawing = svg_comparison(found, column)
    root = ElementTree.fromstring(drawing)
    words = [node.text or "" for node in root.iter() if node.tag.endswith("text")]
    headings = [text for text in words if text.startswith(("A: ", "B: "))]
    assert len(headings) == 2
    assert "3.3 V" in headings[0]
    assert "1.8 V" in headings[1]
    bars = [float(node.attrib["width"]) for node in root.iter() if node.tag.endswith("rect")][1:]
    assert bars[0] < bars[1]
    assert len([node for node in root.iter() if node.tag.endswith("path")]) == 1
    crossed, column = energy_column(reports, across=("voltage",))
    assert "unlike: voltage (3.3 V, 1.8 V)" in svg_comparison(crossed, column)
    flash = next(each for each in found.columns if each.metric.name == "flash")
    assert ">Flash<" in svg_comparison(found, flash)


def test_every_condition_is_known_and_used() -> None:
    used = {name for metric in METRICS.values() for name in metric.conditions}
    assert used == set(CONDITIONS)
    for metric in METRICS.values():
        for entry in entries([report(1e-3)], metric):
            assert all(entry.conditions.values())


@pytest.mark.parametrize("length", [1, 30, 50, 51, 300])
def test_long_names_stay_inside_the_picture(length: int) -> None:
    name = "a" * (length - 1) + "z"
    found = compare([report(1.0), report(2.0)], [name, "b"])
    text = svg_comparison(found, found.columns[0])
    ((place, shown),) = re.findall(r'<text x="([\d.]+)"[^>]*>(\S*z) ', text)
    assert len(shown) == min(length, NAMES)
    assert ("\u2026" in shown) == (length > NAMES)
    assert float(place) - LETTER * len(shown) > 0
