"""`edgekit mlperf`: what belongs to MLPerf Tiny beside `edgekit bench --mlperf`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import options, output

NAME = "mlperf"
app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Rehearse MLPerf Tiny without hardware (to measure: bench).",
)


@app.callback()
def _group() -> None:
    """Rehearse MLPerf Tiny without hardware (to measure: bench)."""


@app.command("emulate")
def emulate(
    bundle: options.Bundle,
    target: options.OptionalTarget = None,
    mode: Annotated[str, typer.Option(help="performance, accuracy or energy.")] = "performance",
    interface: Annotated[
        str, typer.Option(help="Interface board of energy mode: stm32h573i-dk or arduino.")
    ] = "stm32h573i-dk",
    model_id: Annotated[
        str, typer.Option(help="kws01, vww01, ic01 or ad01; default: by the model's sizes.")
    ] = "",
    output_dir: Annotated[
        Path | None,
        typer.Option("-o", "--output-dir", help="Folder for the official runner's files."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="End after so long; default: at Ctrl-C.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Put a virtual board on a pseudo-terminal, for the official MLPerf Tiny runner or any host.

    In energy mode with an emulated interface board before it, and an emulated LPM01A that sees
    the edges of its pin.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.mlperf_rig import emulated_rig
    from edgekit.deploy.record import linger

    with emulated_rig(
        bundle, target=target, mode=mode, model_id=model_id, interface=interface
    ) as rig:
        files = rig.write_files(output_dir) if output_dir is not None else ()
        record = {"benchmark": rig.benchmark.id, "mode": mode, "ports": dict(rig.ports)}
        out.emit({**record, "files": [str(path) for path in files]})
        for kind, port in rig.ports.items():
            out.say(f"{kind}: {port}")
        for path in files:
            out.say(f"written: {path}")
        out.say(f"{rig.benchmark.id} is ready in {mode} mode; Ctrl-C ends it.")
        linger(seconds)
