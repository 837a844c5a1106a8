"""--json, --quiet and --verbose: the same rules for every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edgekit.cli import output
from edgekit.errors import EdgeKitError
from tests.helpers.command_line import ENTRY, ROOT, edgekit, fails, program, succeeds

CALM = (
    "doctor",
    "targets",
    "targets virtual-m4",
    "meters list",
    "inspect model.tflite -t virtual-m4",
    "inspect model.tflite --graph",
    "convert model.tflite -t rpi4 --calibration data.npz -o out",
    "run {bundle} data.npz",
    "report {bundle}",
    "report {bundle} --html page.html --markdown page.md --csv page.csv",
)
SLOWER = ("verify {bundle} --samples 2", "build {bundle} -o firmware")


def _words(line: str, bundle: Path) -> list[str]:
    return line.format(bundle=bundle).split()


@pytest.mark.parametrize("line", CALM + SLOWER)
def test_json_is_one_value_and_nothing_else(line: str, desk: Path, small_bundle: Path) -> None:
    done = succeeds(*_words(line, small_bundle), "--json")
    assert isinstance(done.record, dict | list)
    assert done.err == ""


@pytest.mark.parametrize("line", CALM + SLOWER)
def test_quiet_prints_nothing(line: str, desk: Path, small_bundle: Path) -> None:
    done = succeeds(*_words(line, small_bundle), "--quiet")
    assert (done.out, done.err) == ("", "")


@pytest.mark.parametrize("line", CALM)
def test_verbose_says_the_same_result(line: str, desk: Path, small_bundle: Path) -> None:
    plain, verbose = (succeeds(*_words(line, small_bundle), *more) for more in ((), ("-v",)))
    assert plain.out
    assert _untimed(verbose.out) == _untimed(plain.out)
    assert len(verbose.err) >= len(plain.err)


def _untimed(text: str) -> list[str]:
    """The lines, without the one that says how long it took."""
    return [line for line in text.splitlines() if not line.strip().startswith("time ")]


def test_verbose_reports_stages(desk: Path) -> None:
    line = "convert model.tflite -t rpi4 --calibration data.npz -o out -v"
    assert "calibrate: 120/120" in succeeds(*line.split()).err


@pytest.mark.parametrize("line", CALM + SLOWER)
def test_quiet_and_verbose_contradict(line: str, desk: Path, small_bundle: Path) -> None:
    error = fails(*_words(line, small_bundle), "-q", "-v", exit_code=2, code="usage")
    assert (error["subject"], error["hint"]) == ("--quiet, --verbose", "choose one of them")


def test_an_error_is_a_few_short_lines_on_stderr(desk: Path) -> None:
    done = edgekit("convert", "model.tflite", "-t", "rpi4", "-o", "out", "--format", "fortran")
    assert (done.code, done.out) == (2, "")
    assert done.err.splitlines() == [
        "error: --format: unknown value 'fortran' [bad-option]",
        "  allowed: cmake, arduino, zephyr, platformio, esp-idf, tflm",
        "  next:    `edgekit convert --help` describes each",
        "  more:    edgekit explain bad-option",
    ]
    done = edgekit("inspect", "missing.tflite", "--quiet")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "error: missing.tflite: no such file [model-missing]",
        "  next:    check the path",
        "  more:    edgekit explain model-missing",
    ]


def test_a_subject_with_brackets_is_printed_as_it_is(desk: Path) -> None:
    """Brackets are markup to the terminal library."""
    assert "[red]x[/red].tflite: no such file" in edgekit("inspect", "[red]x[/red].tflite").err


@pytest.mark.parametrize(
    "line",
    [
        "convert --json",
        "convert model.tflite --json",
        "nonsense --json",
        "--json",
        "convert model.tflite -t rpi4 -o out --alpha wide --json",
        "bench nowhere --samples 0 --json",
        "run --json",
    ],
)
def test_typing_errors_are_json_too(line: str, desk: Path) -> None:
    done = edgekit(*line.split())
    assert (done.code, done.err) == (2, "")
    error = done.record["error"]
    assert (error["code"], error["exit_code"]) == ("usage", 2)
    assert error["hint"].startswith("see `edgekit")


@pytest.mark.parametrize(
    "words", [["inspect", ""], ["convert", "model.tflite", "-t", "rpi4", "-o", ""]]
)
def test_an_empty_argument_is_no_path(words: list[str], desk: Path) -> None:
    error = fails(*words, exit_code=2, code="empty-argument")
    assert error["hint"] == "is a shell variable not set?"


def test_a_bug_of_ours_is_one_line_and_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise RuntimeError("the impossible happened")

    monkeypatch.setattr("edgekit.deploy.doctor.examine", broken)
    error = fails("doctor", exit_code=1, code="internal")
    assert error["found"] == "RuntimeError: the impossible happened"
    with pytest.raises(RuntimeError):
        edgekit("doctor", "--verbose")


def test_a_reader_that_goes_away_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(self: output.Output, value: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(output.Output, "emit", closed)
    assert edgekit("targets").code == 0


def test_output_can_be_piped_into_a_pager_that_quits() -> None:
    """As `edgekit targets --json | head -1` does."""
    import subprocess
    import sys

    done = subprocess.run(
        f"{sys.executable} -c '{ENTRY}' targets --json | head -1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.stdout, done.stderr) == ("[\n", "")


def test_the_program_keeps_stdout_for_the_result(small_bundle: Path) -> None:
    done = program("inspect", small_bundle / "model.tflite", "--json")
    assert json.loads(done.out)["quantized"] == "int8"
    assert done.err == ""


def test_errors_know_their_form() -> None:
    error = EdgeKitError("this", "is wrong", allowed="that", hint="do it", code="some-code")
    assert str(error) == "this: is wrong (allowed: that). Do it"
    assert error.as_dict()["exit_code"] == 1
