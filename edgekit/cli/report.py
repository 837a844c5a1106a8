"""`edgekit report`: views of a record written by `bench` or `convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import explanation, options, output

NAME = "report"


def command(
    record: Annotated[
        Path, typer.Argument(metavar="REPORT", help="report.json, or the folder it is in.")
    ],
    html: Annotated[Path | None, typer.Option(help="Write the HTML page here.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown here.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Write the figures as CSV here.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write JUnit XML here, for CI.")] = None,
    prometheus: Annotated[
        Path | None, typer.Option(help="Write Prometheus' text format here.")
    ] = None,
    svg: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write each picture as SVG.")
    ] = None,
    png: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write each picture as PNG; needs Chromium."),
    ] = None,
    explain: explanation.Explain = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show a report, or write it in other forms."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.views import read_report, write_views

    report = read_report(record)
    places = {
        "html": html, "markdown": markdown, "csv": csv, "junit": junit, "prometheus": prometheus,
    }  # fmt: skip
    folder = record if record.is_dir() else record.parent
    written = write_views(report, places, svg=svg, png=png, folder=folder)
    for path in written:
        out.say(f"wrote {path}")
    if explain:
        from edgekit.deploy.explain import explain_report

        found = explain_report(report, subject=str(record))
        out.emit(found.record())
        explanation.show(out, found)
    elif json:
        print(report.to_json())
    elif not written and not quiet:
        import sys

        from edgekit.runtime.report.terminal import WIDTH, terminal

        sys.stdout.write(terminal(report, width=min(out.columns, WIDTH)))
