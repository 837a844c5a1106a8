"""Driver of ST's X-NUCLEO-LPM01A power shield (not checked against hardware yet).

It feeds the board at 1.8 to 3.3 V. By default it sends energy, 1000 values a second, each the
joules of its millisecond: nothing falls between two samples. Edges of its D7 input come as events
in the ASCII stream, of one direction at a time: enough for firmware in MLPerf Tiny's energy mode,
which lets the pin fall at both ends of a window.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError, UsageError
from edgekit.runtime.power import lpm01a_wire as wire
from edgekit.runtime.power.finding import PROBE_S
from edgekit.runtime.power.lpm01a_pieces import Timeline, decoder
from edgekit.runtime.power.meter_notes import clock_note, torn_note
from edgekit.runtime.power.names import MeterSpec, bad_option
from edgekit.runtime.power.recording import Capture, drain, read_until
from edgekit.runtime.power.serial_port import Port
from edgekit.runtime.power.stream_meter import OpenPort, StreamMeter, Timing
from edgekit.targets.model import Target

EDGES = {"fall": "fal", "rise": "ris"}
KINDS = {"fall": "trigger-fall", "rise": "trigger-rise"}
"""What an event is. Only edges of the direction asked for come, and the firmware's own word for
it does not matter: the official MLPerf Tiny runner asks for `fal` and reads `ris`."""
TRIES = 3
"""An interrupted run may leave half a line behind, which spoils the first command."""


@dataclass(frozen=True, slots=True)
class Lpm01aSettings:
    """What is chosen about a recording: supply, samples a second, "energy" or "current", "ascii"
    or "binary", and which edge of D7 is an event."""

    millivolts: int = 3300
    rate: int = 1000
    output: str = "energy"
    format: str = "ascii"
    edge: str = "fall"


def from_spec(spec: MeterSpec, target: Target | None) -> Lpm01a:
    """The LPM01A that `spec` names; the target's rail is the voltage where none is given."""
    rail = target.power.rail_v if target is not None and target.power is not None else 3.3
    settings = Lpm01aSettings(
        millivolts=_millivolts(spec, 1000 * rail),
        rate=round(spec.number("rate", 1000, 1, wire.RATES[0])),
        output=spec.choice("output", ("energy", "current")),
        format=spec.choice("format", ("ascii", "binary")),
        edge=spec.choice("edge", tuple(EDGES)),
    )
    _check_rate(spec, settings)
    return Lpm01a(spec.place, settings)


def _millivolts(spec: MeterSpec, rail_mv: float) -> int:
    stated = spec.number("voltage", -1, wire.MIN_MV, wire.MAX_MV)
    if stated >= 0:
        return round(stated)
    if wire.MIN_MV <= rail_mv <= wire.MAX_MV:
        return round(rail_mv)
    raise UsageError(
        "meter lpm01a",
        f"the target's rail of {rail_mv / 1000:g} V",
        allowed=f"{wire.MIN_MV} to {wire.MAX_MV} mV",
        hint="give the voltage of the rail the meter feeds: lpm01a:PORT?voltage=3300",
        code="meter-voltage",
    )


def _check_rate(spec: MeterSpec, settings: Lpm01aSettings) -> None:
    """Raise UsageError for a rate the device has not, or not in this form."""
    highest = wire.RATES[0]
    why = ""
    if settings.output == "energy":
        highest, why = wire.ENERGY_RATE, " with output=energy"
    if settings.format == "ascii" and highest > wire.ASCII_RATE:
        highest, why = wire.ASCII_RATE, " with format=ascii"
    allowed = [rate for rate in wire.RATES if rate <= highest]
    if settings.rate not in allowed:
        text = ", ".join(map(str, allowed)) + why
        raise bad_option(spec, "rate", spec.options["rate"], text)


