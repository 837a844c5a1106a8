"""What a power meter is to the rest of EdgeKit; how one is named is in names.py."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import PowerTrace


@dataclass(frozen=True, slots=True)
class MeterIdentity:
    """What was found at the place.

    `provenance` is simulated for a virtual meter. `wall_clock` says whether the samples follow
    this computer's clock: if not, waiting does not lengthen the recording.
    """

    name: str
    place: str
    serial: str = ""
    hardware: str = ""
    provenance: Provenance = Provenance.MEASURED
    wall_clock: bool = True


class Meter(Protocol):
    """A recording of voltage and current, started and stopped by the caller.

    Order: `open`, then any number of `start`, `mark`..., `stop`; `close` at the end, on every
    exit (a meter is a context manager that opens and closes). All of them raise MeterError.
    """

    @property
    def identity(self) -> MeterIdentity:
        """What was found; valid after `open`."""

    def open(self) -> None:
        """Connect, and check that it is the meter that was asked for."""

    def start(self) -> None:
        """Begin a recording."""

    def mark(self, label: str) -> None:
        """Note a host event at the present end of the recording."""

    def stop(self) -> PowerTrace:
        """End the recording and return it."""

    def close(self) -> None:
        """Let go of the meter and leave it idle. Never raises."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


@runtime_checkable
class TakesEdges(Protocol):
    """A meter without a wire to the board: its trigger edges are handed over by the caller."""

    def edge(self, level: bool, seconds: float) -> None:
        """The trigger pin changed to `level` at `seconds` of the board's clock."""
