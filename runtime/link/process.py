"""A line to a program: its standard input and output, here or at the far end of ssh or adb."""

from __future__ import annotations

import errno
import os
import select
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from edgekit.errors import DeviceError, PortError
from edgekit.runtime.link.transport import POLL_S
from edgekit.runtime.opened import Opened
from edgekit.runtime.posix import require_posix

STOP_S = 3.0
CHUNK = 1 << 16
WRITE_S = 30.0
"""The longest a program may leave bytes unread."""
SAID = 4000
"""Bytes kept of what a program printed as errors."""

Explain = Callable[[int, str], DeviceError | None]
"""Makes an error of a status and of what was printed on standard error; None: nothing is known."""


class ProcessTransport(Opened):
    """A program started by `command`; closing it ends it.

    `name` is the device in messages. When the program ends of itself, `explain` is asked what that
    means; a PortError with the last words of the program says it otherwise.
    """

    def __init__(
        self, name: str, command: Sequence[str], *, explain: Explain | None = None
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self._explain = explain
        self._process: subprocess.Popen[bytes] | None = None
        self._errors: IO[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id, 0 when nothing runs."""
        return self._process.pid if self._process is not None else 0

    def open(self) -> None:
        if self._process is not None:
            return
        require_posix(f"a program's line ({self.name})")
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        try:
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._errors,
                bufsize=0,
                start_new_session=True,  # Ctrl-C is ours to handle
            )
        except OSError as error:
            self._errors.close()
            raise self._not_started(error) from None
        os.set_blocking(self._in().fileno(), False)

    def read(self) -> bytes:
        self._running()
        out = self._out().fileno()
        if not select.select([out], [], [], POLL_S)[0]:
            return b""
        data = os.read(out, CHUNK)
        if not data:
            raise self._ended()
        return data

    def lines(self) -> Iterator[str]:
        """What it prints, line by line, until it ends: that raises the error of `read`."""
        kept = b""
        while True:
            *whole, kept = (kept + self.read()).split(b"\n")
            yield from (row.decode("utf-8", "replace") for row in whole)

    def write(self, data: bytes) -> None:
        self._running()
        into, rest = self._in().fileno(), memoryview(data)
        while rest:
            if not select.select([], [into], [], WRITE_S)[1]:
                raise PortError(
                    self.name,
                    f"took nothing for {WRITE_S:g} s",
                    hint="is the device still there? Try again",
                    code="program-stuck",
                )
            try:
                rest = rest[os.write(into, rest) :]
            except BlockingIOError:
                continue
            except OSError:
                raise self._ended() from None

    def drain(self) -> bytes:
        self._running()
        out, dropped = self._out().fileno(), b""
        while select.select([out], [], [], 0)[0]:
            data = os.read(out, CHUNK)
            if not data:
                raise self._ended()
            dropped += data
        return dropped

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            _stop(process)
        if self._errors is not None:
            self._errors.close()
            self._errors = None

    def _running(self) -> None:
        if self._process is None:
            self.open()

    def _in(self) -> IO[bytes]:
        assert self._process is not None
        assert self._process.stdin is not None
        return self._process.stdin

    def _out(self) -> IO[bytes]:
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    def _said(self) -> str:
        """The end of what it printed on standard error."""
        assert self._errors is not None
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - SAID))
        return self._errors.read().decode("utf-8", "replace").strip()

    def _ended(self) -> DeviceError:
        """Why the program is no more."""
        assert self._process is not None
        try:
            status = self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            status = 0  # it closed its output and lives on
        said = self._said()
        known = self._explain(status, said) if self._explain is not None else None
        return known or program_ended(self.name, status, said)

    def _not_started(self, error: OSError) -> DeviceError:
        program = self.command[0]
        if error.errno == errno.ENOEXEC:
            return wrong_abi(self.name, program)
        return PortError(
            self.name,
            f"{program} cannot be started: {error.strerror or error}",
            hint="is it installed, and may this user run it?",
            code="program-missing",
        )


def wrong_abi(name: str, program: str) -> DeviceError:
    """The program is for another processor."""
    return DeviceError(
        name,
        f"cannot execute {program}: it is for another kind of processor",
        hint="name the device's own target with --target; `edgekit targets` lists them",
        code="wrong-abi",
    )


SIGNALS = {
    4: (
        "the processor lacks an instruction of it",
        "convert for the device's own core; rpi4 and android-arm64 run on every 64-bit Arm",
    ),
    9: ("it was killed", "is the device short of memory?"),
    11: ("it crashed", "please report it with the bundle"),
}
"""Signal -> what it means for a runner, what to do."""


def program_ended(name: str, status: int, said: str) -> DeviceError:
    """A program that ended, by the status of its process or of the shell that ran it."""
    signal = -status if status < 0 else status - 128 if status > 128 else 0
    last = said.splitlines()[-1].strip() if said else "it said nothing"
    if signal in SIGNALS:
        found, hint = SIGNALS[signal]
        return DeviceError(
            name, f"the runner ended: {found}", hint=hint, code=f"runner-signal-{signal}"
        )
    ended = f"signal {signal}" if signal else f"status {status}"
    return PortError(
        name,
        f"the runner ended with {ended}: {last}",
        hint="try again; build it by hand with `edgekit build` and start it on the device",
        code="runner-ended",
    )


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Its input ends, and with it the program; if not, it is stopped."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        stop_process(process)
    process.stdout.close()


def stop_process(process: subprocess.Popen[Any]) -> None:
    """Ask it to end, and end it where it does not."""
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
