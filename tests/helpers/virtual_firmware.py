"""Firmware of the hand-made bundles for the virtual boards, built once per test run."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

from edgekit.firmware_stubs.build import build_firmware
from edgekit.firmware_stubs.image import Image
from edgekit.targets.reader import load_target
from tests.helpers.tiny_bundle import loop_bundle, tiny_bundle

BOARDS = tuple(f"virtual-m{core}" for core in (0, 3, 4, 7, 33, 55))

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-system-arm") is None or shutil.which("arm-none-eabi-gcc") is None,
    reason="needs qemu-system-arm and arm-none-eabi-gcc",
)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="edgekit-test-firmware-")


@cache
def bundle(kind: str) -> Path:
    """The "tiny" or the "loop" bundle."""
    make = {"tiny": tiny_bundle, "loop": loop_bundle}[kind]
    return make(Path(_folder().name) / kind)


@cache
def firmware(kind: str, board: str) -> Image:
    """Its firmware for a virtual board."""
    return build_firmware(bundle(kind), load_target(board), Path(_folder().name) / kind / board)
