"""A power trace reduced to the columns of a picture, and the side file with all of it."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import PowerTrace
from edgekit.artifacts.report import TRACE_NAME, TraceEnvelope

COLUMNS = 600
"""Columns of the envelope: as many as a wide screen shows."""

Column = tuple[float | None, ...]


def envelope(trace: PowerTrace, *, columns: int = COLUMNS, file: str = TRACE_NAME) -> TraceEnvelope:
    """Smallest, mean and largest power (W) in each of at most `columns` equal spans of time.

    Peaks survive however narrow they are; a span without samples is None, so gaps stay visible.
    """
    watts = trace.volts * trace.amps
    count = len(watts)
    start, end = (float(trace.t[0]), float(trace.t[-1])) if count else (0.0, 0.0)
    bins = max(1, min(columns, count))
    step = (end - start) / bins if end > start else 1.0
    low, mean, high = _columns(watts, _bin_of(trace.t - start, step, bins), bins)
    return TraceEnvelope(
        start_s=start,
        step_s=step,
        low_w=low,
        mean_w=mean,
        high_w=high,
        samples=count,
        sample_rate_hz=trace.sample_rate_hz,
        meter=trace.meter,
        file=file,
    )


def _bin_of(t: NDArray[np.float64], step: float, bins: int) -> NDArray[np.intp]:
    return np.clip((t / step).astype(np.intp), 0, bins - 1)


def _columns(
    watts: NDArray[np.float64], place: NDArray[np.intp], bins: int
) -> tuple[Column, Column, Column]:
    """`place` is each sample's bin; bins without a sample become None."""
    low, high = np.full(bins, np.inf), np.full(bins, -np.inf)
    np.minimum.at(low, place, watts)
    np.maximum.at(high, place, watts)
    held = np.bincount(place, minlength=bins)
    total = np.bincount(place, weights=watts, minlength=bins)
    mean = np.divide(total, held, out=np.zeros(bins), where=held > 0)
    return _short(low, held), _short(mean, held), _short(high, held)


def _short(values: NDArray[np.float64], held: NDArray[np.intp]) -> Column:
    """Five significant digits are more than a picture shows, and keep the record small."""
    return cast(
        Column,
        tuple(float(f"{value:.5g}") if n else None for value, n in zip(values, held, strict=True)),
    )
