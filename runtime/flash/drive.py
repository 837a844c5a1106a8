"""Drives that take firmware, a UF2 bootloader's and a DAPLink probe's: found by a file on them."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

from edgekit.errors import DeviceError
from edgekit.runtime.flash.troubles import trouble
from edgekit.targets.flashers import Flasher
from edgekit.targets.model import Target

INFO = {
    "uf2": ("INFO_UF2.TXT", r"^Board-ID:\s*(\S+)"),
    "daplink": ("DETAILS.TXT", r"^Unique ID:\s*(\w{4})"),
}
"""Tool -> the file on its drives, and the line in it that says which board's it is."""
MOUNTS = Path("/proc/self/mounts")
FAILED = "FAIL.TXT"
"""What a DAPLink probe puts on its drive when it did not program the chip: why not."""
BACK_S = 10.0
"""A probe's drive is waited for so long after a file: it leaves, and comes back with the answer."""
LOOK_S = 0.1


def mount_points() -> tuple[Path, ...]:
    """Where file systems are mounted; spaces in their names are written as \\040 there."""
    if not MOUNTS.exists():
        return tuple(sorted(Path("/Volumes").glob("*")))
    rows = [line.split(" ") for line in MOUNTS.read_text(encoding="utf-8").splitlines()]
    names = [re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), row[1]) for row in rows]
    return tuple(Path(name) for name in names)


def board_id(flasher: Flasher, drive: Path) -> str | None:
    """What a drive of this kind calls its board; None for another kind of drive."""
    file, pattern = INFO[flasher.name]
    try:
        text = (drive / file).read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else ""


def find_drive(flasher: Flasher, target: Target) -> Path:
    """The drive of the target's board. Raises DeviceError: none, another board's, several."""
    wanted, drives = _wanted(flasher, target), _drives(flasher)
    fitting = [point for point, name in drives.items() if name in wanted]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        listed = ", ".join(map(str, fitting))
        raise DeviceError(
            f"{flasher.name} for {target.name}",
            f"found several such boards: {listed}",
            hint="unplug all but one",
            code="probe-ambiguous",
        )
    if drives:
        listed = ", ".join(f"{name or 'unnamed'} at {point}" for point, name in drives.items())
        detail = f"{listed}, where {' or '.join(wanted)} is wanted"
        raise trouble("wrong-chip", flasher, target, detail)
    raise trouble("no-bootloader" if flasher.bootloader else "no-probe", flasher, target)


def _wanted(flasher: Flasher, target: Target) -> tuple[str, ...]:
    """What the drives of the target's boards call themselves."""
    assert target.flash is not None
    return target.flash.daplink if flasher.name == "daplink" else (target.flash.uf2_board,)


def _drives(flasher: Flasher) -> dict[Path, str]:
    """The drives of this kind with what each calls its board."""
    named = {point: board_id(flasher, point) for point in mount_points()}
    return {point: name for point, name in named.items() if name is not None}


def words_of_failure(drive: Path) -> str:
    """What a probe says on its drive of a program it did not take, in one line; "" for none."""
    try:
        text = (drive / FAILED).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return "; ".join(line.strip() for line in text.splitlines() if line.strip())


def check_taken(flasher: Flasher, target: Target, before: str) -> None:
    """Raise DeviceError when the probe that was given a program says that it did not take it.

    `before` is what `words_of_failure` gave before the program was copied: as long as the drive has
    not left, the same words may be old. A drive that does not come back says nothing, as where
    nothing mounts it again.
    """
    wanted, left, deadline = _wanted(flasher, target), False, time.monotonic() + BACK_S
    while True:
        drive = next((at for at, name in _drives(flasher).items() if name in wanted), None)
        over = time.monotonic() >= deadline
        words = words_of_failure(drive) if drive is not None else ""
        if words and (left or over or words != before):
            raise DeviceError(
                f"{flasher.name} for {target.name}",
                f"the probe did not program the chip; {FAILED} on its drive says: {words}",
                hint="repeat the command; if it says so again, unplug the board for a moment",
                code="flash-failed",
            )
        if over or (left and drive is not None):
            return
        left = left or drive is None
        time.sleep(LOOK_S)


def copy_to(drive: Path, name: str, data: bytes) -> None:
    """Write a file to the drive. The board starts it, and its drive is gone, with the last byte.

    Raises DeviceError when the drive takes no more before that.
    """
    try:
        with (drive / name).open("wb") as stream:
            stream.write(data)
            stream.flush()
            with contextlib.suppress(OSError):  # the board has everything, and left
                os.fsync(stream.fileno())
    except OSError as error:
        raise DeviceError(
            str(drive),
            f"does not take {name}: {error.strerror or error}",
            hint="put the board into its bootloader again and repeat the command",
            code="flash-failed",
        ) from None
