"""A run without pauses, window by window, and whether it became slower."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.artifacts.run import SustainedWindow
from edgekit.runtime.measure.stats import DRIFT_SHARE

WINDOWS = 20
"""Windows a sustained run is divided into."""
BLOCK_S = 0.05
"""About how long one call for samples takes, so that windows end in time."""
STATE = ("temperature_mc", "frequency_khz", "throttled", "thermal")
"""What of a machine's state is kept of each window."""
BEYOND = 3.0
"""Standard deviations of the difference of two windows that are beyond their scatter."""


@dataclass(frozen=True, slots=True)
class Trend:
    """`change` of the rate from the first window to the last and the `scatter` of such a
    difference between windows that are alike (one standard deviation), as shares of the first."""

    change: float
    scatter: float

    @property
    def beyond(self) -> bool:
        """Whether the change is more than the windows' scatter explains."""
        return abs(self.change) > BEYOND * self.scatter


def run_sustained(
    take: Callable[[], Sequence[float]],
    state: Callable[[], Mapping[str, str]],
    seconds: float,
    *,
    clock: Callable[[], float] = perf_counter,
    told: Callable[[int], None] = lambda done: None,
) -> tuple[SustainedWindow, ...]:
    """WINDOWS windows that follow one another, the last to end after `seconds`.

    `take` makes some inferences (at least one) and gives the seconds of each; `state` is asked
    between windows, for what STATE names, `told` how many windows are done.
    """
    began, windows = clock(), list[SustainedWindow]()
    for number in range(WINDOWS):
        told(number)
        start, samples = clock(), list[float]()
        end = began + seconds * (number + 1) / WINDOWS
        while not samples or clock() < end:
            samples += take()
        passed = clock() - start
        p50, p95, p99 = np.percentile(samples, [50, 95, 99]).tolist()
        found = {key: value for key, value in state().items() if key in STATE}
        windows.append(
            SustainedWindow(start - began, passed, len(samples), sum(samples), p50, p95, p99, found)
        )
    told(WINDOWS)
    return tuple(windows)


def trend(windows: Sequence[SustainedWindow]) -> Trend:
    """First window against last. The scatter is that of neighbours, which a slow change does not
    widen: the median of their differences, scaled as that of normal ones. Needs two windows."""
    rates = np.array([window.rate for window in windows])
    scatter = 1.4826 * float(np.median(np.abs(np.diff(rates))))
    return Trend(float(rates[-1] / rates[0]) - 1, scatter / float(rates[0]))


def notes(windows: Sequence[SustainedWindow], engine: str) -> tuple[Note, ...]:
    """A warning where the run became slower by more than its windows scatter."""
    if len(windows) < 2:
        return ()
    found = trend(windows)
    if found.change > -DRIFT_SHARE or not found.beyond:
        return ()
    text = (
        f"{-found.change:.0%} fewer inferences a second in the last window than in the first, "
        f"beyond the windows' scatter of {found.scatter:.1%}{_states(windows)}"
    )
    advice = "plan with the last window; cool the machine, or look for other load"
    return (Note("sustained-slower", f"sustained run, {engine}", text, advice),)


def _states(windows: Sequence[SustainedWindow]) -> str:
    """The readings that changed: "; temperature_mc 41000 -> 78000"."""
    first, last = windows[0].state, windows[-1].state
    changed = [key for key in STATE if key in first and key in last and first[key] != last[key]]
    return "".join(f"; {key} {first[key]} -> {last[key]}" for key in changed)