class Lpm01a(StreamMeter):
    """A Meter. `place` "" finds the device by its USB identifiers."""

    by_arrival = False

    def __init__(
        self,
        place: str,
        settings: Lpm01aSettings | None = None,
        timing: Timing | None = None,
        *,
        open_port: OpenPort | None = None,
    ) -> None:
        super().__init__("lpm01a", place, timing or Timing(), open_port=open_port)
        self.settings = settings or Lpm01aSettings()
        self.bytes_per_second = 10 * self.settings.rate + 100
        self._volts = self.settings.millivolts / 1000
        self._events = True

    def _greet(self, port: Port, path: str) -> str:
        """Take host control, ending what was left running."""
        port.write(b"stop\n")
        answer = drain(port, self.timing.quiet_s)
        for _ in range(TRIES):
            port.write(b"htc\n")
            answer = read_until(port, lambda data: b"ack htc" in data, self.timing.answer_s / TRIES)
            if b"ack htc" in answer:
                return self._command(port, "version").strip()
        raise _no_lpm01a(path, answer)

    def _set_up(self, port: Port) -> None:
        chosen = self.settings
        for command in (
            "pwr off nostatus",
            f"volt {chosen.millivolts}m",
            f"freq {chosen.rate}",
            f"format {'ascii_dec' if chosen.format == 'ascii' else 'bin_hexa'}",
            f"output {chosen.output}",
            "acqmode dyn",
            "acqtime inf",
            "trigsrc sw",
            "trigdelay 0",
        ):
            self._command(port, command)
        self._events = self._edges(port)
        self._volts = _supply(self._command(port, "volt get"), chosen.millivolts)
        self._command(port, "pwr on nostatus")

    def _edges(self, port: Port) -> bool:
        """Ask for events; older firmware has none, which is no reason not to measure."""
        try:
            self._command(port, f"eventsrc d7 {EDGES[self.settings.edge]}")
        except MeterError:
            return False
        return self.settings.format == "ascii"

    def _begin(self, port: Port) -> None:
        port.write(b"start\n")

    def _end(self, port: Port) -> None:
        port.write(b"stop\n")

    def _release(self, port: Port) -> None:
        """Power off, host control given back: else its buttons stay dead."""
        port.write(b"stop\npwr off nostatus\nhrc\n")
        read_until(port, lambda data: b"ack hrc" in data, min(0.5, self.timing.answer_s))

    def _command(self, port: Port, text: str) -> str:
        """Send a command and wait for its acknowledgement; the value that came with it."""
        port.write(f"{text}\n".encode())
        told = re.compile(
            rb"PowerShield > (ack|error) " + re.escape(text.encode()) + rb"([^\n]*)\n"
        )
        answer = read_until(port, lambda data: bool(told.search(data)), self.timing.answer_s)
        match = told.search(answer)
        if match is None or match[1] == b"error":
            raise self._refused(text, answer if match is None else answer[match.start() :])
        return match[2].decode("ascii", "replace")

    def _refused(self, command: str, answer: bytes) -> MeterError:
        words = " ".join(answer.decode("ascii", "replace").split())
        return MeterError(
            f"meter at {self._identity.place or 'lpm01a'}",
            f"command {command!r} was not obeyed: {words[:100] or 'no answer'}",
            hint="firmware 1.0.6 or newer is needed; press the shield's reset button and try again",
            code="meter-command",
        )

    def _parts(self, capture: Capture) -> Iterator[PowerTrace]:
        reading = _Reading(self, capture)
        for piece in capture.pieces():
            yield reading.part(reading.decoder.feed(piece))
        rest = reading.part(reading.decoder.finish())
        if reading.samples < 2 or reading.rejected > reading.samples:
            raise MeterError(
                f"meter at {self._identity.place}",
                f"{capture.size} bytes arrived that hold {reading.samples} samples",
                hint="press the shield's reset button and start again",
                code="meter-stream",
            )
        yield replace(
            rest,
            marks=(*rest.marks, *reading.late_marks()),
            warnings=self._notes(reading, capture.elapsed_s),
        )

    def _notes(self, reading: _Reading, elapsed_s: float) -> tuple[Note, ...]:
        name = self._identity.name
        notes = [*torn_note(name, reading.rejected, "pieces of the stream are no sample")]
        notes += clock_note(self._identity, reading.last_s, elapsed_s)
        for error in reading.errors:
            text = f"the meter says: {error}"
            notes.append(Note("meter-says", name, text, "read the shield's manual"))
        if reading.fill >= wire.FULL_BUFFER:
            text = f"the meter's buffer was {reading.fill} % full: samples were nearly lost"
            notes.append(Note("meter-buffer", name, text, "choose a lower rate or format=binary"))
        if not self._events:
            text = "no trigger edges: the firmware or the binary format has none"
            notes.append(Note("meter-no-edges", name, text, "use format=ascii", level="info"))
        return tuple(notes)

    @property
    def supply_v(self) -> float:
        """Volts it feeds the board with, as read back."""
        return self._volts


