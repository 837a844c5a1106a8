"""The host-side spike filter of the PPK2: what a range switch distorts is smoothed.

Two exponential averages run over all samples, a fast one (weight 0.18) and a slow one (0.06).
The first sample of a new range and the two after it are replaced by the average of the samples
up to them: by the slow one in the highest range, whose first two samples do not enter either
average, by the fast one elsewhere. Nordic's application does this; a trace without it shows
spikes that the board did not draw. The values replaced are few and counted.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FAST, SLOW = 0.18, 0.06
REPLACED = 3
HIGHEST_RANGE = 4
HELD = 2
"""Samples of a switch to the highest range that do not enter the averages."""


def filter_spikes(values: Floats, ranges: NDArray[np.uint8]) -> tuple[Floats, int]:
    """`values` with the samples at range switches replaced, and how many these are.

    Both arrays have shape (n,); the result is a new array.
    """
    since = _since_switch(ranges)
    replaced = since < REPLACED
    if not replaced.any():
        return values.copy(), 0
    held = (ranges == HIGHEST_RANGE) & (since < HELD)
    smooth = np.where(
        ranges == HIGHEST_RANGE, _average(values, SLOW, held), _average(values, FAST, held)
    )
    return np.where(replaced, smooth, values), int(np.count_nonzero(replaced))


def _since_switch(ranges: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Samples since the last range switch; large before the first."""
    place = np.arange(len(ranges), dtype=np.int64)
    switch = np.full(len(ranges), -1_000, np.int64)
    changed = np.flatnonzero(np.diff(ranges)) + 1
    switch[changed] = changed
    since: NDArray[np.int64] = place - np.maximum.accumulate(switch)
    return since


def _average(values: Floats, weight: float, held: NDArray[np.bool_]) -> Floats:
    """The running average y[n] = keep[n] * y[n-1] + take[n] * x[n], which starts at x[0].

    A scan by doubling: after k passes each y holds the last 2**k terms. It ends when what is
    left out weighs nothing.
    """
    keep = np.where(held, 1.0, 1.0 - weight)
    keep[0] = 0.0
    total = np.where(held, 0.0, weight) * values
    total[0] = values[0]
    shift = 1
    while shift < len(values) and keep[shift:].max() > 1e-12:
        total[shift:] = total[shift:] + keep[shift:] * total[:-shift]
        keep[shift:] = keep[shift:] * keep[:-shift]
        shift *= 2
    return total
