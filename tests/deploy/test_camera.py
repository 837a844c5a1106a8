"""Frames through the firmware in QEMU, and the same firmware here under the sanitizers."""

from __future__ import annotations

import re
from dataclasses import asdict, replace
from pathlib import Path
from zlib import crc32

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edgekit.artifacts.files import write_file
from edgekit.converter.camera.emit import emit_plan
from edgekit.converter.camera.formats import FORMATS
from edgekit.converter.camera.gate import GateSetting, block_samples, block_sums, decide
from edgekit.converter.camera.plan import FramePlan, convert_frame, resized
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.camera import run_camera
from edgekit.deploy.camera_choice import CameraChoice, choose_camera, plan_for
from edgekit.deploy.camera_run import CameraRun, FrameAnswer
from edgekit.deploy.frames import load_frames
from edgekit.errors import DataError, ProtocolError, UsageError
from edgekit.firmware_stubs.build import Camera, build_firmware, build_posix
from edgekit.firmware_stubs.cameras import camera_driver, camera_drivers
from edgekit.runtime.link.camera import CameraFault, CameraLink
from edgekit.runtime.link.dut import open_dut
from edgekit.targets.reader import load_target
from tests.helpers.camera_firmware import BROKEN, camera_firmware
from tests.helpers.ptys import firmware_on_pty
from tests.helpers.small_bundles import prepared_by_cropping
from tests.helpers.toolchains import require
from tests.helpers.virtual_firmware import needs_qemu


@pytest.fixture
def cropping(own_bundle: Path) -> Path:
    """A bundle whose model was prepared with pictures cut to its proportions."""
    return prepared_by_cropping(own_bundle)


def moving_square(count: int = 8) -> NDArray[np.uint8]:
    """A clip (count, 24, 32, 3): still, then a bright square passes, then still."""
    clip = np.full((count, 24, 32, 3), 40, np.uint8)
    for index in range(3, count - 2):
        clip[index, 8:20, 4 * (index - 2) : 4 * index + 4] = (220, 160, 30)
    return clip


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    np.save(tmp_path / "clip.npy", moving_square())
    return tmp_path / "clip.npy"


def written(plan: FramePlan, folder: Path) -> Path:
    """The folder with the C of a plan."""
    for name, text in emit_plan(plan).items():
        write_file(folder / "plan" / name, text)
    return folder / "plan"


@pytest.mark.parametrize("format", ["rgb565le", "yuyv", "grbg"])
def test_the_firmware_here_converts_and_decides_as_numpy(
    format: str, cropping: Path, clip: Path, tmp_path: Path
) -> None:
    """Under the address and undefined-behaviour sanitizers, frames sent over the line."""
    plan = plan_for(open_bundle(cropping), format, 32, 24, None, "bilinear")
    camera = Camera(written(plan, tmp_path))
    image = build_posix(cropping, tmp_path / "build", sanitize=True, camera=camera)
    frames = load_frames(clip, plan.format, 32, 24)
    setting = GateSetting(enter=48, leave=16, hold=0)
    pictures = [block_sums(resized(plan, raw)) for raw in frames.raw]
    decisions = decide(setting, pictures, block_samples(plan.shape))
    with firmware_on_pty(image.elf) as (port, _), open_dut(port) as dut:
        extension = dut.extension()
        link = CameraLink(extension, int(extension.info()["frame"]) - 4)
        facts = link.facts()
        link.set_gate(**asdict(setting))
        found = []
        for raw in frames.raw:
            link.write_frame(raw.tobytes())
            found.append(link.capture(gated=True))
    assert (facts["camera"], facts["format"], facts["width"]) == ("virtual", format, "32")
    assert [(taken.ran, taken.changed) for taken in found] == [
        (decision.run, decision.changed) for decision in decisions
    ]
    assert [taken.input_crc for taken in found] == [
        crc32(convert_frame(plan, raw).tobytes()) for raw in frames.raw
    ]
    assert {decision.run for decision in decisions} == {True, False}


