"""Why each step of a bundle calls the kernel it calls: estimates, counts, kernels not taken."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from textwrap import wrap

from edgekit.artifacts.bundle import Manifest, Refusal, StepInfo, read_manifest
from edgekit.artifacts.coding import CodingSummary
from edgekit.artifacts.report import Report, read_report
from edgekit.artifacts.run import RunResult
from edgekit.errors import DataError, ModelError
from edgekit.units import count_text

COLUMNS = (">#", "layer, kernel", ">estimated", ">counted", ">ratio")
WIDTH = 78


@dataclass(frozen=True, slots=True)
class ExplainedStep:
    """One step: its kernel, what the cost model expects, what a run counted, the other kernels."""

    index: int
    layer: str
    operator: str
    kernel: str
    macs: int
    estimate: int
    """Estimated instructions; 0 when there is no estimate."""
    counted: int | None
    """Counted instructions of one inference; None without a run that counts."""
    refused: tuple[Refusal, ...]

    @property
    def estimate_per_mac(self) -> float | None:
        """Estimated instructions per multiply-accumulate; None where there are none."""
        return self.estimate / self.macs if self.macs and self.estimate else None

    @property
    def counted_per_mac(self) -> float | None:
        """Counted instructions per multiply-accumulate."""
        return self.counted / self.macs if self.macs and self.counted is not None else None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The steps of a bundle, and where both kinds of figures come from."""

    name: str
    steps: tuple[ExplainedStep, ...]
    basis: Mapping[str, str] = field(default_factory=dict)
    """What the estimates rest on, by kernel folder."""
    counted_on: str = ""
    """The device and kernel set that counted; "" when nothing did."""
    coding: CodingSummary | None = None
    """How weights are stored, where they are coded."""

    def rows(self) -> list[tuple[str, ...]]:
        """A row of COLUMNS for each step, two lines each, and one for the sums."""
        return [*(_row(step) for step in self.steps), _sums(self.steps)]

    def refusals(self) -> list[str]:
        """Lines for each kernel and reason: what cannot run, then what is slower, with steps."""
        steps: dict[tuple[str, str], list[ExplainedStep]] = defaultdict(list)
        for step in self.steps:
            for other in step.refused:
                steps[other.kernel, other.reason].append(step)
        rows = [
            (any(_estimates(kernel, found)), kernel, _why(kernel, reason, found), found)
            for (kernel, reason), found in steps.items()
        ]
        lines = []
        for _, kernel, why, found in sorted(rows, key=lambda row: row[:3]):
            lines.append(f"  {short(kernel)}: {why}")
            numbers = ranges([step.index for step in found])
            text = f"{'step' if len(found) == 1 else 'steps'} {numbers}"
            lines += wrap(text, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 12)
        return lines

    def sources(self) -> list[str]:
        """A line for each kind of figure: how it was obtained."""
        lines = [
            f"estimated by the cost model, {isa} kernels: from {text}"
            for isa, text in self.basis.items()
        ]
        if self.counted_on:
            lines.append(f"counted: exact instructions, not cycles, on {self.counted_on}")
        elif self.steps:
            advice = "`edgekit bench BUNDLE -o DIR`, then `edgekit report DIR --explain`"
            lines.append(f"counted: nothing yet; on a virtual board {advice}")
        return [part for line in lines for part in wrap(line, WIDTH, subsequent_indent="  ")]

    def record(self) -> dict[str, object]:
        """The same for machines, rates included."""
        return {
            "name": self.name,
            "basis": dict(self.basis),
            "counted_on": self.counted_on,
            "steps": [_record(step) for step in self.steps],
            "coding": None if self.coding is None else asdict(self.coding),
        }


def explain(bundle: str | Path, *, report: str | Path | None = None) -> Explanation:
    """The kernels of a bundle; `report` (report.json or its folder) adds what `bench` counted.

    Raises ModelError when `bundle` is no bundle or holds no C, DataError when the report is not
    one of the same program.
    """
    manifest = read_manifest(Path(bundle))
    if not manifest.steps:
        raise ModelError(
            str(bundle),
            "holds no generated C, so that no kernels were chosen",
            hint="convert for a target that runs C: `edgekit targets` lists them",
            code="no-c-bundle",
        )
    runs: tuple[RunResult, ...] = ()
    if report is not None:
        record = read_report(Path(report))
        if _program(record.bundle.steps) != _program(manifest.steps):
            raise DataError(
                str(report),
                f"a report of other kernels ({record.bundle.name} for {record.target.name})",
                allowed=f"a report of {manifest.name} as converted for {manifest.target['name']}",
                hint=f"run `edgekit bench {bundle} -o DIR`",
                code="other-program",
            )
        runs = record.runs
    return explain_manifest(manifest, runs)


