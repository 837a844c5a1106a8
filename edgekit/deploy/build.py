"""Build the program of a bundle: firmware, or a runner for targets with an operating system."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgekit.artifacts.files import cannot_write, check_writable, scratch_folder
from edgekit.deploy.bundles import Bundle, open_bundle
from edgekit.deploy.camera_choice import CameraChoice, choose_camera
from edgekit.errors import DoesNotFitError, ToolError, UsageError
from edgekit.firmware_stubs.build import build_firmware, build_host_library
from edgekit.firmware_stubs.image import Image
from edgekit.firmware_stubs.runner import build_runner_image
from edgekit.targets.model import Target
from edgekit.units import count_text

if TYPE_CHECKING:
    from edgekit.runtime.engine.native import NativeModel

LEAST_SPACE = 1 << 20
"""Bytes that must be free for a failed build to be the compiler's own fault."""


def build(
    bundle: str | Path,
    *,
    target: str | Target | None = None,
    output_dir: str | Path | None = None,
    model_id: str = "",
    boot_energy: bool = False,
    camera: CameraChoice | None = None,
) -> Image:
    """Compile a bundle's program for `target` (default: the bundle's) into `output_dir`.

    That is firmware for a Cortex-M; for a Raspberry Pi or a phone a runner, one statically linked
    file. `boot_energy` firmware starts in MLPerf Tiny's energy mode, with `camera` it takes frames.
    Raises UsageError for the host, which needs neither, for what only firmware has, and for a
    camera that does not go with target and model; ToolError (compiler missing, no port);
    DoesNotFitError when the linked image is larger than the target.
    """
    opened = open_bundle(bundle)
    profile = opened.target(target)
    kind = program_kind(profile)
    if kind == "runner":
        _check_runner(profile, model_id, boot_energy=boot_energy, camera=camera is not None)
    part = choose_camera(opened, profile, camera) if camera is not None else None
    own = opened.folder / kind / (profile.name + "-camera" * (part is not None))
    out = Path(output_dir) if output_dir else own
    check_writable(out)
    try:
        with _gone_if_interrupted(out):
            if kind == "runner":
                image = build_runner_image(opened.folder, profile, out)
            else:
                image = build_firmware(
                    opened.folder,
                    profile,
                    out,
                    model_id=model_id,
                    boot_energy=boot_energy,
                    camera=part.written(out / "camera") if part is not None else None,
                )
        check_image(image, profile)
    except DoesNotFitError as error:
        raise error if part is None else part.too_large(error) from None
    except OSError as error:  # a full disk
        raise cannot_write(out, error) from error
    except ToolError as error:  # compilers blame other things for it
        full = ("compile-failed", "disk-full")
        if error.code in full and shutil.disk_usage(out).free < LEAST_SPACE:
            raise cannot_write(out, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))) from error
        raise
    return image if part is None else replace(image, camera=part.record())


def _check_runner(target: Target, model_id: str, *, boot_energy: bool, camera: bool) -> None:
    """Raise UsageError where a program of an operating system is asked for what firmware has."""
    asked = {f"--model-id {model_id}": model_id, "--boot-energy": boot_energy, "--camera": camera}
    for option in (option for option, given in asked.items() if given):
        raise UsageError(
            option,
            f"{target.name} runs no firmware that could do so",
            allowed="Cortex-M targets",
            hint=f"leave {option.split()[0]} out",
            code="no-firmware",
        )


@contextmanager
def _gone_if_interrupted(out: Path) -> Iterator[None]:
    """After Ctrl-C a folder that the block made is gone; one that was there is as usable as
    before, because an unfinished program is not taken for a finished one."""
    new = not out.exists()
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        if new:
            shutil.rmtree(out, ignore_errors=True)
        raise


def program_kind(target: Target) -> str:
    """ "firmware" or "runner": what `build` makes for a target. Raises UsageError for the host."""
    if target.family == "cortex-m":
        return "firmware"
    if target.cpu.toolchain != "native" and "c" in target.formats:
        return "runner"
    raise UsageError(
        f"target {target.name}",
        f"it runs no firmware: its family is {target.family}",
        allowed="Cortex-M targets, Raspberry Pi, Android",
        hint="run `edgekit bench` for it directly",
        code="no-firmware",
    )


