"""Bootloaders on USB: started by opening a port at 1200 baud, found by their numbers."""

from __future__ import annotations

import time

from edgekit.errors import PortError
from edgekit.runtime.flash.troubles import trouble
from edgekit.runtime.link.ports import PortInfo, list_ports
from edgekit.runtime.link.touch import touch
from edgekit.targets.flashers import Flasher
from edgekit.targets.model import Target

STARTS_S = 8.0
"""A bootloader's port appears within this time of its start."""
POLL_S = 0.25


def enter_bootloader(flasher: Flasher, target: Target) -> str:
    """Start the bootloader where the board's own program listens for that; the bootloader's port.

    The first of `flash.bootloader` is the bootloader itself, the others start it. Gives "" for a
    tool that needs no port. Raises DeviceError where there is none, or several.
    """
    assert target.flash is not None
    own, *others = target.flash.bootloader
    listed = list_ports()
    if target.flash.touch and not _of(own, listed):
        for port in [port for port in listed if port.usb in others]:
            touch(port.device)
    if not flasher.port:
        return ""
    deadline = time.monotonic() + (STARTS_S if target.flash.touch else 0)
    while not (found := _of(own, list_ports())):
        if time.monotonic() >= deadline or not any(port.usb in others for port in listed):
            raise trouble("no-bootloader", flasher, target)
        time.sleep(POLL_S)
    if len(found) > 1:
        raise PortError(
            f"{flasher.name} for {target.name}",
            f"found several bootloaders: {', '.join(port.device for port in found)}",
            hint="unplug all but one",
            code="probe-ambiguous",
        )
    return found[0].device


def _of(usb: str, listed: tuple[PortInfo, ...]) -> list[PortInfo]:
    return [port for port in listed if port.usb == usb]
