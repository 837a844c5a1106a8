"""A number that says where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Provenance(StrEnum):
    """How a figure was obtained. Never mixed silently."""

    MEASURED = "measured"
    """Read from hardware, or counted in the real artefact (a file's size, an ELF section)."""
    SIMULATED = "simulated"
    """Read from a virtual board or a virtual meter."""
    ESTIMATED = "estimated"
    """Computed from a model named in the figure's basis."""


OF_MEANS = "p5..p95 of means"
"""The spread of samples that are each the mean of several inferences: narrower than "p5..p95"."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One value of a report with its unit, provenance, basis, run count and spread.

    `basis` says on what and how ("QEMU 7.2 mps2-an386, SysTick, -icount shift=0").
    `low` and `high` bound the spread named in `spread` ("p5..p95", "95 % CI"), in `unit`.
    """

    value: float
    unit: str
    provenance: Provenance
    basis: str
    runs: int = 1
    low: float | None = None
    high: float | None = None
    spread: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A warning as a value: a stable code, what it is about, the finding and the advice."""

    code: str
    subject: str
    message: str
    advice: str = ""
    level: str = "warning"
    """"info" or "warning"."""
