"""Camera firmware as a user meets it: built, flashed, asked for frames; and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edgekit.converter.camera.formats import FORMATS
from edgekit.converter.camera.gate import GateSetting
from tests.helpers.camera_firmware import BROKEN, MOVING, camera_firmware
from tests.helpers.command_line import fails, succeeds
from tests.helpers.plugged_board import BOARD, in_qemu
from tests.helpers.ptys import firmware_on_pty
from tests.helpers.small_bundles import prepared_by_cropping
from tests.helpers.stand_ins import StandIn
from tests.helpers.virtual_firmware import needs_qemu

needs_arm = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None, reason="no arm-none-eabi-gcc"
)


@pytest.fixture
def bundle(own_bundle: Path) -> Path:
    """A bundle whose model was prepared with pictures cut to its proportions."""
    return prepared_by_cropping(own_bundle)


@needs_arm
def test_the_only_driver_of_a_board_is_built_in(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(bundle.parent)
    words = (
        "build",
        bundle.name,
        "-t",
        "nano33ble",
        "--camera",
        "auto",
        "--region",
        "20,0,120,120",
    )
    record = succeeds(*words, "--gate", "48", "--json").record
    assert record["elf"] == str(bundle / "firmware" / "nano33ble-camera" / "firmware.elf")
    camera = record["camera"]
    assert (camera["driver"], camera["sensor"]) == ("nano33ble_ov7670", "OV7670")
    assert (camera["format"], camera["width"], camera["height"]) == ("rgb565be", 160, 120)
    assert (camera["region"], camera["frame_bytes"]) == ([20, 0, 120, 120], 38400)
    assert (camera["gate"]["enter"], camera["gate"]["leave"]) == (48, 24)
    said = succeeds(*words, "--format", "yuyv").out
    assert "camera: nano33ble_ov7670 (OV7670), 160x120 yuyv, the model sees 20,0,120,120" in said
    assert "never on a board" in said
    assert succeeds("build", bundle, "-t", "nano33ble", "--json").record["camera"] is None


@pytest.mark.parametrize(
    ("words", "code", "allowed"),
    [
        ("-t nano33ble --camera webcam", "camera-driver-unknown", "nano33ble_ov7670"),
        ("-t pico2 --camera nano33ble_ov7670", "camera-target", "virtual"),
        ("-t pico2 --camera auto", "camera-choice", "virtual"),
        ("-t nucleo-h743zi --camera auto", "camera-choice", "nucleo_h743zi_ov7670"),
        ("-t nano33ble --camera auto --format gray8", "camera-format", "rgb565be, yuyv"),
        ("-t nano33ble --camera auto --format png", "frame-format", "yuyv"),
        ("-t nano33ble --camera auto --size 320x240", "camera-size", "160x120"),
        ("-t nano33ble --camera auto --region 100,0,120,120", "frame-region", "within"),
        ("-t nano33ble --gate 48", "camera-options", ""),
        ("-t rpi4 --camera auto", "no-firmware", "Cortex-M"),
    ],
)
@pytest.mark.parametrize("command", ["build", "flash"])
def test_what_does_not_go_together(
    command: str, words: str, code: str, allowed: str, bundle: Path
) -> None:
    if command == "flash" and code == "no-firmware":
        code, allowed = "no-board", ""
    dry = ("--dry-run",) if command == "flash" else ()
    error = fails(command, bundle, *words.split(), *dry, exit_code=2, code=code)
    assert allowed in error["allowed"]
    assert error["hint"]


@needs_arm
def test_a_frame_that_does_not_fit_the_ram(bundle: Path, desk: Path) -> None:
    small = BOARD.replace('start = 0x2000_0000\nsize = "4M"', 'start = 0x2000_0000\nsize = "32K"')
    (desk / "my-board.toml").write_text(small)
    words = ("build", bundle, "-t", "my-board.toml")
    succeeds(*words)
    error = fails(*words, "--camera", "virtual", exit_code=3, code="does-not-fit")
    assert "a frame of 160x120 rgb565be takes 38,400 B of the RAM" in error["found"]


@needs_arm
@needs_qemu
@pytest.mark.qemu
def test_flashed_checked_and_asked(
    bundle: Path, desk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a board that is QEMU behind a pseudo-terminal, with frames over its line."""
    (desk / "my-board.toml").write_text(BOARD)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    StandIn(tmp_path / "bin", "st-flash", output="Flash written and verified! jolly good!\n")
    np.save("noise.npy", np.random.default_rng(1).integers(0, 256, (2, 24, 32, 3), np.uint8))
    camera = ("--camera", "virtual", "--size", "32x24", "--format", "yuyv", "--gate", "16")
    built = succeeds("build", bundle, "-t", "my-board.toml", *camera, "--json").record
    with in_qemu(Path(built["elf"])) as port:
        board = ("-t", "my-board.toml", "-p", port)
        flashed = succeeds("flash", bundle, *board, *camera, "--json").record
        words = ("camera", bundle, *board, "--frames", "noise.npy")
        record = succeeds(*words, "--json").record
        fails("camera", bundle, *board, exit_code=2, code="camera-frames")
    assert flashed["build_id"] == built["build_id"]
    assert flashed["checked"] == {"port": port, "board": "mps2-an386", "self_test": "passed"}
    assert (record["basis"], record["camera"], record["format"]) == ("measured", "virtual", "yuyv")
    assert [frame["equal"] for frame in record["frames"]] == [True, True]
    assert [stage["name"] for stage in record["stages"]] == ["take", "convert", "infer"]


