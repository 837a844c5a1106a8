"""What an Android phone tells about itself: what it is, and the state that it measures in.

The scripts are for the phone's shell. What a phone does not tell is left out: `dumpsys
thermalservice` came with Android 10, and makers leave properties empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from edgekit.artifacts.figures import Note

PROPERTIES = {
    "maker": "ro.product.manufacturer",
    "model": "ro.product.model",
    "release": "ro.build.version.release",
    "api": "ro.build.version.sdk",
    "abis": "ro.product.cpu.abilist",
}
ABIS = {"aarch64": "arm64-v8a", "armv7-a": "armeabi-v7a"}
"""Architecture of a core -> what Android calls the programs for it."""

IDENTIFY = "; ".join(
    f'echo "{key}=$(getprop {name} 2>/dev/null)"' for key, name in PROPERTIES.items()
)
STATE = " ".join(
    (
        "dumpsys battery 2>/dev/null; dumpsys thermalservice 2>/dev/null;",
        "cd /sys/devices/system/cpu/cpufreq 2>/dev/null && for p in policy*; do",
        'echo "cluster=$(cat $p/related_cpus)=$(cat $p/scaling_governor)=$(cat'
        ' $p/scaling_cur_freq $p/scaling_max_freq $p/cpuinfo_max_freq)"; done 2>/dev/null;',
        "for z in /sys/class/thermal/thermal_zone*; do",
        'echo "zone=$(cat $z/temp)=$(cat $z/type)"; done 2>/dev/null; true',
    )
)

THERMAL = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""Android's thermal statuses (PowerManager.THERMAL_STATUS_*), from 0 on; it takes the clock back
from `light` on, as the maker decides."""

WARMEST = 5
"""Thermal zones that a report names; phones have dozens, of batteries and antennas too."""
_CLUSTER = re.compile(r"^cluster=([\d ]+)=(\S+)=(\d+)\s+(\d+)\s+(\d+)$", re.MULTILINE)
_ZONE = re.compile(r"^zone=(\d+)=(\S.*?)\s*$", re.MULTILINE)
_CAP = re.compile(r"cap (\d+) of (\d+) MHz")


def parse_identity(text: str) -> dict[str, str]:
    """What IDENTIFY printed, for a report: "phone", "android" with its API level, "abis"."""
    rows = (line.partition("=") for line in text.splitlines())
    told = {key: value.strip() for key, _, value in rows}
    api = f"(API {told['api']})" if told.get("api") else ""
    found = {
        "phone": " ".join(filter(None, (told.get("maker"), told.get("model")))),
        "android": " ".join(filter(None, (told.get("release"), api))),
        "abis": told.get("abis", ""),
    }
    return {key: value for key, value in found.items() if value}


def parse_state(text: str) -> dict[str, str]:
    """What STATE printed, for a report: "battery" ("83 %, 29.1 °C"), "thermal" ("light"), "zones"
    (the warmest), and of each cluster of cores its governor, its clock and what that is held to:
    "cpu0-3" ("schedutil, 300 MHz, cap 1803 of 1803 MHz")."""
    level, tenths = _number("level", text), _number("temperature", text)
    status = _number("Thermal Status", text)
    battery = [f"{level} %"] if level is not None else []
    battery += [f"{tenths / 10:.1f} °C"] if tenths is not None else []
    known = status is not None and 0 <= status < len(THERMAL)
    found = {
        "battery": ", ".join(battery),
        "thermal": THERMAL[status] if known and status is not None else "",
        "zones": _zones(text),
        **_clusters(text),
    }
    return {key: value for key, value in found.items() if value}


def _number(key: str, text: str) -> int | None:
    found = re.search(rf"^\s*{key}: (-?\d+)\s*$", text, re.MULTILINE)
    return int(found[1]) if found else None


def _clusters(text: str) -> dict[str, str]:
    found = {}
    for cpus, governor, *khz in _CLUSTER.findall(text):
        first, *more = cpus.split()
        now, cap, most = (int(value) // 1000 for value in khz)
        name = f"cpu{first}-{more[-1]}" if more else f"cpu{first}"
        found[name] = f"{governor}, {now} MHz, cap {cap} of {most} MHz"
    return found


def _zones(text: str) -> str:
    """Zones tell thousandths of a degree; those of the kernel's own tests tell nothing warm."""
    rows = sorted(((int(value), name) for value, name in _ZONE.findall(text)), reverse=True)
    return ", ".join(f"{name} {value / 1000:.1f} °C" for value, name in rows[:WARMEST])


def state_notes(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Note, ...]:
    """Warnings for what changed a phone's clock, by its states around a run."""
    return (*thermal_notes(name, before, after), *_cap_notes(name, before, after))


def _cap_notes(name: str, before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Note, ...]:
    """Clusters whose highest clock changed, or was all the time below what they can do."""
    texts = []
    for cluster in before.keys() & after.keys():
        caps = [_CAP.search(state[cluster]) for state in (before, after)]
        if caps[0] is None or caps[1] is None:
            continue
        (start, most), (end, _) = caps[0].groups(), caps[1].groups()
        if start != end:
            texts.append(f"{cluster} at most {start} MHz before and {end} MHz after")
        elif start != most:
            texts.append(f"{cluster} at most {start} of {most} MHz")
    if not texts:
        return ()
    advice = "let it cool down, switch battery saving off, and measure again"
    return (Note("clock-capped", name, f"clock held down: {'; '.join(sorted(texts))}", advice),)


def thermal_notes(
    name: str, before: Mapping[str, str], after: Mapping[str, str]
) -> tuple[Note, ...]:
    """A warning when the phone was too warm to keep its clock, by its states around a run."""
    states = [state.get("thermal", "unknown") for state in (before, after)]
    if set(states) <= {"none", "unknown"}:
        return ()
    text = f"thermal status {states[0]} before and {states[1]} after: the clock may have been lower"
    advice = "let it cool down, out of its case and off the charger, and measure again"
    return (Note("phone-warm", name, text, advice),)
