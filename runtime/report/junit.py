"""A report as JUnit XML, the form that CI systems show: its checks are test cases, its figures
properties, its warnings the standard error of the suite.

A record does not tell how long a check took: no case has a time."""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree as Xml

from edgekit.artifacts.report import Report
from edgekit.runtime.report.checks import Checked, checks
from edgekit.runtime.report.harmless import cleaned
from edgekit.runtime.report.terminal import by_urgency, note_line


def junit(report: Report) -> str:
    """One suite with a case for each check; "failures" are checks that the report fails."""
    report = cleaned(report)
    found = checks(report)
    counts = {
        "tests": str(len(found)),
        "failures": str(sum(row.outcome == "failed" for row in found)),
        "errors": "0",
        "skipped": str(sum(row.outcome == "skipped" for row in found)),
    }
    name = f"{report.bundle.name} on {report.target.name}"
    suites = Xml.Element("testsuites", {"name": "edgekit", **counts})
    suite = Xml.SubElement(suites, "testsuite", {"name": name, **counts, **_when(report)})
    properties = Xml.SubElement(suite, "properties")
    for key, value in _properties(report).items():
        Xml.SubElement(properties, "property", {"name": key, "value": value})
    for row in found:
        _case(suite, row, name)
    Xml.SubElement(suite, "system-err").text = "\n".join(
        map(note_line, by_urgency(report.warnings))
    )
    Xml.indent(suites)
    text = Xml.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _case(suite: Xml.Element, row: Checked, name: str) -> None:
    words = {"classname": f"{name}.{row.group}", "name": row.name}
    case = Xml.SubElement(suite, "testcase", words)
    if row.outcome == "failed":
        failure = {"message": row.found, "type": row.group}
        Xml.SubElement(case, "failure", failure).text = row.found
    elif row.outcome == "skipped":
        Xml.SubElement(case, "skipped", {"message": row.found})
    else:
        Xml.SubElement(case, "system-out").text = row.found


def _when(report: Report) -> dict[str, str]:
    """The schema's dateTime has no zone: "2026-01-02T03:04:05"."""
    try:
        when = datetime.fromisoformat(report.created)
    except ValueError:
        return {}
    return {"timestamp": when.replace(tzinfo=None, microsecond=0).isoformat()}


def _properties(report: Report) -> dict[str, str]:
    """Figures in base units, each with unit and provenance in its name."""
    figures = {
        f"{name} ({figure.unit}, {figure.provenance})": f"{figure.value:.10g}"
        for name, figure in report.figures.items()
    }
    return {"tool": report.tool, "model_sha256": report.bundle.model_sha256, **figures}
