"""Running windows of inferences under a meter.

How `bench` wires a board to a meter:

    meter = make_meter("virtual", target)             # or "ppk2:/dev/ttyACM1"
    with meter:
        board = VirtualBoard(target, elf, on_edge=edge_listener(meter, target))
        ...
        run = measure_energy(meter, run_windows)

`run_windows` runs the windows on the board and returns how many inferences each held. A real
meter sees the trigger pin on its D0 input; a virtual meter has no wire, so the virtual board's
`on_edge(level, seconds)`, in seconds of its emulated clock, goes to the meter through
`edge_listener`, which turns emulated seconds into those of the board it is modelled on. A real
board must be powered by the meter before it can talk: open the meter first.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from edgekit.artifacts.power import EnergyResult, PowerTrace
from edgekit.runtime.measure.energy import energy_per_inference
from edgekit.runtime.power.meter import Meter, TakesEdges
from edgekit.targets.model import Target

OnEdge = Callable[[bool, float], None]


@dataclass(frozen=True, slots=True)
class MeteredRun:
    """A result and the trace it was computed from."""

    result: EnergyResult
    trace: PowerTrace


def edge_listener(meter: Meter, target: Target | None = None) -> OnEdge | None:
    """Where a virtual board should report its trigger edges; None when the meter has a wire.

    The function takes the new level (low while inferring) and seconds of the board's emulated
    clock. For the host these are wall-clock seconds, which pass unchanged.
    """
    if not isinstance(meter, TakesEdges):
        return None
    taker = meter
    scale = (target.nominal_time_scale if target is not None else None) or 1.0

    def on_edge(level: bool, seconds: float) -> None:
        taker.edge(level, seconds * scale)

    return on_edge


def measure_energy(
    meter: Meter,
    run_windows: Callable[[], Sequence[int]],
    *,
    idle_s: float = 1.0,
    **options: Any,
) -> MeteredRun:
    """Record while `run_windows` runs, with `idle_s` of idling before and after.

    `meter` is open and stays so, but is closed when `run_windows` fails or is interrupted.
    `options` go to `energy_per_inference`. Raises MeterError.
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
