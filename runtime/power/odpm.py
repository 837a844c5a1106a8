"""Driver of a phone's on-device power rail monitors (ODPM: Pixel 6 and later), through adb (not
checked against hardware yet).

Each rail has a counter of its energy since boot, which charging does not disturb. The kernel shows
them as text, one line a rail: `CH3(T=349894)[S4M_VDD_CPUCL0], 8049`, milliseconds and microjoules.
Most builds let only root read it.
"""

from __future__ import annotations

import re

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.errors import MeterError
from edgekit.runtime.power.adb import PROGRAM, AdbMeter
from edgekit.runtime.power.command_port import END
from edgekit.runtime.power.polled_meter import Floats, Ints
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.stream_meter import Timing

COUNTERS = "/sys/bus/iio/devices/iio:device*/energy_value"
BATTERY = "/sys/class/power_supply/battery/voltage_now"
USUAL_V = 3.85
"""A battery's voltage, where it cannot be read: only the split into volts and amperes uses it."""
_LINE = re.compile(r"CH\d+\(T=(\d+)\)\[([^\]\s]+)\],\s*(\d+)")

Rails = dict[str, tuple[int, int]]
"""Rail -> milliseconds and microjoules since boot."""


def parse_odpm(text: str) -> tuple[Rails, float] | None:
    """The counters of all rails and the battery's volts; None when there is no rail in `text`."""
    rails = {name: (int(ms), int(uj)) for ms, name, uj in _LINE.findall(text)}
    last = text.strip().rpartition("\n")[2].strip()
    volts = int(last) * 1e-6 if last.isdigit() and int(last) > 1_000_000 else USUAL_V
    return (rails, volts) if rails else None


def power(before: Rails, now: Rails) -> float | None:
    """Mean watts of all rails between two readings; None where none has gone on, or one went back
    (the phone was started anew)."""
    total, moved = 0.0, False
    for name in before.keys() & now.keys():
        ms, uj = now[name][0] - before[name][0], now[name][1] - before[name][1]
        if ms < 0 or uj < 0:
            return None
        if ms > 0:
            total, moved = total + 1e-3 * uj / ms, True
    return total if moved else None


class Odpm(AdbMeter):
    """A Meter. `place` is the phone's serial number, "" for the only one; `rails` are parts of the
    names of those that count, none for all."""

    request = b"rails"

    def __init__(
        self,
        place: str = "",
        timing: Timing | None = None,
        *,
        interval_s: float,
        program: str = PROGRAM,
        rails: tuple[str, ...] = (),
    ) -> None:
        shell = (f"cat {COUNTERS} {BATTERY}",)
        super().__init__(place, timing, interval_s=interval_s, program=program, shell=shell)
        self._wanted = rails
        self._count = 0
        self.bytes_per_second = round(4000 / interval_s)

    def _greet(self, port: Port, path: str) -> str:
        text = self._answer(port)
        found = parse_odpm(text)
        if found is None:
            raise MeterError(
                f"meter android at {path}",
                f"no power rails can be read: {' '.join(text.split())[:100]!r}",
                allowed="a phone with ODPM (Pixel 6 and later), readable counters",
                hint="most builds need `adb root`; without it leave source=odpm out",
                code="meter-no-odpm",
            )
        self._count = len(self._chosen(found[0]))
        if not self._count:
            raise MeterError(
                f"meter android at {path}",
                f"no rail has {' or '.join(self._wanted)} in its name",
                allowed=", ".join(sorted(found[0])),
                hint="android:?source=odpm&rails=CPU,GPU",
                code="meter-no-rails",
            )
        return f"{self._count} power rails"

    def _chosen(self, rails: Rails) -> Rails:
        if not self._wanted:
            return rails
        return {name: row for name, row in rails.items() if any(w in name for w in self._wanted)}

    def _decode(self, raw: bytes) -> tuple[Floats, Floats, Ints, int]:
        volts, amps, ends, skipped, at = [], [], [], 0, 0
        before: Rails = {}
        for answer in raw.split(END)[:-1]:
            at += len(answer) + 1
            found = parse_odpm(answer.decode("utf-8", "replace"))
            if found is None:
                skipped += len(answer)
                continue
            now = self._chosen(found[0])
            watts = power(before, now)
            before = now
            if watts is not None:
                volts.append(found[1])
                amps.append(watts / found[1])
                ends.append(at)
        return np.array(volts), np.array(amps), np.array(ends, np.int64), skipped

    def _notes(self, skipped: int, rate_hz: float) -> tuple[Note, ...]:
        note = Note(
            "meter-rails",
            self._identity.name,
            f"the sum of {self._count} power rails, which is less than the phone takes",
            "compare phones of one kind only, or use a USB meter with the battery full",
        )
        return (note, *super()._notes(skipped, rate_hz))
