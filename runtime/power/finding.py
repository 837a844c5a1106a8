"""Which meters are plugged in, and what a device is that is not the one asked for."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.errors import MeterError
from edgekit.runtime.power.names import METERS, load
from edgekit.runtime.power.recording import read_until
from edgekit.runtime.power.serial_port import Port, UsbPort, all_ports, usb_ports

BOARD_WORDS = (b"m-ready", b"m-init-done", b"e-[")
"""What a board with MLPerf Tiny firmware says when it is spoken to."""
PROBE_S = 0.3
"""How long one kind's words may take to be answered."""


@dataclass(frozen=True, slots=True)
class Found:
    """A meter at a port. With `sure` False its USB identifiers are also those of other devices,
    so only asking tells. `answer` is what it said of itself, when it was asked."""

    scheme: str
    title: str
    path: str
    usb: str
    serial: str = ""
    sure: bool = True
    answer: str = ""

    @property
    def name(self) -> str:
        """What to write after `--power`."""
        return f"{self.scheme}:{self.path}"


def plugged_in() -> tuple[Found, ...]:
    """The meters that the USB identifiers of the serial ports tell of; nothing is opened."""
    found = []
    for port in all_ports():
        for scheme, kind in METERS.items():
            if port.usb and port.usb in (*kind.usb, *kind.shared):
                sure = port.usb in kind.usb
                found.append(Found(scheme, kind.title, port.path, port.usb, port.serial, sure))
    return tuple(found)


def find_ports(scheme: str) -> tuple[str, ...]:
    """Ports of the one `scheme` meter that is plugged in, the data port first where it can be
    told: some devices show two, and the data port is interface 1 then.

    Raises MeterError when there is none, more than one, or no way to tell.
    """
    kind = METERS[scheme]
    identifiers = (*kind.usb, *kind.shared)
    if not identifiers:
        raise MeterError(
            f"meter {scheme}",
            f"a {kind.title} cannot be told by its USB identifiers",
            hint=f"name its port: {kind.example.removeprefix('for example ')}",
            code="meter-place",
        )
    ports = [port for usb in identifiers for port in usb_ports(*_numbers(usb))]
    if not ports:
        raise MeterError(
            f"meter {scheme}",
            f"no {kind.title} is plugged in (no USB device {' or '.join(identifiers)})",
            hint=f"plug it in and switch it on, or name its port: {scheme}:/dev/ttyACM1",
            code="meter-no-device",
        )
    if len({port.serial for port in ports}) > 1:
        raise MeterError(
            f"meter {scheme}",
            f"more than one {kind.title} is plugged in",
            allowed=", ".join(port.path for port in ports),
            hint=f"name the port of the one you mean: {scheme}:/dev/ttyACM1",
            code="meter-ambiguous",
        )
    return tuple(port.path for port in sorted(ports, key=_data_first))


def _numbers(usb: str) -> tuple[int, int]:
    vendor, _, product = usb.partition(":")
    return int(vendor, 16), int(product, 16)


def _data_first(port: UsbPort) -> tuple[bool, str]:
    return (port.interface != 1, port.path)


def name_the_stranger(error: MeterError, scheme: str, path: str, port: Port) -> MeterError:
    """`error` of a driver at a wrong device, saying what the device is where that can be told:
    by its USB identifiers, else by asking it in the words of every other meter."""
    if error.code == "meter-other":
        return error  # The driver knows it already.
    here = [found for found in plugged_in() if found.path == path and found.sure]
    if any(found.scheme == scheme for found in here):
        return error  # The right device, but its wrong port, or it is off.
    try:
        other = here[0].scheme if here else ask(port, besides=scheme)[0]
    except MeterError:
        return error  # The port went away meanwhile.
    if not other:
        return error
    title = "a board with MLPerf Tiny firmware" if other == "board" else METERS[other].title
    use = f"write {other}:{path}" if other in METERS else f"give the board as --port {path}"
    return MeterError(
        f"meter at {path}",
        f"this is {_article(title)}, you asked for {scheme}",
        hint=f"{use}, or name the port of the {METERS[scheme].title}",
        code="meter-other",
    )


def _article(title: str) -> str:
    if title.startswith("a "):
        return title
    return f"an {title}" if title[0] in "AEIOLMNRSFHX" and title[1:2].isupper() else f"a {title}"


def ask(port: Port, *, besides: str = "") -> tuple[str, str]:
    """(scheme, answer) of the device at `port`; ("", "") when it understands no meter's words,
    ("board", answer) when it is a board. Kinds that share a driver are asked once."""
    asked = {METERS[besides].probe} if besides else set()
    for scheme, kind in METERS.items():
        if not kind.probe or kind.probe in asked:
            continue
        asked.add(kind.probe)
        answer: str = load(kind.probe)(port)
        if answer:
            return _exact(scheme, answer), answer
    return _ask_board(port)


def _ask_board(port: Port) -> tuple[str, str]:
    """A board takes all that came before for an unknown command, which `%` ends."""
    port.write(b"%name%")
    words = read_until(port, lambda data: data.count(b"m-ready") > 1, PROBE_S)
    if not any(word in words for word in BOARD_WORDS):
        return "", ""
    return "board", words.decode("ascii", "replace").strip()


def _exact(scheme: str, answer: str) -> str:
    """Of the kinds that share the probe of `scheme`, the one whose title the answer begins with."""
    probe = METERS[scheme].probe
    same = [name for name, kind in METERS.items() if kind.probe == probe]
    return next((name for name in same if answer.startswith(METERS[name].title)), scheme)
