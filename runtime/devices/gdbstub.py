"""Memory of a virtual board through QEMU's gdb stub: the fast door for bulk inputs.

A polled UART moves some 20 kB/s, this door megabytes. The board stands still, and so does its
virtual clock, from `open` to `close`. Packets: GDB manual, appendix "Remote Protocol".
"""

from __future__ import annotations

import os
import socket
from contextlib import closing, suppress
from pathlib import Path

from edgekit.errors import ProtocolError

TIMEOUT_S = 10.0
CHUNK = 1024
"""Bytes a packet carries; QEMU takes 4096 characters."""


def write_memory(path: Path, address: int, data: bytes) -> None:
    """Stop the board behind the stub's socket `path`, write, let it run on."""
    with closing(_Stub(path)) as stub:
        for offset in range(0, len(data), CHUNK):
            part = data[offset : offset + CHUNK]
            stub.ask(f"M{address + offset:x},{len(part):x}:{part.hex()}", "OK")


def read_memory(path: Path, address: int, count: int) -> bytes:
    """Stop the board, read `count` bytes, let it run on."""
    with closing(_Stub(path)) as stub:
        parts = [
            bytes.fromhex(stub.ask(f"m{address + offset:x},{min(CHUNK, count - offset):x}"))
            for offset in range(0, count, CHUNK)
        ]
    return b"".join(parts)


def _connect(end: socket.socket, path: Path) -> None:
    """Connect to a socket however long the path of its folder is: an address holds 107 bytes,
    and a temporary folder may lie deep."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        near = Path(f"/proc/self/fd/{folder}")
        end.connect(str(near / path.name if near.exists() else path))
    finally:
        os.close(folder)


class _Stub:
    """One connection: connecting stops the board, detaching lets it run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._buffer = b""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(TIMEOUT_S)
        try:
            _connect(self._socket, path)
        except OSError as error:
            self._socket.close()
            raise self._broken(str(error)) from None

    def ask(self, text: str, expected: str = "") -> str:
        """Send one packet, give the reply's text; raises ProtocolError for a refusal."""
        packet = f"${text}#{sum(text.encode()) & 0xFF:02x}".encode()
        try:
            self._socket.sendall(packet)
            reply = self._receive()
        except OSError as error:
            raise self._broken(str(error)) from None
        if reply.startswith("E") or (expected and reply != expected):
            raise self._broken(f"{text.partition(':')[0]} answered with {reply!r}")
        return reply

    def close(self) -> None:
        """Detach: the board runs on."""
        try:
            self.ask("D", "OK")
        finally:
            self._socket.close()

    def _receive(self) -> str:
        while True:
            start, end = self._buffer.find(b"$"), self._buffer.find(b"#")
            if 0 <= start < end <= len(self._buffer) - 3:
                text = self._buffer[start + 1 : end].decode("ascii", errors="replace")
                self._buffer = self._buffer[end + 3 :]
                with suppress(OSError):  # a stub that has detached may be gone already
                    self._socket.sendall(b"+")
                if not text.startswith("T"):  # stop notices are nobody's answer
                    return text
                continue
            data = self._socket.recv(4096)
            if not data:
                raise ConnectionResetError("QEMU closed the connection")
            self._buffer += data

    def _broken(self, why: str) -> ProtocolError:
        return ProtocolError(
            f"QEMU gdb stub {self._path.name}",
            why,
            hint="try again; if it stays so, update QEMU (7.2 or newer) and report it",
            code="gdbstub",
        )
