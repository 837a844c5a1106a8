"""The camera drivers: a folder of camera/ each, with driver.toml beside the sources.txt."""

from __future__ import annotations

import tomllib
from functools import cache

from edgekit.errors import UsageError
from edgekit.firmware_stubs.sources import CAMERA
from edgekit.targets.explain import validated
from edgekit.targets.model import Strict


class CameraDriver(Strict):
    """What one driver.toml states."""

    name: str
    """Its folder, and what `Camera.driver` takes."""
    title: str
    target: str = ""
    """The profile it is for; empty: any."""
    sensor: str = ""
    """As camera/sensors/ calls it; empty: none, the host puts frames into memory."""
    formats: tuple[str, ...] = ()
    """Formats of frames it can take, as `--format` names them, the usual one first; empty: all."""
    width: int = 0
    """Pixels of a frame; 0: any."""
    height: int = 0
    """Rows of a frame; 0: any."""
    exercised: str
    """What has been tried, and what never."""

    def serves(self, target: str) -> bool:
        """Whether it is for the profile of that name."""
        return self.target in ("", target)


@cache
def camera_drivers() -> dict[str, CameraDriver]:
    """All drivers by name. Raises UsageError naming file and key."""
    found = {}
    for path in sorted(CAMERA.glob("*/driver.toml")):
        table = {"name": path.parent.name, **tomllib.loads(path.read_text(encoding="utf-8"))}
        driver = validated(CameraDriver, path, table, code="camera-driver-invalid")
        found[driver.name] = driver
    return found


def drivers_of(target: str) -> tuple[CameraDriver, ...]:
    """The drivers made for the profile `target`, by name; those for any target are left out."""
    return tuple(driver for driver in camera_drivers().values() if driver.target == target)


def camera_driver(name: str) -> CameraDriver:
    """The driver of that name. Raises UsageError, which lists all."""
    drivers = camera_drivers()
    if name not in drivers:
        raise UsageError(
            f"camera driver {name!r}",
            "no driver of that name",
            allowed=", ".join(drivers),
            hint="a driver is a folder of firmware_stubs/camera/ with a driver.toml",
            code="camera-driver-unknown",
        )
    return drivers[name]
