"""How far the clocks of a measurement run apart: the meter's, the board's and this computer's.

Energy is on the meter's clock, latency on the board's; a difference of theirs is an error of
whatever is made of both, and a large one tells of a wrong clock in a profile or of lost samples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.artifacts.power import ClockRatio, EnergyWindow
from edgekit.runtime.measure.stats import student_t

LIMIT_PPM = 200.0
"""Two quartz clocks differ by at most 100 ppm or so; what is surely beyond this is worth a word."""
TIMED = ("trigger", "marks")
"""Windows whose ends are events, not guesses from the power itself."""


def board_clock(
    windows: Sequence[EnergyWindow], board_s: Sequence[float], edges_s: float = 0.0
) -> ClockRatio | None:
    """The board's clock against the meter's: `board_s` is how long each window lasted by the board.

    Positive where the board's clock runs fast. `edges_s` is how far both edges of a window may be
    off together; the interval holds it as a bound. None without windows from the trigger pin.
    """
    pairs = list(zip(windows, board_s, strict=False))
    if not pairs or any(window.source != "trigger" for window in windows):
        return None
    ratios = [1e6 * (own / (window.end_s - window.start_s) - 1) for window, own in pairs]
    n, middle = len(ratios), float(np.median(ratios))
    if n == 1:
        return ClockRatio("board", middle, None, None, 1)
    doubt = student_t(n - 1) * float(np.std(ratios, ddof=1)) / math.sqrt(n)
    doubt += 1e6 * edges_s / float(np.mean([window.end_s - window.start_s for window, _ in pairs]))
    return ClockRatio("board", middle, middle - doubt, middle + doubt, n)


def computer_clock(
    windows: Sequence[EnergyWindow], computer_s: Sequence[float]
) -> ClockRatio | None:
    """This computer's clock against the meter's: `computer_s` is when each window's end was told.

    The slope of a straight line through the ends, so what the telling takes does not count, only
    how it varies. None with fewer than three ends that are events.
    """
    ends = np.array([window.end_s for window in windows])[: len(computer_s)]
    told = np.array(computer_s[: len(ends)])
    n = len(ends)
    if n < 3 or any(window.source not in TIMED for window in windows):
        return None
    x, y = ends - ends.mean(), told - told.mean()
    slope = float(x @ y / (x @ x))
    rest = y - slope * x
    doubt = student_t(n - 2) * math.sqrt(float(rest @ rest) / (n - 2) / float(x @ x))
    low, high = (1e6 * (slope + sign * doubt - 1) for sign in (-1, 1))
    return ClockRatio("computer", 1e6 * (slope - 1), low, high, n)


def clock_notes(clocks: Sequence[ClockRatio]) -> tuple[Note, ...]:
    """What is worth a word: a difference that is surely beyond LIMIT_PPM."""
    return tuple(_note(clock) for clock in clocks if _beyond(clock))


def _beyond(clock: ClockRatio) -> bool:
    low = clock.ppm if clock.low_ppm is None else clock.low_ppm
    high = clock.ppm if clock.high_ppm is None else clock.high_ppm
    return low > LIMIT_PPM or high < -LIMIT_PPM


ADVICE = {
    "board": "latency is on the board's clock, energy on the meter's: check the board's clock "
    "source and the clock in its profile; an RC oscillator may be off by 1 %",
    "computer": "one of them is off, or the meter loses samples that it does not count",
}
NAMES = {"board": "the board's", "computer": "this computer's"}


def _note(clock: ClockRatio) -> Note:
    word = "fast" if clock.ppm > 0 else "slow"
    text = f"{NAMES[clock.name]} clock runs {abs(clock.ppm):.0f} ppm {word} against the meter's"
    if clock.low_ppm is not None and clock.high_ppm is not None:
        text += f" ({clock.low_ppm:+.0f} to {clock.high_ppm:+.0f}, {clock.windows} windows)"
    return Note("clock-drift", NAMES[clock.name], text, ADVICE[clock.name])
