"""The log of runs: whole lines from many writers, also when it is put aside or one is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.runtime.lab.run_log import LoggedRun, append, log_path, moment, read_log, result_of

ROOT = Path(__file__).parent.parent.parent.parent
RUN = LoggedRun(
    start=moment(0.0),
    end=moment(1.5),
    seconds=1.5,
    command="bench",
    target="virtual-m4",
    device="",
    bundle="build/vww",
    model_sha256="ab" * 32,
    result="ok",
    exit_code=0,
    error="",
    message="",
    warnings=("other-target",),
    output="report",
    pid=1,
    edgekit="0.1.0",
)
WRITE = """
import sys
from dataclasses import replace
from pathlib import Path
from tests.runtime.lab.test_run_log import RUN
from edgekit.runtime.lab.run_log import append
writer, limit = int(sys.argv[2]), int(sys.argv[3])
for number in range(50):
    append(Path(sys.argv[1]), replace(RUN, pid=writer, seconds=float(number)), limit=limit)
"""


def _writers(path: Path, limit: int) -> None:
    words = [sys.executable, "-c", WRITE, str(path)]
    all_of_them = [
        subprocess.Popen([*words, str(writer), str(limit)], cwd=ROOT) for writer in range(4)
    ]
    assert [process.wait() for process in all_of_them] == [0] * 4


def test_a_line_is_a_run(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "runs.jsonl"
    append(path, RUN)
    append(path, replace(RUN, result="failed", exit_code=1))
    assert read_log(path) == [RUN, replace(RUN, result="failed", exit_code=1)]
    first = json.loads(path.read_text().splitlines()[0])
    assert (first["schema"], first["command"], first["seconds"]) == (1, "bench", 1.5)


def test_many_writers_lose_no_line_and_mix_none(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    _writers(path, 1 << 30)
    lines = path.read_text().splitlines()
    runs = read_log(path)
    assert len(lines) == len(runs) == 200
    for writer in range(4):
        mine = [run.seconds for run in runs if run.pid == writer]
        assert mine == [float(number) for number in range(50)]


def test_a_full_log_is_put_aside_whole_while_others_write(tmp_path: Path) -> None:
    path, length = tmp_path / "runs.jsonl", len(RUN.line())
    limit = 120 * length  # the 200 lines fill it once
    _writers(path, limit)
    aside = path.with_name("runs.jsonl.1")
    assert path.stat().st_size <= limit
    assert aside.stat().st_size <= limit
    assert len(read_log(path)) + len(read_log(aside)) == 200


def test_a_line_that_was_cut_off_spoils_no_other(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append(path, RUN)
    with path.open("a") as stream:
        stream.write(RUN.line()[:40])
    append(path, replace(RUN, pid=2))
    assert [run.pid for run in read_log(path)] == [1, 2]


def test_passwords_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append(path, replace(RUN, message="postgresql://me:hunter2@host/db refused"))
    assert "hunter2" not in path.read_text()
    assert read_log(path)[0].message == "postgresql://me:***@host/db refused"


@pytest.mark.parametrize(
    ("code", "word"), [(0, "ok"), (1, "failed"), (2, "usage"), (3, "no"), (130, "interrupted")]
)
def test_results(code: int, word: str) -> None:
    assert result_of(code) == word


def test_where_the_log_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EDGEKIT_LOG", raising=False)
    monkeypatch.setenv("EDGEKIT_STATE", str(tmp_path))
    assert log_path() == tmp_path / "runs.jsonl"
    monkeypatch.setenv("EDGEKIT_LOG", "elsewhere.jsonl")
    assert log_path() == Path("elsewhere.jsonl")
    assert log_path(Path("given")) == Path("given")
    monkeypatch.setenv("EDGEKIT_LOG", "off")
    assert log_path() is None
    assert log_path(Path("given")) == Path("given")
