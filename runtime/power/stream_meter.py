"""What all meters at a serial port have in common: open, record raw bytes, let go on any exit.

A driver says how its device is greeted, started, stopped and left, and what its bytes mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.power import PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.opened import Closed, Opened
from edgekit.runtime.power.finding import find_ports, name_the_stranger
from edgekit.runtime.power.meter import MeterIdentity
from edgekit.runtime.power.names import METERS
from edgekit.runtime.power.recording import Capture, Poll, Recording, drain
from edgekit.runtime.power.serial_port import Port, SerialPort, is_pseudo_terminal
from edgekit.runtime.power.trace_parts import joined

OpenPort = Callable[[str], Port]


@dataclass(frozen=True, slots=True)
class Timing:
    """Patience, seconds. `silence_s` is how long a running stream may be silent, None for ever;
    `answer_s` the deadline of an answer; a stream counts as drained after `quiet_s` without a
    byte."""

    silence_s: float | None = 2.0
    answer_s: float = 2.0
    quiet_s: float = 0.1


class Stored(Closed):
    """A recording that has ended, decoded as often as it is looked at. A context manager that
    gives its bytes up at the end. `failure` is why it ended by itself, None otherwise."""

    def __init__(self, meter: StreamMeter, recording: Recording) -> None:
        self.failure = recording.failure
        self._meter, self._recording = meter, recording

    def parts(self) -> Iterator[PowerTrace]:
        """The recording from its start, in parts that follow one another.

        Raises MeterError, at the end, when its bytes are not this device's.
        """
        return self._meter.parts_of(self._recording.capture())

    def close(self) -> None:
        self._recording.close()


class StreamMeter(Opened):
    """A Meter at a serial port. `place` "" finds the device by its USB identifiers.

    `salvaged` is what was recorded until a recording failed, None when that is nothing. `folder`
    is where a long recording's bytes are kept, None where the system keeps temporary files.
    """

    bytes_per_second = 400_000
    stops = True
    """Whether the device streams only when it is told to."""
    at_port = True
    """Whether another device may be there instead, which can be asked what it is."""
    by_arrival = True
    """Whether samples may have to be dated by when their bytes came."""

    def __init__(
        self,
        scheme: str,
        place: str,
        timing: Timing,
        *,
        name: str = "",
        provenance: Provenance = Provenance.MEASURED,
        wall_clock: bool = True,
        open_port: OpenPort | None = None,
        baud: int = 0,
    ) -> None:
        self.scheme, self.timing = scheme, timing
        self.salvaged: PowerTrace | None = None
        self.folder: Path | None = None
        self._identity = MeterIdentity(
            name=name or METERS[scheme].title,
            place=place,
            provenance=provenance,
            wall_clock=wall_clock,
        )
        self._open_port = open_port or partial(SerialPort, baud=baud or METERS[scheme].baud)
        self._port: Port | None = None
        self._recording: Recording | None = None
        self._emulated = False

    @property
    def identity(self) -> MeterIdentity:
        return self._identity

    def open(self) -> None:
        """Find the device, make sure that it is the one asked for, and set it up."""
        path = self._identity.place
        candidates = (path,) if path else find_ports(self.scheme)
        for number, candidate in enumerate(candidates, 1):
            try:
                self._connect(candidate)
                break
            except MeterError:
                self.close()
                if number == len(candidates):
                    raise
        self._set_up(self._need_port())

    def start(self) -> None:
        if self._recording is not None:
            raise ValueError("already recording")
        port = self._need_port()
        if self.stops:
            drain(port, self.timing.quiet_s)
        self._recording = Recording(
            port,
            self._identity.name,
            silence_s=self.timing.silence_s,
            poll=self._poll(),
            dated=self.by_arrival,
            folder=self.folder,
        )
        self._begin(port)
        self._recording.begin()

    def mark(self, label: str) -> None:
        if self._recording is None:
            raise ValueError("not recording")
        self._recording.mark(label)

    def preview(self, seconds: float) -> PowerTrace | None:
        """The last `seconds` of the running recording, None where they cannot be told yet."""
        if self._recording is None:
            return None
        try:
            tail = self._recording.tail(round(seconds * self.bytes_per_second))
            return joined(self.parts_of(tail))
        except MeterError:
            return None

    @property
    def failure(self) -> MeterError | None:
        """Why the running recording has ended by itself, None while it goes on."""
        return self._recording.failure if self._recording is not None else None

    def stop(self) -> PowerTrace:
        with self.stop_stored() as stored:
            if stored.failure is not None:
                self._salvage(stored)
                raise stored.failure
            return joined(stored.parts())

    def stop_stored(self) -> Stored:
        """End the recording without reading it into memory; one that failed is there as well."""
        recording, self._recording = self._recording, None
        if recording is None:
            raise ValueError("not recording")
        try:
            recording.ask_to_end()
            if recording.failure is None:
                self._end(self._need_port())
        except MeterError as error:  # Unplugged just now.
            recording.failure = error
        finally:
            recording.end(self.timing.quiet_s if self.stops else 0.0)
        return Stored(self, recording)

    def close(self) -> None:
        """Leave the device idle and let go of it. Never raises."""
        recording, self._recording = self._recording, None
        port, self._port = self._port, None
        if recording is not None:
            recording.end(0.0)
            recording.close()
        if port is None:
            return
        try:
            self._release(port)
        except MeterError:
            pass  # Unplugged: there is nothing left to release.
        finally:
            port.close()

    def _greet(self, port: Port, path: str) -> str:
        """The hardware that answers at `port`. Raises MeterError when it is another device."""
        raise NotImplementedError

    def _trace(self, capture: Capture) -> PowerTrace:
        """What the bytes mean. Raises MeterError when they are not this device's."""
        return joined(self._parts(capture))

    def _parts(self, capture: Capture) -> Iterator[PowerTrace]:
        """What the bytes mean, part by part where there may be many of them."""
        yield self._trace(capture)

    def _set_up(self, port: Port) -> None:
        """Choose what is recorded, power the board."""

    def _begin(self, port: Port) -> None:
        """Start the stream."""

    def _end(self, port: Port) -> None:
        """Stop the stream."""

    def _release(self, port: Port) -> None:
        """Leave the device as it was found, on any exit."""

    def _poll(self) -> Poll | None:
        """The request of a device that speaks only when asked."""
        return None

    def _connect(self, path: str) -> None:
        """Open the port at `path` and greet the device there; another one is named."""
        self._port = self._open_port(path)
        try:
            hardware = self._greet(self._port, path)
        except MeterError as error:
            if not self.at_port:
                raise
            raise name_the_stranger(error, self.scheme, path, self._port) from None
        self._identity = replace(self._identity, place=path, hardware=hardware)
        if self._identity.provenance is Provenance.MEASURED and is_pseudo_terminal(path):
            self._identity = replace(self._identity, provenance=Provenance.SIMULATED)
            self._emulated = True

    def _need_port(self) -> Port:
        if self._port is None:
            raise ValueError("the meter is not open")
        return self._port

    def parts_of(self, capture: Capture) -> Iterator[PowerTrace]:
        """What the bytes mean, part by part; the last one says when no real device made it."""
        held: PowerTrace | None = None
        for part in self._parts(capture):
            if held is not None:
                yield held
            held = part
        if held is not None:
            yield self._told(held)

    def _told(self, trace: PowerTrace) -> PowerTrace:
        if not self._emulated:
            return trace
        note = Note(
            "meter-emulated",
            self._identity.name,
            f"{self._identity.place} is a pseudo-terminal: an emulated meter, or a bridge to one",
            "measure with a real meter for a figure to rely on",
            level="info",
        )
        return replace(trace, warnings=(note, *trace.warnings))

    def _salvage(self, stored: Stored) -> None:
        try:
            self.salvaged = joined(stored.parts())
        except MeterError:
            self.salvaged = None
