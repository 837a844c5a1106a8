"""A recording as parts that follow one another, so that its length does not show in memory.

A part is a PowerTrace: its times are those of the whole recording, its marks and counts its own.
What is known only at the end (notes, calibration) stands in the last part.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import Mark, PowerTrace

Floats = NDArray[np.float64]
Parts = Callable[[], Iterator[PowerTrace]]
"""Gives all parts from the first on, each time it is called."""


def joined(parts: Iterable[PowerTrace]) -> PowerTrace:
    """One trace of all `parts`; there is at least one."""
    every = list(parts)
    if len(every) == 1:
        return every[0]
    t, amps = (np.concatenate([getattr(part, name) for part in every]) for name in ("t", "amps"))
    volts = _volts(every)
    for array in (t, volts, amps):
        array.setflags(write=False)
    return replace(
        every[-1],
        t=t,
        volts=volts,
        amps=amps,
        marks=tuple(mark for part in every for mark in part.marks),
        lost_samples=sum(part.lost_samples for part in every),
        saturated_samples=sum(part.saturated_samples for part in every),
    )


def _volts(parts: list[PowerTrace]) -> Floats:
    """A supply that is one number all along takes no memory."""
    one = {float(part.volts[0]) for part in parts if len(part.volts) and part.volts.strides == (0,)}
    if len(one) == 1 and all(part.volts.strides == (0,) for part in parts):
        return np.broadcast_to(np.float64(one.pop()), sum(len(part.volts) for part in parts))
    return np.concatenate([part.volts for part in parts])


@dataclass(frozen=True, slots=True)
class Summary:
    """What a recording amounts to. `joules` are its mean power over its whole time, gaps
    included; `end` is the last part without its samples."""

    samples: int
    lost: int
    saturated: int
    first_s: float
    last_s: float
    mean_w: float
    max_w: float
    joules: float
    volts: float | None
    """The supply where it is one number all along."""
    marks: tuple[Mark, ...]
    end: PowerTrace

    @property
    def seconds(self) -> float:
        """From the first sample to the last."""
        return self.last_s - self.first_s


def _supply(part: PowerTrace, before: float | None) -> float | None:
    """The supply of `part` if it is one number, and that one where there is one before."""
    volts = part.volts
    one = float(volts[0])
    constant = volts.strides == (0,) or bool((volts == one).all())
    return one if constant and before in (None, one) else None


def summarize(parts: Iterable[PowerTrace]) -> Summary:
    """Add up `parts`, one at a time; they hold at least one sample."""
    samples = lost = saturated = 0
    first = last = total = 0.0
    most = -np.inf
    volts: float | None = None
    marks: list[Mark] = []
    end = None
    for part in parts:
        if len(part.t):
            volts = _supply(part, volts) if volts is not None or not samples else None
            watts = part.volts * part.amps
            first = first if samples else float(part.t[0])
            last = float(part.t[-1])
            total += float(watts.sum())
            most = max(most, float(watts.max()))
        samples += len(part.t)
        lost += part.lost_samples
        saturated += part.saturated_samples
        marks += part.marks
        end = part
    if end is None or not samples:
        raise ValueError("a recording without samples")
    none = np.zeros(0)
    rate = end.sample_rate_hz
    return Summary(
        samples=samples,
        lost=lost,
        saturated=saturated,
        first_s=first,
        last_s=last,
        mean_w=total / samples,
        max_w=float(most),
        volts=volts,
        joules=total / samples * (last - first + (1 / rate if rate else 0.0)),
        marks=tuple(marks),
        end=replace(end, t=none, volts=none, amps=none, marks=()),
    )
