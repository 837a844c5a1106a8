"""The virtual meter: the PPK2 driver at an emulated PPK2. All it yields is simulated."""

from __future__ import annotations

from dataclasses import replace

from edgekit.artifacts.figures import Note, Provenance
from edgekit.artifacts.power import PowerTrace
from edgekit.runtime.opened import Opened
from edgekit.runtime.power.load import LoadProfile
from edgekit.runtime.power.meter import MeterIdentity
from edgekit.runtime.power.names import MeterSpec
from edgekit.runtime.power.ppk2 import Ppk2, Ppk2Settings
from edgekit.runtime.power.virtual_ppk2 import VirtualPpk2
from edgekit.targets.model import Target

NAME = "virtual PPK2"
BENCH_MW = 50.0
BENCH_V = 3.3


def from_spec(spec: MeterSpec, target: Target | None) -> VirtualMeter:
    """The virtual meter with the load of `target`, changed by the options of `spec`."""
    profile = _profile(spec, target)
    profile = replace(
        profile,
        noise=spec.number("noise", profile.noise, 0, 1),
        ripple=spec.number("ripple", profile.ripple, 0, 1),
        loss=spec.number("loss", profile.loss, 0, 0.5),
        clock_ppm=spec.number("clock_ppm", profile.clock_ppm, -10_000, 10_000),
    )
    return VirtualMeter(
        profile.checked(),
        seed=round(spec.number("seed", 0, 0, 2**32)),
        spike_filter=spec.choice("spike_filter", ("on", "off")) == "on",
    )


def _profile(spec: MeterSpec, target: Target | None) -> LoadProfile:
    """The load: the powers given in the name before those of the target."""
    if "active_mw" not in spec.options and target is not None:
        return _with_idle(spec, LoadProfile.from_target(target))
    active_mw = spec.number("active_mw", BENCH_MW, 0, 5000)
    idle_mw = spec.number("idle_mw", 0.3 * active_mw, 0, 5000)
    power = target.power if target is not None else None
    return LoadProfile(
        volts=power.rail_v if power is not None else BENCH_V,
        idle_w=idle_mw / 1000,
        active_w=active_mw / 1000,
        source=f"{active_mw:g} mW active, {idle_mw:g} mW idle, as the meter's name says",
    )


def _with_idle(spec: MeterSpec, profile: LoadProfile) -> LoadProfile:
    """The target's load, idling as the name says where it does."""
    if "idle_mw" not in spec.options:
        return profile
    idle_mw = spec.number("idle_mw", 0, 0, 5000)
    source = f"{profile.source}; {idle_mw:g} mW idle, as the meter's name says"
    return replace(profile, idle_w=idle_mw / 1000, source=source)


class VirtualMeter(Opened):
    """A Meter that takes edges (TakesEdges)."""

    def __init__(self, profile: LoadProfile, *, seed: int = 0, spike_filter: bool = True) -> None:
        self.profile = profile
        self._seed, self._spike_filter = seed, spike_filter
        self._device: VirtualPpk2 | None = None
        self._driver: Ppk2 | None = None

    @property
    def identity(self) -> MeterIdentity:
        return MeterIdentity(
            name=NAME, place="virtual", provenance=Provenance.SIMULATED, wall_clock=False
        )

    @property
    def device(self) -> VirtualPpk2:
        """The emulator; only while open."""
        if self._device is None:
            raise ValueError("the meter is not open")
        return self._device

    def open(self) -> None:
        self._device = VirtualPpk2(self.profile, self._seed)
        settings = Ppk2Settings(
            millivolts=round(1000 * self.profile.volts),
            spike_filter=self._spike_filter,
            silence_s=None,
        )
        self._driver = Ppk2(
            self._device.path,
            settings,
            name=NAME,
            provenance=Provenance.SIMULATED,
            wall_clock=False,
        )
        self._driver.open()

    def start(self) -> None:
        self._ready().start()
        self.device.await_start()

    def edge(self, level: bool, seconds: float) -> None:
        """The trigger pin changed to `level` at `seconds` of the board's clock."""
        self.device.edge(level, seconds)

    def mark(self, label: str) -> None:
        self.device.settle()
        self._ready().mark(label)

    def stop(self) -> PowerTrace:
        driver = self._ready()
        self.device.finish()
        trace = driver.stop()
        note = Note(
            "meter-simulated",
            NAME,
            "power and time are those of a load profile, not of a board: " + self.profile.source,
            "measure a real board with a real meter for a figure to rely on",
            level="info",
        )
        meter = f"{NAME}, simulated load: {self.profile.source}"
        return replace(trace, meter=meter, warnings=(note, *trace.warnings))

    def close(self) -> None:
        driver, self._driver = self._driver, None
        device, self._device = self._device, None
        if driver is not None:
            driver.close()
        if device is not None:
            device.close()

    def _ready(self) -> Ppk2:
        if self._driver is None:
            raise ValueError("the meter is not open")
        return self._driver
