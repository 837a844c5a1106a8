"""`edgekit build`: the program of a bundle, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import options, output

NAME = "build"


def command(
    bundle: options.Bundle,
    target: options.OptionalTarget = None,
    output_dir: Annotated[
        Path | None,
        typer.Option("-o", "--output-dir", help="Where; default: BUNDLE/firmware, BUNDLE/runner."),
    ] = None,
    model_id: options.ModelId = "",
    boot_energy: Annotated[
        bool, typer.Option("--boot-energy", help="Start in MLPerf Tiny's energy mode.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Compile the firmware of a bundle, for a Pi or phone a runner."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.build import build, image_record, image_rows, memory_rows

    with out.working():
        image = build(
            bundle,
            target=target,
            output_dir=output_dir,
            model_id=model_id,
            boot_energy=boot_energy,
        )
    out.emit(image_record(image))
    out.table("", ("part", ">flash", ">RAM"), image_rows(image))
    if image.memories:
        out.table("", ("memory", ">used", ">of"), memory_rows(image))
    kind = "firmware" if image.elf.suffix == ".elf" else "runner"
    out.say(f"{kind}: {image.elf}")
