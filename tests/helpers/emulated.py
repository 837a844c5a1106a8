"""Recording at an emulated meter on a pseudo-terminal, independent of how fast anything runs."""

from __future__ import annotations

import time
from collections.abc import Callable

from edgekit.artifacts.power import PowerTrace
from edgekit.runtime.power.emulators.device import Emulator
from edgekit.runtime.power.emulators.load import Load
from edgekit.runtime.power.stream_meter import StreamMeter, Timing

PATIENT = Timing(silence_s=None, answer_s=10.0, quiet_s=0.05)
"""A stream that has ended is silent; a loaded machine answers late."""
LOAD = Load.square(idle_s=0.3, active_s=0.5)


def record_all(emulator: Emulator, meter: StreamMeter) -> PowerTrace:
    """Everything the emulator has to show."""
    with meter:
        meter.start()
        assert emulator.done.wait(60)
        return meter.stop()


def joules(trace: PowerTrace) -> float:
    """Energy of all samples, each of the length of a sample period."""
    return float((trace.volts * trace.amps).sum()) / trace.sample_rate_hz


def codes(trace: PowerTrace) -> list[str]:
    """Codes of the notes, but for the one that every emulated meter has."""
    first, *rest = [note.code for note in trace.warnings]
    assert first == "meter-emulated"
    return rest


def eventually(condition: Callable[[], bool], limit_s: float = 60.0) -> bool:
    """Whether the condition comes true: the last words of a driver are on their way."""
    deadline = time.monotonic() + limit_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()
