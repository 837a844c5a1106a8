"""k-means of numbers on a line, exactly: no starting points, no luck.

On a line clusters are intervals, so the best k of them are found by dynamic programming over where
they end (Wang and Song 2011, "Ckmeans.1d.dp: Optimal k-means Clustering in One Dimension by Dynamic
Programming"). Centres are whole numbers here, and 0 is one of them where it occurs: what was pruned
stays pruned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def nearest_of_few(values: Integers, weights: Floats, most: int) -> Integers:
    """For each of the rising distinct `values` the centre that stands for it.

    At most `most` (2 or more) distinct centres, with the least sum of weight * (value - centre)^2
    that whole centres with 0 kept allow. `weights` are positive.

    >>> nearest_of_few(np.array([0, 1, 9, 11]), np.ones(4), 2).tolist()
    [0, 0, 10, 10]
    """
    count = len(values)
    if count <= most:
        return values
    centres, costs = _intervals(values, weights)
    best = costs[0].copy()
    began = np.zeros((most, count), np.int64)
    for used in range(1, most):
        # the last interval from i on, after `used` intervals over those before i
        ways = np.concatenate([[np.inf], best[:-1]])[:, None] + costs
        began[used], best = ways.argmin(axis=0), ways.min(axis=0)
    return _traced(values, centres, began)


def _intervals(values: Integers, weights: Floats) -> tuple[Integers, Floats]:
    """Centre and cost of every interval of values, by its first and last; infinite below the
    diagonal."""
    x = values.astype(np.float64)
    sums = [np.concatenate([[0.0], np.cumsum(weights * power)]) for power in (x * 0 + 1, x, x * x)]
    total, first, second = (s[None, 1:] - s[:-1, None] for s in sums)
    inside = np.triu(np.ones(total.shape, bool))
    centres = np.rint(np.where(inside, first / np.where(inside, total, 1.0), 0.0))
    if 0 in values:
        zero = int(np.searchsorted(values, 0))
        centres[: zero + 1, zero:] = 0.0
    costs = np.where(inside, second - 2 * centres * first + centres**2 * total, np.inf)
    return centres.astype(np.int64), np.where(inside, np.maximum(costs, 0.0), np.inf)


def _traced(values: Integers, centres: Integers, began: Integers) -> Integers:
    """The centres along the cheapest way, from the last interval back."""
    found = np.empty_like(values)
    last = len(values) - 1
    for used in range(len(began) - 1, -1, -1):
        first = int(began[used, last])
        found[first : last + 1] = centres[first, last]
        last = first - 1
    return found
