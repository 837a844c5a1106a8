"""The one narrow seam between the host and a line: five functions, and pyserial behind them."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any, Protocol

from edgekit.errors import PortError
from edgekit.runtime.opened import Opened

POLL_S = 0.05
"""Longest time one look at the line may take."""


class Transport(Protocol):
    """A line to a device. All functions raise PortError when the line itself fails."""

    name: str

    def open(self) -> None:
        """Open the line; harmless when it is open."""

    def read(self) -> bytes:
        """What has arrived; waits a fraction of a second for it, then gives b""."""

    def write(self, data: bytes) -> None:
        """Send all of `data`."""

    def drain(self) -> bytes:
        """Throw away, and return, what has arrived; does not wait."""

    def close(self) -> None:
        """Close the line; harmless when it is closed."""


class SerialTransport(Opened):
    """A serial port, pseudo-terminal or pyserial URL: "/dev/ttyACM0", "socket://host:port"."""

    def __init__(self, port: str, baud: int = 115200) -> None:
        self.name = port
        self._baud = baud
        self._serial: Any = None

    def open(self) -> None:
        if self._serial is not None:
            return
        import serial

        own: dict[str, Any] = {} if "://" in self.name else {"exclusive": True}
        try:
            self._serial = serial.serial_for_url(
                self.name, baudrate=self._baud, timeout=POLL_S, write_timeout=10, **own
            )
        except (OSError, ValueError) as error:
            raise port_error(self.name, error) from None

    def read(self) -> bytes:
        line = self._open_line()
        try:
            data = bytes(line.read(1))
            return data + bytes(line.read(line.in_waiting)) if data else data
        except (OSError, TypeError) as error:
            raise self._lost(error) from None

    def write(self, data: bytes) -> None:
        try:
            self._open_line().write(data)
        except OSError as error:
            raise self._lost(error) from None

    def drain(self) -> bytes:
        line = self._open_line()
        dropped = b""
        try:
            while line.in_waiting:
                dropped += bytes(line.read(line.in_waiting))
        except (OSError, TypeError) as error:
            raise self._lost(error) from None
        return dropped

    def close(self) -> None:
        line, self._serial = self._serial, None
        if line is not None:
            line.close()

    def _open_line(self) -> Any:
        if self._serial is None:
            self.open()
        return self._serial

    def _lost(self, error: BaseException) -> PortError:
        return PortError(
            self.name,
            f"the connection broke ({error})",
            hint="was the board unplugged or reset? Plug it in again and repeat the command",
            code="port-lost",
        )


def existing_ports() -> tuple[str, ...]:
    """Names of the serial ports this machine has now."""
    from serial.tools import list_ports

    return tuple(sorted(port.device for port in list_ports.comports()))


def port_error(name: str, error: Exception) -> PortError:
    """What the operating system's refusal to open a port means, and what to do about it."""
    number = _errno(error)
    ports = ", ".join(existing_ports()) or "none; is the board plugged in?"
    known = f"serial ports of this machine: {ports}"
    if number == errno.ENOENT:
        return PortError(name, "no such port", hint=known, code="port-missing")
    if number in (errno.EAGAIN, errno.EBUSY):
        hint = f"close the other program (terminal, IDE monitor); see who: fuser -v {name}"
        return PortError(name, "busy: another program has it open", hint=hint, code="port-busy")
    if number in (errno.EACCES, errno.EPERM):
        hint = f"run: sudo usermod -aG {_group(name)} $USER, then log in again"
        return PortError(name, "no permission to open it", hint=hint, code="port-permission")
    if number == errno.ECONNREFUSED:
        hint = "start the program that serves it, or correct the address"
        return PortError(name, "nothing listens there", hint=hint, code="port-refused")
    if isinstance(error, ValueError) and number is None:
        return PortError(
            name,
            f"not a port: {error}",
            allowed="/dev/ttyACM0, socket://host:port and the like",
            hint=known,
            code="port-name",
        )
    return PortError(name, f"cannot be opened: {error}", hint=known, code="port")


def _errno(error: Exception) -> int | None:
    """pyserial passes the number on in some cases and only mentions it in others."""
    number = getattr(error, "errno", None)
    if isinstance(number, int):
        return number
    text = str(error)
    for candidate in (errno.ENOENT, errno.EACCES, errno.EBUSY, errno.EAGAIN, errno.ECONNREFUSED):
        if f"Errno {candidate}]" in text:
            return candidate
    return None


def _group(name: str) -> str:
    try:
        return Path(name).group()
    except (OSError, KeyError):
        return "dialout"
