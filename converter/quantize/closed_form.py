"""Rounding weights so that the layer's output, not each weight, comes out close.

A layer's squared error over its inputs x is (w - w') H (w - w')^T for each row w of its weights,
with the second moments H = mean(x x^T). Rounding to nearest minimizes that only if H is diagonal.
Two steps bring it down:

1. one weight after the other is rounded, and what it lost is made up for in those that are still
   real, by the inverse of H (Frantar and Alistarh 2022, "Optimal Brain Compression"; the order
   shared by all rows and the Cholesky form from Frantar et al. 2022, "GPTQ");
2. coordinate descent on the integers: each weight in turn moves to its best value given all others,
   and each row's scale to its best given the integers.

A weight that is exactly 0, as pruning leaves them, stays 0; its error is made up for in the others.

Nothing is random. A row is kept only where it beats rounding to nearest on this very error.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Grid = int | Floats
"""What integers may be: those of at most this magnitude, or the few of a rising palette."""

DAMPING = 0.01
"""Of the mean diagonal, added to the diagonal before H is inverted."""

SWEEPS = 8
SHRINK = tuple(np.linspace(1.0, 0.5, 26).tolist())
"""Factors that are tried on the scale that covers the largest weight."""


def row_errors(weights: NDArray[Any], rounded: NDArray[Any], moments: NDArray[Any]) -> Floats:
    """(w - w') H (w - w')^T by row: (groups, channels) from (groups, channels, taps) twice and
    (groups, taps, taps)."""
    gap = weights.astype(np.float64) - rounded
    errors: Floats = np.einsum("gct,gct->gc", gap @ moments, gap)
    return errors


def snapped(values: NDArray[Any], grid: Grid) -> Floats:
    """The nearest values of the grid, halves to even where that is whole numbers.

    >>> snapped(np.array([0.5, 2.6, 9.0]), np.array([0.0, 2.0, 7.0])).tolist()
    [0.0, 2.0, 7.0]
    """
    if isinstance(grid, int):
        clipped: Floats = np.clip(np.rint(values), -grid, grid)
        return clipped
    found: Floats = grid[np.searchsorted((grid[1:] + grid[:-1]) / 2, values)]
    return found


def best_on(
    weights: NDArray[Any], mask: NDArray[np.bool_], own: NDArray[Any], cross: NDArray[Any]
) -> Floats:
    """The real weights on the mask whose outputs on inputs x' come closest to those of `weights` on
    x: of all w' that are 0 where the mask is false the one that minimizes E (w x - w' x')^2, damped
    towards the weights as they are.

    `weights` and `mask` are (groups, channels, taps), `own` E[x' x'] and `cross` E[x x'] (groups,
    taps, taps).
    """
    mean = np.diagonal(own, axis1=1, axis2=2).mean(axis=1)
    damped = own + np.eye(own.shape[1]) * np.maximum(DAMPING * mean, 1e-12)[:, None, None]
    found: Floats = np.where(mask, weights, 0.0).astype(np.float64)
    wanted = weights @ cross - found @ own
    whole = mask.all(axis=2)
    for group in range(len(weights)):
        rows = np.flatnonzero(whole[group])
        if len(rows):
            found[group, rows] += np.linalg.solve(damped[group], wanted[group, rows].T).T
        for row in np.flatnonzero(~whole[group]):
            stay = np.flatnonzero(mask[group, row])
            system = damped[group][np.ix_(stay, stay)]
            found[group, row, stay] += np.linalg.solve(system, wanted[group, row, stay])
    return found


def nearest(weights: NDArray[Any], scales: NDArray[Any], grid: Grid) -> Floats:
    """Integers of the grid, as floats."""
    return snapped(weights / scales[..., None], grid)


def best_scales(
    weights: Floats, moments: Floats, scales: Floats, grid: Grid, *, shared: bool = False
) -> Floats:
    """Per row (or for all) the scale, of some up to the given one, at which rounding to nearest
    loses least."""
    best, least = scales, np.full(scales.shape, np.inf)
    for factor in SHRINK:
        tried = (scales * factor).astype(np.float32).astype(np.float64)
        rounded = nearest(weights, tried, grid) * tried[..., None]
        errors = _pooled(row_errors(weights, rounded, moments), shared)
        best, least = np.where(errors < least, tried, best), np.minimum(errors, least)
    return best


def best_rounding(
    weights: NDArray[Any],
    moments: NDArray[Any],
    scales: NDArray[Any],
    grid: Grid,
    *,
    shared: bool = False,
) -> tuple[Floats, Floats]:
    """(integers, scales) of small error, never more than that of rounding to nearest: row by row,
    or with `shared` (all rows have one scale) over all rows.

    `weights` (groups, channels, taps), `moments` (groups, taps, taps), `scales` (groups, channels)
    as the plain quantizer chose them; integers are those of the grid. Scales come back rounded to
    float32.
    """
    weights = weights.astype(np.float64)
    first = nearest(weights, scales, grid)
    tried = best_scales(weights, moments, scales, grid, shared=shared)
    integers = _descend(weights, moments, tried, _propagate(weights, moments, tried, grid), grid)
    for _ in range(3):
        tried = _fitted(weights, moments, tried, integers, shared)
        integers = _descend(weights, moments, tried, integers, grid)
    plain = _pooled(row_errors(weights, first * scales[..., None], moments), shared)
    ours = _pooled(row_errors(weights, integers * tried[..., None], moments), shared)
    better = ours < plain
    return np.where(better[..., None], integers, first), np.where(better, tried, scales)


def _propagate(weights: Floats, moments: Floats, scales: Floats, grid: Grid) -> Floats:
    """Round tap by tap, the largest moments first, and hand each error on to the taps left."""
    diagonal = np.diagonal(moments, axis1=1, axis2=2)
    order = np.argsort(-diagonal, axis=1, kind="stable")
    factor = _inverse_factor(moments, diagonal, order)
    left = np.take_along_axis(weights, order[:, None, :], axis=2)
    free = left != 0
    integers = np.empty_like(left)
    for tap in range(left.shape[2]):
        now = left[..., tap]
        integers[..., tap] = np.where(free[..., tap], snapped(now / scales, grid), 0.0)
        loss = (now - integers[..., tap] * scales) / factor[:, tap, tap, None]
        left[..., tap + 1 :] -= loss[..., None] * factor[:, None, tap, tap + 1 :]
    back = np.argsort(order, axis=1, kind="stable")
    return np.take_along_axis(integers, back[:, None, :], axis=2)


def _inverse_factor(moments: Floats, diagonal: Floats, order: NDArray[np.intp]) -> Floats:
    """The upper Cholesky factor of the inverse of H, its taps in the given order."""
    mean = diagonal.mean(axis=1)
    damped = (
        moments + np.eye(moments.shape[1]) * np.where(mean > 0, DAMPING * mean, 1.0)[:, None, None]
    )
    there = np.arange(len(moments))[:, None, None]
    sorted_ = damped[there, order[:, :, None], order[:, None, :]]
    factor: Floats = np.swapaxes(np.linalg.cholesky(np.linalg.inv(sorted_)), 1, 2)
    return factor


def _descend(
    weights: Floats, moments: Floats, scales: Floats, integers: Floats, grid: Grid
) -> Floats:
    """Move each integer to its best value given the others, a few times over."""
    integers, free = integers.copy(), weights != 0
    steps = (
        np.maximum(np.diagonal(moments, axis1=1, axis2=2), 1e-30)[:, None, :] * scales[..., None]
    )
    slope = (weights - integers * scales[..., None]) @ moments
    for _ in range(SWEEPS):
        changed = False
        for tap in range(integers.shape[2]):
            moved = snapped(integers[..., tap] + slope[..., tap] / steps[..., tap], grid)
            by = np.where(free[..., tap], moved - integers[..., tap], 0.0)
            if by.any():
                changed = True
                integers[..., tap] += by
                slope -= (by * scales)[..., None] * moments[:, None, tap]
        if not changed:
            break
    return integers


def _fitted(
    weights: Floats, moments: Floats, scales: Floats, integers: Floats, shared: bool
) -> Floats:
    """The scale of least error for each row's integers: w H q / q H q."""
    along = integers @ moments
    above = _pooled(np.einsum("gct,gct->gc", along, weights), shared)
    below = _pooled(np.einsum("gct,gct->gc", along, integers), shared)
    found = np.divide(above, below, out=scales.copy(), where=below > 0)
    usable = np.where(found > 0.25 * scales, found, scales)
    return usable.astype(np.float32).astype(np.float64)


def _pooled(by_row: Floats, shared: bool) -> Floats:
    """The sum of all rows in the place of each, where rows share a scale."""
    return np.broadcast_to(by_row.sum(), by_row.shape) if shared else by_row
