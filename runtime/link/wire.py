"""Bytes of a transport as lines and frames, and what is wrong when neither comes."""

from __future__ import annotations

import time
from collections.abc import Callable

from edgekit.errors import ProtocolError
from edgekit.runtime.link.frames import Frame, decode
from edgekit.runtime.link.transport import Transport

BOOT_MARK = "m-init-done"
FAULT_MARK = "e-[Fault"
_PRINTABLE = bytes(range(0x20, 0x7F)) + b"\t\r\n"


class Silence(ProtocolError):
    """Nothing came before the deadline; `partial` is what came without an end."""

    default_code = "device-silent"

    def __init__(self, name: str, seconds: float, partial: bytes = b"") -> None:
        self.partial = partial
        cut = f"; it stopped in the middle of {partial[:40]!r}" if partial else ""
        super().__init__(
            name,
            f"answered nothing in {seconds:g} s{cut}",
            hint="check the baud rate, and that the EdgeKit firmware is on the board: "
            "edgekit flash BUNDLE --port PORT",
        )


class Wire:
    """Reads lines and frames from one transport with deadlines."""

    def __init__(
        self, transport: Transport, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.transport = transport
        self._clock = clock
        self._buffer = bytearray()

    @property
    def name(self) -> str:
        """The transport's name, for messages."""
        return self.transport.name

    def send(self, data: bytes) -> bytes:
        """Forget what came unasked, then send. Returns what was forgotten."""
        dropped = bytes(self._buffer) + self.transport.drain()
        self._buffer.clear()
        self.transport.write(data)
        return dropped

    def settle(self, seconds: float) -> bytes:
        """Read and forget until the line was quiet for `seconds`."""
        dropped = bytearray()
        quiet_since = self._clock()
        while self._clock() - quiet_since < seconds:
            data = self.transport.read()
            if data:
                dropped += data
                quiet_since = self._clock()
        return bytes(dropped)

    def line(self, timeout: float) -> str:
        """The next line without its end.

        Raises Silence after `timeout` seconds without a whole line, ProtocolError (code
        "device-garbage") for bytes no firmware of ours sends.
        """
        deadline = self._clock() + timeout
        while b"\n" not in self._buffer:
            self._check_garbage()
            self._fill(deadline, timeout)
        raw, _, rest = bytes(self._buffer).partition(b"\n")
        self._check_garbage(raw)
        self._buffer = bytearray(rest)
        return raw.decode("ascii").strip("\r")

    def frame(self, timeout: float) -> Frame:
        """The next frame. Raises Silence; ValueError when it arrived damaged; ProtocolError
        when the board's boot or fault lines come instead."""
        deadline = self._clock() + timeout
        while True:
            start = self._buffer.find(0)
            self._check_text(bytes(self._buffer if start < 0 else self._buffer[:start]))
            end = self._buffer.find(0, start + 1) if start >= 0 else -1
            if end < 0:
                self._fill(deadline, timeout)
                continue
            encoded = bytes(self._buffer[start + 1 : end])
            # two zeros in a row: the second is the start of the frame
            del self._buffer[: end + 1 if encoded else end]
            if encoded:
                return decode(encoded)

    def check_line(self, line: str) -> None:
        """Raise ProtocolError when a line says that the board started anew or crashed."""
        if line.startswith(FAULT_MARK):
            raise ProtocolError(
                self.name,
                f"the firmware crashed: {line[3:].rstrip(']')}",
                hint="a stack overflow wants a larger stack_bytes in the target profile; "
                "anything else is a bug worth reporting",
                code="device-fault",
            )
        if line.startswith(BOOT_MARK):
            raise ProtocolError(
                self.name,
                "the board reset in the middle of a command",
                hint="check its supply and cable; if it happens again at the same place, the "
                "watchdog or a fault resets it",
                code="device-reset",
            )

    def _check_text(self, raw: bytes) -> None:
        *lines, _ = raw.decode("ascii", errors="replace").split("\n")  # the last may go on
        for line in lines:
            self.check_line(line.strip("\r"))

    def _fill(self, deadline: float, timeout: float) -> None:
        data = self.transport.read()
        if data:
            self._buffer += data
        elif self._clock() >= deadline:
            raise Silence(self.name, timeout, bytes(self._buffer))

    def _check_garbage(self, raw: bytes | None = None) -> None:
        odd = (self._buffer if raw is None else raw).translate(None, delete=_PRINTABLE)
        if not odd or (raw is None and len(odd) < 16):
            return
        shown = bytes(self._buffer[:16]).hex(" ")
        raise ProtocolError(
            self.name,
            f"answered bytes that are no text ({shown} ...)",
            hint="the baud rate is probably wrong, or another program talks on this port",
            code="device-garbage",
        )
