"""`edgekit meters`: the power meters, and what can be done with one without a board."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.cli import keeping, options, output

if TYPE_CHECKING:
    from edgekit.deploy.record import Recorded, Watch
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


@app.command("record")
def record(
    meter: Annotated[
        str, typer.Argument(metavar="METER", help="As for bench --power: ppk2:, lpm01a:auto, ...")
    ],
    output_file: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Trace to write: .npz, or .csv; default: none."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.01, help="How long; default: until Ctrl-C.")
    ] = None,
    png: Annotated[Path | None, typer.Option(help="Picture to write too.")] = None,
    target: Annotated[
        str | None, typer.Option("-t", "--target", help="Board whose supply voltage to use.")
    ] = None,
    wait: options.Wait = 0.0,
    log: options.Log = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Record power with a meter, drawn in the terminal meanwhile.

    What was recorded until a meter failed is kept.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.logged import Logged
    from edgekit.deploy.record import check_trace_path, record_trace

    if output_file is not None:
        check_trace_path(output_file)
    kept = keeping.Keeping(out, log)
    run = Logged("meters record", target or "", output=output_file)
    with kept.logged(run), _drawn(out) as watch:
        found = record_trace(
            meter,
            output_file,
            picture=png,
            seconds=seconds,
            target=target,
            watch=watch,
            wait_s=wait,
        )
    _summary(out, found)


@contextmanager
def _drawn(out: output.Output) -> Iterator[Watch | None]:
    """What draws the running recording, if stderr is a terminal."""
    if out.quiet or out.json or not sys.stderr.isatty():
        yield None
        return
    from rich.live import Live

    from edgekit.runtime.report.trace_picture import terminal_plot

    with Live(console=out.stderr, transient=True) as live:
        yield lambda trace: live.update(terminal_plot(trace))


def _summary(out: output.Output, found: Recorded) -> None:
    """What was recorded, in words or as JSON."""
    from dataclasses import asdict

    from edgekit.units import si

    summary, end = found.summary, found.summary.end
    record: dict[str, Any] = {
        "file": str(found.trace) if found.trace else None,
        "meter": end.meter,
        "provenance": str(end.provenance),
        "samples": summary.samples,
        "lost_samples": summary.lost,
        "seconds": summary.seconds,
        "mean_w": summary.mean_w,
        "max_w": summary.max_w,
        "joules": summary.joules,
        "marks": [asdict(mark) for mark in summary.marks],
        "warnings": [asdict(note) for note in end.warnings],
    }
    out.emit(record)
    out.say(
        f"{found.trace or 'not kept'}: {summary.samples} samples over {si(summary.seconds, 's')} "
        f"({summary.lost} lost), mean {si(summary.mean_w, 'W')}, most {si(summary.max_w, 'W')}, "
        f"{si(summary.joules, 'J')}, {len(summary.marks)} marks; {end.provenance}, {end.meter}"
    )
    out.notes(end.warnings)


@app.command("emulate")
def emulate(
    meter: Annotated[
        str, typer.Argument(metavar="METER", help="Which: ppk2, lpm01a, ... as in the list.")
    ],
    load: Annotated[
        Path | None,
        typer.Option(help="Recorded trace it shows, over and over; default: a made-up load."),
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0, help="End after so long; default: at Ctrl-C.")
    ] = None,
    drop: Annotated[float, typer.Option(min=0, max=1, help="Share of samples never sent.")] = 0.0,
    noise: Annotated[float, typer.Option(min=0, max=1, help="Share of bytes changed.")] = 0.0,
    tear: Annotated[float, typer.Option(min=0, max=1, help="Share of bytes lost.")] = 0.0,
    stale: Annotated[
        bool, typer.Option("--stale", help="Left streaming by an earlier program.")
    ] = False,
    reset_after: Annotated[
        float | None, typer.Option(help="Restart after so many seconds of a recording.")
    ] = None,
    hang_after: Annotated[float | None, typer.Option(help="Fall silent after so many.")] = None,
    unplug_after: Annotated[float | None, typer.Option(help="Go away after so many.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of what goes wrong at random.")] = 0,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Emulate a meter on a pseudo-terminal, to rehearse a measurement.

    It speaks the real wire format, and misbehaves as told.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.record import emulate_meter, linger
    from edgekit.runtime.power.emulators.device import Faults

    faults = Faults(drop, noise, tear, stale, reset_after, hang_after, unplug_after)
    with emulate_meter(meter, trace=load, faults=faults, seed=seed) as emulator:
        name = f"{meter}:{emulator.path}"
        out.emit({"meter": name, "port": emulator.path})
        out.say(f"{name} is ready: `edgekit meters record {name} -o trace.npz`; Ctrl-C ends it.")
        linger(seconds)


def _row(found: Found) -> tuple[str, str, str]:
    if not found.scheme:
        return found.path, f"no meter that EdgeKit knows. {found.answer}".strip(), found.usb
    doubt = "" if found.sure else ", perhaps: other devices have the same identifiers"
    what = f"{found.name}  {found.answer}" if found.answer else f"{found.name} ({found.title})"
    return found.path, what + doubt, found.usb
