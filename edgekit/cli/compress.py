"""`edgekit compress`: a trained network becomes a smaller .tflite, without a target or C."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edgekit.cli import convert, options, output, trust
from edgekit.converter.options import OPTIONS_OF_TARGETS

if TYPE_CHECKING:
    from edgekit.deploy.compress import Compressed

NAME = "compress"
OWN = ("target", "output_dir", "explain", *OPTIONS_OF_TARGETS)
"""Parameters of convert that are not for a file alone."""


def _as_convert(command: Callable[..., None]) -> Callable[..., None]:
    """The command with convert's parameters, apart from OWN, in place of its `**given`."""
    own = inspect.signature(command, eval_str=True).parameters
    theirs = inspect.signature(convert.command, eval_str=True).parameters
    last = {name for name in own if name in theirs}
    first = [p for name, p in own.items() if name not in last and p.kind is not p.VAR_KEYWORD]
    rest = [p for name, p in theirs.items() if name not in (*OWN, *last)]
    every = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for parameter in (rest[0], *first, *rest[1:], *(own[name] for name in own if name in last))
    ]
    command.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in every}
    return command


@_as_convert
def command(
    out_file: Annotated[
        Path, typer.Option("-o", "--output", metavar="OUT.tflite", help="The file to write.")
    ],
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
    **given: Any,
) -> None:
    """Make a network smaller and write it as .tflite.

    What convert does without a target or C: prunes, clusters, equalizes and quantizes as the
    options say, and prints what that bought and cost: bytes, also packed by gzip and xz, and
    accuracy. --precision auto makes the weights small. Exit 3 when the result is not accurate
    enough.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    from edgekit.deploy.compress import compress
    from edgekit.errors import AccuracyError

    model = given.pop("model")
    chosen = convert.conversion_options(**given)
    trust.say_if_pickled(out, model)
    try:
        with out.working():
            result = compress(model, output=out_file, options=chosen, progress=out.advance)
    except AccuracyError as error:
        convert.show_refused(out, error)
        raise
    _show(out, result)


def _show(out: output.Output, result: Compressed) -> None:
    """The table of prices a person reads, or the record a machine does."""
    from edgekit.deploy.compress import COLUMNS, compressed_rows, price_rows

    out.emit(result.record())
    out.table("", ("", ""), compressed_rows(result))
    out.table("price", COLUMNS, price_rows(result))
    if result.formats is not None:
        convert.show_formats(out, result.formats)
    out.notes(result.notes)
    out.say(f"model: {result.model}")
