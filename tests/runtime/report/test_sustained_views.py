"""Sustained runs in tables, in the picture and as a figure."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as Xml

from edgekit.artifacts.report import Report
from edgekit.artifacts.run import SustainedWindow
from edgekit.runtime.report.figures import build_figures
from edgekit.runtime.report.html import html, sections
from edgekit.runtime.report.markdown import markdown
from edgekit.runtime.report.sustained_tables import sustained_table, sustained_windows_table
from edgekit.runtime.report.svg_sustained import sustained
from edgekit.runtime.report.terminal import terminal
from tests.helpers.sample_report import host_report, manifest, this_machine

HOT = {"temperature_mc": "82500", "frequency_khz": "1200000", "throttled": "0x4"}
WINDOWS = (
    SustainedWindow(0.0, 1.0, 900, 0.9, 1e-3, 2e-3, 3e-3, {"temperature_mc": "41000"}),
    SustainedWindow(1.5, 1.0, 900, 0.9, 1e-3, 2e-3, 3e-3),
    SustainedWindow(3.0, 1.0, 450, 0.9, 2e-3, 3e-3, 4e-3, HOT),
)


def report() -> Report:
    first, *others = host_report().runs
    return replace(host_report(), runs=(replace(first, sustained=WINDOWS), *others))


def test_first_against_last() -> None:
    assert sustained_table(host_report()).rows == ()
    (row,) = sustained_table(report()).rows
    texts = [cell.text for cell in row]
    assert texts[2:7] == ["4.00 s", "67.5 %", "1,000 /s", "500.0 /s", "-50.0%"]


def test_every_window_with_what_the_machine_told() -> None:
    rows = [[cell.text for cell in row] for row in sustained_windows_table(report()).rows]
    assert [row[2] for row in rows] == ["0.00 s", "1.50 s", "3.00 s"]
    assert [row[8] for row in rows] == ["41.0 °C", "", "82.5 °C"]
    assert rows[2][9:] == ["1200.0 MHz", "throttled"]


def test_the_views_have_them() -> None:
    assert "Sustained run" in terminal(report())
    assert "Windows of the sustained run" in markdown(report())
    (speed,) = [part for part in sections(report()) if part.key == "speed"]
    assert {"sustained", "sustained-windows"} <= {table.key for table in speed.tables}
    assert any(picture.title.startswith("Throughput over time") for picture in speed.pictures)
    assert "Throughput over time" in html(report())


def test_the_picture_is_a_level_for_each_window() -> None:
    assert sustained(WINDOWS[:1]) == ""
    drawing = Xml.fromstring(sustained(WINDOWS))
    [curve] = drawing.findall(".//path[@class='curve']")
    places = [float(number) for number in re.findall(r"[0-9.]+", curve.attrib["d"])]
    assert len(places) == 2 * 2 * len(WINDOWS)
    assert places[1] == places[3] == places[5] < places[9] == places[11]
    assert "3 windows, from 1,000 /s in the first to 500.0 /s" in Xml.tostring(drawing, "unicode")


def test_the_figure_is_the_last_window() -> None:
    figure = build_figures(manifest(), this_machine(), runs=report().runs)["sustained_throughput"]
    assert (round(figure.value), figure.runs, figure.unit) == (500, 450, "1/s")
    assert (round(figure.low or 0), round(figure.high or 0)) == (500, 1000)
    assert "-50.0% against the first" in figure.basis
