"""`edgekit history`, and the line in the log and the record that every benchmark leaves."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
from contextlib import closing
from dataclasses import fields, replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

import edgekit as edgekit_package
from edgekit.artifacts.report import read_report
from edgekit.cli.filters import FILTERS
from edgekit.runtime.lab.history import History, Wanted
from edgekit.runtime.lab.run_log import read_log
from edgekit.runtime.report.write import write_report
from tests.helpers.command_line import edgekit, fails, succeeds
from tests.helpers.sample_report import board_report

QUICK = ("-t", "virtual-m4", "--quick", "--samples", "1")


@pytest.fixture(autouse=True)
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder of each test's own."""
    monkeypatch.setenv("EDGEKIT_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def records(kept: Path) -> Path:
    """A history of three reports of one model, a commit each, the last one slower."""
    with History(kept / "history.db") as history:
        for day, factor in ((1, 1.0), (2, 1.0), (3, 1.25)):
            report = board_report()
            figure = report.figures["instructions"]
            figures = {
                **report.figures,
                "instructions": replace(figure, value=figure.value * factor, low=None, high=None),
            }
            history.add(
                replace(
                    report,
                    created=f"2026-05-0{day}T10:00:00+00:00",
                    figures=figures,
                    environment={"commit": f"{day}abcdef0123" + "-dirty" * (day == 3)},
                ),
                tags=["release"] if day == 1 else [],
            )
    return kept / "history.db"


@pytest.mark.qemu
def test_a_benchmark_leaves_a_record_and_a_line(small_bundle: Path, desk: Path, kept: Path) -> None:
    succeeds("bench", small_bundle, *QUICK, "-o", "out", "--tag", "first,desk")
    (record,) = succeeds("history", "list", "--json").record["records"]
    assert (record["name"], record["target"]) == ("small", "virtual-m4")
    assert record["tags"] == ["desk", "first"]
    shown = succeeds("history", "show", record["id"], "--json").record
    assert shown == {**json.loads(Path("out/report.json").read_text()), "trace": shown["trace"]}
    again = succeeds("history", "import", "out", "--json").record
    assert again == {"new": 0, "known": 1}
    (line,) = read_log(kept / "runs.jsonl")
    assert (line.command, line.target, line.result, line.exit_code) == (
        *("bench", "virtual-m4", "ok"),
        0,
    )
    assert (line.bundle, line.output) == (str(small_bundle), "out")
    assert line.model_sha256 == record["model_sha256"]
    assert line.start < line.end


@pytest.mark.qemu
def test_a_history_that_refuses_loses_no_report(small_bundle: Path, desk: Path, kept: Path) -> None:
    kept.mkdir()
    (kept / "history.db").write_text("scribbled over " * 100)
    (kept / "runs.jsonl").mkdir()
    done = succeeds("bench", small_bundle, *QUICK, "-o", "out")
    assert "no history of EdgeKit" in done.err
    assert "the run was not logged" in done.err
    assert "[history-not-kept]" in done.err
    assert "[log-not-written]" in done.err
    assert read_report(desk / "out").target.name == "virtual-m4"
    assert (kept / "history.db").read_text().startswith("scribbled")


@pytest.mark.qemu
def test_off_means_off(small_bundle: Path, desk: Path, kept: Path) -> None:
    succeeds("bench", small_bundle, *QUICK, "--history", "off", "--log", "off")
    assert not kept.exists()
    assert not (desk / "off").exists()


@pytest.mark.qemu
def test_several_devices_leave_a_line_and_a_record_each(
    small_bundle: Path, desk: Path, kept: Path
) -> None:
    lab = desk / "devices.toml"
    lab.write_text(
        '[devices.here]\ntarget = "virtual-m4"\n'
        '[devices.nano]\ntarget = "nano33ble"\nport = "/dev/ttyNONE"\n'
    )
    words = ("--device", "here,nano", "--lab", lab, "--quick", "--samples", "1")
    assert edgekit("bench", small_bundle, *words, "--log", "mine.jsonl").code == 1
    lines = {line.device: line for line in read_log(Path("mine.jsonl"))}
    assert (lines["here"].result, lines["here"].exit_code) == ("ok", 0)
    assert (lines["nano"].result, lines["nano"].error) == ("failed", "port-missing")
    assert lines["nano"].model_sha256 == lines["here"].model_sha256
    (record,) = succeeds("history", "list", "--device", "here", "--json").record["records"]
    assert record["device"] == "here"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("verify", "BUNDLE", "-t", "nano33ble", "-p", "/dev/ttyNONE"), ("verify", "port-missing")),
        (("bench", "BUNDLE", "-t", "nano33ble"), ("bench", "port-needed")),
        (("meters", "record", "ppk2:/dev/ttyNONE"), ("meters record", "meter-no-port")),
        (("flash", "BUNDLE", "-t", "virtual-m4"), ("flash", "no-board")),
    ],
)
def test_every_run_is_logged(
    words: tuple[str, ...], line: tuple[str, str], small_bundle: Path, desk: Path, kept: Path
) -> None:
    given = [small_bundle if word == "BUNDLE" else word for word in words]
    done = edgekit(*given, "--json")
    (found,) = read_log(kept / "runs.jsonl")
    assert (found.command, found.error) == line
    assert found.exit_code == done.code
    assert found.message


