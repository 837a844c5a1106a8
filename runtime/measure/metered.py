"""Running windows of inferences under a meter.

A board, real or virtual (the meter must be open before a board that it powers can talk):

    with make_meter("virtual", target) as meter:            # or "ppk2:/dev/ttyACM1"
        feed = edge_listener(meter, target)                     # None: the meter has a wire
        on_edge = feed.from_board if feed else None
        with VirtualBoard(target, elf, on_edge=on_edge) as board:
            ...
            run = measure_energy(meter, run_windows)

`run_windows` runs the windows and returns how many inferences each held; with a feed it ends
with `feed.await_windows(count)`, since edges may come late.

A real meter sees the trigger pin on its D0 input. A virtual meter has no wire, so the edges that
a virtual board reports, in ticks of its emulated clock, go to it through the feed, which turns
them into seconds of the board it is modelled on (`Target.nominal_time_scale`). On this computer
or a Pi `timed_windows` calls a function over and over and shows the windows to the meter.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from edgekit.artifacts.power import EnergyResult, PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.measure.clocks import board_clock, clock_notes, computer_clock
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.measure.splice import spliced
from edgekit.runtime.measure.windows import WINDOW_END, WINDOW_START
from edgekit.runtime.power.meter import Meter, TakesEdges
from edgekit.targets.model import Target

if TYPE_CHECKING:
    from edgekit.runtime.devices.qemu import Edge


@dataclass(frozen=True, slots=True)
class MeteredWindows:
    """Windows of an earlier recording, see WindowsRun."""

    trace: PowerTrace
    inferences: tuple[int, ...]
    board_s: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class MeteredRun:
    """A result and the trace it was computed from."""

    result: EnergyResult
    trace: PowerTrace


@dataclass
class WindowsRun:
    """The windows run so far: inferences of each, and where they are known its seconds on the
    board's clock and when this computer was told of its end."""

    inferences: list[int] = field(default_factory=list)
    board_s: list[float] = field(default_factory=list)
    computer_s: list[float] = field(default_factory=list)

    def add(self, meter: Meter, count: int, board_s: float | None = None) -> None:
        """A window has ended. Raises MeterError when the meter does not record any more."""
        if meter.identity.wall_clock:
            self.computer_s.append(time.monotonic())
        failure: MeterError | None = getattr(meter, "failure", None)
        if failure is not None:
            raise failure
        self.inferences.append(count)
        if board_s is not None:
            self.board_s.append(board_s)


Rescue = Callable[[PowerTrace, WindowsRun], None]
"""Gets what there is of a recording that broke off, and the windows that were run."""


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


def edge_listener(meter: Meter, target: Target | None = None) -> EdgeFeed | None:
    """Where trigger edges are to be handed over; None when the meter has a wire or marks."""
    return EdgeFeed(meter, target) if isinstance(meter, TakesEdges) else None


def timed_windows(
    meter: Meter,
    infer: Callable[[], object],
    *,
    windows: int = 5,
    window_s: float = 10.0,
    pause_s: float = 0.5,
    clock: Callable[[], float] = time.perf_counter,
    sleep: Callable[[float], None] = time.sleep,
    ran: WindowsRun | None = None,
) -> list[int]:
    """Call `infer` over and over in windows of at least `window_s`; the calls of each, which are
    added to `ran` as they end.

    The windows are shown to the meter as edges where it takes them, else as host marks, with
    `pause_s` of idling between them. Raises MeterError when the meter fails meanwhile.
    """
    feed = edge_listener(meter)
    ran = WindowsRun() if ran is None else ran
    for number in range(windows):
        if number:
            sleep(pause_s)
        _show(meter, feed, clock(), level=False)
        began, count = clock(), 0
        while count == 0 or clock() - began < window_s:
            infer()
            count += 1
        _show(meter, feed, clock(), level=True)
        ran.add(meter, count)
    return ran.inferences


def _show(meter: Meter, feed: EdgeFeed | None, now: float, *, level: bool) -> None:
    """Tell the meter that a window begins (low) or ends (high)."""
    if feed is not None:
        feed(level, now)
    else:
        meter.mark(WINDOW_END if level else WINDOW_START)


def measure_energy(
    meter: Meter,
    run_windows: Callable[[], Sequence[int]],
    *,
    idle_s: float = 1.0,
    ran: WindowsRun | None = None,
    before: MeteredWindows | None = None,
    rescue: Rescue | None = None,
    **options: Any,
) -> MeteredRun:
    """Record while `run_windows` runs, with `idle_s` of idling before and after.

    `run_windows` returns how many inferences each of its windows held. `meter` is open and stays
    so, but is closed when `run_windows` fails or is interrupted; `rescue` gets what was recorded
    by then, if `run_windows` adds its windows to `ran` as they end. `before` are windows of an
    earlier recording that count as well. `options` go to `energy_per_inference`. Raises MeterError.
    """
    ran = WindowsRun() if ran is None else ran
    meter.start()
    try:
        _idle(meter, idle_s)
        inferences = run_windows()
        _idle(meter, idle_s)
    except BaseException:
        if rescue is not None:
            _rescue(meter, ran, rescue)
        meter.close()
        raise
    try:
        trace = meter.stop()
    except MeterError:
        salvaged = getattr(meter, "salvaged", None)
        if rescue is not None and salvaged is not None:
            rescue(salvaged, ran)
        raise
    if before is None:
        result = energy_per_inference(trace, inferences, **options)
        return MeteredRun(with_clocks(result, ran, _edges_s(trace)), trace)
    whole = spliced(before.trace, trace)
    result = energy_per_inference(whole, [*before.inferences, *inferences], **options)
    if before.board_s and ran.board_s:
        ran.board_s = [*before.board_s, *ran.board_s]
    return MeteredRun(with_clocks(result, ran, _edges_s(whole)), whole)


def _edges_s(trace: PowerTrace) -> float:
    """How far the two edges of a window may be off together: a sample each, half of it at most on
    either side of the mean."""
    return 1 / trace.sample_rate_hz if trace.sample_rate_hz else 0.0


def _rescue(meter: Meter, ran: WindowsRun, rescue: Rescue) -> None:
    """What the meter has recorded although the windows broke off."""
    trace: PowerTrace | None
    try:
        trace = meter.stop()
    except (MeterError, TimeoutError, ValueError):
        trace = getattr(meter, "salvaged", None)
    if trace is not None:
        rescue(trace, ran)


def with_clocks(result: EnergyResult, ran: WindowsRun, edges_s: float = 0.0) -> EnergyResult:
    """`result` with the clocks compared where the windows that were run tell of them."""
    windows, own = result.windows, ran.board_s
    board = board_clock(windows[-len(own) :], own, edges_s) if own else None
    told = ran.computer_s
    computer = computer_clock(windows[-len(told) :], told) if told else None
    clocks = tuple(clock for clock in (board, computer) if clock is not None)
    return replace(result, clocks=clocks, warnings=(*result.warnings, *clock_notes(clocks)))


def _idle(meter: Meter, seconds: float) -> None:
    """Let the board idle. A virtual meter adds its idling itself."""
    if meter.identity.wall_clock:
        time.sleep(seconds)
