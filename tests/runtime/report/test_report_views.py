"""Views: golden text, and what every HTML page must be."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from edgekit.artifacts.figures import Note
from edgekit.artifacts.report import Report, read_report
from edgekit.deploy.views import write_views
from edgekit.errors import OutputError, UsageError
from edgekit.runtime.report.build import make_report
from edgekit.runtime.report.csv_text import csv_text
from edgekit.runtime.report.html import TEMPLATES, html, sections
from edgekit.runtime.report.junit import junit
from edgekit.runtime.report.markdown import markdown
from edgekit.runtime.report.tables import image_table, tables
from edgekit.runtime.report.terminal import terminal
from edgekit.runtime.report.text import EXPLAINED, share_text
from edgekit.runtime.report.write import write_report
from tests.helpers import sample_report as sample

Golden = Callable[[str, str], None]
REPORTS = {
    "board": sample.board_report,
    "host": sample.host_report,
    "bundle": sample.bundle_report,
}
EVIL = "<script>alert('x')</script>&\"|`"


@pytest.mark.parametrize("name", REPORTS)
def test_terminal_text(name: str, golden: Golden) -> None:
    golden(f"report/{name}.txt", terminal(REPORTS[name]()))


@pytest.mark.parametrize("name", REPORTS)
def test_markdown_text(name: str, golden: Golden) -> None:
    golden(f"report/{name}.md", markdown(REPORTS[name]()))


@pytest.mark.parametrize("view", [terminal, markdown, html, junit])
def test_warnings_stand_before_remarks(view: Callable[[Report], str]) -> None:
    remark, warning = Note("one", "first", "told", level="info"), Note("two", "second", "warned")
    shown = view(replace(sample.board_report(), warnings=(remark, warning)))
    assert shown.index("warned") < shown.index("told")


@pytest.mark.parametrize("view", [terminal, markdown, html])
def test_every_warning_shows_its_code_and_where_to_read_more(view: Callable[[Report], str]) -> None:
    report = sample.board_report()
    shown = view(report).replace("\\", "")
    assert len(report.warnings) == 2
    assert all(f"[{note.code}]" in shown for note in report.warnings)
    assert shown.count(EXPLAINED) == 1
    assert EXPLAINED not in view(replace(report, warnings=()))


def test_csv_text(golden: Golden) -> None:
    golden("report/figures.csv", csv_text(sample.board_report()).replace("\r\n", "\n"))


def test_csv_of_layers_and_samples_is_complete() -> None:
    layers = list(csv.reader(io.StringIO(csv_text(sample.board_report(), "layers"))))
    assert len(layers) == 11
    assert layers[0][4] == "instructions"
    samples = list(csv.DictReader(io.StringIO(csv_text(sample.host_report(), "samples"))))
    assert len(samples) == 400 + 3 * 50
    assert float(samples[0]["seconds"]) == sample.host_run().latency_s[0]


def test_csv_runs_no_formula_in_a_spreadsheet() -> None:
    evil = replace(sample.host_run(), engine="=HYPERLINK(1)")
    report = replace(sample.host_report(), runs=(evil,))
    assert ",'=HYPERLINK(1)," in csv_text(report, "samples")


def test_the_terminal_stays_in_its_width_and_has_colours_on_demand() -> None:
    report = sample.board_report(200)
    assert max(map(len, terminal(report, width=80).splitlines())) <= 80
    assert "\x1b[" not in terminal(report)
    assert "\x1b[" in terminal(report, color=True)
    assert "Layers: the 12 heaviest of 200" in terminal(report)


def test_headings_and_engines_stay_whole_on_a_narrow_terminal() -> None:
    runs = tuple(
        replace(sample.host_run(), engine=engine, outputs_checked=3, outputs_equal=3)
        for engine in ("ai_edge_litert 2.3.0, XNNPACK", "edgekit-c neon+ref, native")
    )
    report = replace(sample.host_report(), runs=runs)
    for width in (80, 100):
        text = terminal(report, width=width)
        words = set(text.replace("\n", " ").split())
        assert {"ai_edge_litert", "edgekit-c", "Provenance", "(measured)"} <= words
        assert "Runs on host x86_64 Sample CPU, 2 threads (measured)" in text


def test_what_is_little_is_not_nothing() -> None:
    assert "< 0.1 %" in terminal(sample.board_report())
    assert share_text(0) == "0.0 %"
    assert (share_text(0.0004), share_text(0.0005)) == ("< 0.1 %", "0.1 %")


def test_macs_that_are_not_computed_are_told() -> None:
    """A board's instructions per MAC are over those that its C computes."""
    manifest = sample.manifest(4)
    report = make_report(
        replace(manifest, macs=2 * manifest.macs), sample.board(), runs=(sample.board_run(4),)
    )
    figures = report.figures
    assert figures["macs_computed"].value == manifest.macs
    assert figures["macs"].value == 2 * manifest.macs
    per_mac = figures["instructions_per_mac"]
    assert per_mac.value == pytest.approx(figures["instructions"].value / manifest.macs)
    assert per_mac.basis.endswith(f"over {manifest.macs:,} MACs")
    assert f"({manifest.macs:,} of {2 * manifest.macs:,} are computed)" in markdown(report)
    assert "macs_computed" not in sample.board_report().figures


