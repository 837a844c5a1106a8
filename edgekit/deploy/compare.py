"""Reports compared: read, named, ranked among like conditions, drawn, held against limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.artifacts.report import Report, read_report
from edgekit.deploy.pictures import write_picture
from edgekit.errors import UsageError, Verdict
from edgekit.runtime.report import change_views
from edgekit.runtime.report.changes import Changes, changes
from edgekit.runtime.report.comparison import Comparison, compare
from edgekit.runtime.report.conditions import CONDITIONS, METRICS
from edgekit.runtime.report.policy import Judgement, judge, parse_policy
from edgekit.runtime.report.svg_comparison import svg_comparison

NOT_JUDGED = (
    "a clause that cannot be judged needs reports of like conditions that both tell the figure"
)


@dataclass(frozen=True, slots=True)
class Compared:
    """Reports side by side, what changed from the first to each other, and the limits' verdicts."""

    comparison: Comparison
    changes: tuple[Changes, ...]
    judged: tuple[Judgement, ...] = ()

    def record(self) -> dict[str, Any]:
        """All of it as plain values, for JSON."""
        return {
            **self.comparison.record(),
            "changes": [change_views.record(each) for each in self.changes],
            "policy": [change_views.judgement_record(row) for row in self.judged],
        }

    def markdown(self) -> str:
        """The changes and verdicts as Markdown, for a pull request."""
        return change_views.markdown(self.changes, self.judged)


def compare_reports(paths: Sequence[str | Path], *, across: Sequence[str] = ()) -> Comparison:
    """The comparison of two or more reports (report.json, or the folders they are in).

    Figures are ranked together only where their conditions are equal; conditions named in `across`
    are let differ, which the comparison then says. Raises UsageError, DataError.
    """
    return compare_changes(paths, across=across).comparison


def compare_changes(
    paths: Sequence[str | Path], *, across: Sequence[str] = (), fail_on: str = ""
) -> Compared:
    """`compare_reports`, with what changed since the first report and the limits of `fail_on`.

    The language of `fail_on` is that of edgekit.runtime.report.policy; `gate` makes a verdict of
    the outcome. Raises UsageError, DataError.
    """
    policy = parse_policy(fail_on) if fail_on else ()
    reports, names = read_reports(paths, across=across)
    found = tuple(
        changes(reports[0], report, (names[0], name), across=across)
        for report, name in zip(reports[1:], names[1:], strict=True)
    )
    judged = tuple(row for each in found for row in judge(policy, each))
    return Compared(compare(reports, names, across=across), found, judged)


def read_reports(
    paths: Sequence[str | Path], *, across: Sequence[str] = ()
) -> tuple[list[Report], list[str]]:
    """Two or more reports and a name for each, `across` checked. Raises UsageError, DataError."""
    if len(paths) < 2:
        raise UsageError(
            "compare",
            f"{len(paths)} report was named" if paths else "no report was named",
            allowed="two or more",
            hint="edgekit compare report-a report-b",
            code="compare-few",
        )
    for name in across:
        if name not in CONDITIONS:
            raise UsageError(
                "--across",
                f"no condition {name!r}",
                allowed=", ".join(CONDITIONS),
                hint="for example --across clock,voltage",
                code="compare-condition",
            )
    reports = [read_report(Path(path)) for path in paths]
    return reports, _names(reports, paths)


def _names(reports: Sequence[Report], paths: Sequence[str | Path]) -> list[str]:
    """Model and target, with the path where several have the same ones."""
    plain = [f"{report.bundle.name} on {report.target.name}" for report in reports]
    count = Counter(plain)
    return [
        name if count[name] == 1 else f"{name} ({path})"
        for name, path in zip(plain, paths, strict=True)
    ]


def draw_comparison(comparison: Comparison, metric: str, path: Path) -> None:
    """Draw one metric, as SVG or PNG. Raises UsageError when no report has it, and as
    `write_picture` does."""
    column = next((each for each in comparison.columns if each.metric.name == metric), None)
    if column is None:
        known = metric in METRICS
        raise UsageError(
            "--by",
            f"no report tells its {metric}" if known else f"no metric {metric!r}",
            allowed=", ".join(each.metric.name for each in comparison.columns),
            hint="bench with --power tells the energy"
            if metric == "energy"
            else "draw one of these with --by, or compare reports that tell it",
            code="compare-metric",
        )
    write_picture(path, svg_comparison(comparison, column))


def verdict(comparison: Comparison) -> Verdict | None:
    """The error to raise (exit 3) under --strict when something is not alike."""
    found = comparison.unlike
    if not found:
        return None
    return Verdict(
        "compare",
        "conditions are unlike: " + " | ".join(found),
        allowed="figures of like conditions",
        hint="measure again under the same conditions, or let them differ with --across NAME",
        code="compare-unlike",
    )


def gate(found: Compared) -> Verdict | None:
    """The error to raise (exit 3) when a limit is passed or cannot be judged."""
    failed = [row for row in found.judged if row.outcome.fails]
    if not failed:
        return None
    return Verdict(
        "compare",
        "not within the limits: " + " | ".join(_told(row, len(found.changes)) for row in failed),
        allowed="changes within --fail-on",
        hint=NOT_JUDGED if any(row.why for row in failed) else "see the table for what changed",
        code="compare-limits",
    )


def _told(row: Judgement, reports: int) -> str:
    """A judgement, with the report it is of where there are several."""
    of = f"{row.report}: " if reports > 1 else ""
    return f"{of}{change_views.judgement_text(row)}"
