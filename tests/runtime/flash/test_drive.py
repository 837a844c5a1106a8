"""Drives that take firmware: found by a file on them, written to."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from edgekit.errors import DeviceError
from edgekit.runtime.flash import drive as module
from edgekit.runtime.flash.drive import (
    board_id,
    check_taken,
    copy_to,
    find_drive,
    mount_points,
    words_of_failure,
)
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


FAIL = "error: The transfer timed out.\r\ntype: transient, user\r\n"
WORDS = "error: The transfer timed out.; type: transient, user"


class Probe:
    """A probe's drive: `steps` are what it does each time it is waited for, none more after."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *steps: str | None) -> None:
        mounted(monkeypatch, folder, probe=True, microbit="9901")
        self.drive, self.steps = folder / "microbit", list(steps)
        self.seconds = 0.0
        monkeypatch.setattr(time, "monotonic", lambda: self.seconds)
        monkeypatch.setattr(time, "sleep", self.wait)

    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        step = self.steps.pop(0) if self.steps else ""
        if step is None:
            (self.drive / "DETAILS.TXT").unlink()
            (self.drive / "FAIL.TXT").unlink(missing_ok=True)
        elif step:
            (self.drive / "DETAILS.TXT").write_text(DETAILS.format("9901"), encoding="ascii")
            if step != "back":
                (self.drive / "FAIL.TXT").write_text(step, encoding="ascii")


@pytest.mark.parametrize(
    "steps",
    [("", None, "", FAIL), (FAIL,), (None, FAIL)],
    ids=["left and back", "never left", "left at once"],
)
def test_what_a_probe_says_of_a_failure_is_told(
    steps: tuple[str | None, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = Probe(tmp_path, monkeypatch, *steps)
    before = words_of_failure(probe.drive)
    with pytest.raises(DeviceError, match="Repeat the command") as caught:
        check_taken(DAPLINK, load_target("microbit"), before)
    assert caught.value.found == (
        f"the probe did not program the chip; FAIL.TXT on its drive says: {WORDS}"
    )
    assert (before, caught.value.code) == ("", "flash-failed")


def test_the_same_words_as_before_count_when_nothing_else_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe = Probe(tmp_path, monkeypatch)
    (probe.drive / "FAIL.TXT").write_text(FAIL, encoding="ascii")
    with pytest.raises(DeviceError, match="transfer timed out"):
        check_taken(DAPLINK, load_target("microbit"), WORDS)
    assert probe.seconds >= module.BACK_S


@pytest.mark.parametrize("steps", [(None, "back"), (None,), ()])
def test_a_probe_that_took_it(
    steps: tuple[str | None, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Old words of a failure go when the drive leaves; one that stays away is no failure."""
    probe = Probe(tmp_path, monkeypatch, *steps)
    if steps:
        (probe.drive / "FAIL.TXT").write_text(FAIL, encoding="ascii")
    check_taken(DAPLINK, load_target("microbit"), words_of_failure(probe.drive))
    assert (probe.seconds < module.BACK_S) == (steps == (None, "back"))
