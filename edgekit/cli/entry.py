"""The console script: Ctrl-C is answered in one line from the first import on."""

from __future__ import annotations

import sys


def run() -> None:
    """Load the commands and run the one on the command line; always raises SystemExit."""
    try:
        from edgekit.cli.main import run as run_command
    except KeyboardInterrupt:
        sys.stderr.write("error: interrupted: nothing was left half-written\n")
        raise SystemExit(130) from None
    run_command()
