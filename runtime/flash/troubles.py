"""What a flashing tool's own words mean, and what to do next: one table."""

from __future__ import annotations

import re

from edgekit.errors import DeviceError, DoesNotFitError, EdgeKitError, PortError, ToolError
from edgekit.targets.flashers import Flasher
from edgekit.targets.model import Target

LAST_LINES = 5
UDEV = (
    "add a udev rule for it (docs/flash.md#permission), reload with `sudo udevadm control --reload`"
    " and plug it in again"
)

# name -> (error, what was found, what to do next); {enter} is the profile's, {tool} the program
SENTENCES: dict[str, tuple[type[EdgeKitError], str, str]] = {
    "no-probe": (
        DeviceError,
        "found no debug probe",
        "plug the board's debug USB socket in; `edgekit doctor` lists what is seen",
    ),
    "probe-ambiguous": (
        DeviceError,
        "found several boards or probes",
        "choose one with --probe SERIAL, or unplug the others",
    ),
    "probe-permission": (DeviceError, "may not open the USB device", UDEV),
    "probe-busy": (
        DeviceError,
        "the debug probe is in use",
        "end the other program (IDE, debugger, OpenOCD) that holds it",
    ),
    "port-permission": (
        PortError,
        "may not open the bootloader's port",
        "run: sudo usermod -aG dialout $USER, then log in again",
    ),
    "port-busy": (
        PortError,
        "the bootloader's port is in use",
        "close the other program (terminal, IDE monitor)",
    ),
    "no-bootloader": (DeviceError, "found no board in its bootloader", "{enter}"),
    "unknown-chip": (
        ToolError,
        "does not know the chip yet",
        "run: pyocd pack install {chip}, or choose another tool with --tool",
    ),
    "wrong-chip": (
        DeviceError,
        "another chip than the target's is connected",
        "name the board that is plugged in with --target, or choose it with --probe",
    ),
    "too-large": (
        DoesNotFitError,
        "the image does not fit the chip's flash",
        "is the right board plugged in? Otherwise convert a smaller model",
    ),
}


def failure(flasher: Flasher, target: Target, status: int, text: str) -> EdgeKitError:
    """The error that a tool's failure is, its last lines among it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = " | ".join(lines[-LAST_LINES:]) or "it printed nothing"
    for name, pattern in flasher.troubles:
        if re.search(pattern, text):
            return trouble(name, flasher, target, last)
    others = [tool for tool in (target.flash.tools if target.flash else ()) if tool != flasher.name]
    return ToolError(
        flasher.name,
        f"stopped with status {status}: {last}",
        hint="the board may hold no whole program now: flash it again"
        + f", or with another --tool ({', '.join(others)})" * bool(others),
        code="flash-failed",
    )


def trouble(name: str, flasher: Flasher, target: Target, detail: str = "") -> EdgeKitError:
    """The error of that name."""
    kind, found, hint = SENTENCES[name]
    enter = target.flash.enter if target.flash else ""
    chip = target.flash.chip.get(flasher.name, "") if target.flash else ""
    told = f"{found}: {detail}" if detail else found
    hint = hint.format(enter=enter or "put the board into its bootloader", chip=chip)
    return kind(f"{flasher.name} for {target.name}", told, hint=hint, code=name)
