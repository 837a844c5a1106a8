"""Energy per inference from a power trace: gross and net of idling, with an interval.

Per window i, of n_i inferences: gross e_i = E_i / n_i, net (E_i - P_idle * T_i) / n_i. The result
is the median over the windows, as MLPerf Tiny has it. The 95 % interval of the gross median
covers what repeats: the scatter from window to window (exact for normal scatter, see
MEDIAN_FACTOR), samples that were lost, the position of the window's edges and half a step of the
meter's resolution. It does not cover the meter's own calibration error, which repeats in all
windows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import EnergyResult, EnergyWindow, PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.measure.duty import Duty, consequences
from edgekit.runtime.measure.energy_notes import Facts, notes_for
from edgekit.runtime.measure.integral import Energy, integrate
from edgekit.runtime.measure.windows import Span, Windows, find_windows

Floats = NDArray[np.float64]

GUARD_S = 0.005
"""Kept away from edges when idling is measured: capacitors charge, the UART is still talking."""
NEAR_S = 1.0
"""Idling is looked for this close to the windows: further off a board may be loading data."""
MIN_IDLE_S = 0.02

MEDIAN_FACTOR = (math.inf, math.inf, 12.69, 4.41, 3.28, 3.03, 2.76, 2.77, 2.62, 2.67, 2.56)
"""95 % quantile of |median| / (s / sqrt(n)) of n normal values, by n up to 10: Student's t for
the median. Simulated with 12 million / n draws each; a test draws them again. Beyond 10 the last
one holds (it falls to 2.46)."""

PARTS = 20
"""Parts into which a lone window is cut to see how its power varies."""
T_19 = 2.093
"""95 % quantile of |t| with PARTS - 1 degrees of freedom."""


def energy_per_inference(
    trace: PowerTrace,
    inferences: Sequence[int],
    *,
    trigger: str = "low",
    windows: Windows | None = None,
    idle_w: float | None = None,
    duty: Duty | None = None,
    min_window_s: float = 10.0,
) -> EnergyResult:
    """Energy per inference in `trace`; `inferences` is how many each window held, in order.

    Windows are found in the trace (see `find_windows`; `trigger` is what the pin does) unless
    given. Idle power is measured outside them unless given, in watts. With more windows in the
    trace than `inferences`, the last ones count. `duty` adds its consequences to `extra`.

    Raises MeterError when the trace holds fewer windows than were run, or nothing but gaps.
    """
    if not inferences or min(inferences) < 1:
        raise ValueError(f"inferences per window: {list(inferences)}")
    found = windows or find_windows(trace, trigger=trigger)
    spans = _last_windows(trace, found, len(inferences))
    watts = trace.volts * trace.amps
    idle = idle_w if idle_w is not None else idle_power(trace, watts, spans, found.spans)
    energies = [_integrate(trace, watts, span) for span in spans]
    gross = np.array([e.joules / n for e, n in zip(energies, inferences, strict=True)])
    times = np.array([e.seconds / n for e, n in zip(energies, inferences, strict=True)])
    median = float(np.median(gross))
    doubt = _doubt(trace, watts, spans, energies, inferences, gross)
    result_windows = tuple(
        EnergyWindow(span.start_s, span.end_s, energy.joules, count, found.source)
        for span, energy, count in zip(spans, energies, inferences, strict=True)
    )
    net = None if idle is None else float(np.median(gross - idle * times))
    average = sum(e.joules for e in energies) / sum(e.seconds for e in energies)
    return EnergyResult(
        gross_j=median,
        net_j=net,
        low_j=median - doubt,
        high_j=median + doubt,
        idle_w=idle,
        average_w=average,
        windows=result_windows,
        provenance=trace.provenance,
        meter=trace.meter,
        lost_samples=trace.lost_samples,
        warnings=(
            *trace.warnings,
            *notes_for(
                Facts(
                    trace=trace,
                    windows=result_windows,
                    idle_w=idle,
                    idle_change_w=_idle_change(trace, watts, spans, found.spans),
                    average_w=average,
                    min_window_s=min_window_s,
                    skipped=len(found.spans) - len(result_windows),
                )
            ),
        ),
        extra=consequences(median, float(np.median(times)), duty) if duty is not None else {},
    )


def idle_power(
    trace: PowerTrace, watts: Floats, spans: Sequence[Span], busy: Sequence[Span]
) -> float | None:
    """Mean power next to `spans` and outside `busy`, watts; None with less than MIN_IDLE_S."""
    idle = np.zeros(len(trace.t), np.bool_)
    for span in spans:
        idle |= _within(trace.t, span, NEAR_S)
    for span in busy:
        idle &= ~_within(trace.t, span, GUARD_S)
    if np.count_nonzero(idle) * _spacing(trace) < MIN_IDLE_S:
        return None
    return float(watts[idle].mean())


def _idle_change(
    trace: PowerTrace, watts: Floats, spans: Sequence[Span], busy: Sequence[Span]
) -> float:
    """Idle power after the windows minus that before them, watts; 0 where it is within the noise
    (four standard errors) or not known."""
    idle = np.ones(len(trace.t), np.bool_)
    for span in busy:
        idle &= ~_within(trace.t, span, GUARD_S)
    first, last = spans[0].start_s, spans[-1].end_s
    before = watts[idle & (trace.t < first) & (trace.t > first - NEAR_S)]
    after = watts[idle & (trace.t > last) & (trace.t < last + NEAR_S)]
    if min(len(before), len(after)) * _spacing(trace) < MIN_IDLE_S:
        return 0.0
    error = math.sqrt(before.var() / len(before) + after.var() / len(after))
    change = float(after.mean() - before.mean())
    return change if abs(change) > 4 * error else 0.0


def _within(t: Floats, span: Span, around_s: float) -> NDArray[np.bool_]:
    """Whether each time is in `span`, widened by `around_s` on both sides."""
    return (t > span.start_s - around_s) & (t < span.end_s + around_s)


def _last_windows(trace: PowerTrace, found: Windows, wanted: int) -> tuple[Span, ...]:
    if len(found.spans) >= wanted:
        return found.spans[-wanted:]
    hints = {
        "trigger": "check the wire from the board's trigger pin to D0, and the common ground",
        "marks": "call mark() before and after every window",
        "plateau": "leave the board idle between windows, or wire its trigger pin to D0",
        "": "wire the board's trigger pin to D0 (and ground), or make the windows longer",
    }
    from_what = f" from the {found.source}" if found.source else ""
    raise MeterError(
        trace.meter or "power trace",
        f"found {len(found.spans)} of the {wanted} windows that were run{from_what}",
        hint=hints[found.source],
        code="energy-windows",
    )


def _spacing(trace: PowerTrace) -> float:
    """Seconds between samples."""
    if trace.sample_rate_hz:
        return 1 / trace.sample_rate_hz
    return float(np.median(np.diff(trace.t)))


def _integrate(trace: PowerTrace, watts: Floats, span: Span) -> Energy:
    try:
        return integrate(trace.t, watts, span.start_s, span.end_s, _spacing(trace))
    except ValueError as error:
        raise MeterError(
            trace.meter or "power trace",
            f"a window holds nothing that was measured: {error}",
            hint="use a faster computer or a direct USB port, and measure again",
            code="energy-empty-window",
        ) from None


def _doubt(
    trace: PowerTrace,
    watts: Floats,
    spans: Sequence[Span],
    energies: Sequence[Energy],
    inferences: Sequence[int],
    gross: Floats,
) -> float:
    """Half the 95 % interval of the gross median, joules per inference.

    The statistical part, plus the mean of what gaps, edges and the meter's resolution may hide in
    a window: those are bounds, not deviations, and are added as they are.
    """
    counts = np.asarray(inferences, np.float64)
    power = np.array([energy.joules / energy.seconds for energy in energies])
    edges = np.array([span.uncertain_s for span in spans]) * power / 2
    gaps = np.array([energy.gap_j for energy in energies])
    seconds = np.array([energy.seconds for energy in energies])
    steps = trace.range_a[0] / 2 * float(trace.volts.mean()) * seconds
    hidden = float(((edges + gaps + steps) / counts).mean())
    return _statistical(trace, watts, spans, counts, gross) + hidden


def _statistical(
    trace: PowerTrace, watts: Floats, spans: Sequence[Span], counts: Floats, gross: Floats
) -> float:
    n = len(gross)
    if n > 1:
        factor = MEDIAN_FACTOR[min(n, len(MEDIAN_FACTOR) - 1)]
        return factor * float(gross.std(ddof=1)) / math.sqrt(n)
    span = spans[0]
    first, last = np.searchsorted(trace.t, (span.start_s, span.end_s))
    parts = [part.mean() for part in np.array_split(watts[first:last], PARTS) if len(part)]
    if len(parts) < 2:
        return 0.0
    deviation = float(np.std(parts, ddof=1)) / math.sqrt(len(parts))
    return T_19 * deviation * span.seconds / float(counts[0])
