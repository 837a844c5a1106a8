"""Why each step calls the kernel it calls: what `convert --explain` prints."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.converter.lower.program import Program, Refusal, Step


@dataclass(frozen=True, slots=True)
class Explanation:
    """One step: its kernel, the estimated instructions of the call, and why not another.

    `refused` are the other kernels that the target has for the operator, in the order of its ISA
    list; each reason reads after the kernel's name.
    """

    index: int
    layer: str
    operator: str
    kernel: str
    macs: int
    estimate: int
    """Estimated instructions; 0 when there is no estimate."""
    scratch_bytes: int
    refused: tuple[Refusal, ...]

    @property
    def per_mac(self) -> float | None:
        """Estimated instructions per multiply-accumulate; None for steps without any."""
        return self.estimate / self.macs if self.macs and self.estimate else None


def explain(program: Program) -> tuple[Explanation, ...]:
    """The choices behind a program, one for each step."""
    return tuple(_explained(index, step) for index, step in enumerate(program.steps))


def explanation_lines(program: Program) -> list[str]:
    """The same as text: a line for each step, and below it one for each kernel refused."""
    lines = []
    for e in explain(program):
        rate = "" if e.per_mac is None else f", {e.per_mac:.2f} per MAC"
        cost = f"about {e.estimate:,} instructions{rate}" if e.estimate else "no estimate"
        lines.append(f"{e.index:>3}  {e.layer}: {e.kernel}, {cost}")
        lines += [f"       {refusal.kernel} {refusal.reason}" for refusal in e.refused]
    return lines


def _explained(index: int, step: Step) -> Explanation:
    return Explanation(
        index=index,
        layer=step.layer,
        operator=step.operator,
        kernel=step.kernel,
        macs=step.macs,
        estimate=step.cost,
        scratch_bytes=step.scratch_bytes,
        refused=step.refused,
    )
