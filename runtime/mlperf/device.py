"""A board with anyone's MLPerf Tiny firmware, on its own line or behind an interface board.

Only the commands of the reference firmware are spoken, in commands of at most 80 characters.
Lines may end in LF or CR LF, results may have the comma too many of the person detection
reference, and what a board says unasked (boot lines) is dropped before each command.

An interface board (IO manager) passes `dut COMMAND` on: it says `m-ready` for itself first, then
sends the board's lines marked `[dut]: `.
"""

from __future__ import annotations

from edgekit.errors import ProtocolError
from edgekit.runtime.link.dut import READY, WRAP_US, Identity, Inference, laps, parse_results, value
from edgekit.runtime.link.extension import Extension
from edgekit.runtime.link.transport import Transport
from edgekit.runtime.link.wire import FAULT_MARK, Silence, Wire
from edgekit.runtime.opened import Closed

TRIES = 3
CHUNK = {False: 31, True: 26}
"""Bytes of a `db` command, direct and through an interface board: what the official runner sends,
and what fits into the 80 characters that the firmware and an interface board keep."""
MARK = "[dut]: "
PASSED = "m-dut-passthrough("
LINE_S = 5.0
"""Longest silence of a board that is not inferring, as the official runner has it."""
QUIET_S = 0.2
LOST = ("device-silent", "device-no-ready")
"""What it looks like when the end of a command, or of its answer, got lost."""