def test_every_field_of_a_choice_has_its_option() -> None:
    assert list(FILTERS) == [field.name for field in fields(Wanted)]


def test_list_and_show(records: Path) -> None:
    text = succeeds("history", "list").out
    assert "1abcdef" in text
    assert "3abcdef+" in text
    assert "release" in text
    (record,) = succeeds("history", "list", "--tag", "release", "--json").record["records"]
    (newest,) = succeeds("history", "list", "--last", "1", "--json").record["records"]
    assert newest["commit"].startswith("3abc")
    assert "sample" in succeeds("history", "show", record["id"]).out
    error = fails("history", "show", "77", exit_code=2, code="history-no-record")
    assert str(records) in error["found"]


def test_a_list_of_nothing_says_so(records: Path) -> None:
    assert "no such record" in succeeds("history", "list", "--commit", "feed").out
    assert "no such record" not in succeeds("history", "list").out


def test_show_writes_the_report_again(records: Path, tmp_path: Path) -> None:
    succeeds("history", "show", "1", "-o", tmp_path / "again")
    assert read_report(tmp_path / "again").created == "2026-05-01T10:00:00+00:00"


def test_plot(records: Path, tmp_path: Path) -> None:
    picture = tmp_path / "trend.svg"
    done = succeeds("history", "plot", "--metric", "instructions", "--svg", picture)
    assert "+25.0 %" in done.out
    root = ElementTree.fromstring(picture.read_text())
    words = [element.text for element in root.iter() if element.text]
    assert {"1abcdef", "2abcdef", "3abcdef+", "release", "2026-05-03"} <= set(words)
    assert len([each for each in root.iter() if each.tag.endswith("circle")]) == 3
    record = succeeds("history", "plot", "--metric", "instructions", "--json").record
    values = [point["value"] for point in record["series"][0]["points"]]
    assert values[2] == pytest.approx(1.25 * values[0])
    error = fails("history", "plot", "--metric", "beauty", exit_code=2, code="history-metric")
    assert "instructions" in error["allowed"]


def test_names_in_a_picture_are_text(kept: Path, tmp_path: Path) -> None:
    with History(kept / "history.db") as history:
        history.add(board_report(name="<script>&"), tags=["<b>"])
    picture = tmp_path / "trend.svg"
    succeeds("history", "plot", "--metric", "flash", "--svg", picture)
    root = ElementTree.fromstring(picture.read_text())
    assert not [each for each in root.iter() if each.tag.endswith(("script", "}b"))]


def test_tags(records: Path) -> None:
    assert succeeds("history", "tag", "2", "a", "b", "--json").record["tags"] == ["a", "b"]
    assert "record 2: b" in succeeds("history", "tag", "2", "a", "--remove").out
    fails("history", "tag", "9", "a", exit_code=2, code="history-no-record")


