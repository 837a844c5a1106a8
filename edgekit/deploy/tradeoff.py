"""Accuracy against cost over reports: read, judged, drawn."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgekit.artifacts.files import write_files
from edgekit.deploy.compare import read_reports
from edgekit.deploy.pictures import write_picture
from edgekit.errors import UsageError
from edgekit.runtime.report.conditions import METRICS
from edgekit.runtime.report.svg_file import stacked
from edgekit.runtime.report.tradeoff import COSTS, TradeOff, trade_offs, tradeoff_svg


def tradeoff(
    paths: Sequence[str | Path],
    *,
    against: Sequence[str] = COSTS,
    across: Sequence[str] = (),
) -> tuple[TradeOff, ...]:
    """Accuracy against each cost in `against`, by groups of like conditions.

    `across` names conditions that are let differ. Raises UsageError, also where no report has
    both figures of any pair; DataError.
    """
    for name in against:
        if name not in COSTS:
            raise UsageError(
                "--against",
                f"no cost {name!r}",
                allowed=", ".join(COSTS),
                hint="for example --against latency,flash",
                code="tradeoff-cost",
            )
    reports, names = read_reports(paths, across=across)
    found = tuple(
        each
        for name in against
        for each in trade_offs(reports, names, METRICS[name], across=across)
    )
    if not found:
        raise UsageError(
            "tradeoff",
            f"no report has an accuracy and one of: {', '.join(against)}",
            allowed="reports of models converted with --eval DATA",
            hint="convert with --eval, then edgekit bench",
            code="tradeoff-nothing",
        )
    return found


def write_pictures(found: Sequence[TradeOff], folder: Path) -> list[Path]:
    """A picture of each with two reports or more, numbered where a cost has several groups.
    Raises OutputError."""
    contents: dict[Path, bytes | str] = {}
    for each in _drawable(found):
        stem = f"accuracy-{each.metric.name}"
        count = sum(path.name.startswith(stem) for path in contents)
        contents[folder / f"{stem}{f'-{count + 1}' if count else ''}.svg"] = tradeoff_svg(each)
    write_files(contents)
    return list(contents)


def draw_tradeoffs(found: Sequence[TradeOff], path: Path) -> None:
    """One picture, as SVG or PNG, with each that `write_pictures` draws below the other. Raises
    UsageError where there is none, and as `write_picture` does."""
    drawings = [tradeoff_svg(each) for each in _drawable(found)]
    if not drawings:
        raise UsageError(
            str(path),
            "nothing to draw: no two reports have an accuracy and a cost under like conditions",
            allowed="two reports or more",
            hint="let conditions differ with --across clock,machine, ...",
            code="tradeoff-nothing",
        )
    write_picture(path, stacked(drawings))


def _drawable(found: Sequence[TradeOff]) -> list[TradeOff]:
    return [
        each
        for each in found
        if len(each.standings) > 1 and min(row.cost.value for row in each.standings) > 0
    ]