def explain_manifest(manifest: Manifest, runs: Sequence[RunResult] = ()) -> Explanation:
    """The kernels of a conversion; without steps where it made no C."""
    basis, coding = manifest.cost_basis, manifest.coding
    return _explanation(manifest.name, manifest.steps, basis, runs, coding)


def explain_report(report: Report, *, subject: str) -> Explanation:
    """The kernels behind a report, with its own counts. Raises DataError when it knows none."""
    if not report.bundle.steps:
        raise DataError(
            subject,
            "knows no kernels: the bundle has no generated C",
            hint="convert for a target that runs C: `edgekit targets` lists them",
            code="no-c-report",
        )
    bundle = report.bundle
    return _explanation(bundle.name, bundle.steps, bundle.cost_basis, report.runs, bundle.coding)


def short(kernel: str) -> str:
    """A kernel's name without the prefix all share.

    >>> short("ek_conv2d_s8__ref")
    'conv2d_s8__ref'
    """
    return kernel.removeprefix("ek_")


def ranges(numbers: Sequence[int]) -> str:
    """Increasing numbers as text.

    >>> ranges([0, 2, 3, 4, 7])
    '0, 2-4, 7'
    """
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs)


def _explanation(
    name: str,
    steps: Sequence[StepInfo],
    basis: Mapping[str, str],
    runs: Sequence[RunResult],
    coding: CodingSummary | None,
) -> Explanation:
    counts, device = _counts(runs)
    explained = tuple(_explained(step, counts) for step in steps)
    return Explanation(name, explained, basis, device, coding)


def _program(steps: Sequence[StepInfo]) -> list[tuple[str, str, int]]:
    """What must be equal for counts of one to be those of the other."""
    return [(step.name, step.kernel, step.macs) for step in steps]


def _counts(runs: Sequence[RunResult]) -> tuple[dict[int, int], str]:
    """Instructions by step of the first run that counted them, and what it ran on."""
    for run in runs:
        if run.counter_unit == "instructions" and run.steps:
            source = f"{run.device}, {run.engine} ({run.provenance})"
            return {step.index: round(step.count) for step in run.steps}, source
    return {}, ""


def _explained(step: StepInfo, counts: Mapping[int, int]) -> ExplainedStep:
    return ExplainedStep(
        index=step.index,
        layer=step.layer or step.name,
        operator=step.operator,
        kernel=step.kernel,
        macs=step.macs,
        estimate=step.estimate,
        counted=counts.get(step.index),
        refused=step.refused,
    )


def _row(step: ExplainedStep) -> tuple[str, ...]:
    return (
        str(step.index),
        f"{step.layer}\n  {short(step.kernel)}",
        _cost(step.estimate or None, step.estimate_per_mac),
        _cost(step.counted, step.counted_per_mac),
        _quotient(step.counted, step.estimate),
    )


def _sums(steps: Sequence[ExplainedStep]) -> tuple[str, ...]:
    macs, estimate = sum(step.macs for step in steps), sum(step.estimate for step in steps)
    counts = [step.counted for step in steps if step.counted is not None]
    counted = sum(counts) if len(counts) == len(steps) else None
    rates = [value / macs if macs and value else None for value in (estimate, counted)]
    return (
        "",
        f"all steps, {count_text(macs)} MACs",
        _cost(estimate or None, rates[0]),
        _cost(counted, rates[1]),
        _quotient(counted, estimate),
    )


def _cost(instructions: int | None, per_mac: float | None) -> str:
    """Instructions, and below them the rate."""
    if instructions is None:
        return ""
    rate = "" if per_mac is None else f"\n{per_mac:.2f}/MAC"
    return count_text(instructions) + rate


def _quotient(counted: int | None, estimate: int) -> str:
    return f"{counted / estimate:.2f}" if counted is not None and estimate else ""


def _why(kernel: str, reason: str, steps: Sequence[ExplainedStep]) -> str:
    """The reason; for a slower kernel with the factor between the two estimates."""
    pairs = zip(_estimates(kernel, steps), steps, strict=True)
    factors = [other / step.estimate for other, step in pairs if other and step.estimate]
    if not factors:
        return reason
    low, high = f"{min(factors):.2f}", f"{max(factors):.2f}"
    return f"{reason}, {low}x" if low == high else f"{reason}, {low}x to {high}x"


def _estimates(kernel: str, steps: Sequence[ExplainedStep]) -> list[int]:
    """The estimates of a kernel refused at these steps, 0 where it cannot run."""
    return [next(r.estimate for r in step.refused if r.kernel == kernel) for step in steps]


def _record(step: ExplainedStep) -> dict[str, object]:
    rates = {
        "estimate_per_mac": step.estimate_per_mac,
        "counted_per_mac": step.counted_per_mac,
    }
    return {**asdict(step), **rates}
