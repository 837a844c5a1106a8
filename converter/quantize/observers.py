"""Ranges narrower than what was seen: a few far values no longer set the step of all others.

`percentile` leaves a ten-thousandth of the values out at either end. `mse` takes, of ranges
shrunk towards 0, the one whose rounding and clipping errors together are least, over a histogram
(Banner et al. 2019, "Post training 4-bit quantization of convolutional networks for
rapid-deployment", section 3, by search instead of by assuming a distribution).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Graph
from edgekit.converter.quantize.execute import Batch, by_name, iterate
from edgekit.converter.quantize.groups import Range, Ranges
from edgekit.converter.quantize.scheme import Format

BINS = 2048
LEFT_OUT = 1e-4
"""Share of the values beyond either end of a percentile range."""
SHRINK = tuple(np.linspace(1.0, 0.2, 41).tolist())

Counts = NDArray[np.int64]


def narrowed(
    graph: Graph, ranges: Ranges, batches: Iterable[Batch], method: str, form: Format
) -> dict[str, Range]:
    """The ranges with each narrowed by `method`, "percentile" or "mse", over the same batches.

    `form` is the format of activations. A range of nothing but one value stays.
    """
    counts = _histograms(graph, ranges, batches)
    found = dict(ranges)
    for name, count in counts.items():
        low, high = ranges[name]
        edges = np.linspace(low, high, BINS + 1)
        centres = (edges[:-1] + edges[1:]) / 2
        if method == "percentile":
            found[name] = percentile_range(count, edges)
        else:
            found[name] = mse_range(count, centres, (low, high), form)
    return found


def percentile_range(count: Counts, edges: NDArray[np.float64]) -> Range:
    """The range between the bins where a share of LEFT_OUT lies further out."""
    share = np.cumsum(count) / count.sum()
    first = int(np.searchsorted(share, LEFT_OUT, side="right"))
    last = int(np.searchsorted(share, 1 - LEFT_OUT, side="left"))
    return float(edges[first]), float(edges[last + 1])


def mse_range(count: Counts, centres: NDArray[np.float64], seen: Range, form: Format) -> Range:
    """The range of least mean square error, of `seen` and what it becomes shrunk towards 0."""
    low, high = min(seen[0], 0.0), max(seen[1], 0.0)
    steps = form.high - form.low
    best, least = seen, np.inf
    for factor in SHRINK:
        step = max((high - low) * factor / steps, 1e-30)
        clipped = np.clip(centres, low * factor, high * factor)
        error = float((count * np.square(np.rint(clipped / step) * step - centres)).sum())
        if error < least:
            best, least = (seen[0] * factor, seen[1] * factor), error
    return best


def _histograms(graph: Graph, ranges: Ranges, batches: Iterable[Batch]) -> dict[str, Counts]:
    """How many values of each activation lie in each of BINS bins over its range."""
    counts = {name: np.zeros(BINS, np.int64) for name, (low, high) in ranges.items() if low < high}
    for batch in batches:
        arrays = dict(by_name(graph, batch))
        for name, count in counts.items():
            if name in arrays:
                count += np.histogram(arrays[name], BINS, ranges[name])[0]
        for _, results in iterate(graph, batch):
            for name, array in results.items():
                if name in counts:
                    counts[name] += np.histogram(array, BINS, ranges[name])[0]
    return counts
