"""`edgekit compare`: several reports side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import options, output

if TYPE_CHECKING:
    from edgekit.deploy.compare import Compared
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
    svg: options.Picture = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 3 where conditions are unlike.")
    ] = False,
    fail_on: Annotated[
        str,
        typer.Option(
            metavar="LIMITS", help="Exit 3 past these changes: latency>5%,accuracy<-0.5pp,flash>0"
        ),
    ] = "",
    markdown: Annotated[
        Path | None, typer.Option(help="Write the changes here, for a pull request.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Compare reports, ranked among like conditions.

    Energy, latency, size and accuracy in one table.

    What was had with another meter, supply, clock or window, or was simulated, is ranked apart.
    Then what changed from the first report to each other one, and whether noise explains it.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.artifacts.files import write_file
    from edgekit.deploy.compare import compare_changes, draw_comparison, gate, verdict

    names = [name.strip() for name in across.split(",")] if across else []
    found = compare_changes(reports, across=names, fail_on=fail_on)
    if svg is not None:
        draw_comparison(found.comparison, by, svg)
    if markdown is not None:
        write_file(markdown, found.markdown())
    wrong = gate(found) or (verdict(found.comparison) if strict else None)
    out.emit(found.record(), wrong)
    show(out, found.comparison)
    _show_changes(out, found)
    for kind, path in (("picture", svg), ("changes", markdown)):
        if path is not None:
            out.say(f"{kind}: {path}")
    if wrong is not None:
        raise wrong


def show(out: output.Output, found: Comparison) -> None:
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
    for sentence in (*found.crossed, *found.spreads):
        out.say(f"Beware: {sentence}")


def _show_changes(out: output.Output, found: Compared) -> None:
    """What changed since the first report, and how the limits were kept."""
    from edgekit.runtime.report import change_views as views

    for each in found.changes:
        out.table(f"{each.after}, against {each.before}", views.COLUMNS, views.rows(each.metrics))
        layers = views.telling_layers(each)
        if layers:
            out.table("layers that changed most", views.COLUMNS, views.rows(layers))
        for line in views.sentences(each):
            out.say(line)
    for row in found.judged:
        out.say(f"{row.report}: {views.judgement_text(row)}")
