"""A power trace reduced to the columns of a picture, and the side file with all of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import PowerTrace
from edgekit.artifacts.report import TRACE_NAME, TraceEnvelope

COLUMNS = 1200
"""Columns of the envelope: more than a screen shows, so that the page can zoom in."""

Column = tuple[float | None, ...]


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
    start, end = span
    bins = max(1, min(columns, count))
    step = (end - start) / bins if end > start else 1.0
    low, high = np.full(bins, np.inf), np.full(bins, -np.inf)
    held, total = np.zeros(bins, np.int64), np.zeros(bins)
    rate, meter = 0.0, ""
    for part in parts:
        watts = part.volts * part.amps
        place = np.clip(((part.t - start) / step).astype(np.intp), 0, bins - 1)
        np.minimum.at(low, place, watts)
        np.maximum.at(high, place, watts)
        held += np.bincount(place, minlength=bins)
        total += np.bincount(place, weights=watts, minlength=bins)
        rate, meter = part.sample_rate_hz, part.meter
    mean = np.divide(total, held, out=np.zeros(bins), where=held > 0)
    return TraceEnvelope(
        start_s=start,
        step_s=step,
        low_w=_short(low, held),
        mean_w=_short(mean, held),
        high_w=_short(high, held),
        samples=count,
        sample_rate_hz=rate,
        meter=meter,
        file=file,
    )


def _short(values: NDArray[np.float64], held: NDArray[np.intp]) -> Column:
    """Five significant digits are more than a picture shows, and keep the record small."""
    return cast(
        Column,
        tuple(float(f"{value:.5g}") if n else None for value, n in zip(values, held, strict=True)),
    )
