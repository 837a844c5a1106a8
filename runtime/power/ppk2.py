"""Driver of Nordic's Power Profiler Kit II (not checked against hardware yet).

The recording is kept as raw bytes and decoded when it stops, so how the bytes were cut on their
way cannot matter. It takes 0.4 MB a second, of the disk where it is long.

Time is the meter's sample clock, 10 microseconds a sample. The 6-bit counter of the samples
shows up to 63 lost in a row; a multiple of 64 is invisible to it, so the count is also held
against this computer's clock. Lost samples are gaps in `t`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError, UsageError
from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power.finding import PROBE_S
from edgekit.runtime.power.meter_notes import clock_note
from edgekit.runtime.power.names import MeterSpec
from edgekit.runtime.power.recording import Capture, drain, read_until
from edgekit.runtime.power.serial_port import Port, alternatives, usb_ports
from edgekit.runtime.power.spike_filter import SpikeFilter
from edgekit.runtime.power.stream_meter import OpenPort, StreamMeter, Timing
from edgekit.targets.model import Target

INPUTS = tuple(f"D{number}" for number in range(8))


@dataclass(frozen=True, slots=True)
class Ppk2Settings:
    """What is chosen about a recording.

    `mode` "source": the meter feeds the board at `millivolts`; "ampere": the board has its own
    supply of `millivolts`, which the calibration needs. `input` 0 to 7 is the logic input D0 to D7
    that takes the board's trigger pin. `silence_s` is how long a running
    stream may be silent, None for ever. `answer_s` is the deadline of the metadata.
    """

    mode: str = "source"
    millivolts: int = 3300
    spike_filter: bool = True
    input: int = 0
    silence_s: float | None = 2.0
    answer_s: float = 2.0
    quiet_s: float = 0.1
    """The stream counts as drained after this long without a byte."""


def from_spec(spec: MeterSpec, target: Target | None) -> Ppk2:
    """The PPK2 that `spec` names; the target's rail is the voltage where none is given."""
    rail = target.power.rail_v if target is not None and target.power is not None else 3.3
    settings = Ppk2Settings(
        mode=spec.choice("mode", ("source", "ampere")),
        millivolts=_millivolts(spec, rail),
        spike_filter=spec.choice("spike_filter", ("on", "off")) == "on",
        input=int(spec.choice("input", INPUTS).removeprefix("D")),
    )
    return Ppk2(spec.place, settings)


def _millivolts(spec: MeterSpec, rail_v: float) -> int:
    stated = spec.number("voltage", -1, wire.MIN_MV, wire.MAX_MV)
    if stated >= 0:
        return round(stated)
    if wire.MIN_MV <= 1000 * rail_v <= wire.MAX_MV:
        return round(1000 * rail_v)
    raise UsageError(
        "meter ppk2",
        f"the target's rail of {rail_v:g} V",
        allowed=f"{wire.MIN_MV} to {wire.MAX_MV} mV",
        hint="give the voltage of the rail the meter is in: ppk2:PORT?voltage=3300",
        code="meter-voltage",
    )


class Ppk2(StreamMeter):
    """A Meter. `place` "" finds the device by its USB identifiers."""

    bytes_per_second = 4 * wire.SAMPLE_RATE
    by_arrival = False

    def __init__(
        self,
        place: str,
        settings: Ppk2Settings | None = None,
        *,
        name: str = "PPK2",
        provenance: Provenance = Provenance.MEASURED,
        wall_clock: bool = True,
        open_port: OpenPort | None = None,
    ) -> None:
        self.settings = chosen = settings or Ppk2Settings()
        super().__init__(
            "ppk2",
            place,
            Timing(chosen.silence_s, chosen.answer_s, chosen.quiet_s),
            name=name,
            provenance=provenance,
            wall_clock=wall_clock,
            open_port=open_port,
        )
        self.calibration = wire.Calibration()

    def _greet(self, port: Port, path: str) -> str:
        answer = _ask_metadata(port, self.timing.quiet_s, self.timing.answer_s)
        calibration = wire.parse_metadata(answer)
        if calibration is None:
            raise _no_ppk2(path, answer)
        self.calibration = calibration
        return calibration.hardware

    def _set_up(self, port: Port) -> None:
        source = self.settings.mode == "source"
        port.write(wire.MODE_SOURCE if source else wire.MODE_AMPERE)
        port.write(wire.regulator(self.settings.millivolts))
        port.write(wire.POWER_ON)

    def _begin(self, port: Port) -> None:
        port.write(wire.START)

    def _end(self, port: Port) -> None:
        port.write(wire.STOP)

    def _release(self, port: Port) -> None:
        """Resetting takes the power from the board."""
        port.write(wire.STOP)
        port.write(wire.RESET)

    def _parts(self, capture: Capture) -> Iterator[PowerTrace]:
        reading = _Reading(self, capture)
        decoder = wire.Decoder()
        for piece in capture.pieces():
            yield reading.part(decoder.feed(piece))
        rest = reading.part(decoder.finish())
        if reading.samples < 2 or reading.skipped > capture.size // 2:
            raise MeterError(
                f"meter at {self._identity.place}",
                f"{capture.size} bytes arrived that hold {reading.samples} samples",
                hint="unplug the meter, plug it in again and start again",
                code="meter-stream",
            )
        yield replace(
            rest,
            marks=(*rest.marks, *reading.late_marks()),
            calibration=_calibration_text(self.calibration, reading.smoothing.replaced),
            warnings=self._notes(reading.skipped, reading.last_s, capture.elapsed_s),
        )

    def _notes(self, skipped: int, length_s: float, elapsed_s: float) -> tuple[Note, ...]:
        subject = self._identity.name
        notes: list[Note] = []
        if self.calibration.missing:
            keys = ", ".join(self.calibration.missing)
            notes.append(
                Note(
                    "meter-calibration",
                    subject,
                    f"the device states no calibration for {keys}; defaults were used",
                    "calibrate it with Nordic's Power Profiler application",
                )
            )
        if skipped >= 4:
            notes.append(
                Note(
                    "meter-bytes",
                    subject,
                    f"{skipped} bytes of the stream belong to no sample",
                    "connect the meter directly, without a hub",
                )
            )
        notes += clock_note(self._identity, length_s, elapsed_s)
        return tuple(notes)


