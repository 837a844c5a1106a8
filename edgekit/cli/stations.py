"""What commands do with `--device` and `--lab`: the places to run that a user names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgekit.deploy.logged import Logged
    from edgekit.deploy.stations import Station


def named(option: str, text: str | None) -> tuple[str, ...]:
    """The names in "a,b"; () where the option is not given. Raises UsageError for an empty one."""
    if text is None:
        return ()
    names = tuple(name.strip() for name in text.split(","))
    if all(names):
        return names
    from edgekit.errors import UsageError

    raise UsageError(
        option,
        f"an empty name in {text!r}",
        allowed="names with commas between them",
        hint="for example virtual-m4,virtual-m7",
        code="bad-option",
    )


def only(device: str | None, lab: Path | None, given: Mapping[str, object]) -> Station | None:
    """The device of `--device`, None without. Raises UsageError for several of them, for an option
    in `given` that says what the lab file says, and for a lab file of which no device is used;
    DeviceError for one that is not plugged in."""
    names = named("--device", device)
    check_lab(lab, used=bool(names))
    if not names:
        return None
    check_alone("--device", given)
    if len(names) > 1:
        from edgekit.errors import UsageError

        raise UsageError(
            f"--device {device}",
            f"{len(names)} devices named",
            allowed="one; `edgekit bench` takes several",
            hint="run the command once for each",
            code="one-device",
        )
    from edgekit.deploy.stations import device_stations

    (station,) = device_stations(names, lab)
    return station


def check_alone(why: str, given: Mapping[str, object]) -> None:
    """Raise UsageError for an option that is given and says what is said already, or names one
    place for several."""
    from edgekit.errors import UsageError

    for option, value in given.items():
        if value:
            raise UsageError(
                option,
                f"given together with {why}",
                allowed="each device's port, place and meter in the lab file (docs/lab.md)",
                hint=f"leave {option} out, or run the command once for each device",
                code="fleet-option",
            )


def check_lab(lab: Path | None, *, used: bool) -> None:
    """Raise UsageError for a lab file of which no device is used."""
    from edgekit.errors import UsageError

    if lab is not None and not used:
        raise UsageError(
            "--lab",
            "without effect here: no device is named",
            allowed="--lab with --device, or with several targets",
            hint="add --device NAME; `edgekit devices list` shows them",
            code="option-unused",
        )


def several(
    targets: Sequence[str], devices: Sequence[str], lab: Path | None, *, emulate: bool
) -> list[Station]:
    """Where to run, for several. Raises UsageError, DeviceError."""
    from dataclasses import replace

    from edgekit.deploy.programs import PLACES, Place
    from edgekit.deploy.stations import device_stations, target_stations

    if devices:
        return device_stations(devices, lab)
    found = target_stations(targets, lab)
    if not emulate:
        return found
    here = Place(emulate=True)
    return [replace(s, place=here) if s.target.family in PLACES else s for s in found]


def logged(
    command: str,
    station: Station | None,
    target: str | None,
    bundle: Path | None,
    output: Path | None = None,
) -> Logged:
    """The line of the log for a run at a station, or else on a target."""
    from edgekit.deploy.logged import Logged

    if station is None:
        return Logged(command, target or "", "", bundle, output)
    return Logged(command, station.target.name, station.device, bundle, output)
