"""What a Raspberry Pi's firmware says of its supply and temperature, and what that means for a run.

The bits are those of `vcgencmd get_throttled` as the Raspberry Pi documentation ("OS, vcgencmd")
lists them; the kernel offers the same number in sysfs. Those from 16 on stay set until the next
boot, so that only one that appeared in between is of the run itself.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from contextlib import suppress

from edgekit.artifacts.figures import Note

BITS = {
    0: "under-voltage",
    1: "Arm frequency capped",
    2: "throttled",
    3: "soft temperature limit active",
    16: "under-voltage has occurred",
    17: "Arm frequency capping has occurred",
    18: "throttling has occurred",
    19: "soft temperature limit has occurred",
}
"""Bit -> what it says when it is set."""
SINCE_BOOT = 16
"""The first bit that stays set; each is of the same kind as the one 16 below."""

ASK = (
    "vcgencmd get_throttled 2>/dev/null || cat /sys/devices/platform/soc/*firmware/get_throttled "
    "2>/dev/null || true"
)
"""For a shell: "throttled=0x50005", or the number alone."""
STATE = f"""echo "throttled=$({ASK})"
echo "temperature_mc=$(cat /sys/class/thermal/thermal_zone0/temp 2>/dev/null)"
echo "frequency_khz=$(cat /sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq 2>/dev/null)"
echo "memory_available_kb=$(awk '/^MemAvailable/ {{ print $2 }}' /proc/meminfo 2>/dev/null)" """
"""Prints what changes while something runs, one a line."""


def parse_state(text: str) -> dict[str, str]:
    """What STATE printed, without what the machine does not tell."""
    found = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        value = value.rpartition("=")[2].strip()
        if key == "throttled" and (number := parse(value)) is not None:
            found[key] = hex(number)
        elif value.isdigit():
            found[key] = value
    return found


def here() -> dict[str, str]:
    """The state of this machine, likewise."""
    with suppress(OSError, subprocess.TimeoutExpired):
        words = ["sh", "-c", STATE]
        done = subprocess.run(words, capture_output=True, text=True, timeout=10, check=False)
        return parse_state(done.stdout)
    return {}


def parse(text: str) -> int | None:
    """ "0x50005" or "50005", both hexadecimal; None for anything else."""
    found = re.fullmatch(r"(?:0x)?([0-9a-fA-F]{1,8})", text.strip())
    return int(found[1], 16) if found else None


def meaning(number: int) -> tuple[str, ...]:
    """Each bit that is set, in words; one that is not documented by its number."""
    bits = (bit for bit in range(number.bit_length()) if number >> bit & 1)
    return tuple(BITS.get(bit, f"bit {bit}") for bit in bits)


def around(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Two states as one environment: "temperature_mc_before", ..."""
    states = {f"{key}_before": value for key, value in before.items()}
    return states | {f"{key}_after": value for key, value in after.items()}


def notes(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Note, ...]:
    """What the states around a run say against its times: a warning for what was so then, a remark
    for what happened at some time since boot."""
    first, last = (parse(state.get("throttled", "")) or 0 for state in (before, after))
    now, sticky = (1 << SINCE_BOOT) - 1, SINCE_BOOT
    during = (first | last) & now | (last & ~first) >> sticky
    if during:
        text = f"during the run: {', '.join(meaning(during))} (get_throttled {last:#x})"
        return (Note("throttled", name, text, _advice(during)),)
    if last >> sticky:
        text = f"since it booted, not in this run: {', '.join(meaning(last))}"
        return (Note("throttled-before", name, text, _advice(last >> sticky), level="info"),)
    return ()


def _advice(bits: int) -> str:
    supply = "use the supply made for it, and a short thick cable" if bits & 1 else ""
    heat = "cool it, and let it cool down before the next run" if bits & 0b1110 else ""
    return "; ".join(filter(None, (supply, heat)))
