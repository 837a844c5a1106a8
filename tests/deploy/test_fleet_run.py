"""Runs in processes of their own: crashes are told, Ctrl-C ends all of them, verdicts count."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.deploy.fleet import FleetResult
from edgekit.deploy.fleet_run import Job, Outcome, run_jobs
from edgekit.errors import DeviceError, MismatchError
from edgekit.runtime.lab.run_log import read_log
from edgekit.runtime.lab.schedule import Need, Shares
from tests.helpers.command_line import started


def test_a_process_that_crashes_is_told_with_its_last_words() -> None:
    told: list[str] = []
    ended: list[Outcome] = []
    jobs = [Job(Need(name, Shares.AWAY), {"bundle": ""}) for name in ("a", "b")]
    found = run_jobs(jobs, lambda name, stage, done, total: told.append(name), ended.append)
    assert [outcome.name for outcome in found] == ["a", "b"]
    assert sorted(told) == sorted(outcome.name for outcome in ended) == ["a", "b"]
    for outcome in found:
        assert outcome.error is not None
        assert outcome.error.code == "fleet-crashed"
        assert outcome.error.found == "its process ended with status 1: KeyError: 'target'"


def test_failures_go_before_verdicts() -> None:
    good = Outcome("a", None, None, None, 0.0, 1.0)
    wrong = replace(good, name="b", verdict=MismatchError("b", "outputs differ"))
    failed = replace(good, name="c", error=DeviceError("c", "no such port"))
    assert FleetResult((), (good,), None).verdict() is None
    no = FleetResult((), (good, wrong), None).verdict()
    assert no is not None
    assert (no.exit_code, no.code) == (3, "fleet-failed")
    error = FleetResult((), (wrong, failed), None).verdict()
    assert error is not None
    assert error.exit_code == 1
    assert error.found == "1 of 2 runs failed: c (no such port)"


def _children(parent: int) -> list[int]:
    """Processes whose parent is `parent`, and theirs."""
    mine = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent:
            number = int(path.parent.name)
            mine += [number, *_children(number)]
    return mine


@pytest.mark.qemu
def test_ctrl_c_ends_all_of_them(small_bundle: Path, tmp_path: Path) -> None:
    words = ("bench", small_bundle, "-t", "virtual-m4,virtual-m7", "-o", tmp_path / "out")
    log = tmp_path / "runs.jsonl"
    with started(*words, TMPDIR=str(tmp_path), EDGEKIT_LOG=str(log)) as process:
        while len(_children(process.pid)) < 2:
            assert process.poll() is None
            time.sleep(0.05)
        children = _children(process.pid)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
    assert process.returncode == 130
    assert "interrupted" in said
    assert sorted((run.target, run.result) for run in read_log(log)) == [
        ("virtual-m4", "interrupted"),
        ("virtual-m7", "interrupted"),
    ]
    for child in children:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)
