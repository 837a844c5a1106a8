"""Energy mode: five windows between falling edges of the board's pin, under a meter.

The firmware's time stamp is a pulse: it falls once as a window starts and once as it ends. How
many inferences fill a window is told by a board that prints time stamps; of others it is
estimated by this computer's clock, and mended when the meter shows that windows were short.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from edgekit.artifacts.mlperf import MlperfWindow
from edgekit.artifacts.power import EnergyResult, PowerTrace
from edgekit.deploy.mlperf_board import MlperfBoard
from edgekit.errors import ProtocolError, UsageError
from edgekit.runtime.devices.qemu import Edge
from edgekit.runtime.measure.metered import EdgeFeed, edge_listener, measure_energy
from edgekit.runtime.mlperf.dataset import Sample, SampleSet
from edgekit.runtime.mlperf.windows import (
    MOST_INFERENCES,
    SPARE,
    WINDOWS,
    Load,
    Progress,
    calibrate,
    load_for,
)
from edgekit.runtime.power.meter import Meter, TakesEdges

ATTEMPTS = 3
WALL_S = 1.0
"""How long inferences are timed by this computer's clock, whose error is that of the line."""


@dataclass(frozen=True, slots=True, eq=False)
class MlperfEnergy:
    """Windows in seconds of the meter's clock, the result, and all samples."""

    windows: tuple[MlperfWindow, ...]
    result: EnergyResult
    trace: PowerTrace


def energy(
    board: MlperfBoard, meter: Meter, data: SampleSet, window_s: float, tell: Progress
) -> MlperfEnergy:
    """Five windows under `meter`, which is open. Raises ProtocolError, MeterError, UsageError."""
    _check_wire(board, meter)
    load = _load(board, data.samples[0], window_s)
    while True:
        found = _measured(board, meter, data.samples, load, window_s, tell)
        shortest = min(window.seconds for window in found.windows)
        if shortest >= window_s or load.inferences >= MOST_INFERENCES:
            return found
        longer = math.ceil(load.inferences * SPARE * window_s / max(shortest, 1e-3))
        load = Load(min(longer, MOST_INFERENCES), load.warmup)


def _check_wire(board: MlperfBoard, meter: Meter) -> None:
    """A virtual board's pin reaches a virtual meter only, and a real one's no virtual meter."""
    if (board.virtual is not None) == isinstance(meter, TakesEdges):
        return
    if board.virtual is not None:
        found, hint = "has no wire to a virtual board", "use --power virtual"
    else:
        found, hint = "has no wire to a board at a port", "name the meter that feeds the board"
    raise UsageError(
        f"meter {meter.identity.name}",
        found,
        allowed="--power virtual for virtual boards, a real meter for real ones",
        hint=f"{hint}; `edgekit mlperf emulate` rehearses with an emulated LPM01A",
        code="mlperf-no-wire",
    )


def _load(board: MlperfBoard, sample: Sample, window_s: float) -> Load:
    """How many inferences fill a window, as far as it can be told before measuring."""
    device, pace = board.device, board.pace(window_s)
    device.load(next(sample.pieces()))
    if board.identity.extension:
        device.command("mode perf")
        load = calibrate(device, pace)
        device.command("mode energy")
        return load
    inferences = 1
    while True:
        began = time.monotonic()
        found = device.infer(inferences, 0, timeout=pace.patience_s)
        seconds = time.monotonic() - began
        if found.seconds is not None:
            raise ProtocolError(
                device.name,
                "prints its time stamps: this is firmware for performance mode",
                hint="flash the energy build (EE_CFG_ENERGY_MODE 1), whose time stamps are edges "
                "of a pin that the meter sees",
                code="mlperf-no-edges",
            )
        if seconds >= WALL_S or inferences >= MOST_INFERENCES:
            return load_for(seconds / inferences, pace, device.name)
        inferences = math.ceil(inferences * min(100.0, 1.5 * WALL_S / max(seconds, 1e-3)))


def _measured(
    board: MlperfBoard,
    meter: Meter,
    samples: Sequence[Sample],
    load: Load,
    window_s: float,
    tell: Progress,
) -> MlperfEnergy:
    feed = edge_listener(meter, board.target)
    pairs = None if feed is None else _Pairs(feed)
    pace = board.pace(window_s)
    results: list[tuple[str, tuple[float, ...]]] = []

    def run_windows() -> list[int]:
        results.clear()
        for index in range(WINDOWS):
            tell("energy windows", index, WINDOWS)
            sample = samples[index % len(samples)]
            board.device.load(next(sample.pieces()))
            if pairs is not None:
                pairs.expect()
                board.listen(pairs)
            found = board.device.infer(load.inferences, load.warmup, timeout=pace.patience_s)
            board.listen(None)
            results.append((sample.name, found.results))
        if feed is not None:
            feed.await_windows(WINDOWS)
        tell("energy windows", WINDOWS, WINDOWS)
        return [load.inferences] * WINDOWS

    kind = "falls" if pairs is None else "low"
    run = measure_energy(meter, run_windows, trigger=kind, min_window_s=window_s)
    windows = tuple(
        MlperfWindow(name, load.inferences, load.warmup, span.end_s - span.start_s, values)
        for span, (name, values) in zip(run.result.windows, results, strict=True)
    )
    return MlperfEnergy(windows, run.result, run.trace)


class _Pairs:
    """Two pulses of a virtual board's pin as one long one, which is what a virtual meter's load
    goes by."""

    def __init__(self, feed: EdgeFeed) -> None:
        self._feed, self._falls = feed, 2

    def expect(self) -> None:
        """The next two falling edges bound a window."""
        self._falls = 0

    def __call__(self, edge: Edge) -> None:
        if edge.kind == "fall" and self._falls < 2:
            self._falls += 1
            self._feed.from_board(Edge("fall" if self._falls == 1 else "rise", edge.ticks))
