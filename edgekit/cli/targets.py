"""`edgekit targets`: the boards, phones and machines EdgeKit knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import options, output

if TYPE_CHECKING:
    from edgekit.targets.model import Target

NAME = "targets"


def command(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One target to show in full.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """List the targets, or show one in full."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.cli.target_rows import WIDE, narrow, row
    from edgekit.targets.reader import list_targets, load_target

    if name is not None:
        _show(out, load_target(name))
        return
    targets = list_targets()
    out.emit([target.model_dump(mode="json") for target in targets])
    columns: tuple[str, ...] = ("target", "what", "cpu", ">clock", ">flash", ">RAM", "firmware")
    rows = [row(target) for target in targets]
    if out.columns < WIDE:
        columns, rows = narrow(columns, rows)
    out.table("", columns, rows)
    out.say("`edgekit targets NAME` shows one in full; `--target ./board.toml` uses your own.")


def _show(out: output.Output, target: Target) -> None:
    from edgekit.cli.target_rows import details

    out.emit(target.model_dump(mode="json", exclude_none=True))
    out.table("", ("", ""), list(details(target)))
