"""Many samples go into a file beside the record and come back, or are said to be missing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.report import Report, from_json, read_report
from edgekit.artifacts.samples import LazySamples
from edgekit.deploy.tradeoff import tradeoff
from edgekit.errors import DataError
from edgekit.runtime.report.csv_text import csv_text
from edgekit.runtime.report.html import html
from edgekit.runtime.report.junit import junit
from edgekit.runtime.report.markdown import markdown
from edgekit.runtime.report.prometheus import prometheus
from edgekit.runtime.report.stored import MOST_INLINE, storing
from edgekit.runtime.report.terminal import terminal
from edgekit.runtime.report.write import write_report
from tests.helpers.sample_report import board_report, host_report, host_run, trace


def many(samples: int = 2 * MOST_INLINE) -> Report:
    """The report of a host with this many samples, each of its own value."""
    return replace(host_report(), runs=(host_run(samples),))


def test_few_samples_stay_in_the_record(tmp_path: Path) -> None:
    write_report(host_report(), tmp_path)
    assert not (tmp_path / "samples.npz").exists()
    assert read_report(tmp_path).samples is None


def test_many_samples_come_back_to_the_last_bit(tmp_path: Path) -> None:
    paths = write_report(many(), tmp_path, formats=()).paths
    assert [path.name for path in paths] == ["samples.npz", "report.json"]
    assert read_report(tmp_path) == many()


def test_a_million_samples_leave_the_record_small(tmp_path: Path) -> None:
    seconds = tuple(np.random.default_rng(1).gamma(9.0, 1e-4, 1_000_000).tolist())
    report = replace(host_report(), runs=(replace(host_run(), latency_s=seconds),))
    write_report(report, tmp_path, formats=("html",))
    assert (tmp_path / "report.json").stat().st_size < 60_000
    assert (tmp_path / "report.html").stat().st_size < 200_000
    assert (tmp_path / "samples.npz").stat().st_size < 8_200_000
    assert read_report(tmp_path).runs[0].latency_s == seconds


def test_the_file_is_read_only_when_asked_for(tmp_path: Path) -> None:
    write_report(many(), tmp_path, formats=())
    (tmp_path / "samples.npz").unlink()
    report = read_report(tmp_path, samples=False)
    assert report.warnings == many().warnings
    stored = report.runs[0].latency_stored
    assert stored is not None
    assert stored.count == 2 * MOST_INLINE
    assert stored.median_s == pytest.approx(np.median(many().runs[0].latency_s))


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sample can be read."""

    def refuse(self: LazySamples) -> None:
        raise AssertionError("read")

    monkeypatch.setattr(LazySamples, "values", property(refuse))


@pytest.mark.usefixtures("unread")
def test_what_needs_no_sample_reads_none(tmp_path: Path) -> None:
    report = from_json(many().to_json())
    write_report(report, tmp_path / "a", formats=())
    found = read_report(tmp_path / "a")
    assert len(found.runs[0].latency_s) == 2 * MOST_INLINE
    for view in (terminal, markdown, csv_text, junit, prometheus):
        assert view(found) == view(report)
    other = replace(report, bundle=replace(report.bundle, name="other"))
    write_report(other, tmp_path / "b", formats=())
    assert tradeoff([tmp_path / "a", tmp_path / "b"], against=["latency"])
    for needing in (html, Report.to_json):
        with pytest.raises(AssertionError, match="read"):
            needing(found)


def test_samples_of_a_file_are_as_good_as_those_of_a_tuple(tmp_path: Path) -> None:
    report = from_json(many().to_json())
    write_report(report, tmp_path, formats=())
    found = read_report(tmp_path)
    lazy, plain = found.runs[0].latency_s, report.runs[0].latency_s
    assert (lazy[0], lazy[-2:], lazy[5:7]) == (plain[0], plain[-2:], plain[5:7])
    assert (hash(lazy), max(lazy)) == (hash(plain), max(plain))
    assert lazy == plain
    assert plain == lazy
    assert lazy != plain[1:]
    assert found.to_json() == report.to_json()
    assert storing(found) == storing(report)
    assert html(found) == html(report)


def test_a_file_that_changes_after_its_record_was_read_is_named(tmp_path: Path) -> None:
    write_report(many(), tmp_path, formats=())
    found = read_report(tmp_path)
    count = len(found.runs[0].latency_s)
    for spoil in (
        lambda path: np.savez(path, **{"runs.0.latency_s": np.full(count, np.nan)}),
        lambda path: np.savez(path, **{"runs.0.latency_s": np.zeros(3)}),
        lambda path: path.write_bytes(b"x"),
        Path.unlink,
    ):
        spoil(tmp_path / "samples.npz")
        with pytest.raises(DataError, match="no longer the file the record names") as caught:
            html(found)
        assert caught.value.code == "samples-changed"


def test_equal_samples_give_equal_files() -> None:
    assert storing(many())[1] == storing(many())[1]


def _bad_archive(path: Path) -> None:
    path.write_bytes(b"no archive")
    record = path.parent / "report.json"
    raw = json.loads(record.read_text(encoding="utf-8"))
    raw["samples"]["sha256"] = _sha256(path)
    record.write_text(json.dumps(raw), encoding="utf-8")


def _other_arrays(path: Path) -> None:
    np.savez(path, other=np.zeros(3))
    record = path.parent / "report.json"
    raw = json.loads(record.read_text(encoding="utf-8"))
    raw["samples"]["sha256"] = _sha256(path)
    record.write_text(json.dumps(raw), encoding="utf-8")


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def _elsewhere(path: Path) -> None:
    record = path.parent / "report.json"
    raw = json.loads(record.read_text(encoding="utf-8"))
    raw["samples"]["file"] = "../samples.npz"
    record.write_text(json.dumps(raw), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (Path.unlink, "samples-missing", "cannot be read: No such file"),
        (_elsewhere, "samples-missing", "is not in the report's folder"),
        (lambda p: p.write_bytes(b"x"), "samples-changed", "is not the file the record names"),
        (_bad_archive, "samples-changed", "cannot be read: "),
        (_other_arrays, "samples-changed", "holds no runs.0."),
    ],
)
def test_a_lost_file_is_said_in_every_view(
    spoil: Callable[[Path], object], code: str, words: str, tmp_path: Path
) -> None:
    write_report(many(), tmp_path, formats=())
    spoil(tmp_path / "samples.npz")
    report = read_report(tmp_path)
    note = report.warnings[-1]
    assert note.code == code
    assert words in note.message
    assert note.advice
    for view in (terminal, markdown, html):
        assert "samples are not shown" in " ".join(view(report).split())
    assert f"{2 * MOST_INLINE:,}" in terminal(report), "the record still has the quantiles"
    assert csv_text(report, "samples").count("\n") == 1
    assert "Latency distribution" not in html(report)


def test_the_recording_is_named_with_its_hash(tmp_path: Path) -> None:
    write_report(board_report(), tmp_path, trace=trace(), formats=())
    found = read_report(tmp_path).trace
    assert found is not None
    assert found.file_sha256 == _sha256(tmp_path / found.file)
