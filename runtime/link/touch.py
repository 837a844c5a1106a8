"""Opening a port at 1200 baud and closing it: how Arduino boards are asked for their bootloader."""

from __future__ import annotations

from edgekit.runtime.link.transport import port_error

BAUD = 1200


def touch(port: str) -> None:
    """Ask the program behind a port to start its bootloader. Raises PortError."""
    import serial

    try:
        serial.Serial(port, BAUD, exclusive=True).close()  # the driver drops DTR with it
    except (OSError, ValueError) as error:
        raise port_error(port, error) from None