def test_frames_of_a_sensor_come_home(bundle: Path, tmp_path: Path) -> None:
    """The made-up sensor spoils every third frame; the others are compared with the definition."""
    image = camera_firmware(bundle, tmp_path / "fw", MOVING)
    shots = tmp_path / "shots"
    with firmware_on_pty(image.elf) as (port, _):
        words = ("camera", bundle, "-t", "nano33ble", "-p", port, "--count", "5")
        record = succeeds(*words, "--save", shots, "--json").record
        said = succeeds(*words).out
    assert [frame["fault"] for frame in record["frames"]] == ["", "", "short row", "", ""]
    assert [frame["equal"] for frame in record["frames"]] == [True, True, None, True, True]
    assert [stage["samples"] for stage in record["stages"]] == [4, 4, 4]
    assert sorted(path.name for path in shots.iterdir()) == [
        f"{kind}-000{index}.png" for kind in ("frame", "seen") for index in (0, 1, 3, 4)
    ]
    raw = (np.arange(32 * 24 * 2) * 2 % 256).astype(np.uint8).reshape(24, 64)
    assert (np.asarray(Image.open(shots / "frame-0003.png")) == FORMATS["yuyv"].colours(raw)).all()
    assert Image.open(shots / "seen-0000.png").size == (12, 12)
    assert "no frame: short row" in said
    assert "check PCLK and HREF" in said
    assert "equal the NumPy definition" not in said  # nothing was compared
    assert "until the frame was there" in said


def test_the_gate_that_was_built_in_is_on(bundle: Path, tmp_path: Path) -> None:
    gate = GateSetting(enter=16, leave=8, hold=0)
    image = camera_firmware(bundle, tmp_path / "fw", MOVING, gate=gate)
    words = ("camera", bundle, "-t", "nano33ble", "--count", "5", "--json")
    with firmware_on_pty(image.elf) as (port, _):
        built = succeeds(*words, "-p", port, "--save", tmp_path / "shots").record
    with firmware_on_pty(image.elf) as (port, _):
        wide = succeeds(*words, "-p", port, "--gate", "4000").record
        again = succeeds(*words, "-p", port).record  # with its own
    assert [frame["ran"] for frame in built["frames"]] == [True, False, False, True, False]
    assert [frame["equal"] for frame in built["frames"]] == [True, True, None, True, True]
    assert [frame["ran"] for frame in wide["frames"]] == [True, False, False, False, False]
    assert [frame["ran"] for frame in again["frames"]] == [False, True, False, False, True]


def test_a_sensor_that_is_not_there(bundle: Path, tmp_path: Path) -> None:
    image = camera_firmware(bundle, tmp_path / "fw", BROKEN)
    with firmware_on_pty(image.elf) as (port, _):
        words = ("camera", bundle, "-t", "nano33ble", "-p", port)
        error = fails(*words, exit_code=1, code="camera-fault")
    assert "no chip (3 tries)" in error["found"]
    assert "check its power, its clock (XCLK)" in error["hint"]


def test_a_camera_that_keeps_no_frame(bundle: Path, tmp_path: Path) -> None:
    source = MOVING.replace(
        "ek_camera_kept(void) { return frame; }", "ek_camera_kept(void) { return 0; }"
    )
    image = camera_firmware(bundle, tmp_path / "fw", source)
    words = ("camera", bundle, "-t", "nano33ble", "--count", "1", "--save", tmp_path / "shots")
    with firmware_on_pty(image.elf) as (port, _):
        error = fails(*words, "-p", port, exit_code=1, code="no-frame-kept")
    assert "leave --save out" in error["hint"].lower()


def test_firmware_without_a_camera(bundle: Path, tmp_path: Path) -> None:
    from edgekit.firmware_stubs.build import build_posix

    image = build_posix(bundle, tmp_path / "build")
    with firmware_on_pty(image.elf) as (port, _):
        words = ("camera", bundle, "-t", "nano33ble", "-p", port)
        error = fails(*words, exit_code=1, code="no-camera")
    assert "edgekit flash BUNDLE --camera auto" in error["hint"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("", "camera-source"),
        ("--frames x --save shots", "camera-options"),
        ("-t nano33ble -p /dev/null --format yuyv", "camera-options"),
        ("-t nano33ble -p /dev/null --frames x --save shots", "camera-options"),
        ("-t virtual-m4 -p /dev/null", "port-unused"),
    ],
)
def test_options_that_contradict(words: str, code: str, bundle: Path) -> None:
    assert fails("camera", bundle, *words.split(), exit_code=2, code=code)["hint"]
