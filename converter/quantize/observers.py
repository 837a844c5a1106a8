"""Ranges narrower than what was seen: a few far values no longer set the step of all others.

`percentile` leaves a ten-thousandth of the values out at either end. `mse` takes, of ranges
shrunk towards 0, the one whose rounding and clipping errors together are least, over a histogram
(Banner et al. 2019, "Post training 4-bit quantization of convolutional networks for
rapid-deployment", section 3, by search instead of by assuming a distribution). `entropy` takes the
one whose steps lose the least information (Migacz 2017, "8-bit inference with TensorRT").
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
LEAST_SHARE = 1e-9
"""Of the values, in a bin that is empty: a logarithm needs some."""
SHRINK = tuple(np.linspace(1.0, 0.2, 41).tolist())

Counts = NDArray[np.int64]


def narrowed(
    graph: Graph, ranges: Ranges, batches: Iterable[Batch], method: str, form: Format
) -> dict[str, Range]:
    """The ranges with each narrowed by `method` ("percentile", "mse", "entropy") over the same
    batches.

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
        elif method == "entropy":
            found[name] = entropy_range(count, edges, form)
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


def entropy_range(count: Counts, edges: NDArray[np.float64], form: Format) -> Range:
    """The range of least divergence (Kullback and Leibler) of the values' distribution from what
    is left of it in the steps of `form`: the range seen with its farther end shrunk towards 0, then
    the other.

    Clipped values count in the last bins of the one, and are missing in the other. The bin of 0
    counts as the larger of its neighbours: RELU puts many values there, and 0 loses nothing.
    """
    seen = (float(edges[0]), float(edges[-1]))
    even, levels = _without_peak(count, edges), form.high - form.low + 1
    factors, least = [1.0, 1.0], np.inf
    for side in (1, 0) if seen[1] >= -seen[0] else (0, 1):
        for factor in SHRINK:
            tried = [*factors]
            tried[side] = factor
            low, high = (end * part for end, part in zip(seen, tried, strict=True))
            first, last = np.searchsorted(edges, (min(low, 0.0), max(high, 0.0)))
            lost = divergence(even, int(first), min(int(last), BINS), levels)
            if lost < least:
                factors, least = tried, lost
    return seen[0] * factors[0], seen[1] * factors[1]


def divergence(count: NDArray[np.float64], first: int, last: int, levels: int) -> float:
    """KL(p || q) in nats: p the bins from `first` to `last` with everything beyond in its outermost
    ones, q the same bins in `levels` equal steps, each step's values even over its bins that are
    not empty."""
    inside = count[first:last]
    whole = inside.copy()
    whole[0] += count[:first].sum()
    whole[-1] += count[last:].sum()
    level = np.arange(len(inside)) * levels // len(inside)
    sums = np.bincount(level, inside, minlength=level[-1] + 1)
    filled = np.bincount(level, inside > 0, minlength=level[-1] + 1)
    even = np.where(inside > 0, (sums / np.maximum(filled, 1))[level], 0.0)
    p = whole / max(whole.sum(), 1.0)
    q = even / max(even.sum(), 1.0) + LEAST_SHARE
    met = p > 0
    return float((p[met] * np.log(p[met] / q[met])).sum())


def _without_peak(count: Counts, edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The counts with the bin that holds 0 as its larger neighbour, where that is less."""
    even = count.astype(np.float64)
    place = int(np.clip(np.searchsorted(edges, 0.0, side="right") - 1, 0, BINS - 1))
    beside = [even[at] for at in (place - 1, place + 1) if 0 <= at < BINS]
    even[place] = min(even[place], max(beside))
    return even


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
