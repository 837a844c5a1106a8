"""`edgekit baseline`: do you need a network?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import options, output, trust

NAME = "baseline"

LABELLED = "Folder per class, .npz with x and y, .csv of numbers or of path,label, labels.json."


def command(
    data: Annotated[str, typer.Option(help=f"Labelled data to train on. {LABELLED}")],
    eval_data: Annotated[
        str | None,
        typer.Option("--eval", help="Labelled data to judge by; default: a quarter of --data."),
    ] = None,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="A trained network to set beside; may be repeated."),
    ] = None,
    target: Annotated[
        str, typer.Option("-t", "--target", help="Whose cost model estimates the instructions.")
    ] = "virtual-m4",
    precision: Annotated[str, typer.Option(help="int8, int16 or float32.")] = "int8",
    samples: Annotated[
        int, typer.Option(min=8, help="At most this many to train on, and to judge by.")
    ] = 2000,
    seed: Annotated[int, typer.Option(help="Of the split and of training.")] = 0,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the models here, as .joblib.")
    ] = None,
    table: Annotated[
        Path | None, typer.Option("-o", "--output", help="Also write the result here, as JSON.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Train models that need no network on your data.

    The most frequent class, nearest centroid, logistic regression, a linear SVM, a decision tree, a
    random forest and gradient boosting of scikit-learn, each with its accuracy, flash, RAM and
    instructions, and one sentence: whether a network pays.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from json import dumps

    from edgekit.artifacts.files import write_file
    from edgekit.deploy.baseline import COLUMNS, baseline

    for path in model or ():
        trust.say_if_pickled(out, path)
    with out.working():
        found = baseline(
            data,
            evaluation=eval_data,
            models=tuple(model or ()),
            target=target,
            precision=precision,
            samples=samples,
            seed=seed,
            save=save,
            progress=out.advance,
        )
    if table is not None:
        write_file(table, dumps(found.record(), indent=2, sort_keys=True) + "\n")
    out.emit(found.record())
    out.table("", COLUMNS, found.table())
    for line in found.basis():
        out.say(line)
    out.say()
    out.say(found.verdict)
