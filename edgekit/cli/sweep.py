"""`edgekit sweep`: which network, precision, method and target is best for a purpose."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import options, output, signals
from edgekit.deploy.sweep.axes import AXES, Axis

if TYPE_CHECKING:
    from edgekit.deploy.sweep.record import SweepRecord
    from edgekit.errors import EdgeKitError

NAME = "sweep"

DATA = "Folder of images (subfolders = classes), .npz, .npy or .csv."
AXIS = "Axes: values with commas between them"
LIMITS = "Limits: a trial that breaks one is told, not chosen"
TRAINED = "Networks to train"
WORKERS = "Study and workers"


def _option(axis: Axis) -> inspect.Parameter:
    """An axis as an option of the command line."""
    kind = Annotated[
        str | None,
        typer.Option(
            axis.flag,
            metavar="V,...",
            help=f"As for convert: {axis.example}.",
            rich_help_panel=AXIS,
        ),
    ]
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter(axis.field, keyword, default=None, annotation=kind)


def _with_axes(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each row of AXES in place of its `**axes`."""
    own = inspect.signature(command, eval_str=True)
    rest = [p for p in own.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    keyword = inspect.Parameter.KEYWORD_ONLY
    rest = [parameter.replace(kind=keyword) for parameter in rest]
    every = [rest[0], *map(_option, AXES), *rest[1:]]
    command.__signature__ = own.replace(parameters=every)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
    return command


@_with_axes
def command(
    target: Annotated[
        str, typer.Option("-t", "--target", help="Targets, with commas between them.")
    ],
    output_dir: Annotated[
        Path,
        typer.Option("-o", "--output-dir", help="Folder for study, record, pictures and bundles."),
    ],
    models: Annotated[
        list[str] | None,
        typer.Argument(metavar="MODEL...", help="Networks as for convert; several are an axis."),
    ] = None,
    data: Annotated[
        str | None, typer.Option(help=f"Short for both --calibration and --eval. {DATA}")
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(help="Data for ranges; none: the model's own statistics.")
    ] = None,
    eval_data: Annotated[
        str | None, typer.Option("--eval", help="Data to judge accuracy by.")
    ] = None,
    eval_samples: Annotated[int, typer.Option(min=1, help="At most this many.")] = 1000,
    objectives: Annotated[
        str | None,
        typer.Option(
            help="Of accuracy,flash,ram,size,instructions,latency,energy; default"
            " accuracy,instructions,flash (size for Pis and phones).",
        ),
    ] = None,
    sampler: Annotated[
        str | None,
        typer.Option(help="grid (the default up to 64 combinations), nsga2, tpe or random."),
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="Most trials; default: 64 of a search.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the sampler.")] = 0,
    bench: Annotated[
        bool,
        typer.Option(
            "--bench",
            help="Build each trial and run it in QEMU: sizes measured, instructions simulated.",
        ),
    ] = False,
    keep: Annotated[int, typer.Option(help="Bundles that stay, the best first.")] = 5,
    max_flash: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Such as 64K.", rich_help_panel=LIMITS)
    ] = None,
    max_ram: Annotated[
        str | None, typer.Option(metavar="SIZE", help="Such as 48K.", rich_help_panel=LIMITS)
    ] = None,
    max_ms: Annotated[
        float | None, typer.Option(min=0, help="Latency, estimated.", rich_help_panel=LIMITS)
    ] = None,
    max_uj: Annotated[
        float | None, typer.Option(min=0, help="Energy, estimated.", rich_help_panel=LIMITS)
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Accuracy lost to the conversion.", rich_help_panel=LIMITS),
    ] = None,
    arch: Annotated[
        str | None,
        typer.Option(
            metavar="NAME:WIDTH,...",
            help="Networks of `edgekit train`, trained once into the output folder.",
            rich_help_panel=TRAINED,
        ),
    ] = None,
    train: Annotated[
        str | None,
        typer.Option(help="Labelled data for that, apart from --eval.", rich_help_panel=TRAINED),
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over them.", rich_help_panel=TRAINED)] = 40,
    study: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Any database Optuna speaks; default: a SQLite file in the output folder.",
            rich_help_panel=WORKERS,
        ),
    ] = None,
    name: Annotated[
        str, typer.Option(help="The study's name in it.", rich_help_panel=WORKERS)
    ] = "sweep",
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on with the study.", rich_help_panel=WORKERS),
    ] = False,
    workers: Annotated[
        int, typer.Option(help="Processes on this machine.", rich_help_panel=WORKERS)
    ] = 1,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Scheduler of a Dask cluster, such as tcp://10.0.0.5:8786.",
            rich_help_panel=WORKERS,
        ),
    ] = None,
    shared_paths: Annotated[
        bool,
        typer.Option(
            "--shared-paths",
            help="Its workers see the data under the same paths; else they are sent.",
            rich_help_panel=WORKERS,
        ),
    ] = False,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    **axes: str | None,
) -> None:
    """Search for the best networks, methods, precisions and targets.

    Converts every combination, or those a sampler chooses, weighs accuracy against cost, and keeps
    the bundles that no other beats. Exit 3 when no trial keeps the limits.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.converter.options import ConvertOptions, size
    from edgekit.deploy.sweep.objectives import Limits
    from edgekit.deploy.sweep.options import SweepOptions
    from edgekit.deploy.sweep.sweep import sweep

    limits = Limits(
        flash=size("--max-flash", max_flash),
        ram=size("--max-ram", max_ram),
        latency=None if max_ms is None else max_ms / 1e3,
        energy=None if max_uj is None else max_uj / 1e6,
        drop=max_drop,
    )
    chosen = SweepOptions(
        objectives=None if objectives is None else tuple(_parts(objectives)),
        limits=limits,
        sampler=sampler,
        trials=trials,
        seed=seed,
        bench=bench,
        study=study,
        name=name,
        resume=resume,
        workers=workers,
        dask=dask,
        shared_paths=shared_paths,
        keep=keep,
        networks=() if arch is None else tuple(_parts(arch)),
        train=train,
        epochs=epochs,
    )
    base = ConvertOptions(
        calibration=calibration or data,
        evaluation=eval_data or data,
        evaluation_samples=eval_samples,
    )
    try:
        with out.working():
            record = sweep(
                models or [],
                target=_parts(target),
                output_dir=output_dir,
                axes={name: _parts(text) for name, text in axes.items() if text is not None},
                options=chosen,
                convert=base,
                progress=out.advance,
            )
    except KeyboardInterrupt:
        raise _interrupted(output_dir) from None
    wrong = record.verdict()
    _show(out, record, output_dir, wrong)
    if wrong is not None:
        raise wrong


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _interrupted(folder: Path) -> EdgeKitError:
    found = f"finished trials are kept in {folder}"
    return signals.Interrupted(
        "interrupted", found, hint="go on with the same command and --resume"
    )


def _show(
    out: output.Output, record: SweepRecord, folder: Path, wrong: EdgeKitError | None
) -> None:
    """The front, what failed, and where everything is."""
    from edgekit.deploy.sweep.views import front_columns, front_rows, summary

    out.emit({"folder": str(folder), **record.record()}, wrong)
    out.say(summary(record))
    if record.front:
        out.table("Pareto front", front_columns(record), front_rows(record))
    for trial in record.trials:
        if trial.state == "failed":
            out.say(f"failed: trial {trial.number} ({trial.label}): {trial.problem}")
    out.say(f"record: {folder / 'sweep.json'}; page: {folder / 'sweep.html'}")
