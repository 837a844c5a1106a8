"""Build a bundle's firmware, write it to a board, and ask the board what runs there now.

build -> choose a tool -> the file it takes -> probes -> write -> check over the line
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.artifacts.files import write_file
from edgekit.deploy.build import build
from edgekit.deploy.bundles import open_bundle
from edgekit.deploy.camera_choice import CameraChoice
from edgekit.deploy.claims import claimed, claims
from edgekit.deploy.flash_check import Checked, check_flashed, line_port
from edgekit.errors import UsageError
from edgekit.firmware_stubs.flat import Flat, flat_image, write_uf2
from edgekit.firmware_stubs.image import Image
from edgekit.runtime.flash.bootloader import enter_bootloader
from edgekit.runtime.flash.drive import check_taken, copy_to, find_drive, words_of_failure
from edgekit.runtime.flash.tools import Tool, check_probes, choose_tool, command_line, run_tool
from edgekit.targets.model import Target


@dataclass(frozen=True, slots=True)
class FlashResult:
    """What was flashed, or would be with `dry_run`."""

    image: Image
    tool: str
    installed: bool
    """Whether the tool is; only a dry run goes on without."""
    file: Path
    """What the tool takes: ELF, flat binary or UF2."""
    command: str
    """As one types it into a shell."""
    dry_run: bool
    checked: Checked | None = None
    """What the board said afterwards; None where there is no port to ask."""


def flash(
    bundle: str | Path,
    *,
    target: str | Target | None = None,
    port: str | None = None,
    probe: str | None = None,
    tool: str | None = None,
    output_dir: str | Path | None = None,
    model_id: str = "",
    camera: CameraChoice | None = None,
    dry_run: bool = False,
    wait_s: float = 0.0,
) -> FlashResult:
    """Flash a bundle's firmware and check that the board runs it.

    `port` is the line of the firmware, asked afterwards for build id, model and self-test; without
    one the only port with the profile's USB numbers, else the board is not asked. `probe` is the
    serial number of a debug probe or board. With `camera` the firmware takes frames. `dry_run`
    builds and words the command, no more. Port and probe are waited for, `wait_s` seconds, while
    another run uses them.
    Raises UsageError (no board, unknown tool), ToolError, DeviceError, PortError, ProtocolError,
    DoesNotFitError, MismatchError.
    """
    opened = open_bundle(bundle)
    profile = opened.target(target)
    _check_target(profile)
    chosen = choose_tool(profile, tool, probe=probe, dry=dry_run)
    line = None if dry_run else line_port(profile, port)
    image = build(bundle, target=profile, output_dir=output_dir, model_id=model_id, camera=camera)
    flat = flat_image(image.elf)
    file = _file_for(chosen, image, flat, profile)
    mine = claims(port=line, probe=probe or f"of {profile.name}")
    what = f"flash {opened.manifest.name} to {profile.name}"
    with claimed(frozenset() if dry_run else mine, what, wait_s=wait_s):
        command = _write(chosen, profile, file, flat, probe, dry=dry_run)
        checked = check_flashed(opened, image, profile, line) if line is not None else None
    return FlashResult(
        image=image,
        tool=chosen.flasher.name,
        installed=chosen.installed,
        file=file,
        command=shlex.join(command),
        dry_run=dry_run,
        checked=checked,
    )


def _write(
    tool: Tool, target: Target, file: Path, flat: Flat, probe: str | None, *, dry: bool
) -> tuple[str, ...]:
    """Write `file` to the board, unless `dry`; the command that does it."""
    values = {"file": str(file), "address": f"{flat.address:#010x}", "port": "PORT"}
    if not dry:
        check_probes(tool, target, probe)
        values["port"] = _start_bootloader(tool, target)
    command = command_line(tool, target, values, probe)
    if not tool.flasher.command:
        drive = "DRIVE" if dry else find_drive(tool.flasher, target)
        command = ("cp", str(file), f"{drive}/")
        if isinstance(drive, Path):
            before = words_of_failure(drive)
            copy_to(drive, file.name, file.read_bytes())
            if tool.flasher.name == "daplink":
                check_taken(tool.flasher, target, before)
    elif not dry:
        run_tool(tool, target, command)
    return command


def _check_target(target: Target) -> None:
    if target.family == "cortex-m" and target.emulator is None:
        return
    found = "runs in an emulator" if target.emulator else f"its family is {target.family}"
    raise UsageError(
        f"target {target.name}",
        f"{found}: there is nothing to flash",
        allowed="Cortex-M boards (`edgekit targets`)",
        hint="run `edgekit bench` for it directly, or name a board with --target",
        code="no-board",
    )


def _start_bootloader(tool: Tool, target: Target) -> str:
    return enter_bootloader(tool.flasher, target) if tool.flasher.bootloader else ""


def _file_for(tool: Tool, image: Image, flat: Flat, target: Target) -> Path:
    """The program in the format that the tool takes, beside the ELF file."""
    if tool.flasher.file == "elf":
        return image.elf
    family = target.flash.uf2_family if target.flash is not None else 0
    data = flat.data if tool.flasher.file == "bin" else write_uf2(flat, family)
    path = image.elf.with_suffix(f".{tool.flasher.file}")
    write_file(path, data)
    return path


def flash_record(result: FlashResult) -> dict[str, Any]:
    """What `--json` prints."""
    checked = result.checked
    return {
        "target": result.image.target,
        "elf": str(result.image.elf),
        "build_id": result.image.build_id,
        "camera": dict(result.image.camera) or None,
        "tool": result.tool,
        "installed": result.installed,
        "file": str(result.file),
        "command": result.command,
        "dry_run": result.dry_run,
        "checked": None
        if checked is None
        else {"port": checked.port, "board": checked.board, "self_test": "passed"},
    }
