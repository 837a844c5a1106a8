"""A device under test: the MLPerf Tiny ASCII commands, as functions.

Protocol facts: mlcommons/tiny, benchmark/api. The host drains the line before each command,
because a board that reset on opening has sent lines nobody asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from edgekit.errors import ProtocolError
from edgekit.runtime.link.extension import TRIES, Extension
from edgekit.runtime.link.frames import Frame, encode
from edgekit.runtime.link.messages import PROTOCOL_VERSION, Msg
from edgekit.runtime.link.transport import SerialTransport, Transport
from edgekit.runtime.link.wire import FAULT_MARK, Silence, Wire
from edgekit.runtime.opened import Closed

READY = "m-ready"
CHUNK = 31
"""Bytes a `db` command carries: 65 of the 80 characters a firmware keeps."""
WRAP_US = 1 << 32
_VALUE = re.compile(r"^m-([a-z]+(?:-dut)?)-\[(.*)\]$")


@dataclass(frozen=True, slots=True)
class Identity:
    """What a device says it is. `extension` is 0 for firmware that is not ours."""

    vendor: str
    profile: str
    model_id: str
    extension: int


@dataclass(frozen=True, slots=True)
class Inference:
    """Reply to `infer`: `seconds` of the window on the device's clock, None in energy mode."""

    inferences: int
    warmup: int
    seconds: float | None
    results: tuple[float, ...]


def open_dut(port: str, baud: int = 115200, *, timeout: float = 5.0) -> Dut:
    """A device on a serial port or pyserial URL, opened and identified.

    Raises PortError (absent, busy, no permission), ProtocolError (silent, garbage).
    """
    dut = Dut(SerialTransport(port, baud), timeout=timeout)
    try:
        dut.connect()
    except BaseException:
        dut.close()
        raise
    return dut


