"""Which cores of a device its program may use: the mask of `taskset`, on phones and on Pis."""

from __future__ import annotations

import re
from dataclasses import replace

from edgekit.errors import DeviceError, UsageError
from edgekit.runtime.devices.remote import Remote

BIG = "big"
"""The cluster of the highest clock."""
MOST = 64
CLUSTERS = (
    "cd /sys/devices/system/cpu/cpufreq && for p in policy*; do "
    'echo "$(cat $p/cpuinfo_max_freq) $(cat $p/related_cpus)"; done; true'
)
_LIST = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


def core_numbers(text: str) -> tuple[int, ...]:
    """ "0,4-7" as (0, 4, 5, 6, 7). Raises UsageError."""
    found: set[int] = set()
    for part in text.split(",") if _LIST.fullmatch(text) else ():
        first, _, last = part.partition("-")
        found |= set(range(int(first), min(int(last or first), MOST) + 1))
    if not found or max(found) >= MOST:
        raise UsageError(
            "--cores",
            f"not understood: {text!r}",
            allowed=f"{BIG}, or numbers from 0 to {MOST - 1}",
            hint="name a range as 4-7 and single ones as 0,4",
            code="bad-option",
        )
    return tuple(sorted(found))


def big_cores(told: str) -> tuple[int, ...]:
    """The cores of the highest clock in what CLUSTERS printed; () for none."""
    rows = [tuple(map(int, line.split())) for line in told.splitlines() if line.strip()]
    most = max((row[0] for row in rows), default=0)
    return tuple(sorted(core for row in rows if row[0] == most for core in row[1:]))


def pinned(device: Remote, cores: str) -> Remote:
    """The device with its programs held to `cores`: a list, or "big", for which it is asked.

    Raises UsageError, and DeviceError where it does not tell its clusters.
    """
    if cores == BIG:
        numbers = big_cores(device.ask(CLUSTERS))
        if not numbers:
            raise DeviceError(
                device.name,
                "it does not tell which of its cores are the fast ones",
                hint="name them: --cores 4-7",
                code="no-clusters",
            )
    else:
        numbers = core_numbers(cores)
    return replace(device, cores=numbers)
