"""What a power meter is to the rest of EdgeKit, and how one is named.

A meter is named like a URL: `scheme:place?option=value&option=value`, as in
`ppk2:/dev/ttyACM1?mode=ampere&voltage=1800`, `ppk2:` (find it by its USB identifiers) or
`virtual`. METERS is the registry; adding a meter is one file and one row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from types import TracebackType
from typing import Protocol, Self, runtime_checkable
from urllib.parse import parse_qsl

from edgekit.artifacts.figures import Provenance
from edgekit.artifacts.power import PowerTrace
from edgekit.errors import UsageError
from edgekit.targets.model import Target


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


@dataclass(frozen=True, slots=True)
class MeterSpec:
    """A parsed meter name."""

    scheme: str
    place: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        query = "&".join(f"{key}={value}" for key, value in self.options.items())
        return f"{self.scheme}:{self.place}" + (f"?{query}" if query else "")

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """The option `key`, one of `allowed`; the first of them when it is not given."""
        value = self.options.get(key, allowed[0])
        if value not in allowed:
            raise _bad_option(self, key, value, " or ".join(allowed))
        return value

    def number(self, key: str, default: float, low: float, high: float) -> float:
        """The option `key` as a number from `low` to `high`."""
        text = self.options.get(key)
        if text is None:
            return default
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise _bad_option(self, key, text, f"a number from {low:g} to {high:g}")
        return value


def _bad_option(spec: MeterSpec, key: str, value: str, allowed: str) -> UsageError:
    return UsageError(
        f"meter {spec.scheme}",
        f"option {key}={value}",
        allowed=allowed,
        hint=METERS[spec.scheme].example,
        code="meter-option",
    )


Factory = Callable[[MeterSpec, Target | None], Meter]


@dataclass(frozen=True, slots=True)
class MeterKind:
    """A row of the registry. `factory` is "module:function", imported when it is needed."""

    sentence: str
    factory: str
    options: tuple[str, ...]
    example: str


METERS: dict[str, MeterKind] = {
    "ppk2": MeterKind(
        "Nordic Power Profiler Kit II, on a serial port or found by its USB identifiers",
        "edgekit.runtime.power.ppk2:from_spec",
        ("mode", "voltage", "spike_filter"),
        "for example ppk2:/dev/ttyACM1?mode=ampere&voltage=1800",
    ),
    "virtual": MeterKind(
        "emulated PPK2 on a pseudo-terminal, fed by the trigger of a virtual board; simulated",
        "edgekit.runtime.power.virtual_meter:from_spec",
        ("seed", "noise", "ripple", "loss", "clock_ppm", "active_mw", "idle_mw", "spike_filter"),
        "for example virtual:?noise=0.01&seed=1",
    ),
}


def parse_meter(text: str) -> MeterSpec:
    """The spec that `text` names. Raises UsageError for an unknown scheme or option."""
    scheme, _, rest = text.partition(":")
    place, _, query = rest.partition("?")
    if scheme not in METERS:
        close = get_close_matches(scheme, METERS, n=1)
        raise UsageError(
            f"meter {text!r}",
            f"no meter called {scheme!r}",
            allowed=", ".join(f"{name}:" for name in METERS),
            hint=f"did you mean {close[0]}:?" if close else "write scheme:place?option=value",
            code="meter-unknown",
        )
    options = dict(parse_qsl(query, keep_blank_values=True))
    for key in options:
        if key not in METERS[scheme].options:
            raise UsageError(
                f"meter {scheme}",
                f"no option {key!r}",
                allowed=", ".join(METERS[scheme].options),
                hint=METERS[scheme].example,
                code="meter-option",
            )
    return MeterSpec(scheme, place, options)


def make_meter(text: str, target: Target | None = None) -> Meter:
    """The meter `text` names, not yet open.

    `target` gives the supply voltage where the name states none, and the load that a virtual
    meter shows. Raises UsageError.
    """
    spec = parse_meter(text)
    module, _, name = METERS[spec.scheme].factory.partition(":")
    factory: Factory = getattr(import_module(module), name)
    return factory(spec, target)
