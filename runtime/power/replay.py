"""A recorded trace in the place of a meter: for rehearsing what is done with one.

The trace is played whole, whatever is run meanwhile, so what a benchmark computes from it is no
measurement of that benchmark: its provenance is simulated.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.power import PowerTrace
from edgekit.errors import UsageError
from edgekit.runtime.opened import Opened
from edgekit.runtime.power.meter import MeterIdentity
from edgekit.runtime.power.names import METERS, MeterSpec
from edgekit.runtime.power.trace_file import read_trace
from edgekit.targets.model import Target


def from_spec(spec: MeterSpec, target: Target | None) -> Replay:
    """The trace file that `spec` names."""
    if not spec.place:
        raise UsageError(
            "meter replay", "no file is named", hint=METERS["replay"].example, code="meter-place"
        )
    return Replay(Path(spec.place))


class Replay(Opened):
    """A Meter that yields the trace in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._trace: PowerTrace | None = None

    @property
    def identity(self) -> MeterIdentity:
        return MeterIdentity(
            name="replay",
            place=str(self._path),
            provenance=Provenance.SIMULATED,
            wall_clock=False,
        )

    def open(self) -> None:
        """Read the file. Raises MeterError."""
        self._trace = read_trace(self._path)

    def start(self) -> None:
        self._ready()

    def mark(self, label: str) -> None:
        """Events of this run have no place in an older recording."""

    def stop(self) -> PowerTrace:
        trace = self._ready()
        note = Note(
            "meter-replayed",
            "replay",
            f"the trace is a recording by {trace.meter or 'an unnamed meter'} ({trace.provenance})",
            "its windows are those of the recording, whatever ran now",
        )
        return replace(
            trace,
            meter=f"replay of {self._path.name}",
            provenance=Provenance.SIMULATED,
            warnings=(note, *trace.warnings),
        )

    def close(self) -> None:
        self._trace = None

    def _ready(self) -> PowerTrace:
        if self._trace is None:
            raise ValueError("the meter is not open")
        return self._trace
