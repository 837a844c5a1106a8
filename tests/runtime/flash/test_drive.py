"""Drives that take firmware: found by a file on them, written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.errors import DeviceError
from edgekit.runtime.flash import drive as module
from edgekit.runtime.flash.drive import board_id, copy_to, find_drive, mount_points
from edgekit.targets.flashers import Flasher, flashers
from edgekit.targets.reader import load_target

UF2, DAPLINK = flashers()["uf2"], flashers()["daplink"]
INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {}\r\n"
DETAILS = "# DAPLink Firmware - see https://mbed.com/daplink\r\nUnique ID: {}360259794e45\r\n"


def mounted(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *, probe: bool = False, **boards: str
) -> None:
    """Drives with these board ids, of bootloaders or probes, and a disk that is none of them."""
    (folder / "disk").mkdir()
    file, text = ("DETAILS.TXT", DETAILS) if probe else ("INFO_UF2.TXT", INFO)
    for name, board in boards.items():
        (folder / name).mkdir()
        (folder / name / file).write_text(text.format(board), encoding="ascii")
    points = [folder / name for name in ("disk", *boards)]
    text = "".join(
        f"/dev/sdx1 {str(p).replace(' ', chr(92) + '040')} vfat rw 0 0\n" for p in points
    )
    (folder / "mounts").write_text(text, encoding="utf-8")
    monkeypatch.setattr(module, "MOUNTS", folder / "mounts")


def test_the_drive_is_found_among_disks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "with space"
    folder.mkdir()
    mounted(monkeypatch, folder, pico="RPI-RP2", other="RP2350")
    assert mount_points() == (folder / "disk", folder / "pico", folder / "other")
    assert find_drive(UF2, load_target("pico-arducam")) == folder / "pico"
    assert find_drive(UF2, load_target("pico2")) == folder / "other"
    assert board_id(UF2, folder / "disk") is None


def test_a_probes_drive_is_told_by_its_boards_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mounted(monkeypatch, tmp_path, probe=True, first="9901", second="9904")
    assert find_drive(DAPLINK, load_target("microbit")) == tmp_path / "first"
    assert find_drive(DAPLINK, load_target("microbit-v2")) == tmp_path / "second"
    with pytest.raises(DeviceError, match="found no board in its bootloader"):
        find_drive(UF2, load_target("pico"))


@pytest.mark.parametrize(
    ("tool", "target", "boards", "code", "words"),
    [
        (UF2, "pico-arducam", {}, "no-bootloader", "BOOTSEL"),
        (UF2, "pico-arducam", {"a": "RP2350"}, "wrong-chip", "RP2350 at"),
        (UF2, "pico-arducam", {"a": "RPI-RP2", "b": "RPI-RP2"}, "probe-ambiguous", "Unplug all"),
        (DAPLINK, "microbit", {}, "no-probe", "debug USB socket"),
        (DAPLINK, "microbit", {"a": "0240"}, "wrong-chip", "0240 at"),
        (DAPLINK, "microbit", {"a": "9900", "b": "9901"}, "probe-ambiguous", "Unplug all but one"),
    ],
)
def test_no_drive_to_write_to(
    tool: Flasher,
    target: str,
    boards: dict[str, str],
    code: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mounted(monkeypatch, tmp_path, probe=tool is DAPLINK, **boards)
    with pytest.raises(DeviceError) as caught:
        find_drive(tool, load_target(target))
    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_file_is_copied(tmp_path: Path) -> None:
    copy_to(tmp_path, "firmware.uf2", b"1234")
    assert (tmp_path / "firmware.uf2").read_bytes() == b"1234"


def test_a_drive_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="does not take firmware") as caught:
        copy_to(tmp_path / "gone", "firmware.uf2", b"1234")
    assert caught.value.code == "flash-failed"
