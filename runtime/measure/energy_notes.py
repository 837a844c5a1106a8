"""What a reader of an energy figure should know about it, as a table of rules.

A rule looks at the facts of one measurement and returns what it found, or "".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.artifacts.power import EnergyWindow, PowerTrace
from edgekit.runtime.measure.stats import student_t

LOSS = 0.001
RESOLUTION_STEPS = 20
"""A power of fewer steps of the meter's resolution than this is said to be at its limit."""


FEW = 5
"""Windows from which their scatter is known well enough."""
TREND = 0.02
"""Change from the first window to the last that is worth a word, as a share."""
IDLE_CHANGE = 0.05
"""Change of the idle power, as a share of what the windows took above it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One measurement; `skipped` windows before the ones that were asked for, `idle_change_w`
    the idle power after the windows minus that before."""

    trace: PowerTrace
    windows: tuple[EnergyWindow, ...]
    idle_w: float | None
    average_w: float
    min_window_s: float
    skipped: int = 0
    idle_change_w: float = 0.0


@dataclass(frozen=True, slots=True)
class Rule:
    """`find` says what it found, or ""; `advice` is what to do about it."""

    code: str
    advice: str
    find: Callable[[Facts], str]


def notes_for(facts: Facts) -> tuple[Note, ...]:
    """The notes of one measurement, in the order of the table."""
    found = ((rule, rule.find(facts)) for rule in RULES)
    return tuple(Note(rule.code, "energy", text, rule.advice) for rule, text in found if text)


def _short(facts: Facts) -> str:
    shortest = min(window.end_s - window.start_s for window in facts.windows)
    if shortest >= facts.min_window_s:
        return ""
    return f"the shortest window lasts {shortest:.3g} s, less than {facts.min_window_s:g} s"


def _single(facts: Facts) -> str:
    text = "one window only: the interval shows its noise, not how runs differ"
    return text if len(facts.windows) == 1 else ""


def _few(facts: Facts) -> str:
    count = len(facts.windows)
    return f"{count} windows only: their scatter is little known" if 1 < count < FEW else ""


def _drift(facts: Facts) -> str:
    seconds = [window.end_s - window.start_s for window in facts.windows]
    joules = [window.joules for window in facts.windows]
    change = _trend([e / s for e, s in zip(joules, seconds, strict=True)])
    if not change:
        return ""
    return f"the power {'rose' if change > 0 else 'fell'} by {abs(change):.1%} over the windows"


def _throttling(facts: Facts) -> str:
    change = _trend([(w.end_s - w.start_s) / w.inferences for w in facts.windows])
    return f"inferences got slower by {change:.1%} over the windows" if change > 0 else ""


def _trend(values: Sequence[float]) -> float:
    """Change along a fitted line from first to last, as a share of the mean; 0 where it is below
    TREND or may be chance (Student's t of the slope)."""
    n = len(values)
    if n < 3:
        return 0.0
    x = np.arange(n) - (n - 1) / 2
    y = np.asarray(values, np.float64)
    slope = float(x @ y / (x @ x))
    rest = y - y.mean() - slope * x
    error = math.sqrt(float(rest @ rest) / (n - 2) / float(x @ x))
    change = slope * (n - 1) / float(y.mean())
    sure = abs(slope) > student_t(n - 2) * error
    return change if sure and abs(change) > TREND else 0.0


def _idle_drift(facts: Facts) -> str:
    above = facts.average_w - (facts.idle_w or 0.0)
    if abs(facts.idle_change_w) <= IDLE_CHANGE * abs(above):
        return ""
    word = "rose" if facts.idle_change_w > 0 else "fell"
    return f"the idle power {word} by {abs(facts.idle_change_w):.3g} W from before to after"


def _loss(facts: Facts) -> str:
    total = len(facts.trace.t) + facts.trace.lost_samples
    share = facts.trace.lost_samples / total
    return f"{share:.2%} of the samples were lost" if share > LOSS else ""


def _saturation(facts: Facts) -> str:
    count = facts.trace.saturated_samples
    text = f"{count} samples are at or beyond the end of the meter's range, so it may be more"
    return text if count else ""


def _no_idle(facts: Facts) -> str:
    return "the trace holds no idling: no net energy" if facts.idle_w is None else ""


def _resolution(facts: Facts) -> str:
    amps = facts.average_w / float(facts.trace.volts[0])
    step = facts.trace.range_a[0]
    if not step or amps >= RESOLUTION_STEPS * step:
        return ""
    return f"{amps:.3g} A is only {amps / step:.1f} times the meter's resolution of {step:g} A"


def _idle_above(facts: Facts) -> str:
    if facts.idle_w is None or facts.idle_w <= facts.average_w:
        return ""
    return f"idling takes {facts.idle_w:.4g} W, more than inferring with {facts.average_w:.4g} W"


def _marks(facts: Facts) -> str:
    text = "windows are bounded by host marks, which come milliseconds late"
    return text if facts.windows[0].source == "marks" else ""


def _plateau(facts: Facts) -> str:
    text = "windows were located by the rise and fall of the power itself"
    return text if facts.windows[0].source == "plateau" else ""


def _skipped(facts: Facts) -> str:
    count = facts.skipped
    return f"{count} earlier windows in the trace were not used" if count > 0 else ""


TO_TRIGGER = (
    "wire the board's trigger pin to the meter's trigger input (D0 of a PPK2, D7 of an LPM01A) and "
    "the grounds; a meter without such an input wants long windows"
)

RULES: tuple[Rule, ...] = (
    Rule("energy-short-window", "run more inferences per window", _short),
    Rule("energy-one-window", "measure five windows", _single),
    Rule("energy-few-windows", "measure five windows", _few),
    Rule("energy-drift", "warm up for longer, and keep supply and room steady", _drift),
    Rule("energy-throttling", "cool the board, or fix its clock", _throttling),
    Rule("energy-loss", "use a faster computer or a direct USB port", _loss),
    Rule("energy-saturated", "lower the load or take a meter of a higher range", _saturation),
    Rule("energy-no-idle", "leave the board idle before and after the windows", _no_idle),
    Rule(
        "energy-idle-drift", "let the board settle for longer: net energy is in doubt", _idle_drift
    ),
    Rule("energy-resolution", "take a meter of finer resolution", _resolution),
    Rule("energy-idle-above", "let the board settle after power-on before measuring", _idle_above),
    Rule("energy-marks", TO_TRIGGER, _marks),
    Rule("energy-plateau", TO_TRIGGER, _plateau),
    Rule("energy-windows-skipped", "is the pin also toggled elsewhere?", _skipped),
)
