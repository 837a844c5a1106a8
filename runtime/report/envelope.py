"""A power trace reduced to the columns of a picture, and the side file with all of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import PowerTrace
from edgekit.artifacts.report import TRACE_NAME, TraceEnvelope

COLUMNS = 1200
"""Columns of the envelope: more than a screen shows, so that the page can zoom in."""

Column = tuple[float | None, ...]
Floats = NDArray[np.float64]


def envelope(trace: PowerTrace, *, columns: int = COLUMNS, file: str = TRACE_NAME) -> TraceEnvelope:
    """Smallest, mean and largest power (W) in each of at most `columns` equal spans of time.

    Peaks survive however narrow they are; a span without samples is None, so gaps stay visible.
    """
    count = len(trace.t)
    span = (float(trace.t[0]), float(trace.t[-1])) if count else (0.0, 0.0)
    return envelope_of((trace,), span, count, columns=columns, file=file)


def envelope_of(
    parts: Iterable[PowerTrace],
    span: tuple[float, float],
    count: int,
    *,
    columns: int = COLUMNS,
    file: str = TRACE_NAME,
) -> TraceEnvelope:
    """The envelope of a recording in `parts`, of `count` samples from `span[0]` to `span[1]`."""
    bins = Bins.of(span, min(columns, count))
    rate, meter = 0.0, ""
    for part in parts:
        bins.add(part.t, part.volts * part.amps)
        rate, meter = part.sample_rate_hz, part.meter
    return TraceEnvelope(
        start_s=bins.start,
        step_s=bins.step,
        low_w=_short(bins.low, bins.held),
        mean_w=_short(bins.mean(), bins.held),
        high_w=_short(bins.high, bins.held),
        samples=count,
        sample_rate_hz=rate,
        meter=meter,
        file=file,
    )


@dataclass(frozen=True, slots=True)
class Bins:
    """Equal spans of time, each with the smallest, the largest and the sum of the powers (W) that
    were added to it, and how many these are; arrays of one length."""

    start: float
    step: float
    low: Floats
    high: Floats
    total: Floats
    held: NDArray[np.int64]

    @classmethod
    def of(cls, span: tuple[float, float], count: int) -> Bins:
        """`count` empty bins (at least one) from `span[0]` to `span[1]`, in seconds."""
        start, end = span
        bins = max(1, count)
        step = (end - start) / bins if end > start else 1.0
        low, high = np.full(bins, np.inf), np.full(bins, -np.inf)
        return cls(start, step, low, high, np.zeros(bins), np.zeros(bins, np.int64))

    def add(self, t: Floats, watts: Floats) -> None:
        """Put samples in; those outside the span go to the first and the last bin."""
        bins = len(self.low)
        place = np.clip(((t - self.start) / self.step).astype(np.intp), 0, bins - 1)
        np.minimum.at(self.low, place, watts)
        np.maximum.at(self.high, place, watts)
        self.held[:] += np.bincount(place, minlength=bins)
        self.total[:] += np.bincount(place, weights=watts, minlength=bins)

    def mean(self) -> Floats:
        """Mean power of each bin, 0 in empty ones."""
        return np.divide(self.total, self.held, out=np.zeros(len(self.total)), where=self.held > 0)


def _short(values: NDArray[np.float64], held: NDArray[np.int64]) -> Column:
    """Five significant digits are more than a picture shows, and keep the record small."""
    return cast(
        Column,
        tuple(float(f"{value:.5g}") if n else None for value, n in zip(values, held, strict=True)),
    )
