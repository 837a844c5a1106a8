"""Reports compared: read, named, ranked among like conditions, drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from edgekit.artifacts.files import write_file
from edgekit.artifacts.report import Report, read_report
from edgekit.errors import UsageError, Verdict
from edgekit.runtime.report.comparison import Comparison, compare
from edgekit.runtime.report.conditions import CONDITIONS, METRICS
from edgekit.runtime.report.svg_comparison import svg_comparison


def compare_reports(paths: Sequence[str | Path], *, across: Sequence[str] = ()) -> Comparison:
    """The comparison of two or more reports (report.json, or the folders they are in).

    Figures are ranked together only where their conditions are equal; conditions named in `across`
    are let differ, which the comparison then says. Raises UsageError, DataError.
    """
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
    return compare(reports, _names(reports, paths), across=across)


def _names(reports: Sequence[Report], paths: Sequence[str | Path]) -> list[str]:
    """Model and target, with the path where several have the same ones."""
    plain = [f"{report.bundle.name} on {report.target.name}" for report in reports]
    count = Counter(plain)
    return [
        name if count[name] == 1 else f"{name} ({path})"
        for name, path in zip(plain, paths, strict=True)
    ]


def write_svg(comparison: Comparison, metric: str, path: Path) -> None:
    """Draw one metric. Raises UsageError when no report has it, OutputError."""
    column = next((each for each in comparison.columns if each.metric.name == metric), None)
    if column is None:
        known = metric in METRICS
        raise UsageError(
            "--by",
            f"no report tells its {metric}" if known else f"no metric {metric!r}",
            allowed=", ".join(each.metric.name for each in comparison.columns),
            hint="bench with --power tells the energy" if metric == "energy" else "",
            code="compare-metric",
        )
    write_file(path, svg_comparison(comparison, column))


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