class Device(Closed):
    """One board behind `transport`. `timeout` in seconds is the longest silence before a line,
    `baud` the rate of the line, for messages."""

    def __init__(self, transport: Transport, *, timeout: float = LINE_S, baud: int = 0) -> None:
        self._wire = Wire(transport)
        self._timeout, self._baud = timeout, baud
        self.passthrough = False
        """Whether an interface board stands between."""

    @property
    def name(self) -> str:
        """Name of the port."""
        return self._wire.name

    @property
    def link(self) -> str:
        """How the board is reached, in words."""
        return "interface board" if self.passthrough else "direct"

    def connect(self) -> Identity:
        """Open the line, find out what is there and which model it runs.

        Raises PortError, ProtocolError.
        """
        self._wire.transport.open()
        vendor = self._greet()
        lines = self.command("profile")
        return Identity(
            vendor, value(lines, "profile"), value(lines, "model"), int(value(lines, "ek") or 0)
        )

    def close(self) -> None:
        """Close the line."""
        self._wire.transport.close()

    def command(self, text: str, *, timeout: float | None = None) -> list[str]:
        """Send a command; the lines of the board's reply, without the closing m-ready.

        `timeout` in seconds is the longest silence before any one line.
        """
        patience = timeout or self._timeout
        self._send(f"dut {text}" if self.passthrough else text)
        if self.passthrough:
            self._lines(text, self._timeout)
        return self._lines(text, patience)

    def load(self, data: bytes) -> None:
        """Fill the board's input buffer. A load that lost bytes is started anew, three times."""
        problem = ""
        for _ in range(TRIES):
            try:
                problem = self._load_once(data)
            except ProtocolError as error:
                if error.code not in LOST:
                    raise
                problem = error.found
                self._end_command()
            if not problem:
                return
        raise ProtocolError(
            self.name,
            f"{TRIES} loads of {len(data)} bytes failed, the last with: {problem}",
            hint="lower the baud rate or try another cable; a size that is refused belongs to "
            "another benchmark's model",
            code="device-load",
        )

    def infer(self, inferences: int, warmup: int, *, timeout: float) -> Inference:
        """One window; `timeout` in seconds is for the warm-up, and again for the window."""
        text = f"infer {inferences} {warmup}"
        lines = self.command(text, timeout=timeout)
        if not any(line.startswith("m-infer-done") for line in lines):
            raise self._unexpected(text, lines)
        stamps = laps(lines)
        seconds = ((stamps[-1] - stamps[-2]) % WRAP_US) / 1e6 if len(stamps) >= 2 else None
        return Inference(inferences, warmup, seconds, parse_results(lines))

    def facts(self) -> dict[str, str]:
        """What EdgeKit firmware says of itself through its extension (`Extension.info`)."""
        self.command("ek 1")
        try:
            return Extension(self._wire).info()
        finally:
            self.command("ek 0")

    def _greet(self) -> str:
        """Vendor. A board may be booting, or be left in the middle of a command."""
        failure: ProtocolError | None = None
        heard: list[str] = []
        for attempt in range(TRIES):
            if attempt:
                self._end_command()
            try:
                heard = self._answer_to_name()
            except ProtocolError as error:
                failure = error
                continue
            if any(line.startswith("m-name-dut-[") for line in heard):
                return value(heard, "name-dut")
        raise self._stranger(heard, failure)

    def _answer_to_name(self) -> list[str]:
        """Lines of the board's reply to `name`, through an interface board if there is one."""
        self.passthrough = False
        patience = self._timeout / TRIES
        self._send("name")
        lines = self._lines("name", patience, booting=True)
        if value(lines, "name-dut"):
            return lines
        if any("m-init-done" in line for line in lines):
            return self._lines("name", patience)
        self._send("dut name")
        if not any(line.startswith(PASSED) for line in self._lines("dut name", patience)):
            return lines
        self.passthrough = True
        return self._lines("name", self._timeout)

    def _stranger(self, heard: list[str], failure: ProtocolError | None) -> ProtocolError:
        """Why nobody gave a name."""
        if self.passthrough:
            return ProtocolError(
                self.name,
                "an interface board answers, and the board behind it does not",
                hint="is the board powered, are RX and TX not swapped, and is its baud rate the "
                "interface board's (`checkbaud`, 9600 from the factory)?",
                code="device-silent",
            )
        if failure is not None and failure.code != "device-silent":
            return failure
        if failure is not None and not heard:
            return ProtocolError(
                self.name,
                f"answered nothing to `name%`{self._at_baud}",
                hint="try --baud 9600 (firmware for energy mode) or 115200; press the board's "
                "reset button; is it the right port?",
                code="device-silent",
            )
        return ProtocolError(
            self.name,
            f"answers `name` with: {heard[-1][:60] if heard else 'nothing but m-ready'}",
            allowed="m-name-dut-[...]",
            hint="is it the right port, with MLPerf Tiny firmware on the board?",
            code="device-unknown",
        )

    def _end_command(self) -> None:
        """End what the board may have of a command whose own end was lost."""
        self._wire.send(b"%")
        self._wire.settle(QUIET_S)

    @property
    def _at_baud(self) -> str:
        return f" at {self._baud} baud" if self._baud else ""

    def _send(self, text: str) -> None:
        self._wire.send(f"{text}%".encode("ascii"))

    def _lines(self, command: str, timeout: float, *, booting: bool = False) -> list[str]:
        """Lines up to m-ready, the interface board's marks taken off."""
        lines: list[str] = []
        while True:
            try:
                line = self._wire.line(timeout).removeprefix(MARK)
            except Silence as error:
                last = error.partial.decode("ascii", "replace") or "".join(lines[-1:])
                if not last:
                    raise self._silent(command, timeout) from None
                raise self._no_ready(last, command, timeout) from None
            except ProtocolError as error:
                raise self._garbage(error) from None
            if line == READY:
                return lines
            if not booting or line.startswith(FAULT_MARK):
                self._wire.check_line(line)
            lines.append(line)

    def _silent(self, command: str, timeout: float) -> ProtocolError:
        hint = "press the board's reset button and start again"
        if command.startswith("infer"):
            hint = "is the window too long? The official runner waits 30 s; a crashed board is "
            hint += "silent too: press its reset button"
        return ProtocolError(
            self.name,
            f"answered nothing to `{command[:40]}` in {timeout:.3g} s",
            hint=hint,
            code="device-silent",
        )

    def _no_ready(self, last: str, command: str, timeout: float) -> ProtocolError:
        hint = "a board that stops in a reply has crashed or lost bytes: reset it, and try a lower "
        hint += "baud rate"
        if last.startswith(("m-warmup-start", "m-infer-start")):
            hint = "the window or warm-up takes longer than that, or the board crashed: reset it"
        return ProtocolError(
            self.name,
            f"no m-ready within {timeout:.3g} s of {last[:60]!r}, in the answer to "
            f"`{command[:40]}`",
            hint=hint,
            code="device-no-ready",
        )

    def _garbage(self, error: ProtocolError) -> ProtocolError:
        if error.code != "device-garbage":
            return error
        return ProtocolError(
            self.name,
            f"{error.found}{self._at_baud}",
            hint="the baud rate is probably wrong: try --baud 9600 (firmware for energy mode), "
            "115200 or 921600",
            code="device-garbage",
        )

    def _load_once(self, data: bytes) -> str:
        """What went wrong, or nothing."""
        lines = self.command(f"db load {len(data)}")
        if not any(line.startswith("m-[Expecting") for line in lines):
            return lines[0] if lines else "no answer to `db load`"
        chunk = CHUNK[self.passthrough]
        for offset in range(0, len(data), chunk):
            lines = self.command(f"db {data[offset : offset + chunk].hex()}")
            bad = [line for line in lines if line.startswith("e-")]
            if bad:
                return bad[0]
        return "" if "m-load-done" in lines else "bytes were lost"

    def _unexpected(self, command: str, lines: list[str]) -> ProtocolError:
        return ProtocolError(
            self.name,
            f"answered `{command}` with: {lines[-1] if lines else 'nothing but m-ready'}",
            allowed="m-infer-done and m-results-[...]",
            hint="does its firmware follow the MLPerf Tiny reference?",
            code="device-answer",
        )
