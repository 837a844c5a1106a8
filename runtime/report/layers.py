"""One row per layer: its step in the bundle, its cost in a run, its noise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgekit.artifacts.bundle import PlacedBuffer, StepInfo
from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.report import BundleSummary, Report
from edgekit.artifacts.run import RunResult, StepCost


@dataclass(frozen=True, slots=True)
class LayerRow:
    """`cost` is per inference in the unit of `Layers.unit`; `share` is its part of the whole.

    None means "not known", except that `exact` tells a known absence of noise from it.
    """

    index: int
    name: str
    operator: str
    shape: tuple[int, ...]
    macs: int
    weight_bytes: int
    cost: float | None
    share: float | None
    sqnr_db: float | None
    exact: bool
    estimate: int = 0
    """Instructions as the cost model has them; 0: no estimate."""
    live_bytes: int = 0
    """Bytes of the arena that are live in its step; 0: no memory plan."""

    @property
    def per_mac(self) -> float | None:
        """Cost per MAC; None without cost or MACs."""
        return self.cost / self.macs if self.cost is not None and self.macs else None


@dataclass(frozen=True, slots=True)
class Layers:
    """The rows in order, the unit of their cost ("" when there is none) and where it is from."""

    rows: tuple[LayerRow, ...]
    unit: str = ""
    provenance: Provenance | None = None
    source: str = ""

    @property
    def weight(self) -> tuple[str, tuple[float, ...]]:
        """What the rows are compared by: their cost, or their MACs when there is no cost."""
        if self.unit:
            return self.unit, tuple(row.cost or 0.0 for row in self.rows)
        return "MACs", tuple(float(row.macs) for row in self.rows)

    def by_operator(self) -> tuple[tuple[str, float], ...]:
        """(operator, share of the weight), largest first; empty when all weights are zero."""
        total: dict[str, float] = defaultdict(float)
        for row, weight in zip(self.rows, self.weight[1], strict=True):
            total[row.operator] += weight
        whole = sum(total.values())
        if not whole:
            return ()
        return tuple(sorted(((k, v / whole) for k, v in total.items()), key=lambda kv: -kv[1]))


def layers(report: Report) -> Layers:
    """The layers of a report; rows come from the bundle's steps, else from the run's, else from
    the names that have a signal to noise ratio."""
    run = next((run for run in report.runs if run.steps), None)
    costs = {step.index: step for step in run.steps} if run else {}
    whole = sum(step.count for step in costs.values())
    indices = sorted({step.index for step in report.bundle.steps} | costs.keys())
    steps = {step.index: step for step in report.bundle.steps}
    plan = report.bundle.memory
    live = live_bytes(plan.buffers) if plan is not None and plan.buffers else {}
    rows = [
        replace(
            _row(i, steps.get(i), costs.get(i), whole, report.bundle), live_bytes=live.get(i, 0)
        )
        for i in indices
    ]
    if not rows:
        rows = _noise_only(report.bundle)
    return Layers(
        tuple(rows),
        unit=run.counter_unit if run else "",
        provenance=run.provenance if run else None,
        source=_source(run),
    )


def _source(run: RunResult | None) -> str:
    return f"{run.device}, {run.engine}" if run else ""


def _row(
    index: int, step: StepInfo | None, cost: StepCost | None, whole: float, bundle: BundleSummary
) -> LayerRow:
    name = step.name if step else cost.name if cost else str(index)
    noises = bundle.layers_sqnr_db
    key = step.layer if step and step.layer in noises else name
    noise = noises.get(key, step.sqnr_db if step else None)
    return LayerRow(
        index=index,
        name=name,
        operator=step.operator if step else cost.operator if cost else "",
        shape=step.output_shape if step else (),
        macs=step.macs if step else cost.macs if cost else 0,
        weight_bytes=step.weight_bytes if step else 0,
        cost=cost.count if cost else None,
        share=cost.count / whole if cost and whole else None,
        sqnr_db=noise,
        exact=key in noises and noise is None,
        estimate=step.estimate if step else 0,
    )


def _noise_only(bundle: BundleSummary) -> list[LayerRow]:
    return [
        LayerRow(index, name, "", (), 0, 0, None, None, noise, noise is None)
        for index, (name, noise) in enumerate(bundle.layers_sqnr_db.items())
    ]


def noisiest(rows: Sequence[LayerRow], count: int = 3) -> tuple[LayerRow, ...]:
    """The rows of the lowest signal to noise ratio, lowest first."""
    known = [row for row in rows if row.sqnr_db is not None]
    return tuple(sorted(known, key=lambda row: row.sqnr_db or 0.0)[:count])


def live_bytes(buffers: tuple[PlacedBuffer, ...]) -> dict[int, int]:
    """Bytes of live buffers at each step; bytes that two share in place count once."""
    steps = range(min(b.first for b in buffers), max(b.last for b in buffers) + 1)
    return {step: _covered([b for b in buffers if b.first <= step <= b.last]) for step in steps}


def _covered(buffers: list[PlacedBuffer]) -> int:
    covered = 0
    ends: dict[int, int] = {}
    for buffer in sorted(buffers, key=lambda buffer: buffer.offset):
        top, end = buffer.offset + buffer.size, ends.get(buffer.block, 0)
        covered += max(0, top - max(end, buffer.offset))
        ends[buffer.block] = max(end, top)
    return covered
