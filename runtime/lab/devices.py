"""The lab file: the boards, phones and Pis of a desk, each with a name.

    [devices.nano]
    target = "nano33ble"
    port = "/dev/ttyACM0"
    meter = "ppk2:auto"

One TOML file, read strictly: `--lab FILE`, else `$EDGEKIT_LAB`, else devices.toml in the user's
folder for settings.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from edgekit.errors import UsageError
from edgekit.runtime.power.names import parse_meter
from edgekit.targets.explain import validated
from edgekit.targets.model import Power, Strict, Target
from edgekit.targets.reader import load_target

LAB = "EDGEKIT_LAB"
FILE = "devices.toml"
TABLE = "devices"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
EXAMPLE = f'[{TABLE}.nano] with target = "nano33ble" and port = "/dev/ttyACM0"'


class Device(Strict):
    """One table of the lab file. A board has a `port`, or `usb`, the serial number of the USB
    device that its port belongs to; a Pi a `host`; a phone a `serial` or `host`."""

    target: str
    """As for --target; the path of a file is relative to the lab file."""
    port: str | None = None
    usb: str | None = None
    probe: str | None = None
    """As for `flash --probe`: the serial number of a board's debug probe, or of the board."""
    host: str | None = None
    serial: str | None = None
    emulate: bool = False
    meter: str | None = None
    """As for --power; only asked when --power is not given otherwise."""
    supply_v: float | None = None
    """Volts the board is fed with, where that is not what its profile says."""
    notes: str = ""


@dataclass(frozen=True, slots=True)
class Lab:
    """The content of a lab file."""

    path: Path
    devices: Mapping[str, Device]

    def device(self, name: str) -> Device:
        """The device of that name. Raises UsageError."""
        if name in self.devices:
            return self.devices[name]
        close = get_close_matches(name, self.devices, n=1)
        raise UsageError(
            f"device {name!r}",
            f"not in {self.path}",
            allowed=", ".join(self.devices) or "none is named there yet",
            hint=f"did you mean {close[0]!r}?" if close else f"add [{TABLE}.{name}] to the file",
            code="lab-unknown",
        )

    def target(self, device: Device) -> Target:
        """The profile of a device, with the supply that the file states. Raises UsageError."""
        name = device.target
        if name.endswith(".toml") or "/" in name:
            name = str(self.path.parent / name)
        profile = load_target(name)
        if device.supply_v is None:
            return profile
        power = profile.power or Power(rail_v=device.supply_v, source=str(self.path))
        return profile.model_copy(
            update={"power": power.model_copy(update={"rail_v": device.supply_v})}
        )


def lab_path(given: Path | None = None) -> Path:
    """Where the lab file is, or would be."""
    if given is not None:
        return given
    if os.environ.get(LAB):
        return Path(os.environ[LAB])
    from platformdirs import user_config_path

    return user_config_path("edgekit", appauthor=False) / FILE


def read_lab(given: Path | None = None) -> Lab:
    """The lab file, checked. Raises UsageError naming file, key and what is allowed."""
    path = lab_path(given)
    table = _parse(path)
    for key in table:
        if key != TABLE:
            raise UsageError(
                f"{path}: {key}",
                "unknown key",
                allowed=TABLE,
                hint=f"devices are tables such as {EXAMPLE}",
                code="lab-invalid",
            )
    rows = table.get(TABLE, {})
    if not isinstance(rows, dict):
        raise UsageError(
            f"{path}: {TABLE}",
            f"found {rows!r}",
            allowed=f"tables such as {EXAMPLE}",
            hint="correct the value",
            code="lab-invalid",
        )
    devices = {name: _device(path, name, row) for name, row in rows.items()}
    lab = Lab(path, devices)
    for name, device in devices.items():
        _check(lab, name, device)
    _check_apart(lab)
    return lab


def _parse(path: Path) -> dict[str, Any]:
    hint = f"write one, {EXAMPLE}; or name another: --lab FILE, or ${LAB}"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found, code = "no such lab file", "lab-missing"
    except OSError as error:
        found, code = f"cannot be read: {error.strerror or error}", "lab-missing"
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        found, hint, code = f"not TOML: {error}", "correct that line", "lab-syntax"
    raise UsageError(f"lab file {path}", found, hint=hint, code=code)


