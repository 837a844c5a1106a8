"""Driver of EdgeKit's bridge: an INA219, INA226 or INA228 on an Arduino or a Pico.

The bridge dates its samples itself, averages in the sensor's hardware and passes the board's
trigger pin on. The sensor stands in the supply line: bus volts are those of the board's side.
"""

from __future__ import annotations

import time

from edgekit.errors import MeterError
from edgekit.runtime.power import ina_wire as wire
from edgekit.runtime.power.finding import PROBE_S
from edgekit.runtime.power.line_meter import LineMeter
from edgekit.runtime.power.line_samples import COLUMNS
from edgekit.runtime.power.names import METERS, MeterSpec
from edgekit.runtime.power.recording import drain, read_until
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.stream_meter import OpenPort, Timing
from edgekit.targets.model import Target

RATE_HZ = 500
ASK_S = 0.5
"""An Arduino that was reset by the opening of its port hears nothing for a second or two."""


def from_spec(spec: MeterSpec, target: Target | None) -> InaBridge:
    """The bridge that `spec` names; the chip is its scheme."""
    return InaBridge(
        spec.scheme,
        spec.place,
        rate_hz=round(spec.number("rate", RATE_HZ, 1, wire.CHIPS[spec.scheme].most_hz)),
        baud=round(spec.number("baud", METERS[spec.scheme].baud, 9600, 4_000_000)),
    )


class InaBridge(LineMeter):
    """A Meter. `scheme` is the chip it must carry."""

    def __init__(
        self,
        scheme: str,
        place: str,
        timing: Timing | None = None,
        *,
        rate_hz: int = RATE_HZ,
        baud: int = 0,
        open_port: OpenPort | None = None,
    ) -> None:
        patient = timing or Timing(answer_s=5.0)
        super().__init__(scheme, place, patient, open_port=open_port, baud=baud)
        self._wanted_hz = rate_hz
        self.bytes_per_second = 60 * rate_hz

    def _greet(self, port: Port, path: str) -> str:
        header, answer = _ask(port, self.timing.quiet_s, self.timing.answer_s)
        if header is None:
            raise _no_bridge(path, answer)
        if header.version != wire.VERSION or not header.columns:
            raise _other_version(path, header)
        if header.chip != self.scheme:
            raise _other_chip(path, header.chip, self.scheme)
        return f"bridge {header.version}"

    def _set_up(self, port: Port) -> None:
        port.write(f"rate {self._wanted_hz}\n".encode())
        answer = read_until(
            port, lambda data: wire.parse_header(data) is not None, self.timing.answer_s
        )
        header = wire.parse_header(answer)
        if header is None or any(name not in COLUMNS for name in header.columns):
            raise _other_version(self._identity.place, header)
        self.columns = header.columns
        self.range_a = (header.lsb_a, header.max_a)
        self.calibration = f"shunt as the bridge was built with; {header.rate_hz:g} Hz"

    def _begin(self, port: Port) -> None:
        port.write(b"start\n")

    def _end(self, port: Port) -> None:
        port.write(b"stop\n")

    def _release(self, port: Port) -> None:
        port.write(b"stop\n")


def probe(port: Port) -> str:
    """What a bridge at `port` is called (its chip first), "" when none answers."""
    header, _ = _ask(port, 0.05, PROBE_S)
    if header is None:
        return ""
    chip = wire.CHIPS.get(header.chip)
    return f"{chip.title if chip else header.chip} bridge"


def _ask(port: Port, quiet_s: float, limit_s: float) -> tuple[wire.Header | None, bytes]:
    """Stop a stream left over from before, then ask until something answers; what came last."""
    deadline = time.monotonic() + limit_s
    header, answer = None, b""
    while header is None and time.monotonic() < deadline:
        port.write(b"\nstop\n")
        drain(port, quiet_s)
        port.write(b"?\n")
        answer = read_until(
            port, lambda data: wire.parse_header(data) is not None, min(ASK_S, limit_s)
        )
        header = wire.parse_header(answer)
    return header, answer


def _no_bridge(path: str, answer: bytes) -> MeterError:
    if any(byte > 127 for byte in answer):
        return MeterError(
            f"meter at {path}",
            f"answered bytes that are no text ({answer[:8].hex(' ')} ...)",
            hint="the baud rate is probably wrong: give that of the sketch, baud=921600",
            code="meter-no-bridge",
        )
    return MeterError(
        f"meter at {path}",
        "no answer of EdgeKit's bridge firmware",
        hint="flash firmware_stubs/power_meter to the Arduino or Pico, or read another "
        "program's lines with csv:",
        code="meter-no-bridge",
    )


def _other_version(path: str, header: wire.Header | None) -> MeterError:
    version = header.version if header is not None else "?"
    return MeterError(
        f"meter at {path}",
        f"the bridge speaks version {version} of its lines",
        allowed=str(wire.VERSION),
        hint="flash the firmware_stubs/power_meter of this EdgeKit to it",
        code="meter-version",
    )


def _other_chip(path: str, chip: str, scheme: str) -> MeterError:
    known = wire.CHIPS.get(chip)
    title = known.title if known else chip
    return MeterError(
        f"meter at {path}",
        f"this bridge carries an {title}, you asked for {scheme}",
        hint=f"write {chip}:{path}" if known else "flash the firmware for your chip",
        code="meter-other",
    )
