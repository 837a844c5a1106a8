"""Driver of a phone's own battery gauge, through adb (not checked against hardware yet).

What the kernel calls current_now differs between phones in unit and sign. The unit follows from
the size, the sign from the battery's state: only discharging is measured, because while charging
the battery tells nothing of what the phone takes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.artifacts.power import PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.power.adb import PROGRAM, AdbMeter
from edgekit.runtime.power.command_port import END
from edgekit.runtime.power.names import MeterSpec, bad_option
from edgekit.runtime.power.odpm import Odpm
from edgekit.runtime.power.polled_meter import Floats, Ints
from edgekit.runtime.power.recording import Capture
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.stream_meter import Timing
from edgekit.targets.model import Target
from edgekit.units import si

GAUGE = "/sys/class/power_supply/battery"
FILES = ("current_now", "voltage_now", "status")
INTERVAL_S = 0.5
MILLIAMPERES = 20_000
"""A smaller number is milliamperes: no phone that is awake draws 20 mA or less."""
STUCK = 10
"""So many equal readings are those of a gauge that does not measure."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """A reading: amperes drawn, volts, and the battery's state in its own word."""

    amps: float
    volts: float
    status: str


def parse_gauge(text: str) -> Gauge | None:
    """The reading in what the files of the gauge hold, in their order; None when they hold none."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) != len(FILES):
        return None
    try:
        current, voltage = abs(int(lines[0])), int(lines[1])
    except ValueError:
        return None
    if voltage <= 0:
        return None
    unit = 1e-3 if current < MILLIAMPERES else 1e-6
    return Gauge(current * unit, voltage * 1e-6, lines[2])


def from_spec(spec: MeterSpec, target: Target | None) -> Android | Odpm:
    """The phone that `spec` names by its adb serial number, the only one where it names none: its
    battery gauge, or with source=odpm its power rails."""
    interval_s = spec.number("interval", INTERVAL_S, 0.1, 60)
    program = spec.options.get("adb", PROGRAM)
    rails = tuple(filter(None, spec.options.get("rails", "").split(",")))
    if spec.choice("source", ("gauge", "odpm")) == "odpm":
        return Odpm(spec.place, interval_s=interval_s, program=program, rails=rails)
    if rails:
        raise bad_option(spec, "rails", ",".join(rails), "rails= with source=odpm")
    return Android(spec.place, interval_s=interval_s, program=program)


class Android(AdbMeter):
    """A Meter. `place` is the phone's serial number, "" for the only one."""

    request = b"gauge"

    def __init__(
        self,
        place: str = "",
        timing: Timing | None = None,
        *,
        interval_s: float = INTERVAL_S,
        program: str = PROGRAM,
    ) -> None:
        shell = ("cat", *(f"{GAUGE}/{name}" for name in FILES))
        super().__init__(place, timing, interval_s=interval_s, program=program, shell=shell)
        self._step_a = 0.0
        """The smallest difference between two of the gauge's readings."""

    def _greet(self, port: Port, path: str) -> str:
        text = self._answer(port)
        gauge = parse_gauge(text)
        if gauge is None:
            raise MeterError(
                f"meter android at {path}",
                f"the battery gauge cannot be read: {' '.join(text.split())[:100]!r}",
                hint="many builds let only root read it; measure this phone with a USB meter",
                code="meter-no-gauge",
            )
        if gauge.status != "Discharging":
            raise MeterError(
                f"meter android at {path}",
                f"the battery is {gauge.status.lower()} and does not tell what the phone takes",
                allowed="discharging",
                hint="unplug the phone and use adb over Wi-Fi (adb tcpip 5555, adb connect)",
                code="meter-charging",
            )
        return "battery gauge"

    def _decode(self, raw: bytes) -> tuple[Floats, Floats, Ints, int]:
        volts, amps, ends, skipped, at = [], [], [], 0, 0
        for answer in raw.split(END)[:-1]:
            at += len(answer) + 1
            gauge = parse_gauge(answer.decode("utf-8", "replace"))
            if gauge is None or gauge.status != "Discharging":
                skipped += len(answer)
                continue
            volts.append(gauge.volts)
            amps.append(gauge.amps)
            ends.append(at)
        levels = np.unique(np.round(amps, 6))
        self._step_a = float(np.diff(levels).min()) if len(levels) > 1 else 0.0
        return np.array(volts), np.array(amps), np.array(ends, np.int64), skipped

    def _trace(self, capture: Capture) -> PowerTrace:
        trace = super()._trace(capture)
        if len(trace.amps) >= STUCK and np.ptp(trace.amps) == 0:
            raise MeterError(
                f"meter android at {self._identity.place}",
                f"{len(trace.amps)} equal readings of {trace.amps[0]:g} A: it does not measure",
                hint="measure this phone with a USB meter, its battery being full",
                code="meter-stuck",
            )
        return trace

    def _notes(self, skipped: int, rate_hz: float) -> tuple[Note, ...]:
        step = f"; its readings are in steps of {si(self._step_a, 'A')}" if self._step_a else ""
        note = Note(
            "meter-gauge",
            self._identity.name,
            f"the battery gauge's mean over the whole phone, screen and radios included{step}",
            "run for a minute and more, and look at net energy with the same screen",
        )
        return (note, *super()._notes(skipped, rate_hz))
