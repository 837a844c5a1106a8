"""UF2 drives: found by their INFO_UF2.TXT, written to."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.errors import DeviceError
from edgekit.runtime.flash import drive as module
from edgekit.runtime.flash.drive import board_id, copy_to, find_drive, mount_points
from edgekit.targets.flashers import flashers
from edgekit.targets.reader import load_target

UF2 = flashers()["uf2"]
INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {}\r\n"


def mounted(monkeypatch: pytest.MonkeyPatch, folder: Path, **boards: str) -> None:
    """Drives with these board ids, and a disk that is none of them."""
    (folder / "disk").mkdir()
    for name, board in boards.items():
        (folder / name).mkdir()
        (folder / name / "INFO_UF2.TXT").write_text(INFO.format(board), encoding="ascii")
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
    assert board_id(folder / "disk") is None


@pytest.mark.parametrize(
    ("boards", "code", "words"),
    [
        ({}, "no-bootloader", "BOOTSEL"),
        ({"a": "RP2350"}, "wrong-chip", "RP2350 at"),
        ({"a": "RPI-RP2", "b": "RPI-RP2"}, "probe-ambiguous", "Unplug all but one"),
    ],
)
def test_no_drive_to_write_to(
    boards: dict[str, str],
    code: str,
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mounted(monkeypatch, tmp_path, **boards)
    with pytest.raises(DeviceError) as caught:
        find_drive(UF2, load_target("pico-arducam"))
    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_file_is_copied(tmp_path: Path) -> None:
    copy_to(tmp_path, "firmware.uf2", b"1234")
    assert (tmp_path / "firmware.uf2").read_bytes() == b"1234"


def test_a_drive_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="does not take firmware") as caught:
        copy_to(tmp_path / "gone", "firmware.uf2", b"1234")
    assert caught.value.code == "flash-failed"
