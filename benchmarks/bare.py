"""What the engine takes alone: a program of start-up code, the model's C, an arena, one inference.

The benchmark firmware holds a serial protocol and a copy of the input besides. This program has
neither, as the programs behind baselines.toml had none; no figure is subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from edgekit.artifacts.bundle import Manifest
from edgekit.firmware_stubs.build import SECTIONS, WARNINGS, Plan, cortex_m_link, image_of, make
from edgekit.firmware_stubs.image import Image
from edgekit.firmware_stubs.sources import (
    Unit,
    digest,
    memory_script,
    model_includes,
    model_units,
)
from edgekit.firmware_stubs.toolchains import find_toolchain
from edgekit.targets.model import Target

HERE = Path(__file__).parent
SIZES = ("ARENA_SIZE", "INPUT_SIZE", "OUTPUT_SIZE")
CALLS = ("init", "input", "invoke", "output")


@dataclass(frozen=True, slots=True)
class BareSize:
    """Bytes of the linked program. `ram` is .data + .bss: engine, arena and scratch, the stack's
    reservation excluded. `code` is all flash but weights, biases and factors; `engine` is the part
    of it that kernels and the model's own C are."""

    ram: int
    flash: int
    weights: int
    code: int
    engine: int


def bare_size(bundle: Path, manifest: Manifest, target: Target, out: Path) -> BareSize:
    """Build the program of a bundle in `out` and read its sizes from the ELF."""
    image = _build(bundle, manifest, target, out)
    flash = {name: size.flash for name, size in image.groups.items()}
    weights = flash.get("weights", 0)
    return BareSize(
        ram=image.ram_bytes - image.stack_bytes,
        flash=image.flash_bytes,
        weights=weights,
        code=image.flash_bytes - weights,
        engine=flash.get("kernels", 0) + flash.get("model", 0),
    )


def _build(bundle: Path, manifest: Manifest, target: Target, out: Path) -> Image:
    out.mkdir(parents=True, exist_ok=True)
    (out / "bare_model.h").write_text(_header(manifest.name), encoding="utf-8")
    units = (*model_units(bundle, manifest), Unit("app", HERE / "bare_main.c"))
    folders = (*model_includes(bundle), out.resolve())
    flags = (*target.cpu.flags, *WARNINGS, target.cpu.optimization, *SECTIONS)
    toolchain = find_toolchain(target.cpu.toolchain)
    plan = Plan(
        subject=f"bare program for {target.name}",
        out=out.resolve(),
        file="bare.elf",
        toolchain=toolchain,
        units=units,
        flags=(*flags, *(f"-I{folder}" for folder in folders)),
        app_flags=("-Os",),
        link=(*flags, *cortex_m_link(target)),
        build_id=digest(units, folders, (toolchain.version, *flags)),
    )
    make(plan, memory_script(target))
    return image_of(plan, target, manifest, target.cpu.optimization)


def _header(name: str) -> str:
    """Short names for the model's own."""
    sizes = [f"#define MODEL_{what} {name.upper()}_{what}" for what in SIZES]
    calls = [f"#define MODEL_{what.upper()} {name}_{what}" for what in CALLS]
    return "\n".join([f'#include "{name}.h"', *sizes, *calls]) + "\n"
