"""Draws labelled windows of a made-up motion sensor, for a network that trains in seconds.

    python samples/motion/motion.py OUT.npz --count 400 --seed 1

writes `x`, float32 (count, 64, 3): 64 time steps of three axes, and `y`, the class of each window:
the same seed gives the same windows.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CLASSES = ("still", "shake", "circle", "taps")
STEPS, AXES = 64, 3


def window(kind: str, rng: np.random.Generator) -> NDArray[np.float32]:
    """One window of `kind`: gravity in some direction, the motion, noise."""
    time = np.arange(STEPS)
    gravity = rng.normal(size=AXES)
    x = np.tile(0.6 * gravity / np.linalg.norm(gravity), (STEPS, 1))
    strength, phase = rng.uniform(0.2, 0.6), rng.uniform(0, 2 * np.pi)
    if kind == "shake":
        direction = rng.normal(size=AXES)
        direction /= np.linalg.norm(direction)
        x += strength * np.sin(rng.uniform(0.9, 1.6) * time + phase)[:, None] * direction
    elif kind == "circle":
        speed, axes = rng.uniform(0.2, 0.45), rng.permutation(AXES)[:2]
        turn = speed * time + phase
        x[:, axes] += strength * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    elif kind == "taps":
        for start in rng.choice(np.arange(0, STEPS - 6, 9), 4, replace=False):
            x[start : start + 5] += (
                strength * np.exp(-np.arange(5))[:, None] * rng.normal(size=AXES)
            )
    return (x + rng.normal(0, 0.06, x.shape)).astype(np.float32)


def arrays(count: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Windows and their classes, as many of each."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % len(CLASSES)
    return np.stack([window(CLASSES[label], rng) for label in labels]), labels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    x, y = arrays(chosen.count, chosen.seed)
    np.savez_compressed(chosen.out, x=x, y=y)


if __name__ == "__main__":
    main()
