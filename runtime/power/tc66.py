"""Driver of RuiDeng's TC66 and TC66C USB-C meters on USB (not checked against hardware yet)."""

from __future__ import annotations

from edgekit.errors import MeterError
from edgekit.runtime.power import tc66_wire as wire
from edgekit.runtime.power.finding import PROBE_S
from edgekit.runtime.power.names import MeterSpec
from edgekit.runtime.power.polled_meter import Floats, Ints, PolledMeter
from edgekit.runtime.power.recording import drain, read_until
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.stream_meter import OpenPort, Timing
from edgekit.targets.model import Target

INTERVAL_S = 0.1
TRIES = 3


def from_spec(spec: MeterSpec, target: Target | None) -> Tc66:
    """The meter that `spec` names."""
    interval = spec.number("interval", INTERVAL_S, 0.05, 60)
    return Tc66(spec.scheme, spec.place, interval_s=interval)


class Tc66(PolledMeter):
    """A Meter."""

    request = wire.REQUEST
    range_a = wire.RANGE_A

    def __init__(
        self,
        scheme: str,
        place: str,
        timing: Timing | None = None,
        *,
        interval_s: float = INTERVAL_S,
        open_port: OpenPort | None = None,
    ) -> None:
        super().__init__(scheme, place, timing, interval_s=interval_s, open_port=open_port)

    def _greet(self, port: Port, path: str) -> str:
        drain(port, self.timing.quiet_s)
        for _ in range(TRIES):
            found = _ask(port, self.timing.answer_s / TRIES)
            if found is not None:
                return f"firmware {found.version}, serial number {found.serial}"
        raise MeterError(
            f"meter at {path}",
            f"no answer of a {self._identity.name}",
            hint="is this the meter's own USB port, and not the one that is measured?",
            code="meter-silent",
        )

    def _decode(self, raw: bytes) -> tuple[Floats, Floats, Ints, int]:
        found = wire.decode(raw)
        return found.volts, found.amps, found.position, found.skipped


def _ask(port: Port, limit_s: float) -> wire.Readings | None:
    """A reading, None when there is none."""
    port.write(wire.REQUEST)
    raw = read_until(port, lambda data: len(data) >= wire.LENGTH, limit_s)
    found = wire.decode(raw)
    return found if len(found.volts) else None


def probe(port: Port) -> str:
    """What a TC66 at `port` is called, "" when none answers."""
    return "TC66" if _ask(port, PROBE_S) is not None else ""
