"""Peers on real pseudo-terminals: the firmware itself, and fakes that misbehave on purpose."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import threading
import tty
from collections.abc import Callable, Iterator
from pathlib import Path

Answer = Callable[[bytes], bytes | None]
"""Gets what arrived; gives what to send, or None to hang up."""


@contextlib.contextmanager
def raw_pty() -> Iterator[tuple[int, str]]:
    """(file descriptor of the device's end, path of the host's end). The host's end stays open,
    so that the host may open and close it as often as it likes."""
    device, host = os.openpty()
    tty.setraw(host)
    try:
        yield device, os.ttyname(host)
    finally:
        os.close(host)
        with contextlib.suppress(OSError):
            os.close(device)


@contextlib.contextmanager
def firmware_on_pty(elf: Path, **environment: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The POSIX firmware with its line on a pseudo-terminal: (port, process)."""
    with raw_pty() as (device, port):
        process = subprocess.Popen(
            [str(elf)],
            stdin=device,
            stdout=device,
            stderr=subprocess.PIPE,
            env={**os.environ, **environment},
            pass_fds=[int(fd) for key, fd in environment.items() if key == "EK_TRIGGER_FD"],
        )
        try:
            yield port, process
        finally:
            process.kill()
            process.wait()
            assert process.stderr is not None
            process.stderr.close()


@contextlib.contextmanager
def fake_peer(answer: Answer, *, greeting: bytes = b"") -> Iterator[str]:
    """A peer whose words a function decides: gives the port to open."""
    stop_read, stop_write = os.pipe()
    with raw_pty() as (device, port):
        thread = threading.Thread(target=_serve, args=(device, stop_read, answer, greeting))
        thread.start()
        try:
            yield port
        finally:
            os.write(stop_write, b"x")
            thread.join()
            os.close(stop_read)
            os.close(stop_write)


def _serve(device: int, stop: int, answer: Answer, greeting: bytes) -> None:
    if greeting:
        os.write(device, greeting)
    while True:
        ready, _, _ = select.select([device, stop], [], [])
        if stop in ready:
            return
        reply = answer(os.read(device, 4096))
        if reply is None:
            return
        while reply:
            reply = reply[os.write(device, reply) :]


class AsciiPeer:
    """A table of commands and replies behind the `%` protocol, for `fake_peer`.

    A value may be the reply's text, or a function of how often the command came before.
    """

    def __init__(self, replies: dict[str, str | Callable[[int], str]]) -> None:
        self.replies = {"name": "m-name-dut-[fake]\r\nm-ready\r\n", **replies}
        self.received: list[str] = []
        self._pending = ""

    def __call__(self, data: bytes) -> bytes:
        self._pending += data.decode("latin-1")
        *commands, self._pending = self._pending.split("%")
        return "".join(self._reply(command) for command in commands).encode("latin-1")

    def _reply(self, command: str) -> str:
        count = self.received.count(command)
        self.received.append(command)
        reply = self.replies.get(command)
        if reply is None:
            return f"e-[Unknown command: {command}]\r\nm-ready\r\n"
        return reply if isinstance(reply, str) else reply(count)
