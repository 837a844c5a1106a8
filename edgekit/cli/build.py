"""`edgekit build`: the program of a bundle, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import camera_options, options, output

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
    """Compile the firmware of a bundle, for a Pi or phone a runner.

    With --camera the firmware takes frames of a sensor; `edgekit camera` asks for them.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.build import build, image_record, image_rows, memory_rows

    with out.working():
        image = build(
            bundle,
            target=target,
            output_dir=output_dir,
            model_id=model_id,
            boot_energy=boot_energy,
            camera=camera_options.choice(camera, format, size, region, resample, gate),
        )
    out.emit(image_record(image))
    out.table("", ("part", ">flash", ">RAM"), image_rows(image))
    if image.memories:
        out.table("", ("memory", ">used", ">of"), memory_rows(image))
    kind = "firmware" if image.elf.suffix == ".elf" else "runner"
    out.say(f"{kind}: {image.elf}")
    if image.camera:
        out.say(camera_options.sentence(image.camera))
