"""`edgekit flash`: the firmware of a bundle onto a board."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import camera_options, keeping, options, output, stations

if TYPE_CHECKING:
    from edgekit.deploy.flash import FlashResult

NAME = "flash"


def command(
    bundle: options.Bundle,
    target: options.OptionalTarget = None,
    port: Annotated[
        str | None,
        typer.Option("-p", "--port", help="Serial port of the firmware, to check it afterwards."),
    ] = None,
    probe: Annotated[
        str | None, typer.Option(help="Serial number of the debug probe or board to flash.")
    ] = None,
    tool: Annotated[
        str | None,
        typer.Option(help="Program that writes; default: the first of the target's installed."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Build, print the command, flash nothing.")
    ] = False,
    device: options.Device = None,
    lab: options.Lab = None,
    wait: options.Wait = 0.0,
    log: options.Log = None,
    model_id: options.ModelId = "",
    camera: camera_options.Camera = None,
    format: camera_options.OptionalFormat = None,
    size: camera_options.OptionalSize = None,
    region: camera_options.Part = None,
    resample: camera_options.OptionalResample = None,
    gate: camera_options.Gate = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Flash a bundle's firmware to a board and check that it runs."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.flash import flash

    station = stations.only(device, lab, {"--target": target, "--port": port})
    if station is not None:
        port, probe = station.port, probe or station.probe
    kept = keeping.Keeping(out, log)
    with kept.logged(stations.logged("flash", station, target, bundle)), out.working():
        result = flash(
            bundle,
            target=target if station is None else station.target,
            port=port,
            probe=probe,
            tool=tool,
            model_id=model_id,
            camera=camera_options.choice(camera, format, size, region, resample, gate),
            dry_run=dry_run,
            wait_s=wait,
        )
    _show(out, result)


def _show(out: output.Output, result: FlashResult) -> None:
    from edgekit.deploy.flash import flash_record

    out.emit(flash_record(result))
    if result.image.camera:
        out.say(camera_options.sentence(result.image.camera))
    if result.dry_run:
        missing = "" if result.installed else f"  # {result.tool} is not installed here"
        out.say(f"would run: {result.command}{missing}")
        return
    out.say(f"flashed with {result.tool}: {result.file}")
    if result.checked is None:
        out.say("not checked: give the firmware's serial port with --port")
    else:
        out.say(f"{result.checked.board} on {result.checked.port} runs it: build, model, self-test")
