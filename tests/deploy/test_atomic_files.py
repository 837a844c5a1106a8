"""Files and folders appear whole or not at all."""

from __future__ import annotations

import errno
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from edgekit.artifacts import files
from edgekit.artifacts.files import check_writable, output_folder, scratch_folder, write_file
from edgekit.errors import OutputError
from tests.helpers.command_line import nothing_left_in, tree

MARK = "mark.json"


def _filled(folder: Path, text: str = "new") -> None:
    (folder / MARK).write_text(text, encoding="utf-8")


def test_a_file_is_written_with_its_folders(tmp_path: Path) -> None:
    write_file(tmp_path / "a" / "b" / "c.txt", "grüße")
    assert (tmp_path / "a/b/c.txt").read_bytes() == "grüße".encode()
    write_file(tmp_path / "a" / "b" / "c.txt", b"again")
    assert set(tree(tmp_path)) == {"a", "a/b", "a/b/c.txt"}


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text)
        files.write_files({pipe: "text"})
        assert read.result() == "text"
    assert pipe.is_fifo()
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]
    reader, writer = os.pipe()
    write_file(Path(f"/dev/fd/{writer}"), "more")
    assert os.read(reader, 10) == b"more"
    os.close(reader)
    os.close(writer)
    with pytest.raises(OutputError) as caught:
        write_file(Path("/dev/full"), "text")
    assert caught.value.code == "cannot-write"


def test_a_file_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "fdopen", full)
    with nothing_left_in(tmp_path), pytest.raises(OutputError) as caught:
        write_file(tmp_path / "a" / "b.txt", "text")
    assert caught.value.code == "cannot-write"
    assert "No space left" in caught.value.found


def test_a_file_interrupted_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", stop)
    with nothing_left_in(tmp_path), pytest.raises(KeyboardInterrupt):
        write_file(tmp_path / "a" / "b.txt", "text")


def test_a_folder_appears_when_the_block_ends(tmp_path: Path) -> None:
    with output_folder(tmp_path / "a" / "out", marker=MARK) as new:
        _filled(new)
        assert not (tmp_path / "a" / "out").exists()
    assert set(tree(tmp_path)) == {"a", "a/out", f"a/out/{MARK}"}


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_fails_leaves_nothing(failure: type[BaseException], tmp_path: Path) -> None:
    def fail() -> None:
        with output_folder(tmp_path / "a" / "out", marker=MARK) as new:
            _filled(new)
            raise failure

    with nothing_left_in(tmp_path), pytest.raises(failure):
        fail()


def test_an_old_folder_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    _filled(out, "old")
    (out / "extra").write_text("x", encoding="utf-8")
    with output_folder(out, marker=MARK) as new:
        _filled(new)
        assert (out / MARK).read_text(encoding="utf-8") == "old"
    assert set(tree(tmp_path)) == {"out", f"out/{MARK}"}


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_the_old_folder_comes_back_when_the_swap_fails(
    failure: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    _filled(out, "old")
    real, calls = Path.replace, []

    def second_fails(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 2:
            raise failure
        return real(self, target)

    monkeypatch.setattr(Path, "replace", second_fails)
    expected = OutputError if failure is OSError else failure
    with (
        nothing_left_in(tmp_path),
        pytest.raises(expected),
        output_folder(out, marker=MARK) as new,
    ):
        _filled(new)


def test_a_link_keeps_pointing_to_the_new_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with output_folder(tmp_path / "link", marker=MARK) as new:
        _filled(new)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / MARK).exists()


def test_what_must_not_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thing").write_text("x", encoding="utf-8")
    (tmp_path / "here" / "below").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "below")
    for name, code in (
        ("file", "not-a-folder"),
        ("other", "not-ours"),
        ("here", "current-folder"),
        ("here/below", "current-folder"),
        ("file/below", "cannot-write"),
    ):
        with (
            nothing_left_in(tmp_path),
            pytest.raises(OutputError) as caught,
            output_folder(tmp_path / name, marker=MARK),
        ):
            pytest.fail("the block must not run")
        assert caught.value.code == code
        assert caught.value.hint


def test_checking_a_place_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with nothing_left_in(tmp_path):
        check_writable(tmp_path)
        check_writable(tmp_path / "a" / "b")
        for name, code in (("file", "not-a-folder"), ("file/below", "cannot-write")):
            with pytest.raises(OutputError) as caught:
                check_writable(tmp_path / name)
            assert caught.value.code == code


def test_the_file_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_file(tmp_path / "file", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_scratch_folder_goes_even_when_a_signal_comes_meanwhile(
    number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Told(Exception):
        pass

    def tell(*arrived: Any) -> None:
        raise Told

    remove = files.shutil.rmtree

    def interrupted(*arguments: Any, **options: Any) -> None:
        signal.raise_signal(number)  # as if the user pressed Ctrl-C now
        remove(*arguments, **options)

    monkeypatch.setattr(files.shutil, "rmtree", interrupted)
    former = signal.signal(number, tell)
    try:
        with nothing_left_in(tmp_path), pytest.raises(Told), scratch_folder("x", within=tmp_path):
            pass
        assert signal.getsignal(number) is tell
    finally:
        signal.signal(number, former)


def test_a_scratch_folder_in_another_thread(tmp_path: Path) -> None:
    def work() -> bool:
        with scratch_folder("x", within=tmp_path) as folder:
            return folder.is_dir()

    with ThreadPoolExecutor() as pool:
        assert pool.submit(work).result()
    assert not list(tmp_path.iterdir())
