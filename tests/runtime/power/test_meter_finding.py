"""Finding meters by their USB identifiers, and naming a device that is not the one asked for."""

from __future__ import annotations

import pytest

from edgekit.errors import MeterError
from edgekit.runtime.power.finding import find_ports, plugged_in
from edgekit.runtime.power.names import METERS, load
from edgekit.runtime.power.ppk2 import Ppk2, Ppk2Settings, probe
from tests.helpers.fake_ppk2 import FakePort
from tests.helpers.ptys import AsciiPeer, fake_peer
from tests.helpers.usb_ports import plug_in

QUICK = Ppk2Settings(silence_s=None, answer_s=0.05, quiet_s=0.002)


def refusal(meter: Ppk2) -> MeterError:
    with pytest.raises(MeterError) as caught, meter:
        pass
    return caught.value


def test_meters_are_told_by_their_identifiers(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(
        monkeypatch,
        ("/dev/ttyS0", "", "", None),
        ("/dev/ttyACM1", "1915:c00a", "F3", "1-2:1.1"),
        ("/dev/ttyACM0", "1915:c00a", "F3", "1-2:1.3"),
        ("/dev/ttyUSB0", "0403:6001", "", "1-3:1.0"),
    )
    assert [(found.name, found.sure) for found in plugged_in()] == [
        ("ppk2:/dev/ttyACM0", True),
        ("ppk2:/dev/ttyACM1", True),
    ]
    assert find_ports("ppk2") == ("/dev/ttyACM1", "/dev/ttyACM0")


def test_a_board_at_the_port_is_called_a_board(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch)
    with fake_peer(AsciiPeer({})) as port:
        error = refusal(Ppk2(port, QUICK))
    assert error.code == "meter-other"
    assert error.found == "this is a board with MLPerf Tiny firmware, you asked for ppk2"
    assert error.hint == f"give the board as --port {port}, or name the port of the PPK2"


def test_a_silent_device_stays_a_silent_device(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch)
    with fake_peer(lambda data: b"") as port:
        assert refusal(Ppk2(port, QUICK)).code == "meter-silent"


def test_a_device_that_goes_away_while_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(monkeypatch)

    class Leaving(FakePort):
        def write(self, data: bytes) -> None:
            if data == b"%name%":
                raise MeterError("meter at fake", "the connection broke off", code="broken")
            super().write(data)

    port = Leaving(metadata=b"hello")
    error = refusal(Ppk2("fake", QUICK, open_port=lambda path: port))
    assert error.code == "meter-not-ppk2"


def test_a_ppk2_tells_a_probe() -> None:
    assert probe(FakePort()) == "PPK2"
    assert probe(FakePort(metadata=b"hello\r\n")) == ""


def test_every_table_of_the_registry_is_whole() -> None:
    for scheme, kind in METERS.items():
        assert kind.example.startswith(f"for example {scheme}:")
        assert kind.sentence
        assert kind.title
        assert not set(kind.usb) & set(kind.shared)
        for reference in filter(None, (kind.factory, kind.probe, kind.emulator)):
            assert callable(load(reference))