def test_the_firmware_refuses_settings_and_bytes_outside(cropping: Path, tmp_path: Path) -> None:
    plan = plan_for(open_bundle(cropping), "gray8", 16, 16, None, "nearest")
    camera = Camera(written(plan, tmp_path))
    image = build_posix(cropping, tmp_path / "build", sanitize=True, camera=camera)
    with firmware_on_pty(image.elf) as (port, _), open_dut(port) as dut:
        extension = dut.extension()
        link = CameraLink(extension, int(extension.info()["frame"]) - 4)
        with pytest.raises(ProtocolError, match="outside what the model has"):
            link.set_gate(10, 11, 1, 0, 0)
        with pytest.raises(ProtocolError, match="outside what the model has"):
            link.write_frame(bytes(257))


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("format", sorted(FORMATS))
def test_every_format_on_a_virtual_board_equals_the_reference(
    format: str, cropping: Path, tmp_path: Path
) -> None:
    """Random pictures; inputs, outputs and the gate's decisions are compared frame by frame."""
    rng = np.random.default_rng(7)
    np.save(tmp_path / "noise.npy", rng.integers(0, 256, (3, 24, 32, 3), np.uint8))
    run = run_camera(cropping, tmp_path / "noise.npy", format=format, width=32, height=24)
    assert run.verdict() is None
    assert [frame.ran for frame in run.frames] == [True] * 3
    assert all(frame.convert > 0 and frame.infer > 0 for frame in run.frames)
    assert (run.unit, run.basis) == ("instructions", "simulated")


@needs_qemu
@pytest.mark.qemu
def test_a_gated_run_skips_still_frames(cropping: Path, clip: Path) -> None:
    gate = GateSetting(enter=48, leave=16, hold=0)
    run = run_camera(cropping, clip, width=32, height=24, gate=gate)
    assert run.verdict() is None
    assert [frame.ran for frame in run.frames[:3]] == [True, False, False]
    assert run.frames[3].ran
    assert run.frames[1].infer == 0
    assert run.frames[1].label == run.frames[0].label


@pytest.mark.parametrize(
    ("target", "format", "resample", "reads"),
    [
        ("virtual-m4", "rgb565be", "bilinear", ".lanes = ek_lanes_rgb565be"),
        ("virtual-m4", "yuyv", "box", ".lanes = ek_lanes_yuyv"),
        ("virtual-m4", "grbg", "bilinear", ".lanes = ek_lanes_grbg"),
        ("virtual-m4", "gray8", "bilinear", ".unpack = 0"),
        ("virtual-m4", "rgb565be", "nearest", ".unpack = ek_unpack_rgb565be_rgb"),
        ("virtual-m3", "rgb565be", "bilinear", ".unpack = ek_unpack_rgb565be_rgb"),
    ],
)
def test_rows_are_resized_as_lanes_where_that_pays(
    target: str, format: str, resample: str, reads: str, cropping: Path, tmp_path: Path
) -> None:
    """Cores with the DSP extension, colours, weights below one; grey rows are resized as they
    come."""
    choice = CameraChoice("virtual", format, resample=resample)
    part = choose_camera(open_bundle(cropping), load_target(target), choice)
    part.written(tmp_path)
    source = (tmp_path / "ek_camera_plan.c").read_text(encoding="utf-8")
    assert f".kept = {part.plan.down.most}, {reads}," in source


def test_a_frame_that_differs_is_a_verdict() -> None:
    run = CameraRun(
        model="m",
        target="virtual-m4",
        device="QEMU",
        camera="virtual",
        format="gray8",
        width=8,
        height=8,
        work_bytes=10,
        unit="instructions",
        hz=0,
        basis="simulated",
        frames=(),
    )
    assert run.verdict() is None
    good = FrameAnswer("a.png", True, 0, 0.0, 1.0, 2.0, "star", 0.9, True)
    bad = replace(good, name="b.png", equal=False)
    wrong = replace(run, frames=(good, bad)).verdict()
    assert wrong is not None
    assert wrong.code == "camera-mismatch"
    assert "1 of 2 frames differ from the reference: b.png" in str(wrong)


