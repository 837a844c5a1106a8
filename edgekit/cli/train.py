"""`edgekit train`: a small network for small inputs, from labelled data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import options, output, signals
from edgekit.errors import EdgeKitError, UsageError

if TYPE_CHECKING:
    from edgekit.converter.train.train import Places, Trained

NAME = "train"

LABELLED = "Folder per class, .npz with x and y, .csv of path,label, labels.json."
RECIPE = "Recipe"
DISTIL = "Distillation"
BINARY = "Binarized networks"


def command(
    architecture: Annotated[
        str | None, typer.Argument(metavar="ARCH", help="Network; --list shows them.")
    ] = None,
    start: Annotated[
        Path | None, typer.Option(help="Trained float model to go on from, in place of ARCH.")
    ] = None,
    qat: Annotated[
        str | None,
        typer.Option(
            metavar="FORMAT",
            help="With --start: quantization-aware, for convert --precision int8, int4 or int16.",
        ),
    ] = None,
    prune: Annotated[
        str | None,
        typer.Option(
            metavar="HOW",
            help="With --start: zeros that grow (0.5, layer:0.5, 2:4), or channels that go first"
            " (channels:0.5, macs:0.5).",
        ),
    ] = None,
    prune_ramp: Annotated[
        float, typer.Option(help="Share of the steps over which zeros grow.")
    ] = 0.5,
    data: Annotated[str | None, typer.Option(help=f"Labelled data. {LABELLED}")] = None,
    output_file: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="Default ARCH.keras, NAME_tuned.tflite, NAME_qat.tflite.",
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", help="List the networks.")] = False,
    width: Annotated[float, typer.Option(help="Width multiplier of all channels.")] = 1.0,
    input_shape: Annotated[
        str | None,
        typer.Option("--input", metavar="HxWxC", help="Input; default: the samples' own."),
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="Passes over the data; default 40, with --start 10.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Samples per step.")] = 128,
    seed: Annotated[int, typer.Option(help="Of weights, order and augmentation.")] = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the last checkpoint, exactly.")
    ] = False,
    samples: Annotated[
        int | None, typer.Option(min=1, help="Train on at most this many, spread evenly.")
    ] = None,
    eval_data: Annotated[
        str | None, typer.Option("--eval", help="Labelled data to judge by after each epoch.")
    ] = None,
    val_split: Annotated[
        float, typer.Option(help="Without --eval: share of --data held back for that.")
    ] = 0.1,
    schedule: Annotated[
        str, typer.Option(help="onecycle or cosine.", rich_help_panel=RECIPE)
    ] = "onecycle",
    warmup: Annotated[
        float, typer.Option(help="Share of steps with a rising rate.", rich_help_panel=RECIPE)
    ] = 0.3,
    optimizer: Annotated[
        str | None,
        typer.Option(help="sgd or adamw; default sgd, with --start adamw.", rich_help_panel=RECIPE),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--lr",
            help="Highest learning rate per 128 samples; default 0.2 (sgd) or 0.004 (adamw), with"
            " --start 0.0003.",
            rich_help_panel=RECIPE,
        ),
    ] = None,
    weight_decay: Annotated[float, typer.Option(help="Of kernels.", rich_help_panel=RECIPE)] = 5e-4,
    label_smoothing: Annotated[
        float, typer.Option(help="Share spread over all classes.", rich_help_panel=RECIPE)
    ] = 0.1,
    augment: Annotated[
        str | None,
        typer.Option(
            help="Of flip,crop,erase,mixup,cutmix, or none; default for images flip,crop,erase.",
            rich_help_panel=RECIPE,
        ),
    ] = None,
    progressive: Annotated[
        float | None,
        typer.Option(help="Start on images of this share of the size.", rich_help_panel=RECIPE),
    ] = None,
    ema: Annotated[
        float,
        typer.Option(
            help="Decay of averaged weights, such as 0.999; 0: none.", rich_help_panel=RECIPE
        ),
    ] = 0.0,
    teacher: Annotated[
        list[Path] | None,
        typer.Option(
            help="Trained float model; repeat it for several, which are averaged.",
            rich_help_panel=DISTIL,
        ),
    ] = None,
    temperature: Annotated[
        float, typer.Option(help="Of the soft targets.", rich_help_panel=DISTIL)
    ] = 4.0,
    alpha: Annotated[
        float, typer.Option(help="Weight of the teacher, 0 to 1.", rich_help_panel=DISTIL)
    ] = 0.9,
    feature_weight: Annotated[
        float, typer.Option(help="Weight of matching features.", rich_help_panel=DISTIL)
    ] = 0.0,
    real_weights: Annotated[
        float,
        typer.Option(
            help="Share of the epochs in which binarized layers keep real weights.",
            rich_help_panel=BINARY,
        ),
    ] = 0.0,
    binary: Annotated[
        bool,
        typer.Option(
            "--binary/--no-binary",
            help="Binarized layers, or the same network with ordinary ones.",
            rich_help_panel=BINARY,
        ),
    ] = True,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Train a small network on labelled data, or train one further.

    Writes ARCH.keras (with --start NAME_tuned.tflite, in float32), loss and top-1 per epoch beside
    it, and a checkpoint after every epoch, from which --resume goes on as if nothing had happened.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    if list_:
        _list(out)
        return
    name = architecture if start is not None else _needed("ARCH", architecture)
    source = _needed("--data", data)
    from edgekit.converter.train.options import TrainOptions, augments
    from edgekit.converter.train.shapes import parse_shape
    from edgekit.converter.train.train import Places, train

    chosen = TrainOptions(
        start=start,
        qat=qat,
        prune=prune,
        prune_ramp=prune_ramp,
        width=width,
        shape=None if input_shape is None else parse_shape(input_shape),
        epochs=epochs,
        batch=batch,
        seed=seed,
        samples=samples,
        evaluation=eval_data,
        validation=val_split,
        schedule=schedule,
        warmup=warmup,
        optimizer=optimizer,
        rate=rate,
        weight_decay=weight_decay,
        label_smoothing=label_smoothing,
        augment=augments(augment),
        progressive=progressive,
        ema=ema,
        teachers=tuple(teacher or ()),
        temperature=temperature,
        alpha=alpha,
        feature_weight=feature_weight,
        real_weights=real_weights,
        binary=binary,
        resume=resume,
    )
    try:
        with out.working():
            result = train(
                name,
                source,
                output=output_file,
                options=chosen,
                on_epoch=lambda row, count: out.say(row.text(count)),
                progress=out.advance,
            )
    except KeyboardInterrupt:
        raise _interrupted(Places.of(name, output_file, start, qat), chosen.length) from None
    _show(out, result)


def _needed(what: str, value: str | None) -> str:
    if value is None:
        raise UsageError(
            "edgekit train",
            f"{what} is missing",
            allowed="edgekit train ARCH --data DATA, or --start MODEL in place of ARCH",
            hint="see `edgekit train --list` for the networks",
            code="argument-missing",
        )
    return value


def _list(out: output.Output) -> None:
    from edgekit.converter.train.shapes import SMALLEST
    from edgekit.converter.train.zoo import ZOO

    out.emit([{"name": row.name, "title": row.title, "paper": row.paper} for row in ZOO])
    out.table("", ("network", "made of", "paper"), [(r.name, r.title, r.paper) for r in ZOO])
    out.say(f"inputs: {SMALLEST}x{SMALLEST} pixels and more, any number of channels")


def _interrupted(places: Places, epochs: int) -> EdgeKitError:
    """Ctrl-C, with what was kept and how to go on."""
    from edgekit.converter.train.checkpoint import read

    place = places.checkpoint
    if not place.is_file():
        found, hint = "before the end of the first epoch: nothing was kept", "start again"
    else:
        found = f"after epoch {len(read(place).history)} of {epochs}, kept in {place}"
        hint = "go on with the same command and --resume"
    return signals.Interrupted("interrupted", found, hint=hint)


def _show(out: output.Output, result: Trained) -> None:
    """The summary a person reads, or the record a machine does."""
    from dataclasses import asdict

    top1 = result.top1
    record = asdict(result) | {
        "model": str(result.model),
        "history": str(result.history),
        "top1": top1,
        "loss": result.loss,
    }
    out.emit(record)
    judged = "-" if top1 is None else f"{top1:.2%} on {result.evaluation}"
    rows = [
        ("network", _network(result)),
        ("parameters", f"{result.parameters:,}"),
        ("input", "x".join(map(str, result.shape))),
        ("data", result.data),
        ("classes", f"{len(result.classes)}"),
        *(("teacher", f"{name}, top-1 {right:.1%} on the data") for name, right in result.teachers),
        *_pruned(result),
        ("epochs", _epochs(result)),
        ("top-1", judged),
        ("history", str(result.history)),
    ]
    out.table("", ("", ""), rows)
    out.say(f"model: {result.model}")


def _pruned(result: Trained) -> list[tuple[str, str]]:
    from edgekit.deploy.pruned import pruning_rows

    return [] if result.pruning is None else pruning_rows(result.pruning)


def _network(result: Trained) -> str:
    zoo = result.model.suffix == ".keras"
    return f"{result.architecture}, " + (f"width {result.width:g}" if zoo else "trained further")


def _epochs(result: Trained) -> str:
    text = f"{len(result.rows)}"
    if result.resumed_after:
        text += f", resumed after {result.resumed_after}"
    if result.epoch_seconds:
        mean = sum(result.epoch_seconds) / len(result.epoch_seconds)
        text += f"; {mean:.1f} s each (measured)"
    return text
