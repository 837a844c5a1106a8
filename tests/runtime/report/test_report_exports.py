"""JUnit, Prometheus and picture files: the forms other programs take."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.mlperf import MlperfRecord, RuleOutcome
from edgekit.artifacts.report import Report
from edgekit.errors import ToolError
from edgekit.runtime.report import browser
from edgekit.runtime.report.html import sections
from edgekit.runtime.report.junit import junit
from edgekit.runtime.report.picture_files import picture_files
from edgekit.runtime.report.prometheus import UNITS, prometheus
from tests.helpers import sample_report as sample
from tests.runtime.report.test_hostile_reports import HOSTILE, hostile

Golden = Callable[[str, str], None]

CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out", "system-err"},
}
"""What CI systems take below each element of JUnit XML; the others hold text only."""
REQUIRED = {
    "testsuite": {"name", "tests", "failures", "errors", "skipped"},
    "testcase": {"classname", "name"},
    "property": {"name", "value"},
    "failure": {"message", "type"},
}


def test_junit_text(golden: Golden) -> None:
    golden("report/board.junit.xml", junit(sample.board_report(4)))


def failing() -> Report:
    """A report in which each kind of check fails: memory, outputs, a rule."""
    made = sample.board_report(4)
    run = replace(made.runs[0], outputs_equal=19)
    rule = RuleOutcome("length", "windows of 10 s", False, "0.5 s")
    record = MlperfRecord(
        "ic01", "performance", "v", "f", "direct", "board", "d", Provenance.MEASURED, rules=(rule,)
    )
    small = replace(made.target, flash_bytes=1000)
    return replace(made, runs=(run,), target=small, mlperf=record)


REPORTS = [sample.board_report(4), sample.host_report(), sample.bundle_report(), failing()]


@pytest.mark.parametrize("report", [*REPORTS, *(hostile(REPORTS[0], name) for name in HOSTILE)])
def test_junit_has_the_structure_that_ci_systems_take(report: Report) -> None:
    root = ElementTree.fromstring(junit(report).encode())
    assert root.tag == "testsuites"
    for element in root.iter():
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())
        assert set(element.attrib) >= REQUIRED.get(element.tag, set())
    (suite,) = root
    kinds = Counter(child.tag for case in suite.iter("testcase") for child in case)
    assert int(suite.attrib["tests"]) == len(list(suite.iter("testcase")))
    assert int(suite.attrib["failures"]) == kinds["failure"]
    assert int(suite.attrib["skipped"]) == kinds["skipped"]
    assert re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)?", suite.get("timestamp", ""))


def test_each_check_can_fail() -> None:
    root = ElementTree.fromstring(junit(failing()).encode())
    failed = [
        case.attrib["name"] for case in root.iter("testcase") if case.find("failure") is not None
    ]
    assert [name.partition(":")[0] for name in failed] == [
        "fits the target", "outputs of run 0 equal the reference", "windows of 10 s",
    ]  # fmt: skip


def test_prometheus_text(golden: Golden) -> None:
    golden("report/board.prom", prometheus(sample.board_report(4)))


_LABELS = r'\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\}'
SAMPLE = re.compile(rf"(edgekit_[a-zA-Z0-9_]+){_LABELS} (-?[0-9.]+(?:e[+-]?[0-9]+)?)")


@pytest.mark.parametrize("report", [*REPORTS, *(hostile(REPORTS[0], name) for name in HOSTILE)])
def test_prometheus_can_parse_every_line(report: Report) -> None:
    text = prometheus(report)
    assert text.endswith("\n")
    family, seen, samples = "", set(), set()
    for line in text.splitlines():
        if line.startswith("# HELP "):
            family = line.split(" ")[2]
            assert family not in seen, "the samples of a metric stand together"
            seen.add(family)
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {family} gauge"
        else:
            found = SAMPLE.fullmatch(line)
            assert found, line
            assert found[1] == family
            assert (found[1], found[2]) not in samples, "no series is given twice"
            samples.add((found[1], found[2]))


def test_prometheus_has_base_units() -> None:
    text = prometheus(sample.board_report(4))
    assert re.search(
        r"^edgekit_energy_gross_joules\{.*provenance=\"simulated\"\} 0.000595$", text, re.M
    )
    assert re.search(r"^edgekit_instructions\{", text, re.M)
    assert re.search(r"^edgekit_layer_cost_instructions\{.*layer=\"conv2d_0\"", text, re.M)
    units = {figure.unit for report in REPORTS for figure in report.figures.values()}
    assert units <= UNITS.keys() | {"instructions", "cycles", "inferences"}


@pytest.mark.parametrize("report", REPORTS[:3])
def test_every_picture_is_a_file(report: Report) -> None:
    files = picture_files(report)
    assert len(files) == sum(len(part.pictures) for part in sections(report))
    for name, text in files.items():
        assert re.fullmatch(r"\d\d-[a-z0-9-]+\.svg", name)
        root = ElementTree.fromstring(text)
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert "var(--" not in text
        assert not re.search(r"<script|href|url\(", text)


def test_hostile_names_do_not_break_a_picture() -> None:
    for name in HOSTILE:
        for text in picture_files(hostile(REPORTS[0], name)).values():
            ElementTree.fromstring(text)


def test_a_browser_that_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ToolError, match="not installed, and PNG pictures are drawn by it"
    ) as caught:
        browser.draw(tmp_path / "a.svg", (10, 10))
    assert caught.value.code == "browser-missing"
    assert "--svg" in caught.value.hint


def test_a_browser_that_draws_nothing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\necho no display >&2\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ToolError, match=r"could not draw a\.svg: no display") as caught:
        browser.draw(tmp_path / "a.svg", (10, 10))
    assert caught.value.code == "browser-failed"
    program.write_text("#!/bin/sh\necho FATAL: $TMPDIR. >&2\necho more >&2\n", encoding="utf-8")
    far = tmp_path / ("x" * 90)
    far.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(far))
    with pytest.raises(ToolError, match=r"a\.svg: FATAL: /tmp\."):
        browser.draw(tmp_path / "a.svg", (10, 10))
