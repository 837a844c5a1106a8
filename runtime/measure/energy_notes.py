"""What a reader of an energy figure should know about it, as a table of rules.

A rule looks at the facts of one measurement and returns what it found, or "".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from edgekit.artifacts.figures import Note
from edgekit.artifacts.power import EnergyWindow, PowerTrace

LOSS = 0.001
RESOLUTION_STEPS = 20
"""A power of fewer steps of the meter's resolution than this is said to be at its limit."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One measurement; `skipped` windows before the ones that were asked for."""

    trace: PowerTrace
    windows: tuple[EnergyWindow, ...]
    idle_w: float | None
    average_w: float
    min_window_s: float
    skipped: int


@dataclass(frozen=True, slots=True)
class Rule:
    """`find` says what it found, or ""; `advice` is what to do about it."""

    code: str
    advice: str
    find: Callable[[Facts], str]


def notes_for(
    trace: PowerTrace,
    windows: tuple[EnergyWindow, ...],
    idle_w: float | None,
    average_w: float,
    min_window_s: float,
    skipped: int,
) -> tuple[Note, ...]:
    """The notes of one measurement, in the order of the table."""
    facts = Facts(trace, windows, idle_w, average_w, min_window_s, skipped)
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


def _loss(facts: Facts) -> str:
    total = len(facts.trace.t) + facts.trace.lost_samples
    share = facts.trace.lost_samples / total
    return f"{share:.2%} of the samples were lost" if share > LOSS else ""


def _saturation(facts: Facts) -> str:
    count = facts.trace.saturated_samples
    return f"{count} samples are at or beyond the end of the meter's range" if count else ""


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


TO_TRIGGER = "wire the board's trigger pin to the meter's D0, with a common ground"

RULES: tuple[Rule, ...] = (
    Rule("energy-short-window", "run more inferences per window", _short),
    Rule("energy-one-window", "measure five windows", _single),
    Rule("energy-loss", "use a faster computer or a direct USB port", _loss),
    Rule("energy-saturated", "lower the load or take a meter of a higher range", _saturation),
    Rule("energy-no-idle", "leave the board idle before and after the windows", _no_idle),
    Rule("energy-resolution", "take a meter of finer resolution", _resolution),
    Rule("energy-idle-above", "let the board settle after power-on before measuring", _idle_above),
    Rule("energy-marks", TO_TRIGGER, _marks),
    Rule("energy-plateau", TO_TRIGGER, _plateau),
    Rule("energy-windows-skipped", "is the pin also toggled elsewhere?", _skipped),
)
