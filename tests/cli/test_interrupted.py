"""Ctrl-C and kill, at known moments of each step: one line, exit 130, nothing left."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from edgekit.artifacts.partial import PARTIAL_NAME, PARTIAL_TRACE
from tests.helpers.command_line import nothing_left_in, started
from tests.helpers.small_bundles import write_data

ONE_LINE = "error: interrupted: nothing was left half-written"


def _interrupt(
    process: subprocess.Popen[str], at: str, number: int = signal.SIGINT
) -> tuple[int, str, list[str]]:
    """Signal the whole process group, as a terminal does, once a line with `at` is on stderr;
    (exit code, stdout, what stderr held from then on)."""
    watchdog = threading.Timer(60, process.kill)
    watchdog.start()
    assert process.stderr is not None
    with process:
        seen = []
        for line in process.stderr:
            seen.append(line)
            if at in line:
                break
        assert process.poll() is None, f"ended before {at!r}: {seen}"
        os.killpg(process.pid, number)
        out, err = process.communicate()
    watchdog.cancel()
    return process.returncode, out, err.splitlines()


def _own_processes(mark: str) -> list[str]:
    """Command lines of running processes that mention `mark`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if mark in words:
            found.append(words)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_during_convert(desk: Path, number: int) -> None:
    write_data(desk / "many.npz", 4000)
    line = "convert model.tflite -t virtual-m4 -o build/new --calibration many.npz -v"
    with nothing_left_in(desk, desk.parent / "temporary"):
        process = started(*line.split(), "--calibration-samples", "4000", cwd=desk)
        code, out, err = _interrupt(process, "check data: 4000/4000", number)
    assert out == ""
    if number == signal.SIGINT:
        assert (code, err) == (130, [ONE_LINE])
    else:
        assert (code, err) == (128 + signal.SIGTERM, [])


def test_during_convert_over_an_old_bundle(desk: Path, own_bundle: Path) -> None:
    shutil.move(own_bundle, desk / "bundle")
    write_data(desk / "many.npz", 4000)
    line = "convert model.tflite -t virtual-m0 -o bundle --calibration many.npz -v"
    with nothing_left_in(desk, desk.parent / "temporary"):
        process = started(*line.split(), "--calibration-samples", "4000", cwd=desk)
        code, _, _ = _interrupt(process, "check data: 4000/4000")
    assert code == 130


def test_as_json(desk: Path) -> None:
    """Standard output stays one JSON value. Here the signal comes while data are awaited."""
    os.mkfifo(desk / "slow.npy")
    line = "convert model.tflite -t virtual-m4 -o new --calibration slow.npy --json"
    process = started(*line.split(), cwd=desk)
    with (desk / "slow.npy").open("wb"):  # opens once the program reads
        os.killpg(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    error = json.loads(out)["error"]
    assert (error["code"], error["exit_code"]) == ("interrupted", 130)
    assert not (desk / "new").exists()


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("line", "moment"),
    [
        ("bench {bundle} -o report -v --samples 200", "building and booting: 1/1"),
        ("bench {bundle} -o report -v --power virtual", "memory: 1/1"),
        ("verify {bundle} --board --samples 400 -v", "native: 400/400"),
    ],
)
def test_during_a_board_s_work(line: str, moment: str, desk: Path, small_bundle: Path) -> None:
    """The emulator must not survive. A benchmark leaves what `--resume` goes on from, no more."""
    words = line.format(bundle=small_bundle).split()
    before = set(desk.iterdir())
    with nothing_left_in(desk.parent / "temporary", small_bundle):
        code, out, err = _interrupt(started(*words, cwd=desk), moment)
    assert (code, out, err[-1:]) == (130, "", [ONE_LINE])
    assert set(desk.iterdir()) - before <= {desk / "report"}
    left = {path.name for path in (desk / "report").glob("*")}
    assert left <= {PARTIAL_NAME, PARTIAL_TRACE}
    assert bool(left) == any("--resume" in text for text in err)
    assert _own_processes(str(desk.parent)) == []
