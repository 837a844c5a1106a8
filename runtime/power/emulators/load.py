"""The current an emulated meter shows: a recorded or made-up trace, played over and over.

A sample is the mean over its period, so however slowly a meter samples, its samples sum up to
the charge of the trace.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import PowerTrace

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ROUNDING_S = 1e-9
"""A time this close before a change counts as after it."""


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """`amps[i]` and the trigger pin's `level[i]` hold from `t[i]` to the next, the last one until
    `period_s`; then it begins anew. Arrays of shape (n,); `t` starts at 0 and rises."""

    t: Floats
    amps: Floats
    level: Flags
    volts: float
    period_s: float

    @classmethod
    def square(
        cls,
        *,
        volts: float = 3.3,
        idle_a: float = 2e-3,
        active_a: float = 12e-3,
        idle_s: float = 1.0,
        active_s: float = 2.0,
    ) -> Load:
        """Idle, then inferring with the trigger pin low, for ever."""
        return cls(
            np.array([0.0, idle_s]),
            np.array([idle_a, active_a]),
            np.array([True, False]),
            volts,
            idle_s + active_s,
        )

    @classmethod
    def from_trace(cls, trace: PowerTrace) -> Load:
        """What was recorded, with its trigger edges; negative currents count as none."""
        step = 1 / trace.sample_rate_hz if trace.sample_rate_hz else float(np.diff(trace.t).mean())
        t = trace.t - trace.t[0]
        level = np.ones(len(t), np.bool_)
        for mark in trace.marks:
            if mark.kind.startswith("trigger-"):
                level[np.searchsorted(trace.t, mark.t) :] = mark.kind == "trigger-rise"
        return cls(
            t, np.maximum(trace.amps, 0.0), level, float(trace.volts.mean()), float(t[-1] + step)
        )

    def mean_amps(self, edges: Floats) -> Floats:
        """Mean current between neighbours of the times `edges` (n + 1,), shape (n,)."""
        mean: Floats = np.diff(self.coulombs(edges)) / np.diff(edges)
        return mean

    def coulombs(self, seconds: Floats) -> Floats:
        """Charge from 0 to each time."""
        knots = np.append(self.t, self.period_s)
        held = np.concatenate(([0.0], np.cumsum(np.diff(knots) * self.amps)))
        rounds, rest = np.divmod(seconds, self.period_s)
        charge: Floats = rounds * held[-1] + np.interp(rest, knots, held)
        return charge

    def joules(self, start_s: float, end_s: float) -> float:
        """Energy between two times: the truth a measurement is compared with."""
        first, last = self.coulombs(np.array([start_s, end_s]))
        return float(last - first) * self.volts

    def levels(self, seconds: Floats) -> Flags:
        """The trigger pin's level at each time."""
        at = np.searchsorted(self.t, (seconds + ROUNDING_S) % self.period_s, "right") - 1
        levels: Flags = self.level[at.clip(0)]
        return levels
