"""`edgekit run`: one input through a bundle."""

from __future__ import annotations

from typing import Annotated

import typer

from edgekit.cli import options, output

NAME = "run"


def command(
    bundle: options.Bundle,
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT", help="Images or .npy files.")],
    engine: Annotated[
        str | None,
        typer.Option(help="litert (default), reference (NumPy) or c (the generated C)."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="How many classes to print.")] = 3,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Classify images (or .npy arrays) with a bundle on this machine."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from dataclasses import asdict

    from edgekit.deploy.classify import classify

    answers = classify(bundle, inputs, engine=engine, top=top)
    out.emit([asdict(answer) for answer in answers])
    for answer in answers:
        ranked = ", ".join(f"{label} {score:.3f}" for label, score in answer.top)
        out.say(f"{answer.input}: {ranked}")
