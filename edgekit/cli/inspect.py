"""`edgekit inspect`: what is inside a model file."""

from __future__ import annotations

from typing import Annotated

import typer

from edgekit.cli import explanation, options, output, trust

NAME = "inspect"
WIDE = 100
"""Columns from which a layer takes one line."""


def command(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="A .tflite, .keras, .h5, .joblib or .pkl file, SavedModel, zoo name or bundle.",
        ),
    ],
    target: Annotated[
        str | None,
        typer.Option("-t", "--target", help="Also say which operators run there."),
    ] = None,
    graph: Annotated[bool, typer.Option("--graph", help="Print the whole graph as text.")] = False,
    explain: explanation.Explain = False,
    report: Annotated[
        str | None,
        typer.Option(help="--explain with the counts of this report of `bench`."),
    ] = None,
    memory: Annotated[
        bool, typer.Option("--memory", help="The memory plan of a bundle, as a picture in text.")
    ] = False,
    memory_svg: Annotated[
        str | None, typer.Option(metavar="FILE", help="The same, drawn into an SVG file.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Show operators, shapes, quantization, sizes, MACs of a model."""
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from dataclasses import asdict

    from edgekit.deploy.inspect import LAYER_COLUMNS, NARROW_COLUMNS, inspect

    if memory or memory_svg:
        _memory(out, model, memory_svg)
        return
    if explain or report:
        _explain(out, model, report)
        return
    trust.say_if_pickled(out, model)
    with out.working():
        found = inspect(model, target=target)
    out.emit(asdict(found))
    if graph:
        out.say(found.text)
        return
    out.table(f"{found.name} ({found.format})", ("", ""), found.summary_rows())
    narrow = out.columns < WIDE
    columns = NARROW_COLUMNS if narrow else LAYER_COLUMNS
    out.table("", columns, found.layer_rows(narrow=narrow))
    out.notes(found.notes)


def _explain(out: output.Output, bundle: str, report: str | None) -> None:
    """The kernels of a bundle instead of its operators."""
    from edgekit.deploy.explain import explain

    found = explain(bundle, report=report)
    out.emit(found.record())
    explanation.show(out, found)


def _memory(out: output.Output, bundle: str, svg: str | None) -> None:
    """The memory plan of a bundle instead of its operators."""
    from dataclasses import asdict

    from edgekit.deploy.memory import memory_of, memory_text

    text = memory_text(bundle, svg)
    out.emit(asdict(memory_of(bundle)))
    out.say(text.rstrip("\n"))
