"""A bundle whose arena lies in two memories, and the boards it is made for."""

from __future__ import annotations

from pathlib import Path

import edgekit as sdk
from edgekit.converter.options import ConvertOptions
from edgekit.converter.tflite.writer import write_tflite
from tests.helpers.striped import mobile

BOARD = """
extends = "{base}"
name = "two-rooms"
title = "a board with two small RAMs"
[[memories]]
name = "code"
kind = "flash"
start = 0x0
size = "512K"
[[memories]]
name = "main RAM"
kind = "ram"
start = {main:#x}
size = {size}
[[memories]]
name = "DTCM"
kind = "ram"
start = {fast:#x}
size = {coupled}
tightly_coupled = true
"""
STARTS = {"virtual-m55": (0x3100_0000, 0x2000_0000), "virtual-m7": (0x2000_0000, 0x2020_0000)}
"""Where QEMU has RAM. The Cortex-M7's board has one: its other half stands in for a second."""


def board(folder: Path, base: str = "virtual-m55", size: int = 0x8000, coupled: int = 9000) -> Path:
    """The profile of a board with `size` bytes of RAM and `coupled` bytes of faster RAM."""
    main, fast = STARTS[base]
    path = folder / f"{base}-{size}-{coupled}.toml"
    text = BOARD.format(base=base, main=main, fast=fast, size=size, coupled=coupled)
    path.write_text(text, encoding="utf-8")
    return path


def split_bundle(folder: Path, profile: Path, arena: str = "auto", budget: int = 0) -> Path:
    """The small MobileNet, converted for such a board."""
    model, out = folder / "mobile.tflite", folder / f"bundle-{profile.stem}"
    model.write_bytes(write_tflite(mobile()))
    options = ConvertOptions(arena=arena, ram_budget=budget or None)
    sdk.convert(model, target=str(profile), output_dir=out, options=options)
    return out
