"""`edgekit compare`: reports of real runs, and what it refuses."""

from __future__ import annotations

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

import edgekit
from tests.helpers.command_line import edgekit as command
from tests.helpers.command_line import fails, nothing_left_in, succeeds
from tests.helpers.sample_report import board_report


@pytest.fixture
def reports(desk: Path) -> Path:
    """Three folders with reports: two alike, one of a faster clock."""
    from dataclasses import replace

    for name, hz in (("a", 120_000_000), ("b", 120_000_000), ("c", 480_000_000)):
        Path(name).mkdir()
        found = board_report(name="other" if name == "b" else "sample")
        found = replace(found, target=replace(found.target, clock_hz=hz))
        Path(name, "report.json").write_text(found.to_json(), encoding="utf-8")
    return desk


def test_reports_alike(reports: Path) -> None:
    done = succeeds("compare", "a", "b/report.json")
    assert "sample on " in done.out
    assert "other on " in done.out
    assert "rank among figures of like conditions" in done.out
    assert "not ranked as one" not in done.out
    assert succeeds("compare", "a", "b", "--strict").out == done.out


def test_reports_unlike_are_said_to_be(reports: Path) -> None:
    done = succeeds("compare", "a", "c")
    assert "Energy is not ranked as one; what differs: clock" in done.out
    assert ", 120 MHz" in done.out
    assert ", 480 MHz" in done.out
    assert "(a)" in done.out  # names that would be equal have their paths
    record = succeeds("compare", "a", "c", "--json").record
    assert any("clock (120 MHz, 480 MHz)" in sentence for sentence in record["unlike"])
    strict = command("compare", "a", "c", "--strict", "--json")
    assert strict.code == 3
    assert strict.record["error"]["code"] == "compare-unlike"
    assert strict.record["reports"] == record["reports"]
    done = succeeds("compare", "a", "c", "--strict", "--across", "clock")
    assert "Beware: Energy: ranked across clock (120 MHz, 480 MHz)" in done.out


def test_the_picture(reports: Path) -> None:
    done = succeeds("compare", "a", "b", "c", "--svg", "c.svg", "--by", "flash")
    assert "picture: c.svg" in done.out
    assert Path("c.svg").read_text().startswith("<svg ")


@pytest.mark.parametrize(
    ("words", "exit_code", "code"),
    [
        (("a",), 2, "compare-few"),
        (("a", "gone"), 1, "report-missing"),
        (("a", "b", "--across", "weather"), 2, "compare-condition"),
        (("a", "b", "--svg", "x.svg", "--by", "beauty"), 2, "compare-metric"),
        (("a", "b", "--svg", "x.svg", "--by", "net"), 2, "compare-metric"),
    ],
)
def test_what_cannot_be_compared(
    words: tuple[str, ...], exit_code: int, code: str, reports: Path
) -> None:
    from dataclasses import replace

    if "net" in words:  # reports that tell none
        found = board_report()
        figures = {name: one for name, one in found.figures.items() if name != "energy_net"}
        for name in ("a", "b"):
            Path(name, "report.json").write_text(replace(found, figures=figures).to_json())
    with nothing_left_in(reports):
        error = fails("compare", *words, exit_code=exit_code, code=code)
    assert error["hint"] or error["allowed"]


def test_from_python(reports: Path) -> None:
    found = edgekit.compare_reports(["a", "b", "c"], across=["clock"])
    assert len(found.names) == 3
    shutil.rmtree("a")


def test_limits_shut_the_gate(reports: Path) -> None:
    done = succeeds("compare", "a", "b", "--fail-on", "flash>0,accuracy<-0.5pp")
    assert "flash>0: kept" in done.out
    found = command("compare", "a", "c", "--fail-on", "latency>5%,flash>0", "--json")
    assert found.code == 3
    assert found.record["error"]["code"] == "compare-limits"
    assert (
        "latency>5%: cannot be judged: conditions differ: clock" in found.record["error"]["found"]
    )
    outcomes = [row["outcome"] for row in found.record["policy"]]
    assert outcomes == ["not-judged", "kept"]


def test_changes_as_markdown(reports: Path) -> None:
    command("compare", "a", "b", "c", "--fail-on", "flash>0", "--markdown", "pr.md")
    text = Path("pr.md").read_text(encoding="utf-8")
    assert text.startswith("## Within the limits\n\n- \u2705 other on sample-m4: flash\\>0: kept (")
    assert text.count("### ") == 2
    assert text.count("- equal: ") == 2, "what did not change takes one line"
    assert "| Flash |" not in text


def test_what_is_past_a_limit_is_named_with_its_report(reports: Path) -> None:
    def verdict(*names: str) -> dict[str, str]:
        done = command("compare", *names, "--fail-on", "latency<5%", "--json")
        assert done.code == 3
        return dict(done.record["error"])

    error = verdict("a", "b", "c")
    assert "sample on sample-m4 (c): latency<5%: " in error["found"]
    assert error["hint"].startswith("a clause that cannot be judged")
    error = verdict("a", "b")
    assert error["found"].startswith("not within the limits: latency<5%: violated (")
    assert error["hint"] == "see the table for what changed"


def test_no_name_steers_a_comparison(reports: Path) -> None:
    evil = "\x1b[2J[red]\n|a|<script>"
    for name, report in (("a", board_report(4, name=evil)), ("b", board_report(4, name="b"))):
        Path(name, "report.json").write_text(report.to_json(), encoding="utf-8")
    done = command("compare", "b", "a", "--markdown", "pr.md", "--svg", "a.svg")
    text = Path("pr.md").read_text(encoding="utf-8")
    for shown in (done.out, text, Path("a.svg").read_text(encoding="utf-8")):
        assert "\x1b" not in shown
    assert "[red]" in done.out
    heading = next(line for line in text.splitlines() if line.startswith("### "))
    assert heading.startswith("### \\\\x1b\\[2J\\[red\\] \\|a\\|\\<script\\>")
    ElementTree.parse("a.svg")


def test_a_mistake_in_the_limits_has_a_place(reports: Path) -> None:
    fails("compare", "a", "b", "--fail-on", "latency>>1", exit_code=2, code="policy-syntax")
