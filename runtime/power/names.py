"""How a power meter is named, and which meters there are.

A meter is named like a URL: `scheme:place?option=value&option=value`, as in
`ppk2:/dev/ttyACM1?mode=ampere&voltage=1800`, `ppk2:` or `ppk2:auto` (find it by its USB
identifiers) or `virtual`. The registry METERS is the file meters.toml; adding a meter is one
driver and one table.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from edgekit.errors import UsageError
from edgekit.runtime.power.meter import Meter
from edgekit.targets.model import Target

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class MeterSpec:
    """A parsed meter name. `place` is "" where the meter is to be found by its identifiers."""

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
            raise bad_option(self, key, value, " or ".join(allowed))
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
            raise bad_option(self, key, text, f"a number from {low:g} to {high:g}")
        return value


def bad_option(spec: MeterSpec, key: str, value: str, allowed: str) -> UsageError:
    """The error for an option whose value is not among the `allowed`."""
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
    """A table of meters.toml, where the fields are explained."""

    title: str
    sentence: str
    factory: str
    example: str
    options: tuple[str, ...] = ()
    probe: str = ""
    emulator: str = ""
    usb: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()
    baud: int = 115200


def _read_registry() -> dict[str, MeterKind]:
    text = Path(__file__).with_name("meters.toml").read_text(encoding="utf-8")
    return {scheme: _kind(row) for scheme, row in tomllib.loads(text).items()}


def _kind(row: dict[str, Any]) -> MeterKind:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in row.items()}
    return MeterKind(**values)


METERS = _read_registry()


def load(reference: str) -> Any:
    """The object that "module:name" names, imported now."""
    module, _, name = reference.partition(":")
    return getattr(import_module(module), name)


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
                allowed=", ".join(METERS[scheme].options) or "none",
                hint=METERS[scheme].example,
                code="meter-option",
            )
    return MeterSpec(scheme, "" if place == AUTO else place, options)


def make_meter(text: str, target: Target | None = None) -> Meter:
    """The meter `text` names, not yet open.

    `target` gives the supply voltage where the name states none, and the load that a virtual
    meter shows. Raises UsageError.
    """
    spec = parse_meter(text)
    factory: Factory = load(METERS[spec.scheme].factory)
    return factory(spec, target)