def test_a_firmware_is_shown_by_origin() -> None:
    image = {
        "flash.kernels": 7_000, "flash.weights": 46_000, "flash.model": 4_000, "flash.app": 7_236,
        "ram.app": 85_000, "ram.stack": 4_096, "flash.total": 64_236, "ram.total": 89_096,
    }  # fmt: skip
    run = replace(sample.board_run(), memory={"input_buffer": 27_648, "stack": 4_096})
    report = make_report(sample.manifest(), sample.board(), runs=(run,), sizes=image)
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in image_table(report).rows}
    assert rows["kernels"] == ["7,000", ""]
    assert rows["application, arena included"] == ["7,236", "85,000"]
    assert list(rows)[-2:] == ["stack", "all"]
    text = markdown(report)
    assert "of it the model 55.7 KiB (weights 44.9 KiB, code 10.7 KiB)" in text
    assert "RAM 87.0 KiB (arena 56.0 KiB, copy of the input 27.0 KiB, stack 4096 B)" in text
    assert text.count("4,096") == 1, "the stack stands in one table"


def test_markdown_shows_answers_and_folds_tables() -> None:
    report = sample.board_report(200)
    text = markdown(report)
    seen, *folded = text.split("<details>")
    assert seen.count("\n") < 25, "a pull request shows answers and warnings"
    assert len(folded) == len(tables(report))
    for part in folded:
        assert re.match(r"<summary>[^<\n]+</summary>\n\n", part), "a blank line, then Markdown"
        assert part.endswith(("\n\n</details>\n\n", "\n\n</details>\n"))


def test_markdown_tables_are_whole_whatever_a_name_holds() -> None:
    report = _evil()
    for line in markdown(report).splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    assert "<script>" not in markdown(report)


def _evil() -> Report:
    report = sample.board_report(10, name=EVIL)
    run = replace(report.runs[0], device=EVIL, engine=EVIL)
    steps = tuple(replace(step, name=EVIL) for step in report.bundle.steps)
    assert report.bundle.memory is not None
    buffers = tuple(replace(row, name=EVIL) for row in report.bundle.memory.buffers)
    bundle = replace(
        report.bundle, steps=steps, memory=replace(report.bundle.memory, buffers=buffers)
    )
    note = Note("x", EVIL, EVIL, EVIL)
    return replace(report, runs=(run,), bundle=bundle, warnings=(note,), tool=EVIL)


