"""Locks between processes: who holds one, waiting for it, and what becomes of it by kill -9."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgekit.errors import DeviceError, EdgeKitError, OutputError
from edgekit.runtime.lab.locks import Holder, holder, lock_path, locked, locked_file

ROOT = Path(__file__).parent.parent.parent.parent
PORT = "port /dev/ttyACM0"
HOLD = """
import sys
from edgekit.runtime.lab.locks import locked
with locked(sys.argv[1:], what="bench small on nano33ble"):
    print("held", flush=True)
    sys.stdin.read()
"""
COUNT = """
import sys
from pathlib import Path
from edgekit.runtime.lab.locks import locked
path = Path(sys.argv[1])
for _ in range(20):
    with locked(["port a", "port b"], what="count", wait_s=300):
        path.write_text(str(int(path.read_text()) + 1))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEKIT_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def _child(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@contextmanager
def _held_elsewhere(*names: str) -> Iterator[subprocess.Popen[str]]:
    with _child(HOLD, *names) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_run_is_refused_and_told_who_is_first() -> None:
    with _held_elsewhere(PORT) as first:
        with pytest.raises(DeviceError) as caught, locked([PORT], what="flash"):
            pass
        error = caught.value
        assert (error.code, error.subject, error.exit_code) == ("device-locked", PORT, 1)
        assert f"process {first.pid}, bench small on nano33ble, since 20" in error.found
        assert "--wait" in error.hint


def test_two_runs_in_one_process_are_two() -> None:
    with locked([PORT], what="one"):
        with pytest.raises(DeviceError, match=f"process {os.getpid()}, one"):
            locked([PORT], what="two").__enter__()
        with locked(["port /dev/ttyACM1"], what="three"):
            pass


def test_a_lock_of_a_killed_process_is_free() -> None:
    with _held_elsewhere(PORT) as first:
        assert holder(PORT) is not None
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert holder(PORT) is None
    with locked([PORT], what="next"):
        held = holder(PORT)
        assert held is not None
        assert (held.pid, held.what) == (os.getpid(), "next")
    assert holder(PORT) is None


def test_waiting_tells_for_whom_and_goes_on_when_the_lock_is_free() -> None:
    told: list[str] = []
    with _held_elsewhere(PORT) as first:

        def tell(text: str) -> None:
            told.append(text)
            first.kill()  # from here on the lock is free

        with locked([PORT], what="second", wait_s=300, tell=tell):
            held = holder(PORT)
            assert held is not None
            assert held.what == "second"
    assert len(told) == 1
    assert told[0].startswith(f"waiting for {PORT} (process {first.pid}, bench small")


def test_what_was_taken_before_a_refusal_is_let_go_of() -> None:
    with _held_elsewhere("port b"), pytest.raises(DeviceError, match="port b"):
        locked(["port b", "port a"], what="both").__enter__()
    assert holder("port a") is None


def test_locks_are_let_go_of_when_the_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), locked([PORT], what="fails"):
        raise ZeroDivisionError
    assert holder(PORT) is None


def test_many_processes_count_without_losing_one(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    children = [_child(COUNT, str(counter)) for _ in range(4)]
    assert [child.wait() for child in children] == [0] * 4
    assert counter.read_text() == "80"


def test_names_that_look_alike_have_files_of_their_own() -> None:
    assert lock_path("port /dev/a-b") != lock_path("port /dev/a_b")
    assert lock_path(PORT).name.startswith("port-dev-ttyACM0-")


def test_no_locks_no_folder(folder: Path) -> None:
    with locked([], what="virtual"):
        assert not folder.exists()


def test_a_place_that_cannot_be_written_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write_text("a file")
    with pytest.raises(OutputError) as caught:
        locked([PORT], what="one").__enter__()
    assert caught.value.code == "lock-folder"
    assert "EDGEKIT_STATE" in caught.value.hint


def _refused(who: Holder | None) -> EdgeKitError:
    return EdgeKitError("the folder", f"{who}")


def test_a_file_of_ones_own_is_locked_alike(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "out" / ".lock"
    words = f"process {os.getpid()}, sweep of a.tflite, since"
    with (
        locked_file(path, what="sweep of a.tflite", refuse=_refused),
        pytest.raises(EdgeKitError, match=words),
    ):
        locked_file(path, what="another", refuse=_refused).__enter__()
    with locked_file(path, what="the next", refuse=_refused):
        assert not folder.exists()


def test_a_file_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / ".lock").mkdir()
    with pytest.raises(OutputError) as caught:
        locked_file(tmp_path / ".lock", what="one", refuse=_refused).__enter__()
    assert (caught.value.code, caught.value.subject) == ("lock-folder", str(tmp_path / ".lock"))
    assert "choose another" in caught.value.hint


def test_without_flock_nothing_is_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with locked([PORT], what="one"), locked([PORT], what="two"):
        held = holder(PORT)
    assert held is None
