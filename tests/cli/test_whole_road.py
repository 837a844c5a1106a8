"""Model file to measured inference through the command line alone, every output looked at."""

from __future__ import annotations

import csv
import json
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.command_line import edgekit, program, succeeds, tree
from tests.helpers.small_bundles import convert_small, write_data, write_model


def test_convert_prints_what_came_of_it(desk: Path) -> None:
    words = ("convert", "model.tflite", "-t", "virtual-m4", "--calibration", "data.npz", "-o")
    out = succeeds(*words, "out").out
    for name, value in (
        ("model", r"model\.tflite \(tflite\)"),
        ("target", r"virtual-m4: Cortex-M4F in QEMU"),
        ("input", r"int8 1x12x12x3, "),
        ("calibration", r"data\.npz \(120 samples\)"),
        ("agreement", r"\d+\.\d+ % of answers equal the float model's"),
        ("output SQNR", r"\d+\.\d dB"),
        ("MACs", r"[\d,]+"),
        ("arena", r"[\d,]+ B \(lower bound [\d,]+ B\)"),
        ("fits", r"flash .* in 4\.00 MiB, RAM .* with stack in 4\.00 MiB"),
        ("estimate", r"about \S+ \S+ at 120 MHz, \S+ \S+: [\d,]+ instructions by the cost model, "),
        ("time", r"\d+\.\d s"),
    ):
        assert re.search(rf"^ *{name} +{value}", out, re.MULTILINE), (name, out)
    assert out.endswith("bundle: out\n")


def test_the_bundle_holds_what_it_should(small_bundle: Path) -> None:
    names = set(tree(small_bundle))
    assert {"edgekit.json", "model.tflite", "report.json", "report.html"} <= names
    assert {"c/small.c", "c/small.h", "c/small_weights.c", "c/CMakeLists.txt"} <= names
    manifest = json.loads((small_bundle / "edgekit.json").read_text(encoding="utf-8"))
    kernels = {step["kernel"] for step in manifest["steps"] if step["kernel"] != "-"}
    assert kernels
    text = (small_bundle / "c" / "small.c").read_text(encoding="utf-8")
    assert all(kernel in text for kernel in kernels)


def test_two_conversions_give_the_same_bytes(tmp_path: Path, small_bundle: Path) -> None:
    """Another process, another folder, another working directory, another hash seed."""
    write_model(tmp_path / "small.tflite")
    write_data(tmp_path / "data.npz")
    (tmp_path / "elsewhere").mkdir()
    line = "convert ../small.tflite -t virtual-m4 --calibration ../data.npz -o deep/er -q"
    done = program(*line.split(), cwd=tmp_path / "elsewhere", PYTHONHASHSEED="12345")
    assert done.code == 0, done
    shared = tree(small_bundle)  # in which other tests build firmware
    expected = {name: shared[name] for name in shared if name.split("/")[0] != "firmware"}
    assert tree(tmp_path / "elsewhere" / "deep" / "er") == expected


def test_the_bundle_knows_no_place_and_no_date(tmp_path: Path) -> None:
    bundle = convert_small(tmp_path)
    traces = (str(tmp_path), str(Path.home()), "/work", "/tmp", "/usr/")
    dates = re.compile(r"\b20[2-9]\d-[01]\d-[0-3]\d\b")
    for path in bundle.rglob("*"):
        if path.is_dir():
            continue
        text = path.read_bytes().decode("utf-8", errors="replace")
        assert not [trace for trace in traces if trace in text], path
        assert not dates.search(text), path


@pytest.mark.parametrize("form", ["cmake", "arduino", "zephyr", "platformio", "esp-idf", "tflm"])
def test_every_format_is_deterministic_and_different(form: str, desk: Path) -> None:
    line = f"convert model.tflite -t virtual-m4 --calibration data.npz --format {form} -q -o"
    succeeds(*line.split(), "one")
    succeeds(*line.split(), "two")
    assert tree(Path("one")) == tree(Path("two"))
    marks = {
        "cmake": "c/CMakeLists.txt",
        "arduino": "library.properties",
        "zephyr": "zephyr/module.yml",
        "platformio": "library.json",
        "esp-idf": "idf_component.yml",
        "tflm": "tflm/",
    }
    assert any(marks[form] in name for name in tree(Path("one"))), sorted(tree(Path("one")))