def _device(path: Path, name: str, row: Any) -> Device:
    if not NAME.fullmatch(name):
        raise UsageError(
            f"{path}: {TABLE}.{name}",
            f"the name {name!r}",
            allowed="letters, digits, - and _",
            hint="folders of reports are named so: choose another name",
            code="lab-invalid",
        )
    return validated(Device, path, row, code="lab-invalid", at=(TABLE, name))


# What says where a device of each family is; exactly one of them.
PLACES = {
    "cortex-m": ("port", "usb"),
    "rpi": ("host", "emulate"),
    "android": ("serial", "host", "emulate"),
    "host": (),
}


def _places(device: Device) -> tuple[str, ...]:
    """The keys that say where it is."""
    keys = ("port", "usb", "host", "serial", "emulate")
    return tuple(key for key in keys if getattr(device, key))


def _check_target(lab: Lab, device: Device) -> tuple[str, str, str]:
    try:
        lab.target(device)
    except UsageError as error:
        return f"{error.subject}: {error.found}", error.allowed, error.hint
    return "", "", ""


def _check_place(lab: Lab, device: Device) -> tuple[str, str, str]:
    target, given = lab.target(device), _places(device)
    allowed = () if target.emulator is not None else PLACES[target.family]
    wrong = [key for key in given if key not in allowed]
    wanted = " or ".join(allowed) or "none of port, usb, host, serial, emulate"
    if wrong:
        return f"{wrong[0]} given for {target.name}", wanted, "leave it out"
    if len(given) > 1:
        return f"{' and '.join(given)} given", f"one of {wanted}", "keep one of them"
    if allowed and not given:
        return f"nothing says where this {target.name} is", wanted, f"add {allowed[0]!r}"
    return "", "", ""


def _check_meter(lab: Lab, device: Device) -> tuple[str, str, str]:
    try:
        if device.meter is not None:
            parse_meter(device.meter)
    except UsageError as error:
        return f"{error.subject}: {error.found}", error.allowed, error.hint
    return "", "", ""


def _check_probe(lab: Lab, device: Device) -> tuple[str, str, str]:
    target = lab.target(device)
    if device.probe is None or (target.family == "cortex-m" and target.emulator is None):
        return "", "", ""
    return f"given for {target.name}", "a probe of a board that is flashed", "leave it out"


def _check_supply(lab: Lab, device: Device) -> tuple[str, str, str]:
    if device.supply_v is None or 0.5 <= device.supply_v <= 48:
        return "", "", ""
    return f"found {device.supply_v:g}", "0.5 to 48 (volts)", "correct the value"


Find = Callable[[Lab, Device], tuple[str, str, str]]
CHECKS: tuple[tuple[str, Find], ...] = (
    ("target", _check_target),
    ("", _check_place),
    ("probe", _check_probe),
    ("meter", _check_meter),
    ("supply_v", _check_supply),
)
"""Key, and what is (found, allowed, next) of it; "" for nothing."""


def _check(lab: Lab, name: str, device: Device) -> None:
    for key, find in CHECKS:
        found, allowed, hint = find(lab, device)
        if found:
            subject = f"{lab.path}: {TABLE}.{name}" + (f".{key}" if key else "")
            raise UsageError(subject, found, allowed=allowed, hint=hint, code="lab-invalid")


def _check_apart(lab: Lab) -> None:
    """Two names for one device would wait for one another."""
    for key in ("port", "usb", "probe", "serial"):
        count = Counter(getattr(device, key) for device in lab.devices.values())
        count.pop(None, None)
        twice = next((value for value, times in count.items() if times > 1), None)
        if twice is not None:
            names = [n for n, device in lab.devices.items() if getattr(device, key) == twice]
            raise UsageError(
                f"{lab.path}: {TABLE}.{names[1]}.{key}",
                f"{twice!r} is that of {names[0]} too",
                allowed="a device under one name",
                hint="correct one of them, or remove it",
                code="lab-duplicate",
            )
