"""`edgekit explain`: the page of a code, or what a bundle knows of a layer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import options, output

NAME = "explain"
COLUMNS = ("code", "about")


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
    search: Annotated[
        str, typer.Option(metavar="WORDS", help="List the codes whose pages hold these words.")
    ] = "",
    json: options.Json = False,
    quiet: options.Quiet = False,
    verbose: options.Verbose = False,
) -> None:
    """Explain the code of an error or warning, or a layer.

    Codes stand in brackets behind errors and warnings, also in reports. Without one all are listed.
    """
    out = output.use(json=json, quiet=quiet, verbose=verbose)
    if search:
        _search(out, search, subject)
    elif bundle is not None or report is not None:
        _layer(out, subject, bundle, report)
    elif subject:
        _page(out, subject.strip("[]"))
    else:
        _list(out)


def _list(out: output.Output) -> None:
    from edgekit.explanations.pages import by_topic, pages

    out.emit({code: one.title for code, one in pages().items()})
    for topic, found in by_topic().items():
        out.table(topic, COLUMNS, [(code, one.title) for code, one in found.items()])


def _search(out: output.Output, words: str, subject: str) -> None:
    from edgekit.errors import UsageError
    from edgekit.explanations import pages

    if subject:
        raise UsageError(
            f"--search {words}",
            f"{subject} is named as well",
            allowed="a code, or --search",
            hint="leave one of them out; words with blanks go in quotes",
            code="explain-search",
        )
    found = pages.search(words)
    if not found:
        raise UsageError(
            f"--search {words}",
            "no page holds all of these words",
            allowed=", ".join(pages.nearest(words)) or "see `edgekit explain`",
            hint="take fewer words, or their stems",
            code="explain-search",
        )
    out.emit({code: one.title for code, one in found.items()})
    out.table("", COLUMNS, [(code, one.title) for code, one in found.items()])


def _page(out: output.Output, name: str) -> None:
    import textwrap
    from dataclasses import asdict

    from edgekit.explanations.pages import page

    found = page(name)
    out.emit({"code": name, **asdict(found)})
    out.say(f"{name}: {found.title}")
    for what, text in (
        ("what", found.means),
        ("why", found.why),
        ("do", found.do),
        ("e.g.", found.example),
        ("docs", ", ".join(found.docs)),
        ("also", ", ".join(each for each in found.codes if each != name)),
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
