"""What a run claims for itself: the ports, devices and meters no other run may use meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager

from edgekit.deploy.programs import Place
from edgekit.errors import MeterError
from edgekit.runtime.lab.locks import locked
from edgekit.runtime.power.finding import find_ports
from edgekit.runtime.power.names import METERS, MeterSpec, parse_meter

Progress = Callable[[str, int, int], None]
SHARED = frozenset({"virtual", "replay"})
"""Meters that are no device: any number of runs may have one."""
HERE = "this computer"
"""The lock of runs that are timed here: two at once would each find the computer busy."""


def claims(
    *,
    port: str | None = None,
    place: Place | None = None,
    family: str = "",
    power: str | None = None,
    probe: str | None = None,
    timed: bool = False,
) -> frozenset[str]:
    """Names of the locks for what these options open, in the words of messages.

    One device has one name however it is written: links to a port are followed, the user before
    a host does not matter, a meter that is to be found is named by its ports, and the gauge of the
    phone that runs the program is that phone. What is `timed` and runs nowhere else needs this
    computer.
    """
    found = {_port(port)} if port is not None else set()
    if probe is not None:
        found.add(f"probe {probe}")
    if place is not None and place.serial is not None:
        found.add(f"phone {place.serial}")
    if place is not None and place.host is not None:
        address = place.host.rpartition("@")[2].lower()
        found.add(f"{'phone' if family == 'android' else 'host'} {address}")
    if timed and not place and family not in ("", "cortex-m"):
        found.add(HERE)
    if power is not None:
        spec = parse_meter(power)
        if not (place and family == spec.scheme == "android" and not spec.place):
            found |= _meter(spec)
    return frozenset(found)


def claimed(
    names: frozenset[str], what: str, *, wait_s: float = 0.0, progress: Progress | None = None
) -> AbstractContextManager[None]:
    """Hold the locks `names` during the block. Raises DeviceError naming who holds one."""
    tell = None if progress is None else lambda text: progress(text, 0, 0)
    return locked(names, what=what, wait_s=wait_s, tell=tell)


def _port(port: str) -> str:
    return f"port {port if '://' in port else os.path.realpath(port)}"


def _meter(spec: MeterSpec) -> set[str]:
    if spec.scheme in SHARED:
        return set()
    if spec.scheme == "android":
        return {f"phone {spec.place}"} if spec.place else {"the only phone"}
    if spec.place.startswith("/") or "://" in spec.place:
        return {_port(spec.place)}
    kind = METERS[spec.scheme]
    if not spec.place and (kind.usb or kind.shared):
        try:
            return {_port(path) for path in find_ports(spec.scheme)}
        except MeterError:  # its driver says so, when it comes to that
            return set()
    return {f"meter {spec.scheme}:{spec.place}"}