@contextmanager
def build_folder(kind: str, advice: str) -> Iterator[Path]:
    """A folder for a build that is gone afterwards; an error that sends the reader to a log in
    it gives `advice` instead."""
    with scratch_folder(f"edgekit-{kind}-") as folder:
        try:
            yield folder
        except (ToolError, DoesNotFitError) as error:
            if str(folder) not in error.hint:
                raise
            raise type(error)(
                error.subject, error.found, allowed=error.allowed, hint=advice, code=error.code
            ) from None


def build_advice(bundle: Bundle, target: Target) -> str:
    """How to get at a compiler's messages."""
    return f"run `edgekit build {bundle.folder} --target {target.name}`: it keeps all messages"


def check_image(image: Image, target: Target) -> None:
    """Raise DoesNotFitError when the linked image exceeds the target's memories."""
    needs = [
        (what, needed, target.total(kind))
        for what, needed, kind in (
            ("flash", image.flash_bytes, "flash"),
            ("RAM", image.ram_bytes, "ram"),
        )
    ]
    needs += [(memory.name, memory.used, memory.size) for memory in image.memories]
    for what, needed, available in needs:
        if available and needed > available:
            raise DoesNotFitError(
                f"{image.name} on {target.name}",
                f"the image needs {count_text(needed)} B of {what}",
                allowed=f"{count_text(available)} B",
                hint="convert a smaller model, or choose a larger target (`edgekit targets`)",
            )


def native_model(bundle: Bundle, *, native: bool = False) -> NativeModel:
    """The bundle's C, compiled for this machine and loaded; the library file is gone again.

    Raises ToolError without a compiler, ModelError for a bundle without C.
    """
    from edgekit.runtime.engine.native import NativeModel

    manifest = bundle.manifest
    advice = "convert again: the bundle's C is not as `edgekit convert` wrote it"
    with build_folder("native", advice) as folder:
        library = build_host_library(bundle.folder, folder, native=native)
        return NativeModel(
            library, manifest.name, model_sha256=manifest.model_sha256, isa=bundle.isa
        )


def image_record(image: Image) -> dict[str, Any]:
    """An image as `--json` prints it; sizes in bytes."""
    return {
        "elf": str(image.elf),
        "target": image.target,
        "build_id": image.build_id,
        "toolchain": image.toolchain,
        "optimization": image.optimization,
        "flash_bytes": image.flash_bytes,
        "ram_bytes": image.ram_bytes,
        "stack_bytes": image.stack_bytes,
        "sections": image.sections,
        "groups": {
            name: {"flash": size.flash, "ram": size.ram} for name, size in image.groups.items()
        },
        "memories": {
            memory.name: {"kind": memory.kind, "used": memory.used, "size": memory.size}
            for memory in image.memories
        },
        "camera": dict(image.camera) or None,
    }


def image_rows(image: Image) -> list[tuple[str, str, str]]:
    """(part, flash, RAM) by origin, the total last; bytes."""
    rows = [
        (name, count_text(size.flash), count_text(size.ram)) for name, size in image.groups.items()
    ]
    return [*rows, ("total", count_text(image.flash_bytes), count_text(image.ram_bytes))]


def memory_rows(image: Image) -> list[tuple[str, str, str]]:
    """(memory, bytes used, bytes it has) of a firmware's target; empty for other programs."""
    return [
        (f"{memory.name} ({'RAM' if memory.kind == 'ram' else memory.kind})",
         count_text(memory.used), count_text(memory.size))
        for memory in image.memories
    ]  # fmt: skip


def image_sizes(image: Image) -> dict[str, int]:
    """Bytes as a report records them: totals, and flash and RAM by origin."""
    sizes = {"flash.total": image.flash_bytes, "ram.total": image.ram_bytes}
    for name, size in image.groups.items():
        if size.flash:
            sizes[f"flash.{name}"] = size.flash
        if size.ram:
            sizes[f"ram.{name}"] = size.ram
    return sizes
