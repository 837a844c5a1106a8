"""Bundles and reports that were changed, cut or made by another version."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.runtime.report.stored import MOST_INLINE
from edgekit.runtime.report.write import write_report
from tests.helpers.command_line import edgekit, fails, nothing_left_in, succeeds
from tests.helpers.sample_report import board_report, host_report, host_run

Spoil = Callable[[Path], object]
READERS = ("verify {} --samples 1", "run {} data.npz", "build {} -o firmware", "bench {} -t host")


def _manifest(folder: Path, change: Callable[[str], str]) -> None:
    path = folder / "edgekit.json"
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


def _json_is_a_folder(folder: Path) -> None:
    (folder / "edgekit.json").unlink()
    (folder / "edgekit.json").mkdir()


SPOILT: list[tuple[str, Spoil, str]] = [
    ("truncated", lambda b: _manifest(b, lambda text: text[:500]), "bundle-damaged"),
    ("empty", lambda b: _manifest(b, lambda text: ""), "bundle-damaged"),
    ("nested", lambda b: _manifest(b, lambda text: "[" * 100_000), "bundle-damaged"),
    ("binary", lambda b: (b / "edgekit.json").write_bytes(b"\xff\xfe\0"), "bundle-damaged"),
    ("folder", _json_is_a_folder, "bundle-damaged"),
    ("list", lambda b: _manifest(b, lambda text: "[]"), "bundle-schema"),
    (
        "newer",
        lambda b: _manifest(b, lambda text: text.replace('"schema": 1', '"schema": 2')),
        "bundle-schema",
    ),
    (
        "type",
        lambda b: _manifest(b, lambda text: text.replace('"macs": 4032,', '"macs": "many",')),
        "bundle-damaged",
    ),
    ("gone", lambda b: (b / "edgekit.json").unlink(), "not-a-bundle"),
    ("model-changed", lambda b: _append(b / "model.tflite", "x"), "bundle-changed"),
    ("model-gone", lambda b: (b / "model.tflite").unlink(), "bundle-incomplete"),
    ("c-gone", lambda b: shutil.rmtree(b / "c"), "bundle-incomplete"),
]


@pytest.mark.parametrize(("name", "spoil", "code"), SPOILT, ids=[row[0] for row in SPOILT])
def test_every_reader_refuses_a_spoilt_bundle(
    name: str, spoil: Spoil, code: str, desk: Path, own_bundle: Path
) -> None:
    spoil(own_bundle)
    with nothing_left_in(desk, own_bundle, desk.parent / "temporary"):
        for line in READERS:
            error = fails(*line.format(own_bundle).split(), exit_code=1, code=code)
            assert str(own_bundle) in error["subject"]
            assert "convert" in error["hint"]


@pytest.mark.parametrize("place", ["gone", "data.npz", "."])
def test_what_is_no_bundle(place: str, desk: Path) -> None:
    for line in READERS:
        error = fails(*line.format(place).split(), exit_code=1, code="not-a-bundle")
        assert "no edgekit.json in it" in error["found"]


def test_a_bundle_may_be_named_by_its_manifest(desk: Path, small_bundle: Path) -> None:
    succeeds("run", small_bundle / "edgekit.json", "data.npz", "--quiet")


def test_c_that_does_not_compile_is_an_error_everywhere(desk: Path, own_bundle: Path) -> None:
    _append(own_bundle / "c" / "small.c", "garbage")
    before = set((desk.parent / "temporary").iterdir())
    for line in (
        "verify {} --samples 1",
        "run {} data.npz --engine c",
        "bench {} -t host --quick",
        "bench {}",
        "build {} -o firmware",
    ):
        error = fails(*line.format(own_bundle).split(), exit_code=1, code="compile-failed")
        assert "small.c:" in error["found"]
        for word in error["hint"].split():
            if word.endswith(".log"):  # a message may only point to what is still there
                assert Path(word).is_file()
    assert set((desk.parent / "temporary").iterdir()) == before


def _other_biases(folder: Path) -> None:
    """Every weight of the last layer with its sign turned."""
    import re

    path = folder / "c" / "small_weights.c"
    head, name, tail = path.read_text(encoding="utf-8").rpartition("fully_connected")
    values, end, rest = tail.partition("};")
    opening, brace, numbers = values.partition("{")
    turned = re.sub(r"-?\d+", lambda m: str(-int(m[0]) if m[0] != "-128" else 127), numbers)
    path.write_text(head + name + opening + brace + turned + end + rest, encoding="utf-8")


def test_c_that_computes_something_else_is_a_verdict(desk: Path, own_bundle: Path) -> None:
    _other_biases(own_bundle)
    done = edgekit("verify", own_bundle, "--samples", "5")
    assert done.code == 3
    assert "output bytes differ from the reference in" in done.err
    assert "equals the reference bit for bit" not in done.out


@pytest.mark.parametrize("target", ["host", pytest.param("virtual-m4", marks=pytest.mark.qemu)])
def test_a_benchmark_of_wrong_outputs_is_a_verdict_with_its_report(
    target: str, desk: Path, own_bundle: Path
) -> None:
    _other_biases(own_bundle)
    done = edgekit("bench", own_bundle, "-t", target, "--quick", "-o", "report")
    assert done.code == 3
    assert "outputs of 3 of 3 inputs differ from the reference" in done.err
    record = json.loads(Path("report/report.json").read_text(encoding="utf-8"))
    assert [r["outputs_equal"] for r in record["runs"] if "edgekit-c" in r["engine"]] == [0]


def test_a_mismatch_under_json_is_one_value(desk: Path, own_bundle: Path) -> None:
    _other_biases(own_bundle)
    for line, part in (
        ("verify {} --samples 2 --json", "engines"),
        ("bench {} -t host --quick --json", "runs"),
    ):
        done = edgekit(*line.format(own_bundle).split())
        assert (done.code, done.err) == (3, "")
        assert done.record["error"]["code"] == "mismatch"
        assert done.record[part]  # the finding is there all the same


REPORTS = [
    (lambda text: text[:300], "report-damaged"),
    (lambda text: "", "report-damaged"),
    (lambda text: "[" * 100_000, "report-damaged"),
    (lambda text: "{}", "report-damaged"),
    (lambda text: text.replace('"schema": 1', '"schema": 99'), "report-newer"),
    (lambda text: text.replace('"macs": 4032', '"macs": "many"'), "report-damaged"),
]


@pytest.mark.parametrize(("change", "code"), REPORTS)
def test_damaged_reports(
    change: Callable[[str], str], code: str, desk: Path, small_bundle: Path
) -> None:
    text = (small_bundle / "report.json").read_text(encoding="utf-8")
    Path("report.json").write_text(change(text), encoding="utf-8")
    with nothing_left_in(desk):
        fails("report", "report.json", exit_code=1, code=code)
        fails("report", ".", "--html", "page.html", exit_code=1, code=code)


def test_a_report_that_went_through_an_editor_of_windows(desk: Path) -> None:
    Path("report.json").write_text(f"\ufeff{board_report(4).to_json()}", encoding="utf-8")
    assert "sample on Sample board" in succeeds("report", "report.json").out


def test_samples_that_are_no_numbers(desk: Path) -> None:
    count = 2 * MOST_INLINE
    write_report(replace(host_report(), runs=(host_run(count),)), desk / "r", formats=())
    record = json.loads((desk / "r" / "report.json").read_text(encoding="utf-8"))
    with np.load(desk / "r" / "samples.npz") as kept:
        arrays = {name: np.full(len(kept[name]), np.nan) for name in kept.files}
    np.savez(desk / "r" / "samples.npz", **arrays)
    data = (desk / "r" / "samples.npz").read_bytes()
    record["samples"]["sha256"] = hashlib.sha256(data).hexdigest()
    (desk / "r" / "report.json").write_text(json.dumps(record), encoding="utf-8")
    assert succeeds("report", "r").out, "the record has the percentiles itself"
    with nothing_left_in(desk):
        fails("report", "r", "--html", "page.html", exit_code=1, code="samples-changed")


def test_a_binary_report(desk: Path) -> None:
    fails("report", "data.npz", exit_code=1, code="report-damaged")


@pytest.mark.parametrize("place", ["gone", "gone.json", "."])
def test_missing_reports(place: str, desk: Path) -> None:
    fails("report", place, exit_code=1, code="report-missing")


@pytest.mark.qemu
@pytest.mark.parametrize("line", ["bench {} --samples 1 -o out", "verify {} --samples 1 --board"])
def test_c_that_writes_outside_its_arena_is_refused(
    line: str, desk: Path, own_bundle: Path
) -> None:
    """Its outputs are right, and nothing is reported or proved all the same."""
    source, start = own_bundle / "c" / "small.c", "void small_invoke(uint8_t *arena)\n{\n"
    text = source.read_text(encoding="utf-8")
    assert text.count(start) == 1
    source.write_text(text.replace(start, f"{start}    arena[SMALL_ARENA_SIZE] = 1;\n"))
    error = fails(*line.format(own_bundle).split(), exit_code=1, code="guard-broken")
    assert "behind the arena" in error["found"]
    assert "cannot be trusted" in error["hint"]
    assert not Path("out").exists()


def test_pictures_need_a_browser_only_as_png(
    desk: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(desk))
    with nothing_left_in(desk):
        fails("report", str(small_bundle), "--png", "p", exit_code=1, code="browser-missing")
    succeeds(
        "report", str(small_bundle), "--svg", "s", "--junit", "r.xml", "--prometheus", "r.prom"
    )
    assert sorted(path.suffix for path in Path("s").iterdir())[:1] == [".svg"]
    assert "edgekit_model_size_bytes{" in Path("r.prom").read_text(encoding="utf-8")
    assert "<testsuite " in Path("r.xml").read_text(encoding="utf-8")
