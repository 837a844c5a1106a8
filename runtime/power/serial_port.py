"""A meter's serial port: pyserial with its failures told as MeterErrors."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgekit.errors import MeterError


class Port(Protocol):
    """The few things a meter driver asks of a port. `read` waits a short while at most."""

    def read(self) -> bytes:
        """What has arrived, or what arrives within the port's short time-out; b"" if nothing."""

    def write(self, data: bytes) -> None:
        """Send all of `data`."""

    def close(self) -> None:
        """Let go of the port."""


@dataclass(frozen=True, slots=True)
class UsbPort:
    """A port of a USB device. `interface` is the number at the end of its USB location."""

    path: str
    serial: str
    interface: int | None
    usb: str = ""
    """Identifiers "vendor:product" in lower-case hexadecimal; "" for a port that is not USB."""


def all_ports() -> tuple[UsbPort, ...]:
    """Every serial port the system knows, sorted by path."""
    from serial.tools.list_ports import comports

    found = [
        UsbPort(
            port.device,
            port.serial_number or "",
            _interface(port.location),
            "" if port.vid is None or port.pid is None else f"{port.vid:04x}:{port.pid:04x}",
        )
        for port in comports()
    ]
    return tuple(sorted(found, key=lambda port: port.path))


def usb_ports(vendor: int, product: int) -> tuple[UsbPort, ...]:
    """The ports of all devices with these identifiers, sorted by path."""
    usb = f"{vendor:04x}:{product:04x}"
    return tuple(port for port in all_ports() if port.usb == usb)


def is_pseudo_terminal(path: str) -> bool:
    """Whether a program, and no device, is at the other end of the port."""
    return str(Path(path).resolve()).startswith("/dev/pts/")


def _interface(location: str | None) -> int | None:
    """The interface in a USB location such as "1-2:1.1"; None where there is none (macOS)."""
    tail = (location or "").rpartition(".")[2] if ":" in (location or "") else ""
    return int(tail) if tail.isdigit() else None


class SerialPort:
    """A Port on a tty, locked for this process. Raises MeterError."""

    def __init__(self, path: str, *, baud: int = 115200, wait_s: float = 0.05) -> None:
        import serial

        self.path = path
        try:
            self._serial = serial.Serial(path, baud, timeout=wait_s, exclusive=True)
        except (serial.SerialException, OSError, ValueError) as error:
            raise _cannot_open(path, error) from None

    def read(self) -> bytes:
        import serial

        try:
            data: bytes = self._serial.read(1)
            if data:
                data += self._serial.read(self._serial.in_waiting)
        except (serial.SerialException, OSError, TypeError) as error:
            raise _broken_off(self.path, error) from None
        return data

    def write(self, data: bytes) -> None:
        import serial

        try:
            self._serial.write(data)
        except (serial.SerialException, OSError) as error:
            raise _broken_off(self.path, error) from None

    def close(self) -> None:
        self._serial.close()


def _broken_off(path: str, error: Exception) -> MeterError:
    return MeterError(
        f"meter at {path}",
        f"the connection broke off ({error})",
        hint="check the USB cable and hub, then start again",
        code="meter-broken-off",
    )


def _cannot_open(path: str, error: Exception) -> MeterError:
    number = getattr(error, "errno", None)
    if number == errno.ENOENT:
        found, hint, code = "no such port", "see `edgekit doctor` for ports", "meter-no-port"
    elif number in (errno.EACCES, errno.EPERM):
        found, code = "no permission to open it", "meter-permission"
        hint = "add yourself to the group that owns it (often dialout) and log in again"
    elif number in (errno.EBUSY, errno.EAGAIN) or "lock" in str(error):
        found, code = "busy: another program has it open", "meter-busy"
        hint = "close the Power Profiler application or the other run"
    else:
        found, hint, code = f"cannot be opened ({error})", "is it a serial port?", "meter-open"
    return MeterError(f"meter at {path}", found, hint=hint, code=code)


def alternatives(path: str, ports: Sequence[UsbPort]) -> tuple[str, ...]:
    """Other ports of the device that `path` belongs to."""
    mine = [port for port in ports if port.path == path]
    same = [port.path for port in ports if mine and port.serial == mine[0].serial]
    return tuple(other for other in same if other != path)
