"""`edgekit tradeoff`: accuracy against what it costs, over several reports."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import options, output

if TYPE_CHECKING:
    from edgekit.runtime.report.tradeoff import TradeOff

NAME = "tradeoff"


def command(
    reports: Annotated[
        list[Path], typer.Argument(metavar="REPORT...", help="report.json, or folders with one.")
    ],
    against: Annotated[
        str, typer.Option(help="What accuracy is set against.")
    ] = "latency,energy,flash,ram",
    across: Annotated[
        str | None, typer.Option(help="Let these conditions differ: clock,machine, ...")
    ] = None,
    output_file: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Draw all here: .svg, or .png with Chromium."),
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Draw each pair here, as SVG.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show the Pareto front of reports, accuracy against cost.

    Every report that is not on the front is told by which other one it is dominated, and by how
    much. Figures of unlike conditions are not held against each other.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.tradeoff import draw_tradeoffs, tradeoff, write_pictures

    found = tradeoff(
        reports,
        against=[name.strip() for name in against.split(",")],
        across=[name.strip() for name in across.split(",")] if across else [],
    )
    written = write_pictures(found, svg) if svg is not None else []
    if output_file is not None:
        draw_tradeoffs(found, output_file)
        written.append(output_file)
    out.emit({"tradeoffs": [each.record() for each in found]})
    for each in found:
        _show(out, each)
    for path in written:
        out.say(f"picture: {path}")


def _show(out: output.Output, found: TradeOff) -> None:
    from edgekit.runtime.report.comparison import NO_CONDITION
    from edgekit.runtime.report.tradeoff import tradeoff_rows

    stated = [value for value in found.conditions.values() if value not in NO_CONDITION]
    title = f"Accuracy against {found.metric.title}"
    out.table(title, ("", ">Accuracy", f">{found.metric.title}", "Standing"), tradeoff_rows(found))
    out.say(f"conditions: {', '.join(stated)}")
    if found.crossed:
        crossed = "; ".join(f"{key} ({', '.join(v)})" for key, v in found.crossed.items())
        out.say(f"Beware: held against each other across {crossed}")
    if found.spreads:
        out.say(f"Beware: {found.spreads}")
