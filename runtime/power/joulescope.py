"""Driver of a Joulescope JS110 or JS220 through its own Python package (not checked against
hardware yet).

The package averages to the rate asked for, and marks samples that were dropped on the USB as NaN:
they are gaps in time and counted as lost. Its general purpose inputs take the trigger pin, sample
by sample. Opening a JS110 may interrupt the board's supply for a moment.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError, MissingExtraError
from edgekit.runtime.opened import Opened
from edgekit.runtime.power.meter import MeterIdentity
from edgekit.runtime.power.meter_notes import clock_note
from edgekit.runtime.power.names import MeterSpec, bad_option
from edgekit.runtime.power.spool import PIECE, Spool
from edgekit.runtime.power.trace_parts import joined
from edgekit.targets.model import Target

RATES = (1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)
RATE = 100_000
INPUTS = {"gpi0": "current_lsb", "gpi1": "voltage_lsb"}
"""Input -> the field of the package that holds it."""
FIELDS = ("current", "voltage")
SAMPLE = np.dtype([("current", "<f4"), ("voltage", "<f4"), ("level", "u1")])
RANGE_A = (1e-9, 3.0)
"""Resolution as the maker states it, and the current it takes for as long as one likes."""
KINDS = ("trigger-fall", "trigger-rise")
SILENCE_S = 2.0
"""A stream that hands nothing over for so long has ended: the package does not tell of a cable
that was pulled."""


def from_spec(spec: MeterSpec, target: Target | None) -> Joulescope:
    """The Joulescope that `spec` names by its serial number, the only one where it names none."""
    rate = round(spec.number("rate", RATE, RATES[0], RATES[-1]))
    if rate not in RATES:
        raise bad_option(spec, "rate", spec.options["rate"], ", ".join(map(str, RATES)))
    return Joulescope(spec.place, rate=rate, input_=spec.choice("input", tuple(INPUTS)))


class Joulescope(Opened):
    """A Meter. `place` is a serial number, "" for the only one that is plugged in.

    `failure` is why the running recording has ended by itself.
    """

    def __init__(self, place: str = "", *, rate: int = RATE, input_: str = "gpi0") -> None:
        self._place, self._rate, self._input = place, rate, input_
        self.folder: Path | None = None
        self.salvaged: PowerTrace | None = None
        self._identity = MeterIdentity("Joulescope", place or "USB")
        self._device: Any = None
        self._sink: _Sink | None = None

    @property
    def identity(self) -> MeterIdentity:
        return self._identity

    @property
    def failure(self) -> MeterError | None:
        """Why the running recording has ended by itself, None while it goes on."""
        return self._sink.ended() if self._sink is not None else None

    def open(self) -> None:
        """Find the device and set it up. Raises MissingExtraError, MeterError."""
        device = _find(self._place)
        try:
            device.open()
            self._device = device
            device.parameter_set("i_range", "auto")
            device.parameter_set("sampling_frequency", self._rate)
        except (RuntimeError, OSError, ValueError, KeyError) as error:
            raise MeterError(
                f"meter {device}",
                f"cannot be set up ({error})",
                hint="close Joulescope's own program, and see its udev rule on Linux",
                code="meter-open",
            ) from None
        serial = str(device.device_serial_number)
        self._identity = MeterIdentity(f"Joulescope {device.model.upper()}", serial, serial)

    def start(self) -> None:
        if self._sink is not None:
            raise ValueError("already recording")
        self._sink = _Sink(self._identity.name, INPUTS[self._input], self.folder)
        self._ready().stream_process_register(self._sink)
        self._device.start(stop_fn=self._sink.stopped)
        self._sink.begin()

    def mark(self, label: str) -> None:
        """Note a host event at the present end of the recording."""
        if self._sink is None:
            raise ValueError("not recording")
        self._sink.mark(label)

    def stop(self) -> PowerTrace:
        sink, self._sink = self._sink, None
        if sink is None:
            raise ValueError("not recording")
        failure = sink.ended()
        sink.ending = True
        elapsed = time.monotonic() - sink.began
        device = self._ready()
        device.stop()
        device.stream_process_unregister(sink)
        try:
            if failure is None:
                return self._trace(sink, elapsed)
            try:
                self.salvaged = self._trace(sink, elapsed)
            except MeterError:
                self.salvaged = None
            raise failure
        finally:
            sink.spool.close()

    def close(self) -> None:
        """Let go of the device. Never raises."""
        device, self._device = self._device, None
        sink, self._sink = self._sink, None
        if sink is not None:
            sink.ending = True
        try:
            if device is not None:
                device.stop()
                device.close()
        except (RuntimeError, OSError):
            pass  # Unplugged: there is nothing left to release.
        finally:
            if sink is not None:
                sink.spool.close()

    def _ready(self) -> Any:
        if self._device is None:
            raise ValueError("the meter is not open")
        return self._device

    def _trace(self, sink: _Sink, elapsed_s: float) -> PowerTrace:
        if len(sink.spool) < 2 * SAMPLE.itemsize:
            raise MeterError(
                f"meter {self._identity.name} {self._identity.place}",
                f"{len(sink.spool) // SAMPLE.itemsize} samples arrived",
                hint="record for longer, and connect it without a hub",
                code="meter-stream",
            )
        trace = joined(self._parts(sink))
        if len(trace.t) < 2:
            raise MeterError(
                f"meter {self._identity.name} {self._identity.place}",
                f"all of {trace.lost_samples} samples were dropped on their way",
                hint="connect it without a hub, or lower rate=",
                code="meter-stream",
            )
        length = float(trace.t[-1])
        return PowerTrace(
            t=trace.t,
            volts=trace.volts,
            amps=trace.amps,
            marks=trace.marks,
            lost_samples=trace.lost_samples,
            sample_rate_hz=float(self._rate),
            meter=f"{self._identity.name} at {self._identity.place}",
            range_a=RANGE_A,
            calibration="its own",
            provenance=Provenance.MEASURED,
            saturated_samples=trace.saturated_samples,
            warnings=clock_note(self._identity, length, elapsed_s),
        )

    def _parts(self, sink: _Sink) -> Iterator[PowerTrace]:
        first, before, host = 0, None, list(sink.marks)
        for piece in sink.spool.pieces(PIECE // SAMPLE.itemsize * SAMPLE.itemsize):
            samples = np.frombuffer(piece, SAMPLE)
            t = (first + np.arange(len(samples))) / self._rate
            level = samples["level"].astype(np.int8)
            edges = np.flatnonzero(np.diff(level, prepend=level[0] if before is None else before))
            marks = [Mark(float(t[at]), KINDS[level[at]], self._input) for at in edges]
            first, before = first + len(samples), level[-1]
            here = [mark for mark in host if mark[0] < first or first >= sink.count]
            host = host[len(here) :]
            marks += [
                Mark(min(at, sink.count - 1) / self._rate, "host", label) for at, label in here
            ]
            amps = samples["current"].astype(np.float64)
            volts = samples["voltage"].astype(np.float64)
            there = np.isfinite(amps) & np.isfinite(volts)
            yield PowerTrace(
                t=t[there],
                volts=volts[there],
                amps=amps[there],
                marks=tuple(sorted(marks, key=lambda mark: mark.t)),
                lost_samples=int(np.count_nonzero(~there)),
                saturated_samples=int(np.count_nonzero(np.abs(amps[there]) > RANGE_A[1])),
            )


class _Sink:
    """What the package hands its samples to, in a thread of its own."""

    def __init__(self, name: str, field: str, folder: Path | None) -> None:
        self.spool = Spool(folder)
        self.marks: list[tuple[int, str]] = []
        self.failure: MeterError | None = None
        self.ending = False
        self.began = self._heard = time.monotonic()
        self.count = 0
        self.driver_active = True
        """The package sets it, and looks at it."""
        self._name, self._field = name, field
        self._next: int | None = None

    def begin(self) -> None:
        self.began = self._heard = time.monotonic()

    def ended(self) -> MeterError | None:
        """Why the stream has ended by itself, None while it goes on."""
        quiet = time.monotonic() - self._heard
        if self.failure is None and quiet > SILENCE_S:
            self.failure = MeterError(
                self._name,
                f"the stream fell silent for {quiet:.1f} s",
                hint="unplug it, plug it in again and start again",
                code="meter-silent",
            )
        return self.failure

    def mark(self, label: str) -> None:
        self.marks.append((self.count, label))

    def stream_notify(self, buffer: Any) -> bool:
        """Take what is new in the package's buffer; True would stop it."""
        first, end = buffer.sample_id_range
        if end <= first or self.failure is not None:
            return self.failure is not None
        begin = first if self._next is None else self._next
        if end <= begin:
            return False
        gap = max(0, first - begin)  # Fell out of the buffer before it was taken.
        found = buffer.samples_get(max(begin, first), end, fields=[*FIELDS, self._field])
        columns = {name: found["signals"][name]["value"] for name in (*FIELDS, self._field)}
        taken = min(len(column) for column in columns.values())
        samples = np.zeros(gap + taken, SAMPLE)
        samples["current"][:gap] = np.nan
        for name in FIELDS:
            samples[name][gap:] = columns[name][:taken]
        samples["level"][gap:] = columns[self._field][:taken]
        try:
            self.spool.append(samples.tobytes())
        except MeterError as error:
            self.failure = error
            return True
        self.count += gap + taken
        self._heard = time.monotonic()
        self._next = max(begin, first) + taken
        return False

    def stopped(self, event: int, message: str) -> None:
        """The package stopped streaming: as asked, or by itself."""
        if not self.ending and self.failure is None:
            self.failure = MeterError(
                self._name,
                f"stopped by itself ({message or event})",
                hint="check the USB cable and hub, then start again",
                code="meter-broken-off",
            )


def _find(serial: str) -> Any:
    """The device of the package. Raises MissingExtraError, MeterError."""
    try:
        import joulescope
    except ImportError:
        raise MissingExtraError("joulescope", "joulescope", "a Joulescope meter") from None
    devices = joulescope.scan(config="auto")
    if serial:
        found = [device for device in devices if str(device.device_serial_number) == serial]
    else:
        found = devices
    there = ", ".join(str(device.device_serial_number) for device in devices)
    if not found:
        raise MeterError(
            "meter joulescope",
            f"no Joulescope {serial} is plugged in" if serial else "no Joulescope is plugged in",
            allowed=there,
            hint="plug it in; on Linux its udev rule must be installed",
            code="meter-no-device",
        )
    if len(found) > 1:
        raise MeterError(
            "meter joulescope",
            "more than one Joulescope is plugged in",
            allowed=there,
            hint="name the one you mean by its serial number: joulescope:001234",
            code="meter-ambiguous",
        )
    return found[0]
