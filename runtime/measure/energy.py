"""Energy per inference from a power trace: gross and net of idling, each with an interval.

Per window i, of n_i inferences: gross e_i = E_i / n_i, net (E_i - P_idle * T_i) / n_i. The result
is the median over the windows, as MLPerf Tiny has it. The 95 % interval of the gross median
covers what repeats: the scatter from window to window (exact for normal scatter, see
MEDIAN_FACTOR), samples that were lost, the position of the window's edges and half a step of the
meter's resolution. That of the net median also covers how well the idle power is known. Neither
covers the meter's own calibration error, which repeats in all windows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.power import EnergyResult, EnergyWindow, PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.measure.duty import Duty, consequences, duty_note
from edgekit.runtime.measure.energy_notes import Facts, notes_for
from edgekit.runtime.measure.idle import Idle, idle_change, measure_idle, spacing
from edgekit.runtime.measure.integral import Energy, integrate
from edgekit.runtime.measure.stats import student_t
from edgekit.runtime.measure.windows import Span, Windows, find_windows

Floats = NDArray[np.float64]

MEDIAN_FACTOR = (math.inf, math.inf, 12.69, 4.41, 3.28, 3.03, 2.76, 2.77, 2.62, 2.67, 2.56)
"""95 % quantile of |median| / (s / sqrt(n)) of n normal values, by n up to 10: Student's t for
the median. Simulated with 12 million / n draws each; a test draws them again. Beyond 10 the last
one holds (it falls to 2.46)."""

PARTS = 20
"""Parts into which a lone window is cut to see how its power varies."""


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
    measured = _Measured.of(trace, found, spans, inferences)
    idle = Idle(idle_w) if idle_w is not None else measured.idle()
    gross = measured.gross
    net = None if idle is None else gross - idle.watts * measured.seconds
    median, doubt = float(np.median(gross)), measured.doubt(gross)
    result_windows = measured.windows()
    average = sum(e.joules for e in measured.energies) / sum(e.seconds for e in measured.energies)
    facts = Facts(
        trace=trace,
        windows=result_windows,
        idle_w=None if idle is None else idle.watts,
        idle_change_w=idle_change(trace, measured.watts, spans, found.spans),
        average_w=average,
        min_window_s=min_window_s,
        skipped=len(found.spans) - len(result_windows),
    )
    result = EnergyResult(
        gross_j=median,
        net_j=None,
        low_j=median - doubt,
        high_j=median + doubt,
        idle_w=facts.idle_w,
        average_w=average,
        windows=result_windows,
        provenance=trace.provenance,
        meter=trace.meter,
        lost_samples=trace.lost_samples,
        supply_v=float(trace.volts.mean()),
        warnings=(*trace.warnings, *notes_for(facts)),
    )
    if duty is not None:
        result = _with_duty(result, float(np.median(measured.seconds)), duty)
    if net is None or idle is None:
        return result
    middle, doubt = float(np.median(net)), measured.doubt(net, idle)
    return replace(result, net_j=middle, net_low_j=middle - doubt, net_high_j=middle + doubt)


def _with_duty(result: EnergyResult, seconds: float, duty: Duty) -> EnergyResult:
    """What the energy means for a use, and why that may be less than was asked for."""
    note = duty_note(seconds, duty)
    notes = result.warnings if note is None else (*result.warnings, note)
    return replace(result, warnings=notes, extra=consequences(result.gross_j, seconds, duty))


@dataclass(frozen=True, slots=True, eq=False)
class _Measured:
    """The windows of one measurement; `energies` of each, `counts` their inferences, (n,)."""

    trace: PowerTrace
    watts: Floats
    found: Windows
    spans: tuple[Span, ...]
    energies: tuple[Energy, ...]
    counts: Floats

    @classmethod
    def of(
        cls, trace: PowerTrace, found: Windows, spans: tuple[Span, ...], inferences: Sequence[int]
    ) -> _Measured:
        watts = trace.volts * trace.amps
        energies = tuple(_integrate(trace, watts, span) for span in spans)
        return cls(trace, watts, found, spans, energies, np.asarray(inferences, np.float64))

    @property
    def gross(self) -> Floats:
        """Joules of an inference, window by window."""
        return np.array([energy.joules for energy in self.energies]) / self.counts

    @property
    def seconds(self) -> Floats:
        """Seconds of an inference, window by window."""
        return np.array([energy.seconds for energy in self.energies]) / self.counts

    def idle(self) -> Idle | None:
        """Idle power around the windows."""
        return measure_idle(self.trace, self.watts, self.spans, self.found.spans)

    def windows(self) -> tuple[EnergyWindow, ...]:
        """The windows as the record keeps them."""
        return tuple(
            EnergyWindow(span.start_s, span.end_s, energy.joules, int(count), self.found.source)
            for span, energy, count in zip(self.spans, self.energies, self.counts, strict=True)
        )

    def doubt(self, each: Floats, idle: Idle | None = None) -> float:
        """Half the 95 % interval of the median of `each`, joules per inference; less `idle` power
        where that is given.

        The statistical part, plus the mean of what gaps, edges and the meter's resolution may hide
        in a window: those are bounds, not deviations, and are added as they are.
        """
        seconds = float(self.seconds.mean())
        step_w = self.trace.range_a[0] / 2 * float(self.trace.volts.mean())
        scatter = _statistical(self.trace, self.watts, self.spans, self.counts, each)
        if idle is None:
            return scatter + self._hidden() + step_w * seconds
        # The two levels of power may be off by half a step each, in opposite directions.
        return math.hypot(scatter, idle.doubt_w * seconds) + self._hidden() + 2 * step_w * seconds

    def _hidden(self) -> float:
        """What the position of the edges and gaps may hide, joules per inference."""
        power = np.array([energy.joules / energy.seconds for energy in self.energies])
        edges = np.array([span.uncertain_s for span in self.spans]) * power / 2
        gaps = np.array([energy.gap_j for energy in self.energies])
        return float(((edges + gaps) / self.counts).mean())


def _last_windows(trace: PowerTrace, found: Windows, wanted: int) -> tuple[Span, ...]:
    if len(found.spans) >= wanted:
        return found.spans[-wanted:]
    wire = "wire the board's trigger pin to the meter's trigger input, where it has one"
    hints = {
        "trigger": "check the wire from the board's trigger pin to the meter, and the grounds",
        "marks": "call mark() before and after every window",
        "plateau": f"leave the board idle between windows, or {wire}",
        "": f"{wire} (and the grounds), or make the windows longer",
    }
    from_what = f" from the {found.source}" if found.source else ""
    raise MeterError(
        trace.meter or "power trace",
        f"found {len(found.spans)} of the {wanted} windows that were run{from_what}",
        hint=hints[found.source],
        code="energy-windows",
    )


def _integrate(trace: PowerTrace, watts: Floats, span: Span) -> Energy:
    try:
        return integrate(trace.t, watts, span.start_s, span.end_s, spacing(trace))
    except ValueError as error:
        raise MeterError(
            trace.meter or "power trace",
            f"a window holds nothing that was measured: {error}",
            hint="use a faster computer or a direct USB port, and measure again",
            code="energy-empty-window",
        ) from None


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
    return student_t(len(parts) - 1) * deviation * span.seconds / float(counts[0])
