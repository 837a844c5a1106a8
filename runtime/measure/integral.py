"""Energy between two instants of a sampled power, with gaps where samples were lost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GAP = 1.5
"""A step in time longer than this many sample distances is a gap."""


@dataclass(frozen=True, slots=True)
class Energy:
    """Joules over `seconds`, of which `gap_s` were not seen.

    `gap_j` is how far the unseen part may be off either way.
    """

    joules: float
    seconds: float
    gap_s: float
    gap_j: float


def integrate(t: Floats, watts: Floats, start: float, end: float, spacing: float) -> Energy:
    """Energy of `watts` from `start` to `end` (seconds) by the trapezoid rule.

    Both ends are interpolated. A gap is not bridged: its time counts with the mean power of the
    part that was seen, and its doubt is that time by half the spread (5th to 95th percentile) of
    that power. `spacing` is the distance of samples. Raises ValueError when nothing was seen.
    """
    inside = slice(int(np.searchsorted(t, start, "right")), int(np.searchsorted(t, end, "left")))
    edges = np.interp((start, end), t, watts)
    times = np.concatenate(([start], t[inside], [end]))
    powers = np.concatenate((edges[:1], watts[inside], edges[1:]))
    steps = np.diff(times)
    seen = steps <= GAP * spacing
    seen_s = float(steps[seen].sum())
    if seen_s <= 0:
        raise ValueError(f"no samples between {start} s and {end} s")
    seen_j = float((steps * (powers[1:] + powers[:-1]) / 2)[seen].sum())
    gap_s = float(steps[~seen].sum())
    low, high = np.percentile(powers, (5, 95)) if gap_s else (0.0, 0.0)
    return Energy(
        joules=seen_j * (seen_s + gap_s) / seen_s,
        seconds=end - start,
        gap_s=gap_s,
        gap_j=gap_s * float(high - low) / 2,
    )