def test_what_is_exported_can_be_imported(records: Path, tmp_path: Path) -> None:
    lines, table = tmp_path / "records.jsonl", tmp_path / "records.csv"
    assert succeeds("history", "export", "-o", lines, "--json").record["records"] == 3
    other = ("--history", tmp_path / "other.db")
    assert succeeds("history", "import", lines, *other, "--json").record == {"new": 3, "known": 0}
    assert succeeds("history", "import", lines, *other, "--json").record == {"new": 0, "known": 3}
    copied = succeeds("history", "list", *other, "--json").record["records"]
    assert [row["tags"] for row in copied] == [["release"], [], []]
    succeeds("history", "export", "-o", table, "--last", "1")
    rows = table.read_text().splitlines()
    assert rows[0].startswith("id,created,commit,name,target,device,tags,figure,value,unit")
    assert any(",instructions," in row for row in rows)


def test_bad_files(records: Path, tmp_path: Path) -> None:
    fails("history", "export", "-o", "records.xml", exit_code=2, code="history-format")
    broken = tmp_path / "broken.jsonl"
    broken.write_text('{"report": {}}\n')
    fails("history", "import", broken, exit_code=1, code="history-import")
    fails("history", "import", tmp_path / "none.jsonl", exit_code=1, code="history-import")
    write_report(board_report(name="other"), tmp_path / "good")
    fails("history", "import", tmp_path / "good", broken, exit_code=1, code="history-import")
    assert len(succeeds("history", "list", "--json").record["records"]) == 3


def test_cells_of_an_export_are_one_line_and_no_formula(kept: Path, tmp_path: Path) -> None:
    with History(kept / "history.db") as history:
        history.add(board_report(name='=cmd|"/C calc"!A0\n\x1b[2J'))
    succeeds("history", "export", "-o", tmp_path / "x.csv")
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["name"] for row in rows} == {'\'=cmd|"/C calc"!A0 \\x1b[2J'}


def test_a_history_that_may_only_be_read(
    records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = records.read_bytes()
    monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
    assert len(succeeds("history", "list", "--json").record["records"]) == 3
    assert succeeds("history", "show", "1").out
    error = fails("history", "tag", "1", "release", exit_code=1, code="history-place")
    assert "readonly" in error["found"]
    assert records.read_bytes() == before
    assert sorted(each.name for each in records.parent.iterdir()) == ["history.db"]


def test_what_a_writer_left_in_its_log_is_read_too(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with History(records) as writer:
        writer.add(board_report(name="newest"))
        assert records.with_name("history.db-wal").stat().st_size
        monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
        assert "newest" in succeeds("history", "list").out


def test_no_history_yet(tmp_path: Path) -> None:
    words = ("history", "list", "--history", tmp_path / "none.db")
    fails(*words, exit_code=1, code="history-missing")
    assert not (tmp_path / "none.db").exists()


@pytest.mark.qemu
def test_a_locked_history_loses_no_report(
    small_bundle: Path, desk: Path, kept: Path, records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(History.__init__, "__kwdefaults__", {"patience_s": 0.05, "create": True})
    with closing(sqlite3.connect(records, isolation_level=None)) as base:
        base.execute("BEGIN IMMEDIATE")
        done = succeeds("bench", small_bundle, *QUICK, "-o", "out")
        base.execute("ROLLBACK")
    assert "locked: another program" in done.err
    assert read_report(desk / "out").target.name == "virtual-m4"
    assert succeeds("history", "import", "out", "--json").record["new"] == 1


def test_from_python_a_report_is_kept_when_asked(kept: Path, tmp_path: Path) -> None:
    report = board_report()
    assert edgekit_package.keep_report(report, tags=["nightly"])
    assert not edgekit_package.keep_report(report)
    (record,) = succeeds("history", "list", "--json").record["records"]
    assert record["tags"] == ["nightly"]
    assert not edgekit_package.keep_report(report, history="off")
    with pytest.raises(edgekit_package.EdgeKitError) as caught:
        edgekit_package.keep_report(report, history=tmp_path)
    assert caught.value.code.startswith("history-")