class _Page(HTMLParser):
    """Checks nesting and collects what a test asks for."""

    VOID = frozenset({"meta", "br", "hr", "img", "input", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module", params=[*REPORTS, "long", "evil"])
def page(request: pytest.FixtureRequest) -> tuple[Report, str]:
    makers = {**REPORTS, "long": lambda: sample.board_report(200), "evil": _evil}
    report = makers[request.param]()
    return report, html(report)


def test_pages_are_well_formed(page: tuple[Report, str]) -> None:
    parsed = _Page(page[1])
    assert page[1].startswith("<!DOCTYPE html>")
    assert len(parsed.all("h1")) == 1
    drawings = re.findall(r'<div class="picture">.*?</div></div>', page[1], re.DOTALL)
    assert len(drawings) == page[1].count('class="picture"') > 0
    for drawing in drawings:
        ElementTree.fromstring(drawing)


def test_pages_stand_alone(page: tuple[Report, str]) -> None:
    parsed = _Page(page[1])
    assert not {"link", "img", "iframe", "object"} & {tag for tag, _ in parsed.tags}
    for tag, attributes in parsed.tags:
        for name in ("src", "href", "xlink:href", "data"):
            assert (attributes.get(name) or "#").startswith("#"), tag
        assert not [name for name in attributes if name.startswith("on")]
    assert not re.search(r"https?:|url\(|@import", page[1])


def test_a_page_runs_its_own_script_only_and_only_to_zoom(page: tuple[Report, str]) -> None:
    report, text = page
    scripts = re.findall(r"<script(.*?)>(.*?)</script>", text, re.DOTALL)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy.startswith("default-src 'none'; style-src 'unsafe-inline'")
    if report.trace is None:
        assert scripts == []
        assert "script-src" not in policy
        return
    ((attributes, script),) = scripts
    assert (attributes, script) == ("", (TEMPLATES / "zoom.js").read_text(encoding="utf-8"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert policy.endswith(f"; script-src 'sha256-{digest}'")
    assert not re.search(r"innerHTML|insertAdjacent|eval|Function|fetch|import", script)


def test_pages_show_every_figure_with_its_provenance(page: tuple[Report, str]) -> None:
    from markupsafe import escape

    report, text = page
    (table,) = (table for table in tables(report) if table.key == "figures")
    assert len(table.rows) == len(report.figures)
    for row in table.rows:
        for cell in row:
            assert str(escape(cell.text)) in text
    for figure in report.figures.values():
        assert f'<span class="badge {figure.provenance}">{figure.provenance}</span>' in text


def test_pages_can_be_read_without_seeing_them(page: tuple[Report, str]) -> None:
    parsed = _Page(page[1])
    identities = [a["id"] for _, a in parsed.tags if "id" in a]
    assert len(identities) == len(set(identities))
    for drawing in parsed.all("svg"):
        if drawing.get("role") == "img" and "aria-labelledby" in drawing:
            assert set((drawing["aria-labelledby"] or "").split()) <= set(identities)
    assert all(head.get("scope") == "col" for head in parsed.all("th"))
    assert parsed.all("html")[0]["lang"] == "en"
    for link in parsed.all("a"):
        assert (link["href"] or "").lstrip("#") in identities


def test_names_are_escaped_everywhere() -> None:
    text = html(replace(_evil(), trace=None))
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_sections_follow_what_there_is_to_show() -> None:
    def keys(report: Report) -> list[str]:
        return [section.key for section in sections(report)]

    assert keys(sample.board_report()) == [
        "speed", "layers", "energy", "memory", "accuracy", "figures",
    ]  # fmt: skip
    assert "energy" not in keys(sample.host_report())
    assert "speed" not in keys(sample.bundle_report())


def test_pictures_are_there_and_hold_all_layers() -> None:
    text = html(sample.board_report(200))
    assert text.count('class="bar conv"') + text.count('class="bar depth"') > 3 * 150
    for name in ("Instructions per layer", "MACs per layer", "Power over time", "Memory plan"):
        assert f">{name}</title>" in text
    assert text.count('class="window"') == 3
    assert "Latency distribution" in html(sample.host_report())


def test_a_page_of_many_layers_stays_small() -> None:
    assert len(html(sample.board_report(200))) < 400_000


def test_writing_gives_record_views_and_the_whole_trace(tmp_path: Path) -> None:
    recording = sample.trace()
    paths = write_report(
        sample.board_report(), tmp_path / "out", trace=recording,
        formats=("html", "markdown", "csv"),
    ).paths  # fmt: skip
    assert [path.name for path in paths] == [
        "power-trace.npz", "report.json", "report.html", "report.md", "report.csv",
    ]  # fmt: skip
    read, made = read_report(tmp_path / "out"), sample.board_report()
    assert replace(read, trace=made.trace) == made
    with np.load(paths[0], allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["amps"], recording.amps)
        np.testing.assert_array_equal(arrays["t"], recording.t)
        assert len(arrays["marks"]) == len(recording.marks)


def test_a_page_zooms_into_the_recording_beside_the_record(tmp_path: Path) -> None:
    out = tmp_path / "out"
    recording, html_of, *_ = write_report(sample.board_report(), out, trace=sample.trace()).paths[
        ::2
    ]
    page, again = html_of.read_text(encoding="utf-8"), tmp_path / "again.html"

    def views() -> str:
        write_views(read_report(out), {"html": again}, folder=out)
        return again.read_text(encoding="utf-8")

    assert "Zoomed in, every sample is shown." in page
    assert views() == page
    recording.write_bytes(recording.read_bytes() + b"x")
    assert "Zoomed in, columns are the smallest, mean and largest of 17 samples." in views()
    recording.unlink()
    assert "largest of 17 samples." in views()


def test_no_side_file_is_named_that_is_not_written(tmp_path: Path) -> None:
    write_report(sample.board_report(), tmp_path)
    trace = read_report(tmp_path).trace
    assert trace is not None
    assert trace.file == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "report.html", "report.json", "report.md",
    ]  # fmt: skip


def test_an_unknown_format_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="html, markdown, csv") as caught:
        write_report(sample.board_report(), tmp_path / "out", formats=("html", "pdf"))
    assert caught.value.code == "report-format"
    assert not (tmp_path / "out").exists()


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError) as caught:
        write_report(sample.board_report(), tmp_path / "file" / "out")
    assert caught.value.code == "cannot-write"
