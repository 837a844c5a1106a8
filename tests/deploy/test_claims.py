"""What runs claim: one name for one device, however it is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.deploy.claims import claims
from edgekit.deploy.programs import Place
from edgekit.runtime.power import finding
from edgekit.runtime.power.serial_port import UsbPort


def test_links_to_a_port_are_the_port(tmp_path: Path) -> None:
    port, link = tmp_path / "ttyACM0", tmp_path / "by-id"
    port.touch()
    link.symlink_to(port)
    assert claims(port=str(link)) == claims(port=str(port)) == {f"port {port.resolve()}"}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        ({"port": "socket://Bench:4000"}, {"port socket://Bench:4000"}),
        ({"place": Place(host="pi@Kitchen.local")}, {"host kitchen.local"}),
        ({"place": Place(host="kitchen.local")}, {"host kitchen.local"}),
        ({"place": Place(host="10.0.0.7:5555"), "family": "android"}, {"phone 10.0.0.7:5555"}),
        ({"place": Place(serial="R58")}, {"phone R58"}),
        ({"place": Place(serial="R58"), "power": "android:R58"}, {"phone R58"}),
        ({"power": "android:"}, {"the only phone"}),
        ({"place": Place(serial="R58"), "family": "android", "power": "android:"}, {"phone R58"}),
        ({"place": Place(emulate=True)}, set()),
        ({"power": "virtual:?seed=1"}, set()),
        ({"power": "replay:trace.npz"}, set()),
        ({"power": "pmic:"}, {"meter pmic:"}),
        ({"power": "joulescope:002544"}, {"meter joulescope:002544"}),
        ({"power": "csv:/dev/null?cols=t_us"}, {"port /dev/null"}),
        ({"probe": "0672FF", "port": "/dev/null"}, {"probe 0672FF", "port /dev/null"}),
        ({"timed": True, "family": "host"}, {"this computer"}),
        ({"timed": True, "family": "rpi"}, {"this computer"}),  # on the Pi itself
        ({"timed": True, "family": "rpi", "place": Place(host="pi")}, {"host pi"}),
        ({"timed": True, "family": "rpi", "place": Place(emulate=True)}, set()),
        ({"timed": True, "family": "cortex-m"}, set()),
        ({"family": "host"}, set()),
        ({}, set()),
    ],
)
def test_names(options: dict[str, object], names: set[str]) -> None:
    assert claims(**options) == names  # type: ignore[arg-type]


def test_a_meter_that_is_to_be_found_is_its_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [UsbPort("/dev/null", "A", 1, "1915:c00a"), UsbPort("/dev/zero", "A", 3, "1915:c00a")]
    monkeypatch.setattr(finding, "usb_ports", lambda vendor, product: tuple(ports))
    found = claims(power="ppk2:auto")
    assert found == {"port /dev/null", "port /dev/zero"}
    assert claims(power="ppk2:/dev/zero") < found


def test_a_meter_that_is_not_there_claims_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "usb_ports", lambda vendor, product: ())
    assert claims(power="ppk2:") == set()
