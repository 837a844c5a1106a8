"""`edgekit explain`: the page of a code, or what a bundle knows of a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import options, output

NAME = "explain"


def command(
    subject: Annotated[
        str, typer.Argument(metavar="CODE|LAYER", help="A code, or with --bundle a layer.")
    ] = "",
    bundle: Annotated[
        Path | None, typer.Option(help="The bundle whose layer is explained.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(help="With --bundle: add what this report of `bench` counted.")
    ] = None,
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Explain the code of an error or warning, or a layer.

    Codes stand in brackets behind errors and warnings, also in reports. Without one all are listed.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    if bundle is not None or report is not None:
        _layer(out, subject, bundle, report)
    elif subject:
        _code(out, subject)
    else:
        _list(out)


def _list(out: output.Output) -> None:
    from edgekit.explanations.pages import pages

    out.emit({code: one.title for code, one in pages().items()})
    out.table("", ("code", "about"), [(code, one.title) for code, one in pages().items()])


def _code(out: output.Output, code: str) -> None:
    import textwrap
    from dataclasses import asdict

    from edgekit.explanations.pages import page

    found = page(code.strip("[]"))
    out.emit({"code": code, **asdict(found)})
    out.say(f"{code}: {found.title}")
    others = ", ".join(each for each in found.codes if each != code)
    for what, text in (
        ("what", found.means),
        ("why", found.why),
        ("do", found.do),
        ("also", others),
    ):
        if text:
            line = textwrap.fill(
                f"  {what + ':':<6}{text}",
                min(out.columns, 100),
                subsequent_indent=" " * 8,
                break_long_words=False,
                break_on_hyphens=False,
            )
            out.say(line)


def _layer(out: output.Output, name: str, bundle: Path | None, report: Path | None) -> None:
    from edgekit.errors import UsageError

    if bundle is None or not name:
        raise UsageError(
            "edgekit explain",
            "a layer needs its name and --bundle",
            hint="edgekit explain LAYER --bundle build/model",
            code="explain-layer",
        )
    from edgekit.deploy.explain_layer import explain_layer

    found = explain_layer(name, bundle, report=report)
    out.emit(found.record())
    for rows in found.steps:
        out.table(f"{found.layer} of {found.bundle}", ("", ""), rows)
