"""`edgekit provision`: EdgeKit and an interpreter on a Pi, over SSH."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import options, output
from edgekit.errors import UsageError

NAME = "provision"


def command(
    host: Annotated[str, typer.Argument(metavar="USER@PI", help="Where it is, as ssh takes it.")],
    wheels: Annotated[
        Path | None, typer.Option(help="Folder with wheels to install from: no network there.")
    ] = None,
    download: Annotated[
        bool, typer.Option("--download", help="Fetch the packages here and upload them.")
    ] = False,
    remove: Annotated[
        bool, typer.Option("--remove", help="Remove what was installed there.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Install this EdgeKit and LiteRT on a Pi over SSH.

    In a virtual environment of its own, once for each version of EdgeKit; all of it or nothing.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.provision import provision, unprovision

    if remove:
        if wheels is not None or download:
            raise UsageError(
                "--wheels" if wheels is not None else "--download",
                "without effect with --remove",
                hint="leave it out",
                code="option-unused",
            )
        folder = unprovision(host)
        out.emit({"host": host, "removed": folder})
        return out.say(f"{host}: removed {folder}" if folder else f"{host}: nothing was installed")
    with out.working():
        done = provision(host, wheels=wheels, download=download, progress=out.advance)
    about = ", ".join(f"{name} {text}" for name, text in done.about.items())
    out.emit({"host": host, "python": done.python, "fresh": done.fresh, "about": done.about})
    out.say(f"{host}: {'installed' if done.fresh else 'there already'}: {about}")
    out.say(f"its Python: {done.python}")
    return None
