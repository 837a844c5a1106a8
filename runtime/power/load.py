"""The load that a virtual meter shows: what a board would draw, idle and inferring."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edgekit.errors import UsageError
from edgekit.targets.model import Target

Floats = NDArray[np.float64]

IDLE_SHARE = 0.3
"""Idle power over active power where the target states none: an assumption, not a fact."""
MAX_A = 1.0
MAX_V = 5.0


@dataclass(frozen=True, slots=True)
class LoadProfile:
    """Power of a simulated board and the imperfections of its simulated meter.

    Watts and volts at the rail; `noise` is the standard deviation as a share of the current,
    `ripple` the amplitude of a sine of `ripple_hz` as a share of it. `inrush_w` is added at the
    start of each window and decays with the time constant `inrush_s`.
    """

    volts: float
    idle_w: float
    active_w: float
    noise: float = 0.01
    ripple: float = 0.0
    ripple_hz: float = 10_000.0
    inrush_w: float = 0.0
    inrush_s: float = 1e-3
    loss: float = 0.0
    """Share of the samples that are lost, in bursts of 20 on average."""
    clock_ppm: float = 0.0
    """How much too fast the meter's sample clock runs, parts per million."""
    switch_error: float = 0.0
    """Relative error of the first two samples after a range switch."""
    lead_s: float = 0.25
    """Idle time recorded before the first edge."""
    tail_s: float = 0.25
    """Idle time recorded after the last edge."""
    max_idle_s: float = 2.0
    """Longer pauses between windows are cut to this: nobody waits for simulated idling."""
    active_level: bool = False
    """Level of the trigger pin while inferring: low, as the firmware drives it."""
    source: str = ""
    """Where the powers come from, for the report."""

    @classmethod
    def from_target(cls, target: Target) -> LoadProfile:
        """The load of a target's profile.

        Raises UsageError when the profile states no active power, or one that no PPK2 could feed.
        """
        power = target.power
        if power is None or power.active_mw is None:
            raise UsageError(
                f"target {target.name}",
                "states no active power, so a virtual meter has no load to show",
                allowed="a profile with power.active_mw",
                hint="give it: --power 'virtual:?active_mw=50', or measure with a real meter",
                code="meter-no-load",
            )
        idle_mw = power.idle_mw if power.idle_mw is not None else IDLE_SHARE * power.active_mw
        assumed = "" if power.idle_mw is not None else f"; idle assumed {IDLE_SHARE:.0%} of it"
        profile = cls(
            volts=power.rail_v,
            idle_w=idle_mw / 1000,
            active_w=power.active_mw / 1000,
            source=f"{power.active_mw:g} mW active ({power.source}){assumed}",
        )
        return profile.checked()

    def checked(self) -> LoadProfile:
        """This profile; UsageError when it is outside what a PPK2 can feed."""
        amps = max(self.active_w, self.idle_w) / self.volts
        if self.volts > MAX_V or self.volts < 0.8 or not 0 <= amps <= MAX_A:
            raise UsageError(
                "meter virtual",
                f"a load of {amps:.3g} A at {self.volts:g} V",
                allowed=f"up to {MAX_A:g} A at 0.8 to {MAX_V:g} V, as a PPK2 feeds",
                hint="state another load: virtual:?active_mw=50&idle_mw=10",
                code="meter-load",
            )
        return self

    def watts(self, active: bool, since_edge: Floats, t: Floats) -> Floats:
        """Power at the times `t` (seconds), `since_edge` seconds after the level changed.

        Without noise: the truth that a measurement is compared with.
        """
        base = np.full(len(t), self.active_w if active else self.idle_w)
        if active and self.inrush_w:
            base += self.inrush_w * np.exp(-since_edge / self.inrush_s)
        if self.ripple:
            base *= 1 + self.ripple * np.sin(2 * np.pi * self.ripple_hz * t)
        return base