class _Reading:
    """What carries over from one part of a recording to the next."""

    def __init__(self, meter: Lpm01a, capture: Capture) -> None:
        chosen = meter.settings
        self._meter, self._energy = meter, chosen.output == "energy"
        most = wire.MOST_A * meter.supply_v / chosen.rate if self._energy else wire.MOST_A
        self.decoder = decoder(chosen.format, most)
        self.samples = self.rejected = self.fill = 0
        self.errors: dict[str, None] = {}
        self.last_s = 0.0
        self._timeline = Timeline(chosen.rate)
        self._end = 0
        """The period after the last sample."""
        self._host = list(capture.marks)
        """Marks of the host whose place has not come yet."""

    def part(self, stream: wire.Stream) -> PowerTrace:
        """The trace of the next samples."""
        chosen, volts = self._meter.settings, self._meter.supply_v
        lost = self._timeline.lost
        index = self._timeline.extend(stream)
        # An energy value is that of its whole period, so it stands in the middle of it.
        t = (index + (0.5 if self._energy else 0.0)) / chosen.rate
        amps = stream.values * chosen.rate / volts if self._energy else stream.values
        for array in (t, amps):
            array.setflags(write=False)
        marks = self._marks(stream, index)
        self._take(stream, t)
        over = sum(error == wire.OVER_CURRENT for error in stream.errors)
        return PowerTrace(
            t=t,
            volts=np.broadcast_to(np.float64(volts), t.shape),
            amps=amps,
            marks=marks,
            lost_samples=self._timeline.lost - lost,
            sample_rate_hz=float(chosen.rate),
            meter=f"LPM01A at {self._meter.identity.place}, {chosen.output} at {chosen.rate} Hz",
            range_a=wire.RANGE_A,
            calibration=f"its own; supply read back as {volts:g} V",
            provenance=self._meter.identity.provenance,
            saturated_samples=int(np.count_nonzero(amps >= wire.RANGE_A[1])) + over,
        )

    def late_marks(self) -> tuple[Mark, ...]:
        """Marks of the host after the last sample."""
        end = self._end / self._meter.settings.rate
        return tuple(Mark(end, "host", label) for _, label in self._host)

    def _take(self, stream: wire.Stream, t: wire.Floats) -> None:
        self.samples += len(t)
        self.rejected += len(stream.rejected)
        self.last_s = float(t[-1]) if len(t) else self.last_s
        self.errors |= dict.fromkeys(stream.errors)
        self.fill = max([self.fill, *(stamp.buffer for stamp in stream.stamps)])

    def _marks(self, stream: wire.Stream, index: wire.Ints) -> tuple[Mark, ...]:
        """Events and host marks, at the end of the samples that came before them."""
        begin = self._end if self.samples else int(index[0]) if len(index) else 0
        ends = np.concatenate(([begin], index + 1)) / self._meter.settings.rate
        kind = KINDS[self._meter.settings.edge]
        marks = [Mark(float(ends[before]), kind, "D7") for before, _ in stream.events]
        # A mark at or after the last sample's end may belong to what follows.
        here = [mark for mark in self._host if len(index) and mark[0] < stream.position[-1]]
        self._host = self._host[len(here) :]
        for size, label in here:
            before = int(np.searchsorted(stream.position, size, "right"))
            marks.append(Mark(float(ends[before]), "host", label))
        self._end = int(index[-1]) + 1 if len(index) else begin
        return tuple(sorted(marks, key=lambda mark: mark.t))


def _supply(answer: str, millivolts: int) -> float:
    """The voltage in the answer to `volt get`, as "3292-03"; what was asked for if it is none."""
    match = re.search(r"(\d+)([+-]\d\d)\b", answer)
    return int(match[1]) * 10.0 ** int(match[2]) if match else millivolts / 1000


def probe(port: Port) -> str:
    """What an LPM01A at `port` is called, "" when none answers."""
    port.write(b"\nversion\n")
    answer = read_until(port, lambda data: b"version" in data and data.endswith(b"\n"), PROBE_S)
    return "LPM01A" if wire.PROMPT in answer else ""


def _no_lpm01a(path: str, answer: bytes) -> MeterError:
    if not answer:
        return MeterError(
            f"meter at {path}",
            "silent: nobody acknowledged the request for host control",
            hint="is this the shield's USB port? Press its reset button and wait ten seconds",
            code="meter-silent",
        )
    return MeterError(
        f"meter at {path}",
        f"this answered {answer[:60]!r}, so it is not an LPM01A",
        hint="name the shield's port, or `lpm01a:` to find it",
        code="meter-not-lpm01a",
    )
