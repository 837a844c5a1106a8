"""Driver of the Raspberry Pi 5's own power chip, asked on the Pi itself (not checked against
hardware yet).

`vcgencmd pmic_read_adc` tells volts and amperes of a dozen rails. Their sum is what the rails take,
not what the Pi takes: USB ports, the fan, boards on the header and the converters' loss are left
out. Asking costs power itself, so idle must be measured with the same asking, as it is.
"""

from __future__ import annotations

import re

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.errors import MeterError
from edgekit.runtime.power.command_port import END, CommandPort
from edgekit.runtime.power.names import MeterSpec
from edgekit.runtime.power.polled_meter import Floats, Ints, PolledMeter
from edgekit.runtime.power.recording import read_until
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.stream_meter import Timing
from edgekit.targets.model import Target

PROGRAM = "vcgencmd"
INTERVAL_S = 0.1
SUPPLY = "EXT5V"
_LINE = re.compile(
    r"^\s*(\w+)_([AV])\s+(?:current|volt)\(\d+\)=([-\d.]+|nan)[AV]\s*$", re.MULTILINE
)


def parse_rails(text: str) -> tuple[float, float] | None:
    """(volts of the supply, watts of all rails whose current is told); None when none is.

    Rails are paired by name: their numbers differ between firmware versions.
    """
    amps: dict[str, float] = {}
    volts: dict[str, float] = {}
    for name, quantity, number in _LINE.findall(text):
        value = float(number)
        if np.isfinite(value):
            (amps if quantity == "A" else volts)[name] = value
    both = amps.keys() & volts.keys()
    if not both:
        return None
    return volts.get(SUPPLY, 5.0), sum(amps[name] * volts[name] for name in both)


def from_spec(spec: MeterSpec, target: Target | None) -> Pmic:
    """The power chip of this Pi; a place names another program than vcgencmd."""
    return Pmic(spec.place, interval_s=spec.number("interval", INTERVAL_S, 0.05, 60))


class Pmic(PolledMeter):
    """A Meter."""

    at_port = False
    request = b"pmic_read_adc"
    range_a = (0.0, 5.0)

    def __init__(
        self, place: str = "", timing: Timing | None = None, *, interval_s: float = INTERVAL_S
    ) -> None:
        needs = "this works on a Raspberry Pi 5 only; its tools are in the package raspi-utils"
        super().__init__(
            "pmic",
            place or PROGRAM,
            timing,
            interval_s=interval_s,
            open_port=lambda path: CommandPort((path, "pmic_read_adc"), needs=needs),
        )
        self.bytes_per_second = round(2000 / interval_s)

    def _greet(self, port: Port, path: str) -> str:
        port.write(self.request)
        answer = read_until(port, lambda data: END in data, self.timing.answer_s)
        text = answer.decode("ascii", "replace").strip(" \r\n\0")
        if parse_rails(text) is not None:
            return "rails"
        raise MeterError(
            f"program {path}",
            f"tells no currents: {' '.join(text.split())[:80]!r}",
            allowed="a Raspberry Pi 5",
            hint="older Pis measure none; on a Pi 5 add yourself to the group video",
            code="meter-no-pmic",
        )

    def _decode(self, raw: bytes) -> tuple[Floats, Floats, Ints, int]:
        volts, amps, ends, skipped, at = [], [], [], 0, 0
        for answer in raw.split(END)[:-1]:
            at += len(answer) + 1
            found = parse_rails(answer.decode("ascii", "replace"))
            if found is None or found[0] <= 0:
                skipped += len(answer)
                continue
            volts.append(found[0])
            amps.append(found[1] / found[0])
            ends.append(at)
        return np.array(volts), np.array(amps), np.array(ends, np.int64), skipped

    def _notes(self, skipped: int, rate_hz: float) -> tuple[Note, ...]:
        note = Note(
            "meter-rails",
            self._identity.name,
            "the sum of the power chip's rails, which is less than the Pi takes: without USB, fan, "
            "header and the converters' loss",
            "measure the supply line (um25c:, tc66c:, ina228:) for the whole Pi",
        )
        return (note, *super()._notes(skipped, rate_hz))
