"""Learning rate and image size over a training: pure functions of the step and the epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass

START = 1 / 25
"""A OneCycle's first learning rate, as a share of the highest."""
END = 1e-4
"""Its last."""
GROWN = 0.7
"""Share of the epochs after which progressive resizing has reached full size."""
GRID = 4
"""Sizes on the way are multiples of this, so that few are compiled and strides divide them."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The learning rate of every step.

    "onecycle": Smith and Topin, "Super-Convergence" (2018): up from `peak` / 25 during the share
    `warmup` of all steps, then down to `peak` / 10,000, both along a half cosine. "cosine":
    Loshchilov and Hutter, "SGDR" (2017), without restarts: up in a line from 0, as Goyal et al.
    (2017) start large batches, then down to 0 along a half cosine.
    """

    kind: str
    peak: float
    steps: int
    warmup: float

    def rate(self, step: int) -> float:
        """The learning rate of step 0, 1, ..., steps - 1."""
        first = self.warmup * self.steps
        onecycle = self.kind == "onecycle"
        if step < first:
            part = (step if onecycle else step + 1) / max(first, 1)
            low = START if onecycle else 0.0
            share = _half_cosine(low, 1.0, part) if onecycle else min(part, 1.0)
            return self.peak * share
        part = (step - first) / max(self.steps - first, 1)
        return self.peak * _half_cosine(1.0, END if onecycle else 0.0, part)


@dataclass(frozen=True, slots=True)
class Stages:
    """The schedules of stages that follow one another; `steps` of each are its own."""

    stages: tuple[Schedule, ...]

    def rate(self, step: int) -> float:
        """The learning rate of step 0, 1, ... of the whole training."""
        for stage in self.stages[:-1]:
            if step < stage.steps:
                return stage.rate(step)
            step -= stage.steps
        return self.stages[-1].rate(step)


def _half_cosine(start: float, end: float, part: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


def sizes(side: int, start: float | None, epochs: int) -> tuple[int, ...]:
    """The shorter side of the images in each epoch.

    Howard, "Training Imagenet in 3 hours" (2018), and Tan and Le, "EfficientNetV2" (2021): small
    images first, which are cheap, growing in a line until 70 % of the epochs.
    """
    if start is None or start >= 1:
        return (side,) * epochs
    found = []
    for epoch in range(epochs):
        share = start + (1 - start) * min(1.0, epoch / max(1.0, GROWN * epochs))
        found.append(min(side, max(GRID, math.ceil(side * share / GRID) * GRID)))
    return tuple(found)
