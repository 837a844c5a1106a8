"""What meters have in common that answer when asked: few readings, dated by their arrival."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.power.meter_notes import torn_note
from edgekit.runtime.power.recording import Capture, Poll
from edgekit.runtime.power.stream_meter import OpenPort, StreamMeter, Timing

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class PolledMeter(StreamMeter):
    """A Meter without a trigger input, whose readings are averages it does not date itself."""

    request = b""
    range_a = (0.0, 0.0)

    def __init__(
        self,
        scheme: str,
        place: str,
        timing: Timing | None = None,
        *,
        interval_s: float,
        open_port: OpenPort | None = None,
    ) -> None:
        super().__init__(scheme, place, timing or Timing(silence_s=5.0), open_port=open_port)
        self._interval_s = interval_s
        self.bytes_per_second = round(200 / interval_s)

    def _poll(self) -> Poll:
        return Poll(self.request, self._interval_s)

    def _decode(self, raw: bytes) -> tuple[Floats, Floats, Ints, int]:
        """Volts, amperes, where each answer ends, and how many bytes belong to none."""
        raise NotImplementedError

    def _trace(self, capture: Capture) -> PowerTrace:
        volts, amps, position, skipped = self._decode(capture.raw)
        # Answers that were read at once bear the same time: the latest of them counts.
        t = capture.arrival_s(position - 1)
        kept = np.append(np.diff(t) > 0, True)[: len(t)]
        t, volts, amps, position = t[kept], volts[kept], amps[kept], position[kept]
        if len(t) < 2:
            raise MeterError(
                f"meter at {self._identity.place}",
                f"{len(t)} readings in {capture.elapsed_s:.1f} s",
                hint="record for longer, and bring a Bluetooth meter closer",
                code="meter-stream",
            )
        spacing = float(np.median(np.diff(t)))
        missing = np.rint(np.diff(t) / spacing) - 1
        marks = []
        for size, label in capture.marks:
            at = min(int(np.searchsorted(position, size, "right")), len(t) - 1)
            marks.append(Mark(float(t[at] - t[0]), "host", label))
        t = t - t[0]
        for array in (t, volts, amps):
            array.setflags(write=False)
        return PowerTrace(
            t=t,
            volts=volts,
            amps=amps,
            marks=tuple(marks),
            lost_samples=int(missing[missing > 0].sum()),
            sample_rate_hz=1 / spacing,
            meter=f"{self._identity.name} at {self._identity.place}",
            range_a=self.range_a,
            calibration="its own",
            provenance=self._identity.provenance,
            saturated_samples=int(np.count_nonzero(amps >= self.range_a[1])),
            warnings=self._notes(skipped, 1 / spacing),
        )

    def _notes(self, skipped: int, rate_hz: float) -> tuple[Note, ...]:
        name = self._identity.name
        few = Note(
            "meter-slow",
            name,
            f"{rate_hz:.3g} readings a second, dated by their arrival: good for averages over a "
            "minute and more, not for single inferences",
            "take a PPK2, an LPM01A or an INA bridge for short windows",
            level="info",
        )
        return (few, *torn_note(name, skipped, "bytes of the stream belong to no answer"))
