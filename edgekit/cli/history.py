"""`edgekit history`: the reports of all benchmarks, and how their figures went."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import options, output
from edgekit.cli.filters import filtered

if TYPE_CHECKING:
    from edgekit.runtime.lab.history import Record, Wanted
    from edgekit.runtime.report.trend import Series

NAME = "history"
app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Show the reports of former benchmarks, and draw trends.",
)
File = Annotated[
    Path | None, typer.Option(help="The history; default: $EDGEKIT_HISTORY, or your own.")
]
Number = Annotated[int, typer.Argument(metavar="ID", help="Number of a record, as listed.")]


@app.command("list")
@filtered
def list_records(
    wanted: Wanted,
    history: File = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show the records, the newest last."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from dataclasses import asdict

    from edgekit.runtime.lab.history import History, history_path
    from edgekit.runtime.report.text import figure_text
    from edgekit.runtime.report.trend import figures_by_record

    with History(history_path(history), create=False) as opened:
        records = opened.records(wanted)
        known = figures_by_record(opened, "latency")
    latency = {number: figure_text(figure) for number, figure in known.items()}
    out.emit({"file": str(history_path(history)), "records": [asdict(row) for row in records]})
    heads = (">id", "date, UTC", "commit", "model", "on", ">latency", "tags")
    out.table("", heads, [_row(record, latency.get(record.id, "-")) for record in records])
    if not records:
        out.say("no such record; `edgekit history list` alone lists all there are")


@app.command("show")
def show(
    number: Number,
    output_dir: options.OptionalOutputDir = None,
    history: File = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show the report of a record; -o writes its report.json and pages again."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    import json as text

    from edgekit.runtime.lab.history import History, history_path
    from edgekit.runtime.report.terminal import WIDTH, terminal
    from edgekit.runtime.report.write import write_report

    with History(history_path(history), create=False) as opened:
        report = opened.report(number)
    if output_dir is not None:
        write_report(report, output_dir)
    if out.json:  # all samples of a record take long to write out
        out.emit(text.loads(report.to_json()))
    elif not out.quiet:
        sys.stdout.write(terminal(report, width=min(out.columns, WIDTH)))
    if output_dir is not None:
        out.say(f"report: {output_dir / 'report.html'}")


@app.command("plot")
@filtered
def plot(
    *,
    metric: Annotated[
        str, typer.Option(help="As for compare --by, or a figure's name: instructions, ...")
    ] = "latency",
    svg: options.Picture = None,
    wanted: Wanted,
    history: File = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show how a metric went over the commits, each model and device for itself."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.history import plot as draw
    from edgekit.runtime.report.trend import record_of

    found = draw(metric, wanted, svg=svg, history=history)
    out.emit({"metric": metric, "series": record_of(found)})
    for series in found:
        _table(out, series)
    if svg is not None:
        out.say(f"picture: {svg}")


@app.command("tag")
def tag(
    number: Number,
    tags: Annotated[list[str], typer.Argument(metavar="TAG...", help="Words to find it by.")],
    remove: Annotated[bool, typer.Option("--remove", help="Remove them.")] = False,
    history: File = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Tag a record."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from dataclasses import asdict

    from edgekit.runtime.lab.history import History, history_path

    with History(history_path(history), create=False) as opened:
        record = opened.tag(number, tags, remove=remove)
    out.emit(asdict(record))
    out.say(f"record {record.id}: {', '.join(record.tags) or 'no tags'}")


@app.command("export")
@filtered
def export(
    output_file: Annotated[
        Path, typer.Option("-o", "--output", help="File to write: .jsonl, or .csv of the figures.")
    ],
    wanted: Wanted,
    history: File = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Write records to a file."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.history import export_records
    from edgekit.runtime.report.text import plural

    count = export_records(output_file, wanted, history)
    out.emit({"file": str(output_file), "records": count})
    out.say(f"{output_file}: {plural(count, 'record')}")


@app.command("import")
def import_(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="report.json, folders with one, exported .jsonl."),
    ],
    history: File = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Add reports to the history; those that are in it already stay as they are."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.history import import_records
    from edgekit.runtime.report.text import plural

    found = import_records(files, history)
    out.emit({"new": found.new, "known": found.known})
    out.say(f"new: {plural(found.new, 'record')}; there already: {found.known}")


def _row(record: Record, latency: str) -> tuple[str, ...]:
    where, tags = record.device or record.target, ", ".join(record.tags)
    commit = record.short_commit
    return (str(record.id), record.date, commit, record.name, where, latency, tags)


def _table(out: output.Output, series: Series) -> None:
    from edgekit.runtime.report.text import figure_text
    from edgekit.runtime.report.trend import change

    rows = []
    for place, point in enumerate(series.points):
        share = change(series.points, place)
        rows.append(
            (
                str(point.record.id),
                point.record.date,
                point.record.short_commit,
                figure_text(point.figure),
                "" if share is None else f"{100 * share:+.1f} %",
                ", ".join(point.record.tags),
            )
        )
    heads = (">id", "date, UTC", "commit", ">value", ">change", "tags")
    out.table(series.name, heads, rows)
