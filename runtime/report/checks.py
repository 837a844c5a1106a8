"""What a report passes or fails, as values for programs that gate on it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from edgekit.artifacts.report import Report
from edgekit.runtime.report.answers import accurate, fits

Outcome = Literal["passed", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A check's group and name, its outcome, and what was found."""

    group: str
    name: str
    outcome: Outcome
    found: str


def checks(report: Report) -> tuple[Checked, ...]:
    """Whether it fits, whether outputs are equal, whether accuracy was checked, rules that were
    met."""
    return (*_fits(report), *_outputs(report), *_accuracy(report), *_rules(report))


def _fits(report: Report) -> Iterator[Checked]:
    answer = fits(report)
    outcome: Outcome = {"good": "passed", "bad": "failed"}.get(answer.tone, "skipped")  # type: ignore[assignment]
    yield Checked("memory", "fits the target", outcome, "; ".join((answer.value, *answer.details)))


def _outputs(report: Report) -> Iterator[Checked]:
    for number, run in enumerate(report.runs):
        name = f"outputs of run {number} equal the reference: {run.engine} on {run.device}"
        if not run.outputs_checked:
            yield Checked("exactness", name, "skipped", "no outputs were compared")
            continue
        whole = run.outputs_equal == run.outputs_checked
        found = f"{run.outputs_equal} of {run.outputs_checked} equal"
        yield Checked("exactness", name, "passed" if whole else "failed", found)


def _accuracy(report: Report) -> Iterator[Checked]:
    answer = accurate(report)
    found = "; ".join((answer.value, *answer.details))
    known = report.bundle.accuracy is not None or answer.provenance is not None
    yield Checked("accuracy", "was checked", "passed" if known else "skipped", found)


def _rules(report: Report) -> Iterator[Checked]:
    for rule in report.mlperf.rules if report.mlperf else ():
        outcome: Outcome = "passed" if rule.met else "failed"
        yield Checked("mlperf", rule.sentence, outcome, rule.found)
