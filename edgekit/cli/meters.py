"""`edgekit meters`: the power meters, and what can be done with one without a board."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import options, output

if TYPE_CHECKING:
    from edgekit.runtime.power.finding import Found

NAME = "meters"
app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="List power meters, record with one, or emulate one.",
)


@app.command("list")
def list_meters(
    probe: Annotated[
        bool, typer.Option("--probe", help="Open every serial port and ask what is there.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show the meters EdgeKit knows, and those plugged in here."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from dataclasses import asdict

    from edgekit.deploy.meters import survey_meters

    survey = survey_meters(probe=probe)
    out.emit(asdict(survey))
    out.table(
        "",
        ("meter", "what", "name"),
        [(f"{k.scheme}:", k.sentence, k.example.split()[-1]) for k in survey.known],
    )
    if survey.found:
        out.table("", ("port", "what is there", "USB"), [_row(found) for found in survey.found])
    else:
        out.say("No meter is plugged in here that its USB identifiers tell.")
        out.say("`edgekit meters list --probe` asks at every serial port.")


def _row(found: Found) -> tuple[str, str, str]:
    if not found.scheme:
        return found.path, f"no meter that EdgeKit knows. {found.answer}".strip(), found.usb
    doubt = "" if found.sure else ", perhaps: other devices have the same identifiers"
    what = f"{found.name}  {found.answer}" if found.answer else f"{found.name} ({found.title})"
    return found.path, what + doubt, found.usb