class Dut(Closed):
    """One device. `timeout` in seconds is the longest silence before a line."""

    def __init__(self, transport: Transport, *, timeout: float = 5.0) -> None:
        self._wire = Wire(transport)
        self._timeout = timeout
        self._extension: Extension | None = None

    @property
    def name(self) -> str:
        """Name of the port."""
        return self._wire.name

    def connect(self) -> Identity:
        """Open the line, wait for the device, ask who it is."""
        self._wire.transport.open()
        vendor = self._greet()
        lines = self.command("profile")
        return Identity(
            vendor=vendor,
            profile=value(lines, "profile"),
            model_id=value(lines, "model"),
            extension=int(value(lines, "ek") or 0),
        )

    def close(self) -> None:
        """Close the line."""
        self._wire.transport.close()

    def command(self, text: str, *, timeout: float | None = None) -> list[str]:
        """Send a command; the lines of its reply, without the closing m-ready.

        `timeout` in seconds is the longest silence before any one line.
        """
        self._wire.send(f"{text}%".encode("ascii"))
        lines: list[str] = []
        while True:
            line = self._wire.line(timeout or self._timeout)
            if line == READY:
                return lines
            self._wire.check_line(line)
            lines.append(line)

    def set_mode(self, mode: str) -> None:
        """ "perf" or "energy": what a time stamp is."""
        self._expect(self.command(f"mode {mode}"), "m-timestamp-mode-", f"mode {mode}")

    def timestamp_us(self) -> int:
        """The device's clock in microseconds, 32 bits (performance mode)."""
        return laps(self.command("timestamp"))[0]

    def load(self, data: bytes) -> None:
        """Fill the input buffer with `db` commands, as the MLPerf Tiny host does.

        A load that lost digits on the way is started anew, three times.
        """
        for attempt in range(TRIES):
            problem = self._load_once(data)
            if not problem:
                return
            if attempt == TRIES - 1:
                raise ProtocolError(
                    self.name,
                    f"{TRIES} loads of {len(data)} bytes failed, the last with: {problem}",
                    hint="lower the baud rate, or try another cable or USB port; a size that "
                    "is refused belongs to another model",
                    code="device-load",
                )

    def infer(self, inferences: int = 1, warmup: int = 0, *, timeout: float = 30.0) -> Inference:
        """One window; `timeout` in seconds covers the warm-up, and again the window."""
        text = f"infer {inferences} {warmup}"
        lines = self.command(text, timeout=max(timeout, self._timeout))
        self._expect(lines, "m-infer-done", text)
        stamps = laps(lines)
        # the clock has 32 bits and may wrap inside the window
        seconds = ((stamps[-1] - stamps[-2]) % WRAP_US) / 1e6 if len(stamps) >= 2 else None
        return Inference(inferences, warmup, seconds, parse_results(lines))

    def results(self) -> tuple[float, ...]:
        """The last inference's results."""
        return parse_results(self.command("results"))

    def extension(self) -> Extension:
        """The binary extension, switched on. Raises ProtocolError when the firmware has none."""
        if self._extension is None:
            lines = self.command("ek 1")
            if value(lines, "ek") != str(PROTOCOL_VERSION):
                raise ProtocolError(
                    self.name,
                    "the firmware has no binary extension",
                    hint="flash the EdgeKit firmware: edgekit flash BUNDLE --port PORT",
                    code="no-extension",
                )
            self._extension = Extension(self._wire)
        return self._extension

    def _greet(self) -> str:
        """Vendor. Tries again while the device boots or chews on an earlier host's leftovers."""
        silence: Silence | None = None
        for attempt in range(TRIES):
            if attempt:
                self._recover()
            try:
                lines = self._greeting()
            except Silence as error:
                silence = error
                continue
            except ProtocolError as error:
                if error.code != "device-garbage" or attempt == TRIES - 1:
                    raise
                continue  # Half a frame that was meant for it before a reset, sent back as text.
            if any(line.startswith("m-name-dut-[") for line in lines):
                return value(lines, "name-dut")
        if silence is not None:
            raise Silence(self.name, self._timeout, silence.partial) from None
        raise ProtocolError(
            self.name,
            "answers, but not to `name` as an MLPerf Tiny device does",
            hint="is it the right port, with the EdgeKit firmware on the board?",
            code="device-unknown",
        )

    def _greeting(self) -> list[str]:
        """Lines up to an m-ready; where that was a boot's own, those of `name` are not in it."""
        self._wire.send(b"name%")
        lines: list[str] = []
        while READY not in lines:
            lines.append(self._wire.line(self._timeout / TRIES))
            if lines[-1].startswith(FAULT_MARK):
                self._wire.check_line(lines[-1])
        return lines

    def _recover(self) -> None:
        """End whatever the device may be in the middle of: a frame, or half a command."""
        self._wire.send(b"\0" + encode(Frame(Msg.INFO, 0, b"")) + b"%")
        self._wire.settle(0.2)

    def _load_once(self, data: bytes) -> str:
        """What went wrong, or nothing."""
        lines = self.command(f"db load {len(data)}")
        if not any(line.startswith("m-[Expecting") for line in lines):
            return lines[0] if lines else "no answer to `db load`"
        for offset in range(0, len(data), CHUNK):
            lines = self.command(f"db {data[offset : offset + CHUNK].hex()}")
            bad = [line for line in lines if line.startswith("e-")]
            if bad:
                return bad[0]
        return "" if "m-load-done" in lines else "bytes were lost"

    def _expect(self, lines: list[str], start: str, command: str) -> None:
        if any(line.startswith(start) for line in lines):
            return
        answer = lines[-1] if lines else "nothing but m-ready"
        raise ProtocolError(
            self.name,
            f"answered `{command}` with: {answer}",
            hint="is the EdgeKit firmware on the board? edgekit flash BUNDLE --port PORT",
            code="device-answer",
        )


def parse_results(lines: list[str]) -> tuple[float, ...]:
    """The numbers of `m-results-[...]`; the VWW reference's trailing comma is accepted."""
    text = value(lines, "results")
    try:
        return tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        raise ProtocolError(
            "m-results", f"not numbers: {text[:60]!r}", hint="try again", code="device-garbage"
        ) from None


def value(lines: list[str], key: str) -> str:
    """What stands in the brackets of the line `m-KEY-[...]`, "" without one."""
    for line in lines:
        match = _VALUE.match(line)
        if match and match[1] == key:
            return match[2]
    return ""


def laps(lines: list[str]) -> list[int]:
    """Microseconds of the lines `m-lap-us-N`."""
    starts = [line.removeprefix("m-lap-us-") for line in lines if line.startswith("m-lap-us-")]
    return [int(text) for text in starts if text.isdigit()]
