"""Driver of Nordic's Power Profiler Kit II (not checked against hardware yet).

The recording is kept as raw bytes and decoded when it stops, so how the bytes were cut on their
way cannot matter. It takes 0.4 MB a second.

Time is the meter's sample clock, 10 microseconds a sample. The 6-bit counter of the samples
shows up to 63 lost in a row; a multiple of 64 is invisible to it, so the count is also held
against this computer's clock. Lost samples are gaps in `t`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError, UsageError
from edgekit.runtime.power import ppk2_wire as wire
from edgekit.runtime.power.meter import MeterIdentity, MeterSpec
from edgekit.runtime.power.serial_port import Port, SerialPort, UsbPort, alternatives, usb_ports
from edgekit.runtime.power.spike_filter import filter_spikes
from edgekit.targets.model import Target

CLOCK_TOLERANCE = 0.01
CLOCK_SLACK_S = 0.2


@dataclass(frozen=True, slots=True)
class Ppk2Settings:
    """What is chosen about a recording.

    `mode` "source": the meter feeds the board at `millivolts`; "ampere": the board has its own
    supply of `millivolts`, which the calibration needs. `silence_s` is how long a running
    stream may be silent, None for ever. `answer_s` is the deadline of the metadata.
    """

    mode: str = "source"
    millivolts: int = 3300
    spike_filter: bool = True
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


class Ppk2:
    """A Meter. `place` "" finds the device by its USB identifiers."""

    def __init__(
        self,
        place: str,
        settings: Ppk2Settings | None = None,
        *,
        name: str = "PPK2",
        provenance: Provenance = Provenance.MEASURED,
        wall_clock: bool = True,
        open_port: Callable[[str], Port] = SerialPort,
    ) -> None:
        self.settings = settings or Ppk2Settings()
        self._identity = MeterIdentity(
            name=name, place=place, provenance=provenance, wall_clock=wall_clock
        )
        self._open_port = open_port
        self._port: Port | None = None
        self._calibration = wire.Calibration()
        self._recording: _Recording | None = None

    @property
    def identity(self) -> MeterIdentity:
        return self._identity

    def open(self) -> None:
        """Find the data port, read the calibration, set mode and voltage, power the board."""
        path = self._identity.place
        candidates = (path,) if path else _find_data_ports()
        for number, candidate in enumerate(candidates, 1):
            try:
                self._connect(candidate)
                break
            except MeterError:
                self.close()
                if number == len(candidates):
                    raise
        source = self.settings.mode == "source"
        self._send(wire.MODE_SOURCE if source else wire.MODE_AMPERE)
        self._send(wire.regulator(self.settings.millivolts))
        self._send(wire.POWER_ON)

    def start(self) -> None:
        if self._recording is not None:
            raise ValueError("already recording")
        port = self._need_port()
        _drain(port, self.settings.quiet_s)
        self._recording = _Recording(port, self.settings.silence_s)
        self._send(wire.START)
        self._recording.begin()

    def mark(self, label: str) -> None:
        if self._recording is None:
            raise ValueError("not recording")
        self._recording.marks.append((self._recording.size, label))

    def stop(self) -> PowerTrace:
        recording, self._recording = self._recording, None
        if recording is None:
            raise ValueError("not recording")
        try:
            elapsed = recording.elapsed_s
            if recording.failure is None:
                self._send(wire.STOP)
        finally:
            recording.end(self.settings.quiet_s)
        if recording.failure is not None:
            raise recording.failure
        return self._trace(bytes(recording.data), recording.marks, elapsed)

    def close(self) -> None:
        """Stop, reset the meter (which takes the power from the board) and let go of it."""
        recording, self._recording = self._recording, None
        port, self._port = self._port, None
        if recording is not None:
            recording.end(0.0)
        if port is None:
            return
        try:
            port.write(wire.STOP)
            port.write(wire.RESET)
        except MeterError:
            pass  # Unplugged: there is nothing left to reset.
        finally:
            port.close()

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _connect(self, path: str) -> None:
        """Open the port at `path` and read the calibration of the PPK2 there."""
        self._port = self._open_port(path)
        self._calibration = _ask_metadata(self._port, path, self.settings)
        old = self._identity
        self._identity = MeterIdentity(
            name=old.name,
            place=path,
            hardware=self._calibration.hardware,
            provenance=old.provenance,
            wall_clock=old.wall_clock,
        )

    def _need_port(self) -> Port:
        if self._port is None:
            raise ValueError("the meter is not open")
        return self._port

    def _send(self, command: bytes) -> None:
        self._need_port().write(command)

    def _trace(self, raw: bytes, marks: list[tuple[int, str]], elapsed_s: float) -> PowerTrace:
        words = wire.decode(raw)
        if len(words.index) < 2 or words.skipped > len(raw) // 2:
            raise MeterError(
                f"meter at {self._identity.place}",
                f"{len(raw)} bytes arrived that hold {len(words.index)} samples",
                hint="unplug the meter, plug it in again and start again",
                code="meter-stream",
            )
        measured = wire.amps(words, self._calibration, self.settings.millivolts)
        current, replaced = measured, 0
        if self.settings.spike_filter:
            current, replaced = filter_spikes(measured, words.range)
        t = words.index / wire.SAMPLE_RATE
        volts = np.broadcast_to(np.float64(self.settings.millivolts / 1000), t.shape)
        for array in (t, current):
            array.setflags(write=False)
        full = (words.adc >= wire.ADC_MAX) | (measured > wire.RANGE_A[1])
        return PowerTrace(
            t=t,
            volts=volts,
            amps=current,
            marks=_marks(t, words, marks),
            lost_samples=words.lost,
            sample_rate_hz=float(wire.SAMPLE_RATE),
            meter=f"{self._identity.name} at {self._identity.place}, {self.settings.mode} mode",
            range_a=wire.RANGE_A,
            calibration=_calibration_text(self._calibration, replaced),
            provenance=self._identity.provenance,
            saturated_samples=int(np.count_nonzero(full)),
            warnings=self._notes(words, float(t[-1]), elapsed_s),
        )

    def _notes(self, words: wire.Words, length_s: float, elapsed_s: float) -> tuple[Note, ...]:
        subject = self._identity.name
        notes: list[Note] = []
        if self._calibration.missing:
            keys = ", ".join(self._calibration.missing)
            notes.append(
                Note(
                    "meter-calibration",
                    subject,
                    f"the device states no calibration for {keys}; defaults were used",
                    "calibrate it with Nordic's Power Profiler application",
                )
            )
        if words.skipped >= 4:
            notes.append(
                Note(
                    "meter-bytes",
                    subject,
                    f"{words.skipped} bytes of the stream belong to no sample",
                    "connect the meter directly, without a hub",
                )
            )
        if self._identity.wall_clock and elapsed_s - length_s > max(
            CLOCK_SLACK_S, CLOCK_TOLERANCE * elapsed_s
        ):
            notes.append(
                Note(
                    "meter-clock",
                    subject,
                    f"{length_s:.3f} s of samples arrived in {elapsed_s:.3f} s: more samples are "
                    "lost than the counter shows",
                    "use a faster computer or fewer programs beside the measurement",
                )
            )
        return tuple(notes)


class _Recording:
    """The bytes of one recording, read by a thread of its own."""

    def __init__(self, port: Port, silence_s: float | None) -> None:
        self.data = bytearray()
        self.marks: list[tuple[int, str]] = []
        self.failure: MeterError | None = None
        self._port, self._silence_s = port, silence_s
        self._stopping = threading.Event()
        self._quiet_s = 0.0
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="ppk2-reader", daemon=True)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return len(self.data)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def begin(self) -> None:
        self._started = time.monotonic()
        self._thread.start()

    def end(self, quiet_s: float) -> None:
        """Read on until nothing came for `quiet_s`, then end the thread."""
        self._quiet_s = quiet_s
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._read()
        except MeterError as error:
            self.failure = error

    def _read(self) -> None:
        last = time.monotonic()
        while True:
            data = self._port.read()
            now = time.monotonic()
            if data:
                self.data += data
                last = now
            quiet = now - last
            if self._stopping.is_set():
                if quiet >= self._quiet_s:
                    return
            elif self._silence_s is not None and quiet > self._silence_s:
                raise MeterError(
                    "PPK2",
                    f"the stream fell silent for {quiet:.1f} s",
                    hint="unplug the meter, plug it in again and start again",
                    code="meter-silent",
                )


def _find_data_ports() -> tuple[str, ...]:
    """Ports of the one PPK2 that is plugged in, the data port first where it can be told.

    Newer firmware shows two: the data port is interface 1, the other is a shell.
    """
    ports = usb_ports(*wire.USB_ID)
    if not ports:
        raise MeterError(
            "meter ppk2",
            "no PPK2 is plugged in (no USB device 1915:c00a)",
            hint="plug it in and switch it on, or name its port: ppk2:/dev/ttyACM1",
            code="meter-no-device",
        )
    if len({port.serial for port in ports}) > 1:
        raise MeterError(
            "meter ppk2",
            "more than one PPK2 is plugged in",
            allowed=", ".join(port.path for port in ports),
            hint="name the port of the one you mean: ppk2:/dev/ttyACM1",
            code="meter-ambiguous",
        )
    return tuple(port.path for port in sorted(ports, key=_data_first))


def _data_first(port: UsbPort) -> tuple[bool, str]:
    return (port.interface != 1, port.path)


def _drain(port: Port, quiet_s: float, limit_s: float = 1.0) -> bytes:
    """Read until nothing comes for `quiet_s`, at most for `limit_s`; what was read."""
    began = last = time.monotonic()
    data = bytearray()
    while time.monotonic() - last < quiet_s and time.monotonic() - began < limit_s:
        chunk = port.read()
        if chunk:
            data += chunk
            last = time.monotonic()
    return bytes(data)


def _ask_metadata(port: Port, path: str, settings: Ppk2Settings) -> wire.Calibration:
    """Silence a stream left over from before, then ask; the calibration in the answer."""
    port.write(wire.STOP)
    _drain(port, settings.quiet_s)
    port.write(wire.GET_METADATA)
    deadline = time.monotonic() + settings.answer_s
    answer = bytearray()
    while time.monotonic() < deadline and wire.METADATA_END.encode() not in answer:
        answer += port.read()
    text = answer.decode("ascii", errors="replace")
    calibration = wire.parse_metadata(text)
    if calibration is not None:
        return calibration
    raise _no_ppk2(path, text)


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


def _marks(
    t: NDArray[np.float64], words: wire.Words, host: list[tuple[int, str]]
) -> tuple[Mark, ...]:
    """Edges of D0, in the sample that shows the new level, and host marks, in time order."""
    level = (words.digital & 1).astype(np.int8)
    edges = np.flatnonzero(np.diff(level)) + 1
    kinds = ("trigger-fall", "trigger-rise")
    marks = [Mark(float(t[at]), kinds[level[at]], "D0") for at in edges]
    for size, label in host:
        at = min(int(np.searchsorted(words.position, size)), len(t) - 1)
        marks.append(Mark(float(t[at]), "host", label))
    return tuple(sorted(marks, key=lambda mark: mark.t))


def _calibration_text(calibration: wire.Calibration, replaced: int) -> str:
    text = f"coefficients read from the device (it says Calibrated: {calibration.calibrated})"
    if calibration.missing:
        text = f"{text}, {len(calibration.missing)} of them defaults"
    return f"{text}; spike filter replaced {replaced} samples" if replaced else text
