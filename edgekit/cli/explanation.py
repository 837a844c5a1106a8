"""How an explanation of kernels is printed: for `convert`, `inspect` and `report`."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edgekit.cli.output import Output
    from edgekit.deploy.explain import Explanation

Explain = Annotated[
    bool,
    typer.Option(
        "--explain", help="Print each layer's kernel, its cost, and why others were not taken."
    ),
]


def show(out: Output, found: Explanation) -> None:
    """The table of steps, the kernels not taken, and where the figures come from."""
    from edgekit.deploy import stored
    from edgekit.deploy.explain import COLUMNS

    counted = any(step.counted is not None for step in found.steps)
    kept = len(COLUMNS) if counted else COLUMNS.index(">counted")
    rows = [row[:kept] for row in found.rows()]
    out.table("Kernels, and instructions of one inference", COLUMNS[:kept], rows)
    if found.coding is not None:
        out.table("Stored weights", stored.COLUMNS, stored.stored_rows(found.coding))
        out.say(textwrap.fill(stored.why(found.coding), out.columns))
    refusals = found.refusals()
    for line in ["Kernels not taken", *refusals, ""] if refusals else ():
        out.say(textwrap.fill(line, out.columns, subsequent_indent="    ", break_long_words=False))
    for line in found.sources():
        out.say(line)
