"""Cold starts: of the interpreter, of the generated C's program, and what a runner's lines say."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgekit.artifacts.run import ColdStart
from edgekit.errors import DataError, DeviceError
from edgekit.firmware_stubs.runner import build_runner
from edgekit.runtime.runner.clock import clock_ns
from edgekit.runtime.runner.cold_program import program_starts, starts_of
from edgekit.runtime.runner.host import cold_starts
from edgekit.targets.reader import load_target
from tests.helpers.tiny_bundle import TINY_INPUT, tiny_bundle
from tests.helpers.tiny_tflite import add_one_model


def parts(start: ColdStart) -> tuple[float, float, float]:
    return start.process_s, start.load_s, start.first_s


def test_the_interpreter_in_processes_of_its_own(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(add_one_model())
    began = clock_ns()
    found = cold_starts(model, [np.zeros((1, 4), np.float32)], count=2)
    passed = (clock_ns() - began) / 1e9
    assert len(found) == 2
    assert all(part > 0 for start in found for part in parts(start))
    assert sum(start.total_s for start in found) < passed


def test_errors_of_the_process_are_ours(tmp_path: Path) -> None:
    model = tmp_path / "model.tflite"
    model.write_bytes(add_one_model())
    with pytest.raises(DataError) as caught:
        cold_starts(model, [], count=1)
    assert caught.value.code == "input-count"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_bundle(tmp_path_factory.mktemp("cold") / "bundle")
    return build_runner(folder, load_target("host"), folder.parent / "out")


def test_the_generated_c_as_a_program(program: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample.bin"
    sample.write_bytes(TINY_INPUT)
    began = clock_ns()
    found = program_starts(program, sample, count=3)
    passed = (clock_ns() - began) / 1e9
    assert len(found) == 3
    assert all(part > 0 for start in found for part in parts(start))
    assert sum(start.total_s for start in found) < passed


def test_a_program_that_does_not_run(program: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample.bin"
    sample.write_bytes(TINY_INPUT + b"x")
    with pytest.raises(DeviceError, match=r"ended with status 1: runner: .* not one or more") as e:
        program_starts(program, sample, count=1)
    assert e.value.code == "runner-output"
    assert e.value.hint


def test_the_parts_come_from_the_lines_of_the_program() -> None:
    lines = [
        '{"samples": 1, "entered_ns": 1500000000}',
        '{"sample": 0, "ready_ns": 1750000000, "ns": [125000000], "outputs": []}',
        '{"began_ns": 1000000000}',
    ]
    [found] = starts_of("\n".join(lines), 1)
    assert (parts(found), found.total_s) == ((0.5, 0.25, 0.125), 0.875)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "0 of 1 starts"),
        ('{"samples": 1, "entered_ns": 1}\n', "shorter"),
        ("Segmentation fault\n", "Expecting value"),
        ('{"entered_ns": 1}\n{"ready_ns": 1, "ns": []}\n{"began_ns": 1}\n', "out of range"),
    ],
)
def test_other_lines_are_named(text: str, found: str) -> None:
    with pytest.raises(DeviceError, match=found) as caught:
        starts_of(text, 1)
    assert caught.value.code == "runner-output"


def test_a_program_that_cannot_start_itself_again(program: Path, tmp_path: Path) -> None:
    sample = tmp_path / "sample.bin"
    sample.write_bytes(TINY_INPUT)
    words = ["gone", "starts", "1", str(sample)]
    done = subprocess.run(words, executable=program, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (127, "runner: gone: cannot be started again\n")


@pytest.mark.parametrize("count", ["0", "-1", "many"])
def test_a_number_of_starts_that_is_none(count: str, program: Path) -> None:
    words = [program, "starts", count, "sample.bin"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.split()[0]) == (2, "usage:")
