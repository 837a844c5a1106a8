"""The drivers of cameras as data: what driver.toml states agrees with targets, sensors, formats."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgekit.converter.camera.formats import FORMATS
from edgekit.errors import UsageError
from edgekit.firmware_stubs import cameras
from edgekit.firmware_stubs.cameras import camera_driver, camera_drivers, drivers_of
from edgekit.firmware_stubs.sources import CAMERA
from edgekit.targets.reader import load_target
from tests.helpers.sensor_library import modes

MANUAL = Path(__file__).parents[2] / "docs" / "camera.md"
NAMES = tuple(camera_drivers())
BOARDS = tuple(name for name in NAMES if camera_driver(name).target)


def test_every_folder_with_sources_states_its_driver() -> None:
    assert set(NAMES) == {path.parent.name for path in CAMERA.glob("*/sources.txt")}


@pytest.mark.parametrize("name", BOARDS)
def test_a_driver_is_for_a_target_that_runs_c(name: str) -> None:
    driver = camera_driver(name)
    target = load_target(driver.target)
    assert target.name == driver.target  # no alias
    assert target.port
    assert driver in drivers_of(driver.target)
    assert driver.serves(driver.target)
    assert not driver.serves("virtual-m4")


@pytest.mark.parametrize("name", BOARDS)
def test_its_frames_are_a_mode_of_the_sensor(name: str) -> None:
    driver = camera_driver(name)
    known = {
        (mode.sensor.contents.name.decode(), mode.format.decode(), mode.width, mode.height)
        for mode in modes().values()
    }
    wanted = {(driver.sensor, form, driver.width, driver.height) for form in driver.formats}
    assert wanted
    assert wanted <= known
    assert set(driver.formats) <= set(FORMATS)


def test_the_manual_lists_every_driver_as_it_is() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.split("|")[1:6]] for line in text.splitlines() if "|" in line
    ]
    for name in BOARDS:
        driver = camera_driver(name)
        formats = ", ".join(f"`{form}`" for form in driver.formats)
        size = f"{driver.width}x{driver.height}"
        assert [f"`{name}`", f"`{driver.target}`", driver.sensor, formats, size] in rows


def test_the_manual_lists_every_fault() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    header = (CAMERA / "capture" / "ek_row_source.h").read_text(encoding="utf-8")
    faults = re.findall(r'#define EK_FAULT_\w+ "([^"]+)"', header)
    assert len(faults) == 8
    assert all(f"`{fault}`" in text for fault in faults)


def test_the_virtual_one_takes_any_frame_for_any_target() -> None:
    driver = camera_driver("virtual")
    assert (driver.sensor, driver.formats, driver.width, driver.height) == ("", (), 0, 0)
    assert driver.serves("virtual-m4")
    assert drivers_of("virtual-m4") == ()


def test_an_unknown_driver_is_refused_with_the_names() -> None:
    with pytest.raises(UsageError, match="no driver of that name") as found:
        camera_driver("webcam")
    assert found.value.allowed == ", ".join(NAMES)
    assert found.value.code == "camera-driver-unknown"


def test_a_wrong_key_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "driver.toml").write_text('title = "t"\nexercised = "e"\nformat = "x"\n')
    monkeypatch.setattr(cameras, "CAMERA", tmp_path)
    with pytest.raises(UsageError, match="format") as found:
        cameras.camera_drivers.__wrapped__()
    assert found.value.code == "camera-driver-invalid"
