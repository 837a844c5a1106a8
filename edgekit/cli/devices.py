"""`edgekit devices`: the boards, Pis and phones of the lab file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.cli import options, output

if TYPE_CHECKING:
    from edgekit.deploy.stations import Checked

NAME = "devices"
app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List or look for the devices of the lab file.",
)


@app.command("list")
def list_devices(
    lab: options.Lab = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show the devices that the lab file names, without looking for them.

    The lab file is --lab FILE, else $EDGEKIT_LAB, else devices.toml in your folder for settings.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.runtime.lab.devices import read_lab

    found = read_lab(lab)
    devices = {name: device.model_dump(mode="json") for name, device in found.devices.items()}
    out.emit({"file": str(found.path), "devices": devices})
    rows = []
    for name, device in found.devices.items():
        emulated = "emulator" if device.emulate else ""
        where = device.port or device.usb or device.host or device.serial or emulated
        rows.append((name, device.target, where, device.meter or "", device.notes))
    out.table("", ("device", "target", "where", "meter", "notes"), rows)
    out.say(f"{found.path}; `edgekit devices check` looks for them")


@app.command("check")
def check(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Devices; default: all.")
    ] = None,
    lab: options.Lab = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Open each port, ask each Pi and phone; say who uses which. Exit 1 if one is not there."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.stations import check_devices, check_verdict

    found = check_devices(names or [], lab)
    wrong = check_verdict(found)
    out.emit({"devices": [_record(row) for row in found]}, wrong)
    rows = [(row.name, *_where(row), _state(row)) for row in found]
    out.table("", ("device", "target", "where", "state"), rows)
    if wrong is not None:
        raise wrong


def _where(row: Checked) -> tuple[str, str]:
    station = row.station
    return ("", "") if station is None else (station.target.name, station.where)


def _state(row: Checked) -> str:
    if row.wrong is not None:
        return f"{row.wrong.found}; {row.wrong.hint}" if row.wrong.hint else row.wrong.found
    return f"in use: {row.in_use}" if row.in_use else "there"


def _record(row: Checked) -> dict[str, Any]:
    target, where = _where(row)
    return {
        "name": row.name,
        "target": target,
        "where": where,
        "in_use": row.in_use,
        "error": None if row.wrong is None else row.wrong.as_dict(),
    }
