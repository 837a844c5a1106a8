"""Camera firmware on this machine with a sensor that is made up: C drivers for the tests."""

from __future__ import annotations

from pathlib import Path

from edgekit.converter.camera.gate import GateSetting
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.camera_choice import CameraPart, plan_for
from edgekit.firmware_stubs.build import Camera, build_posix
from edgekit.firmware_stubs.cameras import camera_driver
from edgekit.firmware_stubs.image import Image

MOVING = """
#include <string.h>

#include "ek_camera.h"
#include "ek_camera_plan.h"

const char ek_camera_name[] = "moving";
static uint8_t frame[EK_CAMERA_PLAN_FRAME_BYTES];
static uint32_t asked;

const char *ek_camera_begin(void)
{
    if (++asked % 3 == 0) return "short row";
    for (uint32_t i = 0; i < sizeof frame; i++) frame[i] = (uint8_t)(i * (asked / 3 + 1));
    return 0;
}

const uint8_t *ek_camera_row(void *camera, uint32_t y)
{
    (void)camera;
    return frame + y * EK_CAMERA_PLAN_STRIDE;
}

uint8_t *ek_camera_frame_memory(void) { return 0; }
const uint8_t *ek_camera_kept(void) { return frame; }
"""
"""A sensor whose every third frame is spoilt; the picture changes after that."""

BROKEN = """
#include "ek_camera.h"
const char ek_camera_name[] = "broken";
const char *ek_camera_begin(void) { return "no chip"; }
const uint8_t *ek_camera_row(void *camera, uint32_t y) { (void)y; return camera; }
uint8_t *ek_camera_frame_memory(void) { return 0; }
const uint8_t *ek_camera_kept(void) { return 0; }
"""
"""A sensor that is not there."""


def camera_firmware(
    bundle: Path,
    folder: Path,
    source: str = "",
    *,
    format: str = "yuyv",
    size: tuple[int, int] = (32, 24),
    gate: GateSetting | None = None,
) -> Image:
    """The firmware of a bundle for this machine, with the driver `source` (default: virtual)."""
    plan = plan_for(open_bundle(bundle), format, *size, None, "bilinear")
    camera = CameraPart(camera_driver("virtual"), plan, gate).written(folder / "plan")
    if source:
        driver = folder / "driver"
        driver.mkdir(parents=True)
        (driver / "driver.c").write_text(source, encoding="utf-8")
        (driver / "sources.txt").write_text("driver.c\n", encoding="utf-8")
        camera = Camera(camera.plan, str(driver))
    return build_posix(bundle, folder / "build", sanitize=True, camera=camera)
