"""The side door against a fake gdb stub: packets, chunks, refusals."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgekit.errors import ProtocolError
from edgekit.runtime.devices.gdbstub import read_memory, write_memory


@contextmanager
def fake_stub(path: Path, answer: Callable[[str], str | None]) -> Iterator[list[str]]:
    """Answers each packet with what `answer` gives; None hangs up."""
    asked: list[str] = []
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        thread = threading.Thread(target=_serve, args=(server, answer, asked))
        thread.start()
        yield asked
        thread.join()


def _serve(server: socket.socket, answer: Callable[[str], str | None], asked: list[str]) -> None:
    peer, _ = server.accept()
    with peer:
        peer.sendall(b"$T05thread:01;#07")  # what QEMU says on stopping
        pending = ""
        while data := peer.recv(4096):
            pending += data.decode()
            while found := re.search(r"\$([^#]*)#(..)", pending):
                pending = pending[found.end() :]
                assert sum(found[1].encode()) & 0xFF == int(found[2], 16)
                asked.append(found[1])
                reply = answer(found[1])
                if reply is None:
                    return
                peer.sendall(f"+${reply}#{sum(reply.encode()) & 0xFF:02x}".encode())
                if found[1] == "D":
                    return


def test_writes_in_chunks_and_detaches(tmp_path: Path) -> None:
    data = bytes(range(256)) * 9
    with fake_stub(tmp_path / "gdb", lambda text: "OK") as asked:
        write_memory(tmp_path / "gdb", 0x20000010, data)
    *writes, last = asked
    assert last == "D"
    memory = bytearray(len(data))
    for text in writes:
        address, count, digits = re.fullmatch(r"M(\w+),(\w+):(\w+)", text).groups()  # type: ignore[union-attr]
        start = int(address, 16) - 0x20000010
        assert len(digits) == 2 * int(count, 16) <= 4000
        memory[start : start + int(count, 16)] = bytes.fromhex(digits)
    assert memory == data


def test_reads(tmp_path: Path) -> None:
    def answer(text: str) -> str:
        if text == "D":
            return "OK"
        _, count = (int(word, 16) for word in text[1:].split(","))
        return "ab" * count

    with fake_stub(tmp_path / "gdb", answer) as asked:
        assert read_memory(tmp_path / "gdb", 0x100, 1500) == b"\xab" * 1500
    assert asked == ["m100,400", "m500,1dc", "D"]


def test_a_refused_write_is_an_error_and_the_board_runs_on(tmp_path: Path) -> None:
    def answer(text: str) -> str:
        return "OK" if text == "D" else "E14"

    with (
        fake_stub(tmp_path / "gdb", answer) as asked,
        pytest.raises(ProtocolError, match="answered with 'E14'") as caught,
    ):
        write_memory(tmp_path / "gdb", 0, b"x")
    assert caught.value.code == "gdbstub"
    assert "update QEMU" in caught.value.hint
    assert asked[-1] == "D"


def test_a_stub_that_hangs_up(tmp_path: Path) -> None:
    with (
        fake_stub(tmp_path / "gdb", lambda text: None),
        pytest.raises(ProtocolError, match="gdb stub"),
    ):
        write_memory(tmp_path / "gdb", 0, b"x")


def test_no_stub(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="No such file"):
        read_memory(tmp_path / "gdb", 0, 1)