class _Reading:
    """What carries over from one part of a recording to the next."""

    def __init__(self, meter: Ppk2, capture: Capture) -> None:
        self.smoothing = SpikeFilter()
        self.samples = self.skipped = 0
        self.last_s = 0.0
        self._meter = meter
        self._level: int | None = None
        self._host = list(capture.marks)
        """Marks of the host whose sample has not come yet."""

    def part(self, words: wire.Words) -> PowerTrace:
        """The trace of the next samples."""
        settings, identity = self._meter.settings, self._meter.identity
        current = measured = wire.amps(words, self._meter.calibration, settings.millivolts)
        if settings.spike_filter:
            current = self.smoothing.feed(measured, words.range)
        t = words.index / wire.SAMPLE_RATE
        marks = self._marks(t, words, settings.input)
        for array in (t, current):
            array.setflags(write=False)
        self.samples += len(t)
        self.skipped += words.skipped
        self.last_s = float(t[-1]) if len(t) else self.last_s
        full = (words.adc >= wire.ADC_MAX) | (measured > wire.RANGE_A[1])
        return PowerTrace(
            t=t,
            volts=np.broadcast_to(np.float64(settings.millivolts / 1000), t.shape),
            amps=current,
            marks=marks,
            lost_samples=words.lost,
            sample_rate_hz=float(wire.SAMPLE_RATE),
            meter=f"{identity.name} at {identity.place}, {settings.mode} mode",
            range_a=wire.RANGE_A,
            provenance=identity.provenance,
            saturated_samples=int(np.count_nonzero(full)),
        )

    def late_marks(self) -> tuple[Mark, ...]:
        """Marks of the host after the last sample, which they are put at."""
        return tuple(Mark(self.last_s, "host", label) for _, label in self._host)

    def _marks(self, t: NDArray[np.float64], words: wire.Words, bit: int) -> tuple[Mark, ...]:
        """Edges of the logic input `bit`, in the sample that shows the new level, and host marks,
        in time order."""
        if not len(t):
            return ()
        level = ((words.digital >> bit) & 1).astype(np.int8)
        before = level[0] if self._level is None else self._level
        edges = np.flatnonzero(np.diff(level, prepend=np.int8(before)))
        self._level = int(level[-1])
        kinds = ("trigger-fall", "trigger-rise")
        marks = [Mark(float(t[at]), kinds[level[at]], INPUTS[bit]) for at in edges]
        here = [mark for mark in self._host if mark[0] <= words.position[-1]]
        self._host = self._host[len(here) :]
        for size, label in here:
            at = int(np.searchsorted(words.position, size))
            marks.append(Mark(float(t[at]), "host", label))
        return tuple(sorted(marks, key=lambda mark: mark.t))


def probe(port: Port) -> str:
    """What a PPK2 at `port` is called, "" when none answers."""
    answer = _ask_metadata(port, 0.05, PROBE_S)
    return "PPK2" if wire.parse_metadata(answer) is not None else ""


def _ask_metadata(port: Port, quiet_s: float, answer_s: float) -> str:
    """Silence a stream left over from before, then ask; the answer."""
    port.write(wire.STOP)
    drain(port, quiet_s)
    port.write(wire.GET_METADATA)
    end = wire.METADATA_END.encode()
    return read_until(port, lambda data: end in data, answer_s).decode("ascii", errors="replace")


def _no_ppk2(path: str, answer: str) -> MeterError:
    other = alternatives(path, usb_ports(*wire.USB_ID))
    try_other = f"the same device also has {' and '.join(other)}: try that; else " if other else ""
    if not answer:
        return MeterError(
            f"meter at {path}",
            "silent: no answer to the request for metadata",
            hint=try_other + "is this the PPK2's port, and is its switch on?",
            code="meter-silent",
        )
    return MeterError(
        f"meter at {path}",
        f"this answered {answer[:60]!r}, so it is not a PPK2 (or not its data port)",
        hint=try_other + "name the PPK2's port, or `ppk2:` to find it",
        code="meter-not-ppk2",
    )


def _calibration_text(calibration: wire.Calibration, replaced: int) -> str:
    text = f"coefficients read from the device (it says Calibrated: {calibration.calibrated})"
    if calibration.missing:
        text = f"{text}, {len(calibration.missing)} of them defaults"
    return f"{text}; spike filter replaced {replaced} samples" if replaced else text
