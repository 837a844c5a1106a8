"""Power traces of known energy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import Mark, PowerTrace

RATE = 10_000.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Windows of `active_w` for `window_s` each between idle stretches of `idle_w`, 3 V."""

    windows: int = 5
    window_s: float = 0.5
    idle_s: float = 0.2
    active_w: float = 0.044
    idle_w: float = 0.012
    noise: float = 0.0
    """Standard deviation of a sample, share of the power."""
    scatter: float = 0.0
    """Standard deviation of a window's power, share of the power."""
    jitter_s: float = 0.0
    """Standard deviation of a window's length."""
    lost: float = 0.0
    """Share of the samples that are lost."""
    edges: bool = True
    drift: float = 0.0
    """Change of the power from the first window to the last, share of it."""
    slowing: float = 0.0
    """Change of a window's length from the first to the last, share of it."""
    idle_drift_w: float = 0.0
    """Idle power after the windows minus that before and between them."""
    rate: float = RATE


def make_trace(plan: Plan, seed: int = 0) -> tuple[PowerTrace, list[float]]:
    """The trace of `plan` and the true joules of each window."""
    rng = np.random.default_rng(seed)
    idle = round(plan.idle_s * plan.rate)
    pieces, level, truth = [np.full(idle, plan.idle_w)], [np.ones(idle, bool)], []
    for number in range(plan.windows):
        share = number / max(1, plan.windows - 1)
        length = plan.window_s * (1 + plan.slowing * share)
        count = round((length + plan.jitter_s * rng.standard_normal()) * plan.rate)
        watts = plan.active_w * (1 + plan.scatter * rng.standard_normal() + plan.drift * share)
        truth.append(plan.active_w * count / plan.rate)
        last = plan.idle_drift_w if number == plan.windows - 1 else 0.0
        pieces += [np.full(count, watts), np.full(idle, plan.idle_w + last)]
        level += [np.zeros(count, bool), np.ones(idle, bool)]
    watts, low = np.concatenate(pieces), np.concatenate(level)
    watts = watts * (1 + plan.noise * rng.standard_normal(len(watts)))
    kept = rng.random(len(watts)) >= plan.lost
    kept[[0, -1]] = True
    t = np.arange(len(watts)) / plan.rate
    return trace_of(t[kept], watts[kept], low[kept] if plan.edges else None, plan.rate), truth


def trace_of(
    t: np.ndarray, watts: np.ndarray, level: np.ndarray | None = None, rate: float = RATE
) -> PowerTrace:
    """A trace at 3 V; `level` is the trigger pin, high while idle."""
    marks = []
    if level is not None:
        for at in np.flatnonzero(np.diff(level.astype(int))) + 1:
            marks.append(Mark(float(t[at]), "trigger-rise" if level[at] else "trigger-fall"))
    total = round((t[-1] - t[0]) * rate) + 1
    return PowerTrace(
        t=t,
        volts=np.full(len(t), 3.0),
        amps=watts / 3.0,
        marks=tuple(marks),
        lost_samples=total - len(t),
        sample_rate_hz=rate,
        meter="synthetic",
        range_a=(200e-9, 1.0),
        provenance=Provenance.SIMULATED,
    )
