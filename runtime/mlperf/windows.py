"""Performance windows by the rules: five of at least 10 s, each on another file."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgekit.artifacts.mlperf import MlperfWindow
from edgekit.errors import ProtocolError
from edgekit.runtime.mlperf.dataset import Sample
from edgekit.runtime.mlperf.device import Device

Progress = Callable[[str, int, int], None]

WINDOWS = 5
WINDOW_S = 10.0
QUICK_WINDOW_S = 1.0
MOST_S = 30.0
"""The official runner gives up when a board is silent for longer, warm-up and window each."""
WARMUP = 10
SPARE = 1.1
"""Samples differ in how long they take, and clocks are not exact."""
ATTEMPTS = 3
CALIBRATE_S = 0.2
"""A window this long tells the latency to half a per cent even at the slowest clock allowed, of
1 kHz."""
MOST_INFERENCES = 10**8


@dataclass(frozen=True, slots=True)
class Pace:
    """How windows are laid out: at least `window_s` long, by a clock whose seconds count
    `scale`-fold; `patience_s` is the longest silence of a board that infers."""

    window_s: float = WINDOW_S
    scale: float = 1.0
    patience_s: float = MOST_S + 1.0


@dataclass(frozen=True, slots=True)
class Load:
    """`infer N W`: how many inferences fill a window, and how many warm up."""

    inferences: int
    warmup: int


def calibrate(device: Device, pace: Pace) -> Load:
    """Time one inference, then more until the clock resolves them; what fills a window.

    Raises ProtocolError when the board prints no time stamps, or one inference takes longer
    than a window may.
    """
    inferences = 1
    while True:
        window = device.infer(inferences, 0, timeout=pace.patience_s)
        if window.seconds is None:
            raise no_time_stamps(device.name)
        seconds = window.seconds * pace.scale
        if seconds >= CALIBRATE_S:
            return load_for(seconds / inferences, pace, device.name)
        inferences = math.ceil(inferences * min(1000.0, 2 * CALIBRATE_S / max(seconds, 1e-4)))
        if inferences > MOST_INFERENCES:
            raise ProtocolError(
                device.name,
                f"the time stamps around {inferences // 1000} inferences are equal",
                allowed="a clock in microseconds of at least 1 kHz",
                hint="mend th_timestamp of the firmware: its clock stands still",
                code="mlperf-clock",
            )


def load_for(latency_s: float, pace: Pace, subject: str) -> Load:
    """What fills a window with an inference that takes `latency_s`, within the 30 s of the
    official runner. Raises ProtocolError when one inference takes longer."""
    if latency_s > MOST_S:
        raise ProtocolError(
            subject,
            f"one inference takes {latency_s:.3g} s",
            allowed=f"at most {MOST_S:g} s: the official runner waits no longer for a window",
            hint="use a faster board or a smaller model; `edgekit bench` without --mlperf has no "
            "such limit",
            code="mlperf-window-too-long",
        )
    inferences = min(MOST_INFERENCES, max(1, math.ceil(SPARE * pace.window_s / latency_s)))
    warmup = max(0, min(WARMUP, math.floor(0.8 * MOST_S / latency_s)))
    return Load(inferences, warmup)


def no_time_stamps(subject: str) -> ProtocolError:
    """A board that runs firmware for energy mode."""
    return ProtocolError(
        subject,
        "prints no m-lap-us lines: this is firmware for energy mode",
        hint="measure with --mode energy, or flash the performance build (EE_CFG_ENERGY_MODE 0; "
        "EdgeKit firmware needs no other build)",
        code="mlperf-no-timestamps",
    )


def performance_windows(
    device: Device, samples: Sequence[Sample], pace: Pace, tell: Progress
) -> tuple[MlperfWindow, ...]:
    """Five windows, each on the next file; once more with more inferences where one came out
    short. Raises ProtocolError."""
    device.load(next(samples[0].pieces()))
    tell("timing one inference", 0, 1)
    load = calibrate(device, pace)
    tell("timing one inference", 1, 1)
    for _ in range(ATTEMPTS):
        windows = _windows(device, samples, load, pace, tell)
        shortest = min(window.seconds for window in windows)
        if shortest >= pace.window_s:
            break
        load = load_for(shortest / load.inferences, pace, device.name)
    return windows


def _windows(
    device: Device, samples: Sequence[Sample], load: Load, pace: Pace, tell: Progress
) -> tuple[MlperfWindow, ...]:
    windows = []
    for index in range(WINDOWS):
        tell("windows", index, WINDOWS)
        sample = samples[index % len(samples)]
        device.load(next(sample.pieces()))
        found = device.infer(load.inferences, load.warmup, timeout=pace.patience_s)
        if found.seconds is None:
            raise no_time_stamps(device.name)
        windows.append(
            MlperfWindow(
                sample.name,
                load.inferences,
                load.warmup,
                found.seconds * pace.scale,
                found.results,
            )
        )
    tell("windows", WINDOWS, WINDOWS)
    return tuple(windows)
