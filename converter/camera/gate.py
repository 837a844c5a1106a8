"""When a scene has changed enough to look at it again: `step`, frame by frame.

`firmware_stubs/camera/ek_gate.c` computes the same. The threshold is lower while the scene moves
(hysteresis), so that one event is not cut into pieces.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.converter.camera.formats import Pixels
from edgekit.errors import UsageError

BLOCK = 8
"""Pixels of a block's side."""
STEPS = 16
"""Thresholds count in 1/16 of an 8-bit level."""
LIMIT = 0xFFFF
Sums = NDArray[Any]
"""Sums of a frame's blocks, int64 (rows, columns)."""


@dataclass(frozen=True, slots=True)
class GateSetting:
    """What opens the gate and closes it again.

    `enter` and `leave` are mean differences of a block from the last frame looked at, in 1/16 of a
    level; `blocks` is how many have to differ by more; `hold` still frames in a row are looked at
    before it closes; every `refresh`-th frame is looked at anyway (0: not).
    """

    enter: int = 64
    leave: int = 32
    blocks: int = 1
    hold: int = 2
    refresh: int = 0

    def __post_init__(self) -> None:
        values = (self.enter, self.leave, self.blocks, self.hold, self.refresh)
        sound = all(0 <= value <= LIMIT for value in values)
        if not (sound and self.leave <= self.enter and self.blocks >= 1):
            raise UsageError(
                "gate",
                f"enter {self.enter}, leave {self.leave}, blocks {self.blocks}, hold {self.hold}, "
                f"refresh {self.refresh}",
                allowed=f"0 to {LIMIT}, leave at most enter, at least one block",
                hint="lower the threshold that keeps the gate open",
                code="gate-setting",
            )


@dataclass(frozen=True, slots=True, eq=False)
class GateState:
    """What the gate remembers between frames."""

    reference: Sums | None = None
    open: bool = False
    skipped: int = 0
    still: int = 0


@dataclass(frozen=True, slots=True)
class GateDecision:
    """Whether a frame is looked at, and how many blocks had changed."""

    run: bool
    changed: int


def block_sums(pixels: Pixels) -> Sums:
    """Sums over blocks of 8 x 8 pixels, all channels together, smaller ones at the far edges."""
    height, width = pixels.shape[:2]
    flat = pixels.reshape(height, width, -1).sum(axis=2, dtype=np.int64)
    rows = np.add.reduceat(flat, np.arange(0, height, BLOCK), axis=0)
    sums: Sums = np.add.reduceat(rows, np.arange(0, width, BLOCK), axis=1)
    return sums


def block_samples(shape: tuple[int, int, int]) -> Sums:
    """Samples in each block of a picture of that height, width and channels."""
    return block_sums(np.ones(shape, np.uint8))


def step(
    setting: GateSetting, state: GateState, sums: Sums, samples: Sums
) -> tuple[GateDecision, GateState]:
    """The decision about the next frame, and what is remembered after it."""
    if state.reference is None:
        return GateDecision(True, 0), GateState(sums)
    threshold = setting.leave if state.open else setting.enter
    changed = int((np.abs(sums - state.reference) * STEPS > threshold * samples).sum())
    moves = changed >= setting.blocks
    still = state.still + 1 if state.open and not moves else 0
    opened = still <= setting.hold if state.open else moves
    due = setting.refresh > 0 and state.skipped + 1 >= setting.refresh
    if opened or due:
        return GateDecision(True, changed), GateState(sums, opened, 0, still)
    skipped = min(state.skipped + 1, LIMIT)
    return GateDecision(False, changed), GateState(state.reference, False, skipped, still)


def decide(setting: GateSetting, frames: Iterable[Sums], samples: Sums) -> tuple[GateDecision, ...]:
    """The decisions about frames one after another, from the start on."""
    state, found = GateState(), []
    for sums in frames:
        decision, state = step(setting, state, sums, samples)
        found.append(decision)
    return tuple(found)
