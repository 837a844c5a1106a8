"""Which files make a program, and which definitions they are compiled with."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.artifacts.bundle import ArenaBlock, Manifest
from edgekit.errors import ModelError, ToolError, UsageError
from edgekit.targets.model import Memory, Target

HERE = Path(__file__).parent
APP = HERE / "app"
CAMERA = HERE / "camera"
INCLUDE = HERE / "include"
PORT = HERE / "port"

LOADS = {"": "RAW", "kws01": "RAW", "vww01": "U8", "ic01": "U8", "ad01": "F32"}
"""MLPerf Tiny model id -> what its host sends with `db` (EK_LOAD_* in ek_config.h)."""

SMALL_RAM = 64 << 10
"""Boards with less RAM get short frames."""
HOSTED_FRAME = 16384
"""Bytes of a frame where memory is no matter."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One C file and the group its bytes are counted in."""

    group: str
    path: Path


def model_units(bundle: Path, manifest: Manifest) -> tuple[Unit, ...]:
    """The C files of a bundle. Raises ModelError when it has none."""
    folder = bundle / "c"
    files = sorted(folder.glob("*.c"))
    kernels = sorted(folder.glob("kernels/*/*.c"))
    if not any(file.stem == manifest.name for file in files):
        raise ModelError(
            str(bundle),
            f"no c/{manifest.name}.c in it",
            hint="convert for a target that runs C: edgekit convert MODEL --target virtual-m4",
            code="bundle-without-c",
        )
    own = (Unit(_model_group(file.stem, manifest.name), file) for file in files)
    return (*own, *(Unit("kernels", file) for file in kernels))


def model_includes(bundle: Path) -> tuple[Path, ...]:
    """The folders a bundle's C finds its headers in."""
    folder = bundle.resolve() / "c"
    return tuple(path for path in (folder, folder / "include") if path.is_dir())


def _model_group(stem: str, name: str) -> str:
    return {name: "model", f"{name}_weights": "weights"}.get(stem, "kernels")


def app_units() -> tuple[Unit, ...]:
    """The C files of the application."""
    return tuple(Unit("app", path) for path in sorted(APP.glob("*.c")))


def camera_units(plan: Path, driver: str) -> tuple[Unit, ...]:
    """The C files of a camera: conversion, gate, application, `driver`, and the folder `plan` with
    the generated ek_camera_plan.c."""
    parts = sorted(CAMERA.glob("*.c"))
    parts += [plan / "ek_camera_plan.c"]
    own = (*sorted(CAMERA.glob("app/*.c")), *driver_files(driver))
    return (*(Unit("camera", path) for path in parts), *(Unit("app", path) for path in own))


def driver_files(driver: str) -> tuple[Path, ...]:
    """The C files of a camera's driver."""
    return _listed(CAMERA / driver)


def camera_folders(plan: Path, driver: str) -> tuple[Path, ...]:
    """The folders that the C files of `camera_units` find their headers in."""
    parts = (CAMERA, CAMERA / "app", CAMERA / "capture", CAMERA / "sensors")
    own = {path.parent for path in driver_files(driver)}
    return (plan, *parts, *sorted(own.difference(parts)))


def port_units(port: str) -> tuple[Unit, ...]:
    """The C files named by a port's sources.txt. Raises ToolError when there is no such port."""
    folder = PORT / port
    listing = folder / "sources.txt"
    if not port or not listing.is_file():
        ports = sorted(path.parent.relative_to(PORT).as_posix() for path in _listings())
        raise ToolError(
            f"port {port or '(none)'}",
            "no firmware for this target yet",
            allowed=", ".join(ports),
            hint="write the seven functions of firmware_stubs/include/ek_port.h for the board",
            code="no-port",
        )
    return tuple(Unit("port", path) for path in _listed(folder))


def _listed(folder: Path) -> tuple[Path, ...]:
    """The files that a folder's sources.txt names."""
    names = (folder / "sources.txt").read_text(encoding="utf-8").split()
    return tuple((folder / name).resolve() for name in names)


def _listings() -> Iterable[Path]:
    return PORT.rglob("sources.txt")


def app_defines(
    manifest: Manifest, target: Target, *, model_id: str, profile: bool, hosted: bool = False
) -> tuple[str, ...]:
    """-D flags of the application, the build id apart; `hosted` for one with an operating system.

    Raises UsageError for an unknown MLPerf Tiny model id, ModelError for a bundle without a
    memory plan.
    """
    if model_id not in LOADS:
        known = ", ".join(sorted(filter(None, LOADS)))
        raise UsageError(
            f"model id {model_id!r}",
            "no benchmark of MLPerf Tiny",
            allowed=known,
            hint="leave --model-id out for any other model",
            code="model-id",
        )
    load = LOADS[model_id] if manifest.inputs[0].dtype == "int8" else "RAW"
    values = {
        "EK_MODEL": f"{manifest.name}_model",
        "EK_ARENA_BYTES": str(arena_bytes(manifest)),
        "EK_INPUT_BYTES": str(sum(tensor.bytes for tensor in manifest.inputs)),
        "EK_MAX_STEPS": str(max(1, len(manifest.steps))),
        "EK_MODEL_ID": _quoted(model_id or "unknown"),
        "EK_LOAD": f"EK_LOAD_{load}",
        "EK_ISA": _quoted(target.cpu.name),
        "EK_FRAME_BYTES": str(HOSTED_FRAME if hosted else _frame_bytes(target)),
    }
    flags = [f"-D{key}={value}" for key, value in values.items()]
    flags += ["-DEK_HOSTED"] * hosted
    flags += arena_defines(manifest)
    flags += ["-DEK_PROFILE"] * profile + ["-DEK_SEMIHOSTING"] * (target.emulator is not None)
    return tuple(flags)


