"""Rounding up or down, learned: gradient descent on the layer's output error.

Each weight is scale * (floor(w / scale) + h) with h = clip(1.2 sigmoid(v) - 0.1, 0, 1); v is
learned by Adam on the mean square error after the layer's activation, plus a penalty
1 - |2 h - 1|^beta that drives every h to 0 or 1 as beta falls from 20 to 2 (Nagel et al. 2020,
"Up or Down? Adaptive Rounding for Post-Training Quantization"). The layer's inputs are those of the
quantized network, the wanted outputs those of the float network. It starts from given integers,
those of the closed form, of which each may move by one. Minibatches come from a generator
with a fixed seed: the same data give the same weights.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.ir.ops import Activation

Floats = NDArray[np.float32]

STEPS = 2000
ROWS = 256
"""Rows of a minibatch."""
RATE = 0.02
PENALTY = 0.02
"""Weight of the penalty, relative to the layer's error when it begins."""
WARM_UP = 0.2
"""Share of the steps without penalty."""
DOUBT = 0.25
"""How far from its start a weight begins, of the way to the neighbour."""
SEED = 0

_LIMITS: dict[Activation, tuple[float, float]] = {
    Activation.RELU: (0.0, np.inf),
    Activation.RELU6: (0.0, 6.0),
}


@dataclass(frozen=True, slots=True)
class Examples:
    """Rows x' (groups, n, taps) less their mean, and what the layer is to make of them before its
    activation (groups, n, channels), its mean and bias in it; `offset` (groups, channels) is what
    the quantized layer adds to its products."""

    rows: Floats
    wanted: Floats
    offset: Floats
    activation: Activation


def learned_rounding(
    weights: NDArray[np.float64],
    scales: NDArray[np.float64],
    examples: Examples,
    start: NDArray[np.float64],
    high: int,
) -> NDArray[np.float64]:
    """Integers (groups, channels, taps) in [-high, high], each that of `start` or its neighbour
    towards w / scale; what is exactly 0, as pruning leaves it, stays 0.

    `weights` are (groups, channels, taps), `scales` (groups, channels).
    """
    real = weights / scales[..., None]
    floor, free = np.where(real < start, start - 1, start), real != 0
    v = _inverse(np.where(floor < start, 1 - DOUBT, DOUBT)).astype(np.float32)
    first, second = np.zeros_like(v), np.zeros_like(v)
    random, base = np.random.default_rng(SEED), floor.astype(np.float32)
    steps = scales[..., None].astype(np.float32)
    pull = PENALTY * _start_error(real, scales, examples, high)
    for step in range(STEPS):
        picked = random.integers(0, examples.rows.shape[1], ROWS)
        h, slope = _gate(v)
        soft = np.clip(base + h * free, -high, high)
        by_weight = _gradient(soft * steps, examples, picked) * steps
        by_weight = by_weight * ((base + h >= -high) & (base + h <= high))
        done = step / STEPS
        if done > WARM_UP:
            by_weight += pull * _penalty_slope(h, _beta((done - WARM_UP) / (1 - WARM_UP)))
        gradient = by_weight * slope
        first += 0.1 * (gradient - first)
        second += 0.001 * (gradient * gradient - second)
        size = np.sqrt(second / (1 - 0.999 ** (step + 1)))
        v -= RATE * first / (1 - 0.9 ** (step + 1)) / (size + 1e-12)
    up = (_gate(v)[0] >= 0.5) & free
    rounded: NDArray[np.float64] = np.clip(floor + up, -high, high)
    return rounded


def output_errors(
    weights: NDArray[np.float64], examples: Examples, rows: slice = slice(None)
) -> NDArray[np.float64]:
    """The mean square error after the activation by channel, (groups, channels)."""
    gap, _ = _gap(weights.astype(np.float32), examples, rows)
    errors: NDArray[np.float64] = np.square(gap, dtype=np.float64).mean(axis=1)
    return errors


def _gap(
    weights: Floats, examples: Examples, rows: slice | NDArray[np.int64]
) -> tuple[Floats, NDArray[np.bool_]]:
    """Output less what was wanted, after the activation, and where that lets changes through."""
    low, high = _LIMITS.get(examples.activation, (-np.inf, np.inf))
    sums = examples.rows[:, rows] @ np.swapaxes(weights, 1, 2) + examples.offset[:, None]
    wanted = np.clip(examples.wanted[:, rows], low, high)
    return np.clip(sums, low, high) - wanted, (sums > low) & (sums < high)


def _gradient(weights: Floats, examples: Examples, picked: NDArray[np.int64]) -> Floats:
    gap, open_ = _gap(weights, examples, picked)
    back = (gap * open_) * np.float32(2 / len(picked))
    found: Floats = np.swapaxes(back, 1, 2) @ examples.rows[:, picked]
    return found


def _start_error(
    real: NDArray[np.float64], scales: NDArray[np.float64], examples: Examples, high: int
) -> Floats:
    """The error of rounding to nearest by channel over its weights: (groups, channels, 1)."""
    rounded = np.clip(np.rint(real), -high, high) * scales[..., None]
    errors = output_errors(rounded, examples, slice(0, 4096))
    spread: Floats = (errors[..., None] / np.sqrt(real.shape[2])).astype(np.float32)
    return spread


def _gate(v: Floats) -> tuple[Floats, Floats]:
    """h and dh/dv."""
    sigmoid = 1 / (1 + np.exp(-v))
    h = 1.2 * sigmoid - 0.1
    slope: Floats = np.where((h > 0) & (h < 1), 1.2 * sigmoid * (1 - sigmoid), np.float32(0))
    return np.clip(h, 0, 1), slope


def _inverse(h: NDArray[np.float64]) -> NDArray[np.float64]:
    sigmoid = (h + 0.1) / 1.2
    found: NDArray[np.float64] = np.log(sigmoid / (1 - sigmoid))
    return found


def _beta(done: float) -> float:
    return float(2 + 18 * 0.5 * (1 + np.cos(np.pi * done)))


def _penalty_slope(h: Floats, beta: float) -> Floats:
    """The derivative of 1 - |2 h - 1|^beta."""
    apart = 2 * h - 1
    found: Floats = -2 * beta * np.sign(apart) * np.abs(apart) ** (beta - 1)
    return found
