"""What meters that print lines of numbers have in common: rows, their clock, their notes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from edgekit.artifacts.figures import Note
from edgekit.artifacts.power import Mark, PowerTrace
from edgekit.errors import MeterError
from edgekit.runtime.power.line_samples import Samples, samples
from edgekit.runtime.power.meter_notes import clock_note, torn_note
from edgekit.runtime.power.number_lines import Rows, rows_of
from edgekit.runtime.power.recording import Capture
from edgekit.runtime.power.stream_meter import StreamMeter

KINDS = ("trigger-fall", "trigger-rise")
ALIASING = 0.01
"""Difference of the sampled energy from the device's own counter that is worth a word."""


class LineMeter(StreamMeter):
    """`columns` are names of line_samples.COLUMNS; a driver sets them before it records."""

    columns: tuple[str, ...] = ()
    separator = ","
    rate_hz = 0.0
    supply_v = 0.0
    range_a = (0.0, 0.0)
    calibration = ""

    def _rows(self, pieces: Iterable[bytes]) -> Rows:
        return rows_of(pieces, len(self.columns), self.separator, summed="sum" in self.columns)

    def _trace(self, capture: Capture) -> PowerTrace:
        rows = self._rows(capture.pieces())
        found = samples(
            rows.values,
            rows.position,
            self.columns,
            capture,
            rate_hz=self.rate_hz,
            volts=self.supply_v,
        )
        if found is None or rows.rejected > len(rows.values):
            raise MeterError(
                f"meter at {self._identity.place}",
                f"{capture.size} bytes arrived that hold {len(rows.values)} lines of "
                f"{','.join(self.columns)}",
                hint="check the columns and the baud rate",
                code="meter-stream",
            )
        for array in (found.t, found.volts, found.amps):
            array.setflags(write=False)
        most = self.range_a[1]
        return PowerTrace(
            t=found.t,
            volts=found.volts,
            amps=found.amps,
            marks=self._marks(capture, rows, found),
            lost_samples=found.lost,
            sample_rate_hz=found.rate_hz,
            meter=f"{self._identity.name} at {self._identity.place}",
            range_a=self.range_a,
            calibration=self.calibration,
            provenance=self._identity.provenance,
            saturated_samples=int(np.count_nonzero(np.abs(found.amps) >= most)) if most else 0,
            warnings=self._notes(capture, rows, found),
        )

    def _marks(self, capture: Capture, rows: Rows, found: Samples) -> tuple[Mark, ...]:
        """Edges of the mark column, in the sample that shows the new level, and host marks."""
        edges = np.flatnonzero(np.diff(found.level)) + 1
        marks = [Mark(float(found.t[at]), KINDS[int(found.level[at] > 0)], "mark") for at in edges]
        position = rows.position[found.row]
        for size, label in capture.marks:
            at = min(int(np.searchsorted(position, size, "right")), len(found.t) - 1)
            marks.append(Mark(float(found.t[at]), "host", label))
        return tuple(sorted(marks, key=lambda mark: mark.t))

    def _notes(self, capture: Capture, rows: Rows, found: Samples) -> tuple[Note, ...]:
        name = self._identity.name
        left_out = rows.rejected + len(rows.values) - len(found.row)
        notes = [*torn_note(name, left_out, "lines of the stream are no sample")]
        notes += clock_note(self._identity, float(found.t[-1]), capture.elapsed_s)
        for error in dict.fromkeys(c for c in rows.comments if c.startswith("error")):
            notes.append(Note("meter-says", name, f"the meter says: {error}", "check its wiring"))
        if found.restarts:
            text = f"the device's clock began anew {found.restarts} times: was it reset?"
            notes.append(Note("meter-restarted", name, text, "check its supply and its cable"))
        if not any(column.startswith("t_") for column in self.columns) and not self.rate_hz:
            text = "the lines bear no time: samples are dated by their arrival at this computer"
            notes.append(Note("meter-arrival", name, text, "print a time in every line"))
        return (*notes, *_aliasing(name, found))


def _aliasing(name: str, found: Samples) -> tuple[Note, ...]:
    """Whether the samples miss what the device's own energy counter saw."""
    if found.energy is None:
        return ()
    counted = float(found.energy[-1] - found.energy[0])
    watts = found.volts * found.amps
    sampled = float((np.diff(found.t) * (watts[1:] + watts[:-1]) / 2).sum())
    if counted <= 0 or abs(sampled / counted - 1) <= ALIASING:
        return ()
    text = f"the samples sum up to {sampled:.4g} J, the device's own counter to {counted:.4g} J"
    return (Note("meter-aliasing", name, text, "record at a higher rate"),)
