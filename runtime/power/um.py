"""Driver of RuiDeng's UM24C, UM25C and UM34C USB meters (not checked against hardware yet).

They are paired over Bluetooth; `rfcomm bind` makes the serial port. They say nothing of the
direction of the current.
"""

from __future__ import annotations

from edgekit.errors import MeterError
from edgekit.runtime.power import um_wire as wire
from edgekit.runtime.power.finding import PROBE_S
from edgekit.runtime.power.names import MeterSpec
from edgekit.runtime.power.polled_meter import Floats, Ints, PolledMeter
from edgekit.runtime.power.recording import drain, read_until
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.stream_meter import OpenPort, Timing
from edgekit.targets.model import Target

INTERVAL_S = 0.5
"""The meter loses requests that come faster."""
TRIES = 3


def from_spec(spec: MeterSpec, target: Target | None) -> Um:
    """The meter that `spec` names."""
    interval = spec.number("interval", INTERVAL_S, 0.05, 60)
    return Um(spec.scheme, spec.place, interval_s=interval)


class Um(PolledMeter):
    """A Meter. `scheme` is the model it must be."""

    request = wire.REQUEST

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
        self._model = wire.MODELS[scheme]
        self.range_a = (self._model.ampere, self._model.most_a)

    def _greet(self, port: Port, path: str) -> str:
        drain(port, self.timing.quiet_s)
        for _ in range(TRIES):
            found = _ask(port, self.timing.answer_s / TRIES)
            if found == self.scheme:
                return self._model.title
            if found:
                raise MeterError(
                    f"meter at {path}",
                    f"this is a {wire.MODELS[found].title}, you asked for {self.scheme}",
                    hint=f"write {found}:{path}",
                    code="meter-other",
                )
        raise MeterError(
            f"meter at {path}",
            f"no answer of a {self._model.title}",
            hint="pair it and bind its port (rfcomm bind), and close the telephone's program",
            code="meter-silent",
        )

    def _decode(self, raw: bytes) -> tuple[Floats, Floats, Ints, int]:
        found = wire.decode(raw, self._model)
        return found.volts, found.amps, found.position, found.skipped


def _ask(port: Port, limit_s: float) -> str:
    """The scheme of the model that answers, "" for none."""
    port.write(wire.REQUEST)
    return wire.tell(read_until(port, lambda data: bool(wire.tell(data)), limit_s))


def probe(port: Port) -> str:
    """What a UM meter at `port` is called, "" when none answers."""
    found = _ask(port, PROBE_S)
    return wire.MODELS[found].title if found else ""
