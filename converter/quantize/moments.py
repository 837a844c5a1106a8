"""What adaptive rounding needs to know about a layer's inputs, float and quantized side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.graph import Node
from edgekit.converter.quantize.products import Floats, input_rows
from edgekit.converter.quantize.walk import Walk

Moments = NDArray[np.float64]

RESOLUTION = 1e-5
"""Of float32 sums: what is left of a moment after the mean's part is taken off is no better."""


@dataclass(frozen=True, slots=True)
class InputMoments:
    """Over samples and places: means (groups, taps) of the quantized layer's inputs x' and of the
    float layer's x, second moments (groups, taps, taps) x' x'^T and x x'^T, taken about the means
    where the bias can make up for those (`centred`), and how many rows there were."""

    mean: Moments
    exact_mean: Moments
    own: Moments
    cross: Moments
    centred: bool
    rows: int


def paired_rows(
    ours: Walk, theirs: Walk, node: Node, exact: Node
) -> Iterator[tuple[Floats, Floats]]:
    """Blocks of (x', x), each (groups, n, taps) float32, of the same samples and places."""
    found, wanted = ours.real(ours.graph.source(node)), theirs.real(theirs.graph.source(exact))
    for noisy, clean in zip(found, wanted, strict=True):
        yield from zip(
            input_rows(ours.graph, node, noisy),
            input_rows(theirs.graph, exact, clean),
            strict=True,
        )


def input_moments(
    ours: Walk, theirs: Walk, node: Node, exact: Node, *, centred: bool
) -> InputMoments:
    """The moments of what enters `node` (of `ours`) and `exact` (of `theirs`)."""
    count, totals = 0, [np.zeros(()) for _ in range(4)]
    for noisy, clean in paired_rows(ours, theirs, node, exact):
        turned = np.swapaxes(noisy, 1, 2)
        parts = (
            noisy.sum(axis=1, dtype=np.float64),
            clean.sum(axis=1, dtype=np.float64),
            (turned @ noisy).astype(np.float64),
            (np.swapaxes(clean, 1, 2) @ noisy).astype(np.float64),
        )
        totals = [total + part for total, part in zip(totals, parts, strict=True)]
        count += noisy.shape[1]
    mean, exact_mean, own, cross = (total / max(count, 1) for total in totals)
    if centred:
        noise = np.eye(own.shape[1]) * (RESOLUTION * np.diagonal(own, axis1=1, axis2=2))[:, None]
        own = own - mean[:, :, None] * mean[:, None, :] + noise
        cross = cross - exact_mean[:, :, None] * mean[:, None, :]
    return InputMoments(mean, exact_mean, own, cross, centred, count)
