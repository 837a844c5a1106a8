"""Bootloaders: started through a port, found by USB numbers."""

from __future__ import annotations

import termios

import pytest

from edgekit.errors import DeviceError, PortError
from edgekit.runtime.flash import bootloader as module
from edgekit.runtime.flash.bootloader import enter_bootloader
from edgekit.runtime.link.touch import touch
from edgekit.targets.flashers import flashers
from edgekit.targets.reader import load_target
from tests.helpers.ptys import raw_pty
from tests.helpers.usb_ports import plug_in

BOSSAC, DFU, UF2 = (flashers()[name] for name in ("bossac", "dfu-util", "uf2"))
NANO = load_target("nano33ble")


@pytest.fixture
def touched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(module, "touch", found.append)
    monkeypatch.setattr(module, "STARTS_S", 0.0)
    return found


def test_touching_opens_at_1200_baud() -> None:
    with raw_pty() as (device, port):
        touch(port)
        assert termios.tcgetattr(device)[5] == termios.B1200
    with pytest.raises(PortError) as caught:
        touch("/dev/ttyNONE")
    assert caught.value.code == "port-missing"


def test_a_bootloader_that_waits_is_taken(
    monkeypatch: pytest.MonkeyPatch, touched: list[str]
) -> None:
    plug_in(monkeypatch, ("/dev/ttyACM1", "2341:005a", "A", None))
    assert enter_bootloader(BOSSAC, NANO) == "/dev/ttyACM1"
    assert touched == []


def test_a_sketch_is_asked_for_it(monkeypatch: pytest.MonkeyPatch, touched: list[str]) -> None:
    plug_in(monkeypatch, ("/dev/ttyACM0", "2341:805a", "A", None))

    def starts(port: str) -> None:
        touched.append(port)
        plug_in(monkeypatch, ("/dev/ttyACM1", "2341:005a", "A", None))

    monkeypatch.setattr(module, "touch", starts)
    assert enter_bootloader(BOSSAC, NANO) == "/dev/ttyACM1"
    assert touched == ["/dev/ttyACM0"]


@pytest.mark.parametrize("ports", [(), (("/dev/ttyACM0", "2341:805a", "A", None),)])
def test_no_bootloader(
    ports: tuple[tuple[str, str, str, None], ...],
    monkeypatch: pytest.MonkeyPatch,
    touched: list[str],
) -> None:
    plug_in(monkeypatch, *ports)
    with pytest.raises(DeviceError) as caught:
        enter_bootloader(BOSSAC, NANO)
    assert caught.value.code == "no-bootloader"
    assert "press reset twice" in caught.value.hint.lower()


def test_two_bootloaders(monkeypatch: pytest.MonkeyPatch, touched: list[str]) -> None:
    two = [(f"/dev/ttyACM{n}", "2341:005a", str(n), None) for n in (0, 1)]
    plug_in(monkeypatch, *two)
    with pytest.raises(PortError, match="/dev/ttyACM0, /dev/ttyACM1") as caught:
        enter_bootloader(BOSSAC, NANO)
    assert caught.value.code == "probe-ambiguous"


def test_tools_without_a_port_need_none(
    monkeypatch: pytest.MonkeyPatch, touched: list[str]
) -> None:
    plug_in(monkeypatch, ("/dev/ttyACM0", "2341:025f", "A", None))
    assert enter_bootloader(DFU, load_target("nicla-vision")) == ""
    assert touched == ["/dev/ttyACM0"]
    assert enter_bootloader(UF2, load_target("pico2")) == ""
