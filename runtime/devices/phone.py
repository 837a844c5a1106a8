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
IDENTIFY = "; ".join(
    f'echo "{key}=$(getprop {name} 2>/dev/null)"' for key, name in PROPERTIES.items()
)
STATE = "dumpsys battery 2>/dev/null; dumpsys thermalservice 2>/dev/null; true"

THERMAL = ("none", "light", "moderate", "severe", "critical", "emergency", "shutdown")
"""Android's thermal statuses (PowerManager.THERMAL_STATUS_*), from 0 on; it takes the clock back
from `light` on, as the maker decides."""


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
    """What STATE printed, for a report: "battery" ("83 %, 29.1 °C") and "thermal" ("light")."""
    level, tenths = _number("level", text), _number("temperature", text)
    status = _number("Thermal Status", text)
    battery = [f"{level} %"] if level is not None else []
    battery += [f"{tenths / 10:.1f} °C"] if tenths is not None else []
    known = status is not None and 0 <= status < len(THERMAL)
    found = {
        "battery": ", ".join(battery),
        "thermal": THERMAL[status] if known and status is not None else "",
    }
    return {key: value for key, value in found.items() if value}


def _number(key: str, text: str) -> int | None:
    found = re.search(rf"^\s*{key}: (-?\d+)\s*$", text, re.MULTILINE)
    return int(found[1]) if found else None


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
