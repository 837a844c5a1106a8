"""Which camera is built into a firmware: the driver that fits the board, the plan of its frames."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from edgekit.artifacts.bundle import Preprocess
from edgekit.artifacts.files import write_file
from edgekit.converter.camera.emit import emit_plan, has_lanes, work_bytes
from edgekit.converter.camera.formats import frame_format
from edgekit.converter.camera.gate import GateSetting
from edgekit.converter.camera.plan import FramePlan, Region, plan_frames
from edgekit.deploy.bundles import Bundle
from edgekit.errors import DoesNotFitError, UsageError
from edgekit.firmware_stubs.build import Camera
from edgekit.firmware_stubs.cameras import CameraDriver, camera_driver, camera_drivers, drivers_of
from edgekit.targets.model import Target
from edgekit.units import count_text

AUTO = "auto"
"""The only driver there is for the board."""
USUAL_FORMAT, USUAL_SIZE = "rgb565be", (160, 120)
"""Of a driver that takes any."""


@dataclass(frozen=True, slots=True)
class CameraChoice:
    """What a user says of the camera; None: what is usual for the driver.

    `size` is width and height in pixels, `region` the part that the model sees, `gate` what the
    firmware starts with.
    """

    driver: str = AUTO
    format: str | None = None
    size: tuple[int, int] | None = None
    region: Region | None = None
    resample: str = "bilinear"
    gate: GateSetting | None = None


@dataclass(frozen=True, slots=True)
class CameraPart:
    """The camera of a firmware, decided."""

    driver: CameraDriver
    plan: FramePlan
    gate: GateSetting | None
    lanes: bool = False
    """Rows are resized as lanes, which pays with the DSP extension."""

    def written(self, folder: Path) -> Camera:
        """What `build_firmware` takes, after writing the plan's C into `folder`."""
        for name, text in emit_plan(self.plan, gate=self.gate, lanes=self.lanes).items():
            write_file(folder / name, text)
        return Camera(folder.resolve(), self.driver.name)

    def record(self) -> dict[str, Any]:
        """As `--json` prints it; sizes in pixels and bytes."""
        plan = self.plan
        return {
            "driver": self.driver.name,
            "sensor": self.driver.sensor,
            "exercised": self.driver.exercised,
            "format": plan.format.name,
            "width": plan.width,
            "height": plan.height,
            "region": astuple(plan.region),
            "resample": plan.resample,
            "gate": None if self.gate is None else asdict(self.gate),
            "frame_bytes": plan.frame_bytes,
            "work_bytes": sum(work_bytes(plan, lanes=self.lanes and has_lanes(plan)).values()),
        }

    def too_large(self, error: DoesNotFitError) -> DoesNotFitError:
        """The error with what a camera adds to the firmware."""
        plan = self.plan
        return DoesNotFitError(
            error.subject,
            f"{error.found}; a frame of {plan.width}x{plan.height} {plan.format.name} takes "
            f"{count_text(plan.frame_bytes)} B of the RAM",
            allowed=error.allowed,
            hint=error.hint,
        )


def choose_camera(bundle: Bundle, target: Target, choice: CameraChoice) -> CameraPart:
    """The driver and plan for what a user said. Raises UsageError (no such driver, another board's,
    a format or size that its sensor does not send), ModelError, DataError."""
    driver = _driver(target, choice.driver)
    usual = driver.formats[0] if driver.formats else USUAL_FORMAT
    wanted = frame_format(choice.format or usual).name
    if driver.formats and wanted not in driver.formats:
        raise UsageError(
            f"--format {choice.format}",
            f"{driver.name} takes no such frames from its {driver.sensor}",
            allowed=", ".join(driver.formats),
            hint=f"leave --format out for {usual}",
            code="camera-format",
        )
    width, height = _size(driver, choice.size)
    plan = plan_for(bundle, wanted, width, height, choice.region, choice.resample)
    return CameraPart(driver, plan, choice.gate, lanes="dsp" in target.cpu.isa)


def plan_for(
    bundle: Bundle, format: str, width: int, height: int, region: Region | None, resample: str
) -> FramePlan:
    """The plan of frames for a bundle's model, prepared as the bundle was converted."""
    return plan_frames(
        bundle.graph,
        bundle.manifest.preprocess or Preprocess(),
        format=format,
        width=width,
        height=height,
        region=region,
        resample=resample,
    )


def _driver(target: Target, name: str) -> CameraDriver:
    own = drivers_of(target.name)
    if name == AUTO and len(own) == 1:
        return own[0]
    fitting = [driver.name for driver in camera_drivers().values() if driver.serves(target.name)]
    if name == AUTO:
        raise UsageError(
            f"--camera {AUTO}",
            f"{len(own) or 'no'} drivers are made for {target.name}",
            allowed=", ".join(fitting),
            hint="name one; virtual takes frames over the line instead of a sensor's",
            code="camera-choice",
        )
    driver = camera_driver(name)
    if not driver.serves(target.name):
        raise UsageError(
            f"--camera {name}",
            f"is a driver for {driver.target}, not for {target.name}",
            allowed=", ".join(fitting),
            hint=f"name one of these, or build for it: --target {driver.target}",
            code="camera-target",
        )
    return driver


def _size(driver: CameraDriver, size: tuple[int, int] | None) -> tuple[int, int]:
    own = (driver.width, driver.height)
    if not all(own):
        return size or USUAL_SIZE
    if size not in (None, own):
        raise UsageError(
            "--size {}x{}".format(*size or own),
            f"{driver.name} takes frames of one size",
            allowed="{}x{}".format(*own),
            hint="leave --size out; --region names the part that the model sees",
            code="camera-size",
        )
    return own
