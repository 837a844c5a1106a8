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
    from edgekit.targets.reader import list_targets, load_target

    if name is not None:
        _show(out, load_target(name))
        return
    targets = list_targets()
    out.emit([target.model_dump(mode="json") for target in targets])
    out.table(
        "",
        (">target", "what", "cpu", ">clock", ">flash", ">RAM", "firmware"),
        [_row(target) for target in targets],
    )
    out.say("`edgekit targets NAME` shows one in full; `--target ./board.toml` uses your own.")


def _row(target: Target) -> tuple[str, ...]:
    from edgekit.units import bytes_text, si

    flash, ram = target.total("flash"), target.total("ram")
    return (
        target.name,
        target.title,
        target.cpu.name,
        si(target.clock_hz, "Hz") if target.clock_hz else "-",
        bytes_text(flash) if flash else "-",
        bytes_text(ram) if ram else "-",
        _firmware(target),
    )


def _firmware(target: Target) -> str:
    if target.family != "cortex-m":
        return "-"
    if target.emulator is not None:
        return "QEMU"
    return "yes" if target.port else "not yet"


def _show(out: output.Output, target: Target) -> None:
    import json as json_module

    record = target.model_dump(mode="json", exclude_none=True)
    out.emit(record)
    rows = []
    for key, value in record.items():
        text = value if isinstance(value, str) else json_module.dumps(value, ensure_ascii=False)
        if value not in ("", [], None):
            rows.append((key, text))
    out.table("", ("key", "value"), rows)