def _frame_bytes(target: Target) -> int:
    return 256 if 0 < target.total("ram") < SMALL_RAM else 1024


def arena_bytes(manifest: Manifest) -> int:
    """Bytes of the model's arena. Raises ModelError for a bundle without a memory plan."""
    if manifest.memory is None:
        raise ModelError(
            manifest.name,
            "the bundle has no memory plan",
            hint="convert for a target that runs C: edgekit convert MODEL --target virtual-m4",
            code="bundle-without-c",
        )
    return max(16, manifest.memory.arena_bytes)


def arena_defines(manifest: Manifest) -> list[str]:
    """-D flags that name the blocks of an arena in stated memories; none for one block."""
    blocks = manifest.memory.blocks if manifest.memory is not None else ()
    if not blocks:
        return []
    listed = " ".join(f"EK_BLOCK({i}, {max(16, b.bytes)})" for i, b in enumerate(blocks))
    return [f"-DEK_ARENA_BLOCKS={listed}"] + ["-DEK_SPLIT"] * (len(blocks) > 1)


def _quoted(text: str) -> str:
    return f'"{text}"'


def memory_script(target: Target, blocks: Sequence[ArenaBlock] = ()) -> str:
    """The linker's MEMORY command for a target's memories, and where `blocks` of the arena go.

    Vectors go to the first flash listed, code and constants to the largest, everything
    writable to the largest RAM, but for blocks of the arena planned for another. Raises ToolError
    where the target has no such memory.
    """
    flashes = [memory for memory in target.memories if memory.kind == "flash"]
    rams = target.rams
    if not flashes or not rams:
        raise ToolError(
            target.name,
            "the profile lists no flash or no RAM",
            hint="add [[memories]] of both kinds to it (docs/targets.md)",
            code="no-memories",
        )
    places = {"FLASH": max(flashes, key=_size), "RAM": max(rams, key=_size)}
    boot = flashes[0]
    if boot is not places["FLASH"]:
        places["BOOT"] = boot
    apart = _apart(target, blocks, places["RAM"])
    places |= {section.region: section.memory for section in apart}
    rows = [
        f"    {name} ({'rwx' if name.startswith('RAM') else 'rx'}) :"
        f" ORIGIN = {memory.start:#010x}, LENGTH = {memory.size:#x} /* {memory.name} */"
        for name, memory in places.items()
    ]
    alias = [] if "BOOT" in places else ['REGION_ALIAS("BOOT", FLASH)']
    return "\n".join(["MEMORY", "{", *rows, "}", *alias, *_sections(apart)]) + "\n"


@dataclass(frozen=True, slots=True)
class _Section:
    """A block of the arena in a memory of its own."""

    block: int
    memory: Memory

    @property
    def region(self) -> str:
        return f"RAM_{self.block}"


def _apart(target: Target, blocks: Sequence[ArenaBlock], main: Memory) -> list[_Section]:
    by_name = {memory.name: memory for memory in target.rams}
    missing = [block.memory for block in blocks if block.memory not in by_name]
    if missing:
        raise ToolError(
            target.name,
            f"the bundle's arena was planned for a memory {missing[0]!r}, which it does not have",
            allowed=", ".join(by_name),
            hint="convert for this target: edgekit convert MODEL --target " + target.name,
            code="no-such-memory",
        )
    found = [_Section(index, by_name[block.memory]) for index, block in enumerate(blocks)]
    return [section for section in found if section.memory is not main]


def _sections(apart: Sequence[_Section]) -> list[str]:
    """Output sections that the linker fills before those of link.ld."""
    if not apart:
        return []
    rows = [
        f"    .arena.{s.block} (NOLOAD) : ALIGN(16) {{ *(.bss.ek_arena.{s.block}) }} > {s.region}"
        for s in apart
    ]
    return ["SECTIONS", "{", *rows, "}"]


def _size(memory: object) -> int:
    return int(memory.size)  # type: ignore[attr-defined]


def digest(units: Iterable[Unit], folders: Iterable[Path], words: Iterable[str]) -> str:
    """16 hexadecimal digits over the files, the headers and scripts of folders, and words."""
    total = hashlib.sha256()
    headers = [path for folder in folders for path in sorted(folder.glob("*.[h]"))]
    headers += [path for folder in folders for path in sorted(folder.glob("*.ld"))]
    for path in [*(unit.path for unit in units), *headers]:
        data = path.read_bytes()
        total.update(f"{path.name} {len(data)}\n".encode())
        total.update(data)
    for word in words:
        total.update(f"{word}\0".encode())
    return total.hexdigest()[:16]
