"""`edgekit bench`: run a bundle on its target and report what it cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import fleet, keeping, mlperf_options, options, output, stations
from edgekit.errors import UsageError

if TYPE_CHECKING:
    from edgekit.artifacts.report import Report
    from edgekit.deploy.logged import Logged
    from edgekit.errors import EdgeKitError

NAME = "bench"
MOST_THREADS, MOST_SAMPLES = 256, 4096


def command(
    context: typer.Context,
    bundle: options.Bundles = None,
    target: options.SeveralTargets = None,
    output_dir: options.OptionalOutputDir = None,
    port: options.Port = None,
    host: options.Host = None,
    serial: options.Serial = None,
    emulate: options.Emulate = False,
    device: options.Devices = None,
    lab: options.Lab = None,
    power: Annotated[
        str | None,
        typer.Option(help="Power meter: virtual, ppk2:/dev/ttyACM1, ..."),
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Inputs to run: images, .npz or .npy; default: random."),
    ] = None,
    samples: Annotated[
        int, typer.Option(min=1, help="Inputs whose outputs are checked against the reference.")
    ] = 3,
    engine: Annotated[
        str | None,
        typer.Option(help="litert, native (the generated C) or both; of a Pi native is usual."),
    ] = None,
    threads: Annotated[str, typer.Option(help="Threads of LiteRT: 1 or 1,2,4.")] = "1",
    batch: Annotated[str, typer.Option(help="Batch sizes of LiteRT.")] = "1,4,16",
    cold: Annotated[
        int | None,
        typer.Option(min=0, help="Starts of a fresh process to time; 5, with --quick none."),
    ] = None,
    sustained: Annotated[
        float,
        typer.Option(min=0, help="Seconds to run on without pauses, watched in windows."),
    ] = 0.0,
    benchmark_model: Annotated[
        Path | None,
        typer.Option(help="LiteRT's program for a phone or Pi, to run beside ours."),
    ] = None,
    cores: Annotated[
        str | None,
        typer.Option(help="Cores of a phone or Pi that the program may use: 4-7, or big."),
    ] = None,
    windows: Annotated[
        int, typer.Option(min=1, help="Windows of a power measurement; the median counts.")
    ] = 5,
    quick: Annotated[
        bool, typer.Option("--quick", help="Short windows; the report says so.")
    ] = False,
    battery: Annotated[
        str | None, typer.Option(help="Of the board: 1000mAh@3.7V or 3.7Wh; with --power.")
    ] = None,
    every: Annotated[
        str | None, typer.Option(help="One inference every 10s, 5min, ...; asleep in between.")
    ] = None,
    sleep: Annotated[
        str | None, typer.Option(help="Power asleep, 5uW; default: that of the target.")
    ] = None,
    price: Annotated[float | None, typer.Option(min=0, help="Of a kWh, in any currency.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with one that broke off, kept in -o DIR.")
    ] = False,
    wait: options.Wait = 0.0,
    log: options.Log = None,
    history: options.History = None,
    tag: Annotated[str | None, typer.Option(help="Tags of the record in the history: a,b.")] = None,
    mlperf: mlperf_options.Mlperf = False,
    mode: mlperf_options.Mode = None,
    model_id: mlperf_options.ModelId = None,
    files: mlperf_options.Files = None,
    baud: mlperf_options.Baud = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Run a bundle and report latency, memory and energy.

    On a board, a virtual board or this machine, as the target says; several side by side, compared.
    Exit 3 when generated C gives other outputs than the reference; with --mlperf, when the result
    would not qualify.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    place = {"--port": port, "--host": host, "--serial": serial}
    bundles, targets = bundle or [], stations.named("--target", target)
    devices = stations.named("--device", device)
    several = max(map(len, (bundles, targets, devices))) > 1
    station = None
    if several:
        stations.check_alone("several targets, devices or bundles", {"--mlperf": mlperf, **place})
        if devices:
            stations.check_alone("--device", {"--target": target, "--emulate": emulate})
    else:
        said = {"--target": target, "--emulate": emulate, **place}
        station = stations.only(device, lab, said)
    if station is not None:
        port, power = station.port, power or station.power
        host, serial, emulate = station.place.host, station.place.serial, station.place.emulate
    only = bundles[0] if bundles else None
    at = target if station is None else station.target
    kept = keeping.Keeping(out, log, history, stations.named("--tag", tag))
    own = {"mode": mode, "model_id": model_id, "files": files, "baud": baud}
    if mlperf:
        from edgekit.deploy.mlperf import verdict as judged

        placed = {"--host": host is not None, "--serial": serial is not None, "--emulate": emulate}
        mlperf_options.check_with(placed | options.given(context, mlperf_options.DECIDED))
        run = partial(
            mlperf_options.run,
            out,
            only,
            at,
            output_dir,
            data,
            port=port,
            power=power,
            quick=quick,
            resume=resume,
            wait_s=wait,
            **own,
        )
        line = stations.logged("bench --mlperf", station, target, only, output_dir)
        return _run(kept, line, run, judged)
    mlperf_options.check_without(own)
    from dataclasses import replace

    from edgekit.deploy.bench import bench, verdict
    from edgekit.deploy.bench_options import BenchOptions, counts, parse_duty
    from edgekit.deploy.programs import Place

    if only is None:
        raise UsageError(
            "bench",
            "no bundle was named",
            allowed="a folder written by `edgekit convert`; none with --mlperf --port",
            hint="edgekit bench BUNDLE",
            code="no-bundle",
        )
    chosen = BenchOptions(
        port=port,
        place=Place(host, serial, emulate),
        power=power,
        data=data,
        samples=samples,
        threads=counts("--threads", threads, MOST_THREADS),
        batches=counts("--batch", batch, MOST_SAMPLES),
        windows=windows,
        quick=quick,
        duty=parse_duty(battery, every, sleep, price),
        resume=resume,
        wait_s=wait,
        device=station.device if station is not None else "",
        benchmark_model=benchmark_model,
        cores=cores,
        engine=engine,
        cold=cold,
        sustained=sustained,
    )
    if several:
        places = stations.several(targets, devices, lab, emulate=emulate)
        chosen = replace(chosen, place=Place())
        return fleet.run(kept, bundles, places, chosen, output_dir)

    def run_one() -> Report:
        with out.working():
            try:
                return bench(
                    only, target=at, options=chosen, output_dir=output_dir, progress=out.advance
                )
            except KeyboardInterrupt:
                _tell_kept(out, output_dir)
                raise

    line = stations.logged("bench", station, target, only, output_dir)
    return _run(kept, line, run_one, verdict)


def _run(
    kept: keeping.Keeping,
    run: Logged,
    work: Callable[[], Report],
    judge: Callable[[Report], EdgeKitError | None],
) -> None:
    """Work, keep the report, show it; raise what is wrong with it. The run is logged."""
    with kept.logged(run):
        report = work()
        run.report(report)
        kept.keep(report)
        _end(kept.out, report, judge(report), run.output)


def _tell_kept(out: output.Output, folder: Path | None) -> None:
    """What an interrupted benchmark left behind to go on with."""
    from edgekit.artifacts.partial import PARTIAL_NAME, read_partial

    partial = read_partial(folder / PARTIAL_NAME) if folder is not None else None
    if partial is not None and not (out.quiet or out.json):
        out.stderr.print(f"{partial.kept()} are kept in {folder}: add --resume to go on")


def _end(
    out: output.Output, report: Report, wrong: EdgeKitError | None, folder: Path | None
) -> None:
    """Show the report; raise what is wrong with it."""
    _show(out, report, wrong, folder)
    if wrong is not None:
        raise wrong


def _show(
    out: output.Output, report: Report, wrong: EdgeKitError | None, folder: Path | None
) -> None:
    """The report on the terminal, or its JSON."""
    import json
    import sys

    out.emit(json.loads(report.to_json()), wrong)
    if not (out.quiet or out.json):
        from edgekit.runtime.report.terminal import WIDTH, terminal

        sys.stdout.write(terminal(report, width=min(out.columns, WIDTH)))
    if folder is not None:
        out.say(f"report: {folder / 'report.html'}")
