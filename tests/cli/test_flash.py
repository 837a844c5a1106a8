"""`edgekit flash` with tools that stand in for the real ones, and a board in QEMU on a terminal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from edgekit.deploy import flash_check
from edgekit.firmware_stubs.flat import read_uf2
from edgekit.runtime.flash import drive as drives
from edgekit.targets.reader import list_targets, load_target
from tests.helpers.command_line import fails, succeeds
from tests.helpers.plugged_board import BOARD, in_qemu
from tests.helpers.stand_ins import StandIn
from tests.helpers.usb_ports import plug_in
from tests.helpers.virtual_firmware import needs_qemu

pytestmark = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"
)


@pytest.fixture
def board(desk: Path) -> Path:
    (desk / "my-board.toml").write_text(BOARD)
    return Path("my-board.toml")


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """An st-flash that succeeds."""
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return StandIn(folder, "st-flash", output="Flash written and verified! jolly good!\n")


def test_a_dry_run_builds_and_prints_the_command(
    own_bundle: Path, board: Path, tool: StandIn
) -> None:
    record = succeeds("flash", own_bundle, "-t", board, "--dry-run", "--json").record
    file = own_bundle / "firmware" / "my-board" / "firmware.bin"
    words = f"{tool.path} --reset write {file} 0x00000000"
    assert (record["command"], record["dry_run"], record["checked"]) == (words, True, None)
    assert file.is_file()
    assert tool.arguments == []
    again = succeeds("flash", own_bundle, "-t", board, "--dry-run", "--probe", "066B")
    assert again.out.strip() == f"would run: {words.replace('write', '--serial 066B write')}"


def test_flashing_without_a_port_says_that_nothing_was_checked(
    own_bundle: Path, board: Path, tool: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch)
    done = succeeds("flash", own_bundle, "-t", board)
    assert tool.arguments[:2] == ["--reset", "write"]
    assert "not checked: give the firmware's serial port" in done.out


@needs_qemu
@pytest.mark.qemu
def test_a_board_that_runs_it_is_asked(
    own_bundle: Path, board: Path, tool: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    elf = Path(succeeds("build", own_bundle, "-t", board, "--json").record["elf"])
    with in_qemu(elf) as port:
        plug_in(monkeypatch, (port, "0483:374b", "066B", None))  # found by its USB numbers
        record = succeeds("flash", own_bundle, "-t", board, "--json").record
    assert record["checked"] == {"port": port, "board": "mps2-an386", "self_test": "passed"}


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("name", [target.name for target in list_targets() if target.boots_in])
def test_the_very_firmware_of_a_board_boots_in_a_chip_like_its_own(
    name: str, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Start-up, vectors, stack, line, and one inference to the last bit; of clocks and pins, what
    QEMU has of them."""
    target = load_target(name)
    assert target.boots_in is not None
    assert target.flash is not None
    first = target.flash.tools[0]
    StandIn(tmp_path / "bin", first, output="Flash written and verified! jolly good!\n")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    words = ("convert", "model.tflite", "--calibration", "data.npz", "-q", "-o", "bundle")
    succeeds(*words, "-t", name)
    elf = Path(succeeds("build", "bundle", "--json").record["elf"])
    with in_qemu(elf, target.boots_in.machine, target.boots_in.serial) as port:
        record = succeeds("flash", "bundle", "--tool", first, "-p", port, "--json").record
    assert record["checked"] == {"port": port, "board": name, "self_test": "passed"}