@pytest.mark.qemu
def test_from_bundle_to_report(desk: Path, small_bundle: Path) -> None:
    """build -> bench with energy -> report in every form -> verify."""
    shutil.copytree(small_bundle, "bundle")
    built = succeeds("build", "bundle").out
    assert re.search(r"^ *total +[\d,]+ +[\d,]+ *$", built, re.MULTILINE)
    assert Path("bundle/firmware/virtual-m4/firmware.elf").read_bytes()[:4] == b"\x7fELF"

    words = ("bench", "bundle", "--data", "data.npz", "--samples", "4", "-o", "report")
    shown = succeeds(*words, "--power", "virtual", "--quick", "--windows", "2").out
    assert re.search(r"How fast\? +\S+ \S+ \(estimated\) +[\d,]+ instructions \(simulated\)", shown)
    assert re.search(r"How much energy\? +\S+ \S+ \(simulated\) +per inference", shown)
    assert shown.endswith("report: report/report.html\n")
    names = {path.name for path in Path("report").iterdir()}
    assert names == {"report.json", "report.html", "report.md", "power-trace.npz"}

    record = json.loads(Path("report/report.json").read_text(encoding="utf-8"))
    (run,) = record["runs"]
    assert (run["outputs_checked"], run["outputs_equal"]) == (4, 4)
    assert run["provenance"] == "simulated"
    assert run["device"].startswith("QEMU ")
    assert sum(step["count"] for step in run["steps"]) <= run["count_per_inference"] * 1.05
    energy = record["energy"]
    assert 0 < energy["low_j"] <= energy["gross_j"] <= energy["high_j"]
    assert energy["provenance"] == "simulated"
    assert [window["source"] for window in energy["windows"]] == ["trigger", "trigger"]
    figures = record["figures"]
    drift = figures.pop("board_clock")  # parts per million, of either sign
    assert drift["low"] <= drift["value"] <= drift["high"]
    assert all(figure["value"] > 0 for figure in figures.values()), figures
    assert figures["estimated_latency"]["provenance"] == "estimated"
    assert 0 < run["memory"]["stack_high_water"] < run["memory"]["stack"]

    succeeds("report", "report", "--html", "a.html", "--markdown", "a.md", "--csv", "a.csv", "-q")
    page = Path("a.html").read_text(encoding="utf-8")
    assert page.count("<svg") >= 2
    assert not re.search(r"""(?:src|href)=["'](?!#|data:)""", page), "not self-contained"
    assert "simulated" in page
    assert "estimated" in page
    assert "simulated" in Path("a.md").read_text(encoding="utf-8")
    rows = list(csv.reader(Path("a.csv").read_text(encoding="utf-8").splitlines()))
    assert len({len(row) for row in rows}) == 1
    assert {"measured", "simulated", "estimated"} <= {cell for row in rows for cell in row}
    assert "How fast?" in succeeds("report", "report").out


@pytest.mark.qemu
def test_counts_on_a_virtual_board_are_exact(desk: Path, small_bundle: Path) -> None:
    first, second = (succeeds("bench", small_bundle, "--json").record["runs"][0] for _ in range(2))
    assert first["count_per_inference"] == second["count_per_inference"]
    assert first["steps"] == second["steps"]
    assert first["memory"] == second["memory"]
    assert len({window["count"] for run in (first, second) for window in run["windows"]}) == 1


