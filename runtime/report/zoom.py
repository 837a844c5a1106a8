"""What a page needs of a power recording to zoom into it: columns of the whole recording, and the
samples themselves where they are few enough, or in the inference windows that tell most.

A page grows by 1.3 MB at most, however long the recording is.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import EnergyResult, PowerTrace
from edgekit.artifacts.report import TraceEnvelope
from edgekit.runtime.report.envelope import Bins
from edgekit.units import si

Floats = NDArray[np.float64]

BASE = 1 << 16
"""Columns of a recording that has more than DETAIL samples, three values each."""
DETAIL = 1 << 18
"""Values kept beside them: of a short recording all samples, of a long one those of windows."""
MARGIN = 0.02
"""Of a window's time that is shown on both sides of it."""
EVEN = 0.1
"""Of the sampling period that samples may be off and still count as evenly spaced."""
STEPS = 65_534
"""Powers are written in so many equal steps from the smallest to the largest; one more number
stands for none."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Columns of `step_s` seconds from `start_s` on, each the smallest, mean and largest power (W)
    of at most `samples` samples; NaN where there are none. Where that is 1 the three arrays are
    one, and `times` (s) has the samples' own times unless they are evenly spaced."""

    start_s: float
    step_s: float
    samples: int
    low: Floats
    mean: Floats
    high: Floats
    times: Floats | None = None


def zoom_of(
    parts: Iterable[PowerTrace],
    span: tuple[float, float],
    count: int,
    energy: EnergyResult | None = None,
) -> tuple[Stretch, ...]:
    """The stretches of a recording in `parts`, of `count` samples from `span[0]` to `span[1]`: the
    first covers all of it, the others are windows of `energy` in more detail. The parts are gone
    through once."""
    if count <= DETAIL:
        whole = list(parts)
        t = np.concatenate([part.t for part in whole])
        watts = np.concatenate([part.volts * part.amps for part in whole])
        return (_samples(t, watts) or _columns(t, watts, span, BASE),)
    rate = (count - 1) / (span[1] - span[0])
    spans = _windows(energy, rate) if energy else []
    base = Bins.of(span, BASE)
    taken: list[list[tuple[Floats, Floats]]] = [[] for _ in spans]
    for part in parts:
        watts = part.volts * part.amps
        base.add(part.t, watts)
        for place, (start, end) in enumerate(spans):
            inside = slice(*np.searchsorted(part.t, (start, end)))
            if inside.start < inside.stop:
                taken[place].append((part.t[inside], watts[inside]))
    found = [_binned(base)]
    for pieces in taken:
        if pieces and (stretch := _samples(*map(np.concatenate, zip(*pieces, strict=True)))):
            found.append(stretch)
    return tuple(found)


def zoom_of_envelope(trace: TraceEnvelope) -> tuple[Stretch, ...]:
    """The one stretch that a record holds itself."""
    low, mean, high = (
        np.array([math.nan if value is None else value for value in values])
        for values in (trace.low_w, trace.mean_w, trace.high_w)
    )
    each = math.ceil(trace.samples / max(1, len(low)))
    return (Stretch(trace.start_s, trace.step_s, max(1, each), low, mean, high),)


