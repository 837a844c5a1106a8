"""The power meters EdgeKit knows, and which of them are plugged in."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.errors import MeterError
from edgekit.runtime.power.finding import Found, ask, plugged_in
from edgekit.runtime.power.names import METERS
from edgekit.runtime.power.serial_port import SerialPort, UsbPort, all_ports


@dataclass(frozen=True, slots=True)
class KnownMeter:
    """One kind of meter. `emulated` says whether `edgekit meters emulate` knows it."""

    scheme: str
    title: str
    sentence: str
    example: str
    emulated: bool


@dataclass(frozen=True, slots=True)
class Survey:
    """All kinds, and what is at the ports of this computer."""

    known: tuple[KnownMeter, ...]
    found: tuple[Found, ...]


def survey_meters(*, probe: bool = False) -> Survey:
    """What is known and plugged in.

    USB identifiers tell without opening a port. With `probe` every port is opened and asked in
    the words of each meter, which also finds those that identifiers do not tell.
    """
    known = tuple(
        KnownMeter(scheme, kind.title, kind.sentence, kind.example, bool(kind.emulator))
        for scheme, kind in METERS.items()
    )
    return Survey(known, tuple(map(_ask, all_ports())) if probe else plugged_in())


def _ask(at: UsbPort) -> Found:
    """What answers at a port; an empty scheme when that is no meter."""
    try:
        port = SerialPort(at.path)
    except MeterError as error:
        return Found("", "", at.path, at.usb, at.serial, answer=error.found)
    try:
        scheme, answer = ask(port)
    except MeterError as error:
        scheme, answer = "", error.found
    finally:
        port.close()
    title = METERS[scheme].title if scheme in METERS else scheme
    return Found(scheme, title, at.path, at.usb, at.serial, answer=answer)