def test_frames_of_a_folder_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name, level in (("b.png", 200), ("a.png", 10)):
        Image.fromarray(np.full((30, 40), level, np.uint8)).save(tmp_path / name)
    frames = load_frames(tmp_path, FORMATS["gray8"], 20, 10)
    assert frames.names == ("a.png", "b.png")
    assert [int(raw.max()) for raw in frames.raw] == [10, 200]
    assert len(load_frames(tmp_path, FORMATS["gray8"], 20, 10, limit=1).raw) == 1


def test_what_holds_no_frames_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pictures in it") as found:
        load_frames(tmp_path, FORMATS["gray8"], 8, 8)
    assert found.value.code == "no-frames"
    np.save(tmp_path / "floats.npy", np.zeros((2, 8, 8)))
    with pytest.raises(DataError, match=r"float64 \[2, 8, 8\]"):
        load_frames(tmp_path / "floats.npy", FORMATS["gray8"], 8, 8)
    with pytest.raises(DataError, match="cannot be read"):
        load_frames(tmp_path / "missing.npy", FORMATS["gray8"], 8, 8)


def test_only_virtual_boards_take_frames(cropping: Path, clip: Path) -> None:
    with pytest.raises(UsageError, match="a real board"):
        run_camera(cropping, clip, target="nano33ble")


def test_a_camera_without_a_frame_says_why(cropping: Path, tmp_path: Path) -> None:
    """And nothing is inferred from what is not there."""
    image = camera_firmware(cropping, tmp_path / "fw", BROKEN)
    with firmware_on_pty(image.elf) as (port, _), open_dut(port) as dut:
        extension = dut.extension()
        link = CameraLink(extension, int(extension.info()["frame"]) - 4)
        assert link.facts()["fault"] == ""
        with pytest.raises(CameraFault, match="the camera gives no frame: no chip") as found:
            link.capture(gated=False)
        assert (found.value.code, found.value.reason) == ("camera-fault", "no chip")
        assert "check its power" in found.value.hint
        with pytest.raises(ProtocolError, match="keeps no frame") as none:
            link.read_frame()
        assert none.value.code == "no-frame-kept"


DRIVERS = [driver for driver in camera_drivers().values() if driver.target]
BUILDS = {(driver.name, driver.formats[0]) for driver in DRIVERS} | {
    (name, format)
    for (_, format), name in {(d.sensor, f): d.name for d in DRIVERS for f in d.formats}.items()
}
"""Each driver with its usual format, each format of a sensor once."""


@pytest.mark.parametrize(
    ("name", "format"),
    [
        pytest.param(name, format, marks=() if format in usual else pytest.mark.slow)
        for name, format in sorted(BUILDS)
        for usual in [{d.formats[0] for d in DRIVERS if d.name == name}]
    ],
)
def test_a_driver_builds_for_its_board(
    name: str, format: str, cropping: Path, tmp_path: Path
) -> None:
    """With the build's own warnings as errors; its frame and the model fit the memories, read from
    the ELF, and the frame lies where DMA reaches it."""
    require("arm-none-eabi-gcc")
    driver = camera_driver(name)
    plan = plan_for(open_bundle(cropping), format, driver.width, driver.height, None, "bilinear")
    target = load_target(driver.target)
    image = build_firmware(
        cropping, target, tmp_path / "build", camera=Camera(written(plan, tmp_path), name)
    )
    symbols = image.sizes.symbols
    mode = re.compile(f"ek_{driver.sensor.lower()}_(serial_)?qqvga_{format.removesuffix('be')}")
    assert any(map(mode.fullmatch, symbols))
    assert {"ek_driver", "ek_camera_begin", "ek_sensor_begin"} <= symbols.keys()
    for memory in image.memories:
        assert memory.used <= memory.size
    frame, largest = symbols["ek_driver_frame"], max(target.rams, key=lambda memory: memory.size)
    assert not largest.tightly_coupled
    assert largest.start <= frame < largest.start + largest.size
    assert frame % 32 == 0