def _windows(energy: EnergyResult, rate: float) -> list[tuple[float, float]]:
    """The spans of windows whose samples fit DETAIL, the most telling first: those of median,
    largest and smallest energy per inference, then the others in order. Of a first one that is too
    long the beginning is taken."""
    windows = energy.windows
    joules = [window.joules / max(1, window.inferences) for window in windows]
    order = sorted(range(len(windows)), key=lambda i: joules[i])
    telling = [order[len(order) // 2], order[-1], order[0]] if order else []
    spans, left = list[tuple[float, float]](), DETAIL
    for place in dict.fromkeys((*telling, *range(len(windows)))):
        window = windows[place]
        beside = MARGIN * (window.end_s - window.start_s)
        start, end = window.start_s - beside, window.end_s + beside
        if not spans:
            end = min(end, start + (DETAIL - 2) / rate)
        needs = math.ceil((end - start) * rate) + 2
        if needs <= left + 1:
            spans.append((start, end))
            left -= needs
    return spans


def _samples(t: Floats, watts: Floats) -> Stretch | None:
    """The samples as they are; None for too many that are not evenly spaced, or of one time."""
    if len(t) < 2:
        return Stretch(float(t[0]) if len(t) else 0.0, 1.0, 1, watts, watts, watts)
    seconds, usual = float(t[-1] - t[0]), float(np.median(np.diff(t)))
    if usual <= 0:  # a meter whose clock stands still
        return None
    period = seconds / max(1, round(seconds / usual))
    place = np.rint((t - t[0]) / period).astype(np.int64)
    off = np.abs(t - t[0] - place * period).max() / period
    if off < EVEN and (np.diff(place) > 0).all() and place[-1] < 2 * DETAIL:
        values = np.full(place[-1] + 1, math.nan)
        values[place] = watts
        return Stretch(float(t[0]) - period / 2, period, 1, values, values, values)
    if 3 * len(t) > DETAIL:
        return None
    return Stretch(float(t[0]), period, 1, watts, watts, watts, t)


def _columns(t: Floats, watts: Floats, span: tuple[float, float], count: int) -> Stretch:
    bins = Bins.of(span, count)
    bins.add(t, watts)
    return _binned(bins)


def _binned(bins: Bins) -> Stretch:
    low, mean, high = (
        np.where(bins.held > 0, values, math.nan) for values in (bins.low, bins.mean(), bins.high)
    )
    return Stretch(bins.start, bins.step, int(bins.held.max()), low, mean, high)


def zoom_json(
    stretches: tuple[Stretch, ...], trace: TraceEnvelope, energy: EnergyResult | None
) -> str:
    """The stretches as the page's script reads them: powers in `quantum` W above `bottom`, as
    little-endian 16-bit numbers in base64, 65535 for none."""
    whole = stretches[0]
    bottom = float(np.nanmin(whole.low))
    quantum = (float(np.nanmax(whole.high)) - bottom) / STEPS or 1.0
    windows = energy.windows if energy else ()
    idle = energy.idle_w if energy else None
    return json.dumps(
        {
            "bottom": bottom,
            "quantum": quantum,
            "idle": idle,
            "gap": 1.9 / trace.sample_rate_hz if trace.sample_rate_hz else 0.0,
            "windows": [
                [w.start_s, w.end_s, f"{w.inferences} inferences, {si(w.joules, 'J')}"]
                for w in windows
            ],
            "stretches": [_written(stretch, bottom, quantum) for stretch in stretches],
        },
        separators=(",", ":"),
    )


def _written(stretch: Stretch, bottom: float, quantum: float) -> dict[str, Any]:
    def steps(values: Floats, rounded: Any) -> bytes:
        scaled = rounded((values - bottom) / quantum)
        whole = np.where(np.isnan(scaled), STEPS + 1, np.clip(scaled, 0, STEPS))
        return whole.astype("<u2").tobytes()

    # A band may become wider by the rounding, never narrower.
    data = steps(stretch.mean, np.rint)
    if stretch.samples > 1:
        data = steps(stretch.low, np.floor) + data + steps(stretch.high, np.ceil)
    found = {
        "start": stretch.start_s,
        "step": stretch.step_s,
        "samples": stretch.samples,
        "powers": base64.b64encode(data).decode(),
    }
    if stretch.times is not None:
        ticks = np.rint((stretch.times - stretch.start_s) / stretch.step_s * 1024)
        found["times"] = base64.b64encode(ticks.astype("<u4").tobytes()).decode()
    return found


def zoom_text(stretches: tuple[Stretch, ...]) -> str:
    """What a page can show of the recording, as a sentence."""
    whole, windows = stretches[0], len(stretches) - 1
    if whole.samples == 1:
        return "Zoomed in, every sample is shown."
    text = f"Zoomed in, columns are the smallest, mean and largest of {whole.samples:,} samples"
    if windows:
        text += f", within {windows} inference window{'s' * (windows > 1)} every sample"
    return f"{text}."