@pytest.mark.qemu
def test_temporary_folders_may_lie_deep(
    desk: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Deeper than the address of a socket is long."""
    deep = desk.parent / "temporary" / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    (run,) = succeeds("bench", small_bundle, "--samples", "1", "--json").record["runs"]
    assert run["outputs_equal"] == 1


@pytest.mark.qemu
def test_verify_with_the_board(desk: Path, small_bundle: Path) -> None:
    words = ("verify", small_bundle, "--samples", "10", "--data", "data.npz", "--board")
    done = succeeds(*words)
    assert done.out.rstrip().endswith("the generated C equals the reference bit for bit")
    for engine in (r"native", r"QEMU \S+ mps2-an386"):
        assert re.search(rf"edgekit-c \S+, {engine} +20/20 +0 ", done.out), done.out


@pytest.mark.qemu
@pytest.mark.parametrize("target", ["virtual-m0", "virtual-m33"])
def test_a_bundle_runs_on_other_boards_too(target: str, desk: Path) -> None:
    bundle = convert_small(desk, target=target)
    run = succeeds("bench", bundle, "--json").record["runs"][0]
    assert (run["outputs_checked"], run["outputs_equal"]) == (3, 3)
    assert run["count_per_inference"] > 1000


def test_run_with_every_engine(desk: Path, small_bundle: Path) -> None:
    np.save("two.npy", np.load("data.npz")["x"][:2])
    answers = {}
    for engine in ("litert", "reference", "c"):
        words = ("run", small_bundle, "two.npy", "--engine", engine, "--json")
        answers[engine] = succeeds(*words).record
        assert [answer["input"] for answer in answers[engine]] == [
            "two.npy sample 0",
            "two.npy sample 1",
        ]
        for answer in answers[engine]:
            assert sum(answer["values"]) == pytest.approx(1, abs=0.02)
            assert len(answer["top"]) == 3
    engines = {engine: answer[0]["engine"] for engine, answer in answers.items()}
    assert engines["reference"] == "NumPy reference"
    assert engines["c"].startswith("edgekit-c ")
    values = {e: [answer["values"] for answer in answers[e]] for e in answers}
    assert values["c"] == values["reference"]
    assert np.abs(np.subtract(values["litert"], values["c"])).max() <= 2 / 256
    text = succeeds("run", small_bundle, "two.npy", "--top", "1").out
    assert re.fullmatch(r"(two\.npy sample \d: class \d \d\.\d{3}\n){2}", text)


def test_run_takes_a_single_sample(desk: Path, small_bundle: Path) -> None:
    np.save("one.npy", np.load("data.npz")["x"][0])
    assert succeeds("run", small_bundle, "one.npy", "--top", "1").out.startswith("one.npy: class ")


def test_bench_on_this_machine(desk: Path, small_bundle: Path) -> None:
    words = ("bench", small_bundle, "-t", "host", "--quick", "--threads", "1,2", "--batch", "1,8")
    done = succeeds(*words, "-o", "report", "--json")
    runs = done.record["runs"]
    assert [run["engine"].split()[0] for run in runs][-1] == "edgekit-c"
    assert len(runs) == 3
    assert all(run["provenance"] == "measured" for run in runs)
    assert all(run["outputs_checked"] == 3 for run in runs)
    assert runs[-1]["outputs_equal"] == 3
    assert all(1e-8 < value < 1 for run in runs for value in run["latency_s"])
    (other,) = (note for note in done.record["warnings"] if note["code"] == "other-target")
    assert other["advice"] == "for kernels chosen for it convert with --target host"
    shown = succeeds("report", "report").out
    assert re.search(r"How fast\? +\S+ \S+ \(measured\)", shown)


def test_inspect_says_what_is_inside(desk: Path, small_bundle: Path) -> None:
    record = succeeds("inspect", "model.tflite", "-t", "virtual-m4", "--json").record
    assert record["operators"] == {
        "CONV_2D": 1,
        "FULLY_CONNECTED": 1,
        "MAX_POOL_2D": 1,
        "RESHAPE": 1,
        "SOFTMAX": 1,
    }
    assert record["macs"] == 6 * 6 * 4 * 27 + 36 * 4
    assert (record["quantized"], record["file_bytes"]) == (
        "no",
        Path("model.tflite").stat().st_size,
    )
    assert {layer["runs_as_c"] for layer in record["layers"]} == {"after int8"}
    record = succeeds("inspect", small_bundle / "model.tflite", "--json").record
    assert record["quantized"] == "int8"
    assert {layer["runs_as_c"] for layer in record["layers"]} == {"yes"}
    assert re.fullmatch(r"\S+ \* \(q [-+] \d+\)", record["inputs"][0]["quantization"])
    text = succeeds("inspect", small_bundle / "model.tflite", "--graph").out
    assert "CONV_2D" in text


def test_a_report_of_a_conversion_has_no_date_and_no_run(desk: Path, small_bundle: Path) -> None:
    shown = succeeds("report", small_bundle).out
    assert re.search(r"How fast\? +\S+ \S+ \(estimated\) +[\d,]+ instructions \(estimated\)", shown)
    assert "nothing ran yet" in shown
    assert re.search(r"How big\? +.*\(estimated\)", shown)
    assert edgekit("report", small_bundle, "--json").record["created"] == ""
