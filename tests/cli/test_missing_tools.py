"""Programs and packages that are not installed: the name of what to install, exit 1."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.helpers.command_line import ROOT, Done, fails, nothing_left_in, program, succeeds

SHAPES = ROOT / "samples" / "shapes" / "shapes.keras"
INTERPRETERS = "ai_edge_litert,tflite_runtime,tensorflow,keras"


def _tools(folder: Path, *names: str) -> str:
    """A PATH with these programs only."""
    folder.mkdir(exist_ok=True)
    for name in names:
        found = shutil.which(name)
        if found is None:
            pytest.skip(f"{name} is not installed here")
        (folder / name).symlink_to(found)
    return str(folder)


@pytest.mark.parametrize(
    ("line", "packages"),
    [
        ("build {} -o firmware", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("bench {}", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("verify {} --samples 1 --board", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("run {} data.npz --engine c", "gcc libc6-dev"),
    ],
)
def test_no_compiler(
    line: str, packages: str, desk: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", _tools(desk.parent / "bin"))
    with nothing_left_in(desk, small_bundle, desk.parent / "temporary"):
        error = fails(*line.format(small_bundle).split(), exit_code=1, code="compiler-missing")
    assert error["hint"] == f"run: sudo apt-get install {packages}"


@pytest.mark.parametrize("line", ["bench {}", "verify {} --samples 1 --board"])
def test_no_emulator(
    line: str, desk: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", _tools(desk.parent / "bin", "arm-none-eabi-gcc", "gcc", "as", "ld"))
    with nothing_left_in(desk, small_bundle, desk.parent / "temporary"):
        error = fails(*line.format(small_bundle).split(), exit_code=1, code="qemu-missing")
    assert "sudo apt-get install qemu-system-arm" in error["hint"]


def test_verify_without_a_compiler_proves_nothing_and_says_so(
    desk: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", _tools(desk.parent / "bin"))
    done = succeeds("verify", small_bundle, "--samples", "1")
    assert "no generated C was run: nothing is proved about it" in done.out
    assert "bit for bit" not in done.out


def test_bench_on_this_machine_without_a_compiler_runs_the_interpreter(
    desk: Path, small_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", _tools(desk.parent / "bin"))
    report = succeeds("bench", small_bundle, "-t", "host", "--quick", "--json").record
    assert len(report["runs"]) == 1
    skipped = [note for note in report["warnings"] if note["code"] == "engine-skipped"]
    assert [note["subject"] for note in skipped] == ["generated C"]
    assert "gcc" in skipped[0]["advice"]


def test_doctor_names_what_is_missing(desk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", _tools(desk.parent / "bin"))
    checks = {check["name"]: check for check in succeeds("doctor", "--json").record}
    assert checks["qemu-system-arm"]["status"] == "missing"
    assert checks["gcc"]["fix"] == "sudo apt-get install gcc libc6-dev"
    assert checks["numpy"]["status"] == "ok"


def _one_line(done: Done, subject: str, hint: str) -> None:
    assert (done.code, done.out) == (1, ""), done
    first, second = done.err.splitlines()
    assert first.startswith(f"error: {subject}: not installed, and ")
    assert second == f"  next:    {hint}"


@pytest.mark.parametrize(
    "line",
    [
        f"convert {SHAPES} -t virtual-m4 -o new --calibration data.npz",
        "inspect mobilenet_v1",
    ],
)
def test_no_tensorflow(line: str, desk: Path) -> None:
    with nothing_left_in(desk, desk.parent / "temporary"):
        done = program(*line.split(), cwd=desk, EDGEKIT_TEST_HIDE="tensorflow,keras")
    _one_line(done, "tensorflow", "run: pip install 'edgekit-sdk[convert]'")


def test_tflite_needs_no_tensorflow_and_no_interpreter(desk: Path) -> None:
    line = "convert model.tflite -t virtual-m4 -o new --calibration data.npz -q"
    done = program(*line.split(), cwd=desk, EDGEKIT_TEST_HIDE=INTERPRETERS)
    assert done == Done(0, "", "")


def test_no_interpreter(desk: Path, small_bundle: Path) -> None:
    done = program("run", small_bundle, "data.npz", cwd=desk, EDGEKIT_TEST_HIDE=INTERPRETERS)
    _one_line(done, "ai_edge_litert", "run: pip install 'edgekit-sdk[litert]'")


def test_generated_c_needs_no_interpreter(desk: Path, small_bundle: Path) -> None:
    words = ("run", small_bundle, "data.npz", "--engine", "c", "-q")
    assert program(*words, cwd=desk, EDGEKIT_TEST_HIDE=INTERPRETERS) == Done(0, "", "")


def test_verify_lists_engines_that_are_not_installed(desk: Path, small_bundle: Path) -> None:
    words = ("verify", small_bundle, "--samples", "2", "--json")
    hidden = f"{INTERPRETERS},tflite_micro"
    engines = program(*words, cwd=desk, EDGEKIT_TEST_HIDE=hidden).record["engines"]
    assert [bool(engine["skipped"]) for engine in engines] == [True, True, False]
    assert engines[-1]["inputs_equal"] == 2


def test_bench_without_an_interpreter_runs_the_c(desk: Path, small_bundle: Path) -> None:
    words = ("bench", small_bundle, "-t", "host", "--quick", "--json")
    report = program(*words, cwd=desk, EDGEKIT_TEST_HIDE=INTERPRETERS).record
    assert [run["engine"].split()[0] for run in report["runs"]] == ["edgekit-c"]


def test_doctor_names_the_extra(desk: Path) -> None:
    done = program("doctor", cwd=desk, EDGEKIT_TEST_HIDE=INTERPRETERS)
    assert "tensorflow: pip install 'edgekit-sdk[convert]'" in done.out
