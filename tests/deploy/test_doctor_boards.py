"""What `edgekit doctor` says about flashing: tools, probes, udev rules, ports."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.deploy import doctor
from edgekit.deploy.doctor import Check, examine
from edgekit.targets.flashers import flashers
from tests.helpers.stand_ins import StandIn
from tests.helpers.usb_ports import plug_in


@pytest.fixture
def bin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The whole PATH; no rules for USB devices, nothing plugged in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "cat"):
        (folder / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(doctor, "UDEV_RULES", (tmp_path / "rules",))
    plug_in(monkeypatch)
    return folder


def rows(group: str) -> dict[str, Check]:
    return {check.name: check for check in examine() if check.group == group}


def test_tools_say_their_version_or_how_to_get_them(bin: Path) -> None:
    StandIn(bin, "openocd", output="Open On-Chip Debugger 0.12.0\nLicensed under GNU GPL v2\n")
    StandIn(bin, "bossac", output="Usage: bossac\nBasic Open Source, Version 1.9.1\n")
    found = rows("flashers")
    assert set(found) == {name for name, row in flashers().items() if row.program}
    assert found["openocd"].found == "Open On-Chip Debugger 0.12.0"
    assert found["bossac"].found == "Basic Open Source, Version 1.9.1"
    assert found["dfu-util"].status == "missing"
    assert found["dfu-util"].fix == "sudo apt-get install dfu-util"
    assert found["dfu-util"].needed_for == "flashing nicla-vision, openmv-h7, portenta-h7"


def test_a_tool_that_does_not_start_is_not_called_ok(bin: Path) -> None:
    """The word that it says last, and how to get one that works."""
    StandIn(bin, "openocd", output="loading 0.12\nlibusb-1.0.so.0: cannot open\n", status=127)
    StandIn(bin, "bossac", output="Basic Open Source, Version 1.9.1\n", status=1)
    crashing = StandIn(bin, "dfu-util").path
    crashing.write_text("#!/bin/sh\nkill -11 $$\n", encoding="utf-8")
    found = rows("flashers")
    openocd, crashed = found["openocd"], found["dfu-util"]
    assert openocd.status == crashed.status == "missing"
    assert openocd.found == "does not start (exit 127): libusb-1.0.so.0: cannot open"
    assert openocd.fix == flashers()["openocd"].install
    assert crashed.found == "does not start (signal 11): no word"
    assert found["bossac"].status == "ok"  # its help ends with 1


def test_probes_are_listed(bin: Path) -> None:
    StandIn(bin, "pyocd", output="0.46.0\n").lists_probes("0668A", "0668B")
    found = rows("probes")
    assert [found[name].found for name in ("0668A", "0668B")] == [
        "ST-Link 0668A",
        "ST-Link 0668B",
    ]
    StandIn(bin, "pyocd", output="0.46.0\n").lists_probes()
    assert rows("probes")["debug probes"].status == "note"


def test_udev_rules(bin: Path, tmp_path: Path) -> None:
    assert "udev rules" not in rows("probes")
    (tmp_path / "rules").mkdir()
    missing = rows("probes")["udev rules"]
    assert missing.status == "note"
    assert "0483" in missing.found
    assert "docs/flash.md#permission" in missing.fix
    page = Path(__file__).parents[2] / "docs" / "flash.md"
    rules = [line for line in page.read_text().splitlines() if line.startswith("SUBSYSTEM")]
    (tmp_path / "rules" / "60.rules").write_text("\n".join(rules))
    left = rows("probes")["udev rules"]
    assert left.status == "ok", left.found


def test_boards_are_known_by_their_usb_numbers(bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plug_in(
        monkeypatch,
        ("/dev/ttyACM0", "2341:005a", "A", None),
        ("/dev/ttyACM1", "2e8a:000c", "B", None),
    )
    found = rows("ports")
    assert "Arduino Nano 33 BLE (Sense) (USB)" in found["/dev/ttyACM0"].found
    assert "Raspberry Pi Pico" in found["/dev/ttyACM1"].found


def test_programs_for_pis_and_phones(bin: Path) -> None:
    StandIn(bin, "adb", output="Android Debug Bridge version 1.0.41\n")
    found = rows("programs")
    assert found["adb"].found == "Android Debug Bridge version 1.0.41"
    assert found["ssh"].fix == "sudo apt-get install openssh-client"
    assert found["qemu-aarch64-static"].fix == "sudo apt-get install qemu-user-static"
    assert found["qemu-arm-static"].status == "missing"