@needs_qemu
@pytest.mark.qemu
def test_old_firmware_is_told_apart(
    own_bundle: Path, board: Path, tool: StandIn, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = succeeds("build", own_bundle, "-t", board, "--model-id", "vww01", "--json").record
    with in_qemu(Path(shutil.copy(old["elf"], desk / "old.elf"))) as port:
        monkeypatch.setattr(flash_check, "STARTS_S", 0.0)
        words = ("flash", own_bundle, "-t", board, "-p", port)
        error = fails(*words, exit_code=1, code="old-firmware")
    assert f"build {old['build_id']}" in error["found"]
    assert "old firmware is still running" in error["found"]
    assert "reset the board" in error["hint"].lower()


@needs_qemu
@pytest.mark.qemu
def test_outputs_that_differ_are_a_mismatch(
    own_bundle: Path, board: Path, tool: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    elf = Path(succeeds("build", own_bundle, "-t", board, "--json").record["elf"])
    real = flash_check.reference_outputs

    def other(*words: object) -> object:
        answers = real(*words)  # type: ignore[arg-type]
        return [[array ^ 1 for array in answer] for answer in answers]

    monkeypatch.setattr(flash_check, "reference_outputs", other)
    with in_qemu(elf) as port:
        words = ("flash", own_bundle, "-t", board, "-p", port)
        error = fails(*words, exit_code=3, code="self-test-failed")
    assert f"--port {port}" in error["hint"]


def test_a_tool_that_fails(own_bundle: Path, board: Path, tool: StandIn, tmp_path: Path) -> None:
    StandIn(tmp_path / "bin", "st-flash", output="Couldn't find any ST-Link devices\n", status=1)
    error = fails("flash", own_bundle, "-t", board, exit_code=1, code="no-probe")
    assert "Couldn't find any ST-Link" in error["found"]
    assert "edgekit doctor" in error["hint"]


def test_a_drive_gets_the_uf2(
    own_bundle: Path, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plug_in(monkeypatch)
    place = desk / "RP2350"
    place.mkdir()
    (place / "INFO_UF2.TXT").write_text("UF2 Bootloader v1.0\nBoard-ID: RP2350\n")
    (desk / "mounts").write_text(f"/dev/sdx1 {place} vfat rw 0 0\n")
    monkeypatch.setattr(drives, "MOUNTS", desk / "mounts")
    record = succeeds("flash", own_bundle, "-t", "pico2", "--tool", "uf2", "--json").record
    image, family = read_uf2((place / "firmware.uf2").read_bytes())
    assert (image.address, family) == (0x1000_0000, 0xE48BFF59)
    assert record["command"] == f"cp {record['file']} {place}/"
    dry = succeeds("flash", own_bundle, "-t", "pico2", "--tool", "uf2", "--dry-run")
    assert dry.out.strip() == f"would run: cp {record['file']} DRIVE/"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("-t", "virtual-m4"), "no-board"),
        (("-t", "rpi4"), "no-board"),
        (("-t", "pico2", "--tool", "bossac"), "flasher-unknown"),
        (("-t", "pico2", "--tool", "uf2", "--probe", "E66"), "probe-unused"),
        (("-t", "grove-vision-ai-v2"), "no-flasher"),
    ],
)
def test_what_cannot_be_flashed(words: tuple[str, ...], code: str, small_bundle: Path) -> None:
    assert fails("flash", small_bundle, *words, exit_code=2, code=code)["hint"]


def test_the_usb_socket_is_not_the_firmwares_line(
    own_bundle: Path, board: Path, tool: StandIn, desk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board.write_text(BOARD + 'bootloader = ["2341:005a"]\n')
    plug_in(monkeypatch, ("/dev/ttyACM0", "2341:005a", "A", None))
    words = ("flash", own_bundle, "-t", board, "-p", "/dev/ttyACM0")
    error = fails(*words, exit_code=1, code="port-of-bootloader")
    assert "serial adapter" in error["hint"]
    assert tool.arguments == []  # said before anything was written


def test_a_tool_that_is_missing(
    own_bundle: Path, board: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgekit.runtime.flash.tools.program_words", lambda row: ())
    done = succeeds("flash", own_bundle, "-t", board, "--dry-run")
    assert done.out.startswith("would run: st-flash --reset write")
    assert done.out.strip().endswith("# st-flash is not installed here")
    error = fails("flash", own_bundle, "-t", board, exit_code=1, code="flasher-missing")
    assert "apt-get install stlink-tools" in error["hint"]
