"""What a power meter yields."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.figures import Note, Provenance


@dataclass(frozen=True, slots=True)
class Mark:
    """An edge or event in a trace: `kind` "trigger-fall", "trigger-rise" or "host"."""

    t: float
    kind: str
    label: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class PowerTrace:
    """Samples of one recording; arrays are float64 of shape (n,), read-only.

    `t` in seconds from the start, `volts` in V, `amps` in A. Lost samples are gaps in `t`,
    never invented values.
    """

    t: NDArray[np.float64]
    volts: NDArray[np.float64]
    amps: NDArray[np.float64]
    marks: tuple[Mark, ...] = ()
    lost_samples: int = 0
    sample_rate_hz: float = 0.0
    meter: str = ""
    range_a: tuple[float, float] = (0.0, 0.0)
    """Smallest resolvable and largest measurable current, ampere."""
    calibration: str = ""
    provenance: Provenance = Provenance.MEASURED
    saturated_samples: int = 0
    warnings: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class EnergyWindow:
    """One window: joules between its edges, seconds, and the inferences it held."""

    start_s: float
    end_s: float
    joules: float
    inferences: int
    source: str
    """"trigger", "marks" or "plateau"."""


@dataclass(frozen=True, slots=True)
class ClockRatio:
    """A clock against the meter's, parts per million, positive where it runs fast.

    `name` is "board" or "computer"; the 95 % interval is None where there is no spread to see.
    """

    name: str
    ppm: float
    low_ppm: float | None
    high_ppm: float | None
    windows: int


@dataclass(frozen=True, slots=True)
class EnergyResult:
    """Energy per inference: gross and net of idle power, joules; median over windows.

    `low_j` and `high_j` bound the 95 % interval of the gross median, `net_low_j` and `net_high_j`
    that of the net one, which also holds the doubt of the idle power.
    """

    gross_j: float
    net_j: float | None
    low_j: float
    high_j: float
    idle_w: float | None
    average_w: float
    windows: tuple[EnergyWindow, ...]
    provenance: Provenance
    meter: str
    lost_samples: int = 0
    warnings: tuple[Note, ...] = ()
    net_low_j: float | None = None
    net_high_j: float | None = None
    clocks: tuple[ClockRatio, ...] = ()
    supply_v: float | None = None
    """Mean voltage over the recording."""
    extra: dict[str, float] = field(default_factory=dict)
    """Inferences per charge, cost per million, when capacity or price were given."""
