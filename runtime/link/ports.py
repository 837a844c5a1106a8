"""Serial ports of this machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PortInfo:
    """A serial port; `usb` is "vid:pid" in lower-case hexadecimal, "" for one that is not USB."""

    device: str
    usb: str
    description: str


def list_ports() -> tuple[PortInfo, ...]:
    """All serial ports the system knows, sorted by name."""
    from serial.tools.list_ports import comports

    return tuple(
        PortInfo(
            port.device,
            "" if port.vid is None or port.pid is None else f"{port.vid:04x}:{port.pid:04x}",
            port.description if port.description != "n/a" else "",
        )
        for port in sorted(comports(), key=lambda port: port.device)
    )
