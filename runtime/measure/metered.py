"""Running windows of inferences under a meter.

A board, real or virtual (the meter must be open before a board that it powers can talk):

    with make_meter("virtual", target) as meter:            # or "ppk2:/dev/ttyACM1"
        feed = edge_feed(meter, target)
        with VirtualBoard(target, elf, on_edge=feed and feed.from_board) as board:
            timing = MeteredTiming(meter, feed, progress)
            run = bench_device(dut, manifest, target, plan, progress=timing)
        energy = energy_of_run(timing.trace, run, target)

A real meter sees the trigger pin on its D0 input. A virtual meter has no wire, so the edges that
a virtual board reports, in ticks of its emulated clock, go to it through the feed, which turns
them into seconds of the board it is modelled on (`Target.nominal_time_scale`).

This computer or a Pi, where a function runs one inference:

    with make_meter("virtual", target) as meter:
        windows = partial(timed_windows, meter, infer, window_s=10.0)
        result, trace = astuple(measure_energy(meter, windows))
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from edgekit.artifacts.figures import Note
from edgekit.artifacts.power import EnergyResult, PowerTrace
from edgekit.artifacts.run import RunResult
from edgekit.errors import MeterError
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.measure.windows import WINDOW_END, WINDOW_START
from edgekit.runtime.power.meter import Meter, TakesEdges
from edgekit.targets.model import Target

if TYPE_CHECKING:
    from edgekit.runtime.devices.qemu import Edge

CLOCK_SHARE = 0.01
CLOCK_S = 0.002
"""Clocks of board and meter that differ by more than the share and this time have a note."""

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class MeteredRun:
    """A result and the trace it was computed from."""

    result: EnergyResult
    trace: PowerTrace


class EdgeFeed:
    """Hands trigger edges to a meter without a wire. Thread-safe."""

    def __init__(self, meter: TakesEdges, target: Target | None = None) -> None:
        scale = target.nominal_time_scale if target is not None else None
        emulator = target.emulator if target is not None else None
        self._meter, self._scale = meter, scale or 1.0
        self._hz = emulator.timer_hz if emulator is not None else 1
        self._changed = threading.Condition()
        self._rises = 0

    def __call__(self, level: bool, seconds: float) -> None:
        """The pin changed to `level` (low while inferring) at `seconds` of the board's clock.

        The emulator's clock for a virtual board, any steady clock for the host.
        """
        self._meter.edge(level, seconds * self._scale)
        with self._changed:
            self._rises += level
            self._changed.notify_all()

    def from_board(self, edge: Edge) -> None:
        """Take an edge as `VirtualBoard` reports it."""
        self(edge.kind == "rise", edge.ticks / self._hz)

    def restart(self) -> None:
        """Count windows from here."""
        with self._changed:
            self._rises = 0

    def await_windows(self, count: int, timeout_s: float = 10.0) -> None:
        """Wait until the ends of `count` windows were handed over: edges may come late.

        Raises MeterError when they do not come.
        """
        with self._changed:
            if self._changed.wait_for(lambda: self._rises >= count, timeout_s):
                return
            found = f"the board reported {self._rises} of the {count} windows it ran"
        raise MeterError(
            "virtual meter",
            found,
            hint="its firmware must report trigger edges; build the bundle again",
            code="meter-edges",
        )


def edge_feed(meter: Meter, target: Target | None = None) -> EdgeFeed | None:
    """Where a virtual board reports its trigger edges; None when the meter has a wire."""
    return EdgeFeed(meter, target) if isinstance(meter, TakesEdges) else None


class MeteredTiming:
    """A progress callback that records while the windows are timed.

    `bench_device` tells of ("timing", done, total): the recording runs from done 0 to done
    total, with `idle_s` of idling on both sides. Everything is passed on to `inner`.
    """

    def __init__(
        self,
        meter: Meter,
        feed: EdgeFeed | None,
        inner: Progress | None = None,
        *,
        idle_s: float = 1.0,
    ) -> None:
        self._meter, self._feed, self._inner, self._idle_s = meter, feed, inner, idle_s
        self._trace: PowerTrace | None = None

    @property
    def trace(self) -> PowerTrace:
        """The recording. Raises MeterError when nothing was timed."""
        if self._trace is None:
            raise MeterError(
                self._meter.identity.name,
                "nothing was recorded: the run ended before its windows were timed",
                hint="see the error of the run itself",
                code="meter-no-recording",
            )
        return self._trace

    def __call__(self, what: str, done: int, total: int) -> None:
        if what == "timing" and done == 0:
            self._meter.start()
            if self._feed is not None:
                self._feed.restart()
            _idle(self._meter, self._idle_s)
        if what == "timing" and done == total:
            _idle(self._meter, self._idle_s)
            if self._feed is not None:
                self._feed.await_windows(total)
            self._trace = self._meter.stop()
        if self._inner is not None:
            self._inner(what, done, total)


def energy_of_run(
    trace: PowerTrace, run: RunResult, target: Target | None = None, **options: Any
) -> EnergyResult:
    """Energy per inference of a run's windows in the trace recorded during them.

    `options` go to `energy_per_inference`. A note tells when the meter and the board's own
    clock disagree on how long the windows were. Raises MeterError.
    """
    result = energy_per_inference(trace, [w.inferences for w in run.windows], **options)
    scale = (target.nominal_time_scale if target is not None else None) or 1.0
    seen = sum(window.end_s - window.start_s for window in result.windows)
    said = sum(window.seconds for window in run.windows) * scale
    if abs(seen - said) <= max(CLOCK_SHARE * said, CLOCK_S):
        return result
    note = Note(
        "energy-clock",
        "energy",
        f"the windows last {seen:.4g} s for the meter and {said:.4g} s for the board",
        "check the trigger wire, and that nothing else toggles the pin",
    )
    return replace(result, warnings=(*result.warnings, note))


def timed_windows(
    meter: Meter,
    infer: Callable[[], object],
    *,
    windows: int = 5,
    window_s: float = 10.0,
    pause_s: float = 0.5,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
) -> list[int]:
    """Call `infer` over and over in windows of at least `window_s`; the calls of each.

    The windows are shown to the meter as edges where it takes them, else as host marks, with
    `pause_s` of idling between them.
    """
    feed = edge_feed(meter)
    counts: list[int] = []
    for number in range(windows):
        if number:
            sleep(pause_s)
        _begin(meter, feed, clock(), number)
        began, count = clock(), 0
        while count == 0 or clock() - began < window_s:
            infer()
            count += 1
        _end(meter, feed, clock(), number)
        counts.append(count)
    return counts


def _begin(meter: Meter, feed: EdgeFeed | None, now: float, number: int) -> None:
    if feed is not None:
        feed(False, now)
    else:
        meter.mark(f"{WINDOW_START} {number}")


def _end(meter: Meter, feed: EdgeFeed | None, now: float, number: int) -> None:
    if feed is not None:
        feed(True, now)
    else:
        meter.mark(f"{WINDOW_END} {number}")


def measure_energy(
    meter: Meter,
    run_windows: Callable[[], Sequence[int]],
    *,
    idle_s: float = 1.0,
    **options: Any,
) -> MeteredRun:
    """Record while `run_windows` runs, with `idle_s` of idling before and after.

    `run_windows` returns how many inferences each of its windows held. `meter` is open and
    stays so, but is closed when `run_windows` fails or is interrupted. `options` go to
    `energy_per_inference`. Raises MeterError.
    """
    meter.start()
    try:
        _idle(meter, idle_s)
        inferences = run_windows()
        _idle(meter, idle_s)
    except BaseException:
        meter.close()
        raise
    trace = meter.stop()
    return MeteredRun(energy_per_inference(trace, inferences, **options), trace)


def _idle(meter: Meter, seconds: float) -> None:
    """Let the board idle. A virtual meter adds its idling itself."""
    if meter.identity.wall_clock:
        time.sleep(seconds)
