"""`edgekit verify`: one truth about a bundle's numerics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import keeping, options, output, stations

if TYPE_CHECKING:
    from edgekit.deploy.verify import Verification

NAME = "verify"


def command(
    bundle: options.Bundle,
    target: options.OptionalTarget = None,
    data: Annotated[
        str | None, typer.Option(help="Real inputs: folder of images, .npz or .npy.")
    ] = None,
    samples: Annotated[int, typer.Option(min=1, help="Random inputs, and real ones.")] = 100,
    board: Annotated[
        bool, typer.Option("--board/--no-board", help="Also run on the target's virtual board.")
    ] = False,
    port: options.Port = None,
    host: options.Host = None,
    serial: options.Serial = None,
    emulate: options.Emulate = False,
    device: options.Device = None,
    lab: options.Lab = None,
    wait: options.Wait = 0.0,
    log: options.Log = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Compare the reference, XNNPACK and generated C byte by byte. Exit 3 on a mismatch."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.programs import Place
    from edgekit.deploy.verify import verify

    place = {"--port": port, "--host": host, "--serial": serial, "--emulate": emulate}
    station = stations.only(device, lab, {"--target": target, **place})
    at = Place(host, serial, emulate) if station is None else station.place
    if station is not None:
        port, board = station.port, board or station.target.emulator is not None
    kept = keeping.Keeping(out, log)
    with kept.logged(stations.logged("verify", station, target, bundle)):
        with out.working():
            result = verify(
                bundle,
                target=target if station is None else station.target,
                data=data,
                samples=samples,
                board=board,
                port=port,
                place=at,
                wait_s=wait,
                progress=out.advance,
            )
        _show(out, result)


def _show(out: output.Output, result: Verification) -> None:
    """The table of engines; raises the verdict."""
    from dataclasses import asdict

    wrong = result.verdict()
    out.emit(asdict(result), wrong)
    out.say(f"{result.name} against the {result.reference}")
    out.say(f"inputs: {result.inputs}")
    out.table(
        "",
        ("engine", ">inputs equal", ">bytes differ", ">largest", ">answers flip", "first layer"),
        result.rows(),
    )
    if wrong is not None:
        raise wrong
    if result.proved:
        out.say(f"the generated C equals the reference {result.equality}")
    else:
        out.say("no generated C was run: nothing is proved about it")
