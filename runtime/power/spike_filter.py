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


MEMORY = 1024
"""Samples after which a value weighs nothing in either average."""


class SpikeFilter:
    """The filter over a recording that comes in pieces. `replaced` counts what it replaced."""

    def __init__(self) -> None:
        self.replaced = 0
        self._range: int | None = None
        self._since = MEMORY
        self._fast: float | None = None
        self._slow: float | None = None

    def feed(self, values: Floats, ranges: NDArray[np.uint8]) -> Floats:
        """The next `values`, those at range switches replaced; both arrays have shape (n,)."""
        if not len(values):
            return values
        since = self._since_switch(ranges)
        replaced = since < REPLACED
        highest = ranges == HIGHEST_RANGE
        # Where nothing is replaced, only what the averages end with matters.
        part = slice(None) if replaced.any() else slice(max(0, len(values) - MEMORY), None)
        held = (highest & (since < HELD))[part]
        fast = _average(values[part], FAST, held, self._fast)
        slow = _average(values[part], SLOW, held, self._slow)
        self._fast, self._slow = float(fast[-1]), float(slow[-1])
        self._range, self._since = int(ranges[-1]), min(int(since[-1]), MEMORY)
        if not replaced.any():
            return values.copy()
        self.replaced += int(np.count_nonzero(replaced))
        return np.where(replaced, np.where(highest, slow, fast), values)

    def _since_switch(self, ranges: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Samples since the last range switch; large before the first."""
        place = np.arange(len(ranges), dtype=np.int64)
        switch = np.full(len(ranges), -1 - self._since, np.int64)
        before = ranges[0] if self._range is None else self._range
        changed = np.flatnonzero(np.diff(ranges.astype(np.int16), prepend=before))
        switch[changed] = changed
        since: NDArray[np.int64] = place - np.maximum.accumulate(switch)
        return since


def filter_spikes(values: Floats, ranges: NDArray[np.uint8]) -> tuple[Floats, int]:
    """`values` with the samples at range switches replaced, and how many these are.

    Both arrays have shape (n,); the result is a new array.
    """
    smoothing = SpikeFilter()
    return smoothing.feed(values, ranges), smoothing.replaced


def _average(
    values: Floats, weight: float, held: NDArray[np.bool_], before: float | None
) -> Floats:
    """The running average y[n] = keep[n] * y[n-1] + take[n] * x[n], which goes on from `before`
    or starts at x[0].

    A scan by doubling: after k passes each y holds the last 2**k terms. It ends when what is
    left out weighs nothing.
    """
    keep = np.where(held, 1.0, 1.0 - weight)
    total = np.where(held, 0.0, weight) * values
    total[0] = values[0] if before is None else total[0] + keep[0] * before
    keep[0] = 0.0
    shift = 1
    while shift < len(values) and keep[shift:].max() > 1e-12:
        total[shift:] = total[shift:] + keep[shift:] * total[:-shift]
        keep[shift:] = keep[shift:] * keep[:-shift]
        shift *= 2
    return total
