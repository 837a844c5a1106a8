"""Places to run: what `--target` and `--device` name, resolved to targets, ports and meters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgekit.deploy.claims import claimed, claims
from edgekit.deploy.programs import Place, launcher_for
from edgekit.errors import DeviceError, EdgeKitError, UsageError
from edgekit.runtime.devices.remote import Remote
from edgekit.runtime.lab.devices import Device, Lab, lab_path, read_lab
from edgekit.runtime.lab.locks import holder
from edgekit.runtime.link.transport import SerialTransport
from edgekit.runtime.power.serial_port import all_ports
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target


@dataclass(frozen=True, slots=True)
class Station:
    """Where to run. `device` is its name in the lab file, "" for one that is not from there;
    `probe` the serial number of what flashes it."""

    target: Target
    device: str = ""
    port: str | None = None
    place: Place = field(default_factory=Place)
    power: str | None = None
    probe: str | None = None

    @property
    def name(self) -> str:
        """What reports, logs and folders call it."""
        return self.device or self.target.name

    @property
    def claims(self) -> frozenset[str]:
        """The locks of a benchmark there."""
        return claims(
            port=self.port,
            place=self.place,
            family=self.target.family,
            power=self.power,
            timed=True,
        )

    @property
    def where(self) -> str:
        """In words, for tables."""
        place = self.place
        known = place.host or place.serial or ("emulator" if place.emulate else None)
        return self.port or known or ("emulator" if self.target.emulator else "this computer")


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of looking for a device: "" or who uses it; None or what is wrong."""

    station: Station | None
    name: str
    in_use: str
    wrong: EdgeKitError | None


def device_stations(names: Sequence[str], lab_file: Path | None) -> list[Station]:
    """The stations of `--device`. Raises UsageError, and DeviceError for one not plugged in."""
    lab = read_lab(lab_file)
    return [_station(lab, name, lab.device(name)) for name in dict.fromkeys(names)]


def target_stations(names: Sequence[str], lab_file: Path | None = None) -> list[Station]:
    """The stations of several `--target`s. One whose place has to be told is the only device of
    the lab file with this target. Raises UsageError, DeviceError."""
    targets = {target.name: target for target in map(load_target, names)}
    known = read_lab(lab_file) if lab_file is not None or lab_path().is_file() else None
    return [_of_target(target, known) for target in targets.values()]


def check_devices(names: Sequence[str], lab_file: Path | None) -> list[Checked]:
    """Look for each device named (all when none is): port, host, phone, and who uses it now."""
    lab = read_lab(lab_file)
    return [_look(lab, name, lab.device(name)) for name in names or lab.devices]


def check_verdict(found: Sequence[Checked]) -> DeviceError | None:
    """The error to raise (exit 1) where a device is not there."""
    bad = [row for row in found if row.wrong is not None]
    if not bad:
        return None
    return DeviceError(
        "devices",
        f"{len(bad)} of {len(found)} cannot be used: {', '.join(row.name for row in bad)}",
        hint="the table says why; correct the lab file, or plug them in and switch them on",
        code="lab-absent",
    )


def in_use(station: Station) -> str:
    """Who runs there now, or ""."""
    found = (holder(name) for name in sorted(station.claims))
    return next((str(who) for who in found if who is not None), "")


def _station(lab: Lab, name: str, device: Device) -> Station:
    return Station(
        target=lab.target(device),
        device=name,
        port=_usb_port(lab, name, device.usb) if device.usb else device.port,
        place=Place(device.host, device.serial, device.emulate),
        power=device.meter,
        probe=device.probe,
    )


def _of_target(target: Target, lab: Lab | None) -> Station:
    if target.emulator is not None or target.family == "host" or lab is None:
        return Station(target)
    fits = [name for name, device in lab.devices.items() if lab.target(device).name == target.name]
    if len(fits) > 1:
        raise UsageError(
            f"target {target.name}",
            f"{len(fits)} devices of {lab.path} have it",
            allowed=", ".join(fits),
            hint="name the one you mean with --device",
            code="lab-ambiguous",
        )
    return _station(lab, fits[0], lab.device(fits[0])) if fits else Station(target)


def _usb_port(lab: Lab, name: str, serial: str) -> str:
    """The port of the USB device with this serial number, the first where it has several."""
    ports = [port for port in all_ports() if port.serial]
    found = [port.path for port in ports if port.serial == serial]
    if found:
        return found[0]
    raise DeviceError(
        f"device {name}",
        f"no serial port of a USB device with the number {serial!r} is there",
        allowed=", ".join(f"{port.serial} ({port.path})" for port in ports) or "none is plugged in",
        hint=f"plug it in, or correct {lab.path}",
        code="lab-not-plugged-in",
    )


def _look(lab: Lab, name: str, device: Device) -> Checked:
    try:
        station = _station(lab, name, device)
    except DeviceError as error:
        return Checked(None, name, "", error)
    used = in_use(station)
    if used:
        return Checked(station, name, used, None)
    try:
        with claimed(station.claims, f"devices check {name}"):
            _reach(station)
    except EdgeKitError as error:
        return Checked(station, name, "", error)
    return Checked(station, name, "", None)


def _reach(station: Station) -> None:
    """Open the port; ask a Pi or a phone what processor it has."""
    if station.port is not None:
        with SerialTransport(station.port, station.target.link.baud):
            pass
    elif station.place:
        launcher = launcher_for(station.target, station.place)
        if isinstance(launcher, Remote):
            launcher.processor()
