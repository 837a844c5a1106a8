"""Views of records that were made to break them: hostile names, and values changed at random."""

from __future__ import annotations

import csv
import io
import json
import random
import re
from copy import deepcopy
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.report import Report, from_json
from edgekit.errors import DataError
from edgekit.runtime.report.harmless import cleaned, visible
from edgekit.runtime.report.html import TEMPLATES
from edgekit.runtime.report.terminal import terminal
from edgekit.runtime.report.write import VIEWS
from tests.helpers import sample_report as sample

HOSTILE = (
    "<script>alert(1)</script>",
    "</title></svg><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "\x1b[31mred\x1b[0m\x07",
    "\u202eevil\u2066",
    "a|b`c`|\n# heading\n- item",
    "=HYPERLINK(1)",
    "@SUM(A1)",
    "[bold]rich[/bold]",
    "{{ 7*7 }}{% raw %}",
    "]]>&amp;&lt;",
    'a"} 1\nother{x="',
    "\x00\ufffe\ufeff",
)
SCRIPT = (TEMPLATES / "zoom.js").read_text(encoding="utf-8")
MAKERS = {**{name: make for name, (_, make) in VIEWS.items()}, "terminal": terminal}
STEERING = re.compile(
    "[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]"
)


def hostile(report: Report, name: str) -> Report:
    """The report with `name` wherever a model, a device or a file can put one."""
    raw = json.loads(report.to_json())

    def spoilt(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {k: spoilt(v, k) for k, v in value.items()}
        if isinstance(value, list):
            return [spoilt(v, key) for v in value]
        return name if isinstance(value, str) and key not in ("provenance", "unit") else value

    return replace(from_json(json.dumps(spoilt(raw))), created=report.created)


REPORTS = (sample.board_report(4), sample.host_report())


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("report", REPORTS, ids=["board", "host"])
def test_no_view_is_steered_by_a_name(report: Report, name: str) -> None:
    for view, make in MAKERS.items():
        text = make(hostile(report, name))
        assert not STEERING.search(text), view
        if view in ("html", "markdown"):
            without_ours = text.replace(f"<script>{SCRIPT}</script>", "")
            assert not re.search(r"(?<!\\)<(script|img)", without_ours)
    assert "[bold]rich[/bold]" not in name or "[bold]rich" in terminal(hostile(report, name))


@pytest.mark.parametrize("name", HOSTILE)
def test_cells_of_csv_start_no_formula(name: str) -> None:
    for row in csv.reader(io.StringIO(MAKERS["csv"](hostile(REPORTS[0], name)))):
        assert not [cell for cell in row if cell[:1] in ("=", "@", "\t", "\r")]


@pytest.mark.parametrize("name", HOSTILE)
def test_rows_of_markdown_stay_rows(name: str) -> None:
    lines = MAKERS["markdown"](hostile(REPORTS[0], name)).splitlines()
    plain = MAKERS["markdown"](hostile(REPORTS[0], "plain")).splitlines()
    assert len(lines) == len(plain)
    unescaped = re.compile(r"(?<!\\)(?:\\\\)*\|")
    for line, same in zip(lines, plain, strict=True):
        assert len(unescaped.findall(line)) == len(unescaped.findall(same))
        assert not re.search(r"(?<!\\)(?:\\\\)*`", line)


@given(st.text(max_size=40))
def test_what_is_visible_is_one_line_of_xml(text: str) -> None:
    shown = visible(text)
    assert not STEERING.search(shown)
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown
    assert ElementTree.fromstring(f"<a>{shown.replace('&', '').replace('<', '')}</a>") is not None


def test_a_clean_record_is_left_as_it_is() -> None:
    for report in REPORTS:
        assert cleaned(report) == report


NASTY: tuple[object, ...] = (
    None, 0, -1, 1, 2, 1e-300, -1e17, 1e17, 10**17, True, "", "\x1b[2J", "x" * 3000, "2026", [],
    {}, [[]], [0], {"": 0}, "measured", 0.5,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1), st.integers(0, 2**32), st.integers(1, 3))
def test_a_changed_record_is_refused_or_shown(which: int, seed: int, changes: int) -> None:
    raw = json.loads(REPORTS[which].to_json())
    chance = random.Random(seed)
    for _ in range(changes):
        place: Any = raw
        while True:
            key: Any = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
            inner = place[key]
            if not isinstance(inner, dict | list) or not inner or chance.random() < 0.1:
                break
            place = inner
        place[key] = deepcopy(chance.choice(NASTY))
    try:
        found = from_json(json.dumps(raw))
    except DataError:
        return
    assert all(make(found) for make in MAKERS.values())


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 29_000))
def test_a_truncated_record_is_refused(length: int) -> None:
    text = sample.board_report(4).to_json()
    with pytest.raises(DataError):
        from_json(text[: min(length, len(text) - 3)])


@pytest.mark.parametrize(
    "text", ['{"context": {}, "benchmarks": []}', '{"results": [{"command": "x"}]}', "[]", "1"]
)
def test_records_of_other_tools_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="not an EdgeKit report"):
        from_json(text)
