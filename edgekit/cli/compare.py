"""`edgekit compare`: several reports side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import options, output

if TYPE_CHECKING:
    from edgekit.runtime.report.comparison import Comparison

NAME = "compare"


def command(
    reports: Annotated[
        list[Path], typer.Argument(metavar="REPORT...", help="report.json, or folders with one.")
    ],
    across: Annotated[
        str | None,
        typer.Option(help="Rank across unlike conditions too, and say so: clock,voltage, ..."),
    ] = None,
    by: Annotated[str, typer.Option(help="Metric of the picture.")] = "energy",
    svg: Annotated[Path | None, typer.Option(help="Draw it here.")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 where conditions are unlike.")
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Compare reports, ranked among like conditions.

    Energy, latency, size and accuracy in one table.

    What was had with another meter, supply, clock or window, or was simulated, is ranked apart.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.compare import compare_reports, verdict, write_svg

    names = [name.strip() for name in across.split(",")] if across else []
    found = compare_reports(reports, across=names)
    if svg is not None:
        write_svg(found, by, svg)
    wrong = verdict(found) if strict else None
    out.emit(found.record(), wrong)
    _show(out, found)
    if svg is not None:
        out.say(f"picture: {svg}")
    if wrong is not None:
        raise wrong


def _show(out: output.Output, found: Comparison) -> None:
    """The table, then what its letters mean and what must not be read out of it."""
    from edgekit.runtime.report.comparison import cell, conditions_text

    heads = ("", *(f">{column.metric.title}" for column in found.columns))
    rows = [
        (name, *(cell(column.ranked(place), len(column.groups)) for column in found.columns))
        for place, name in enumerate(found.names)
    ]
    out.table("", heads, rows)
    out.say("A number after a figure is its rank among figures of like conditions, the best is 1;")
    out.say("~ means that its interval overlaps that of the rank before.")
    for column in found.columns:
        title = column.metric.title
        if len(column.groups) == 1:
            out.say(f"{title}: {conditions_text(column.groups[0])}")
            continue
        out.say(f"{title} is not ranked as one; what differs: {', '.join(column.apart)}")
        for group in column.groups:
            out.say(f"  {group.letter}  {conditions_text(group)}")
    for sentence in found.crossed:
        out.say(f"Beware: {sentence}")
