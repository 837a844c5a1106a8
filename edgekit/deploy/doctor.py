"""What is installed here, what is plugged in, what is missing and how to get it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgekit.targets.model import Target


@dataclass(frozen=True, slots=True)
class Check:
    """One line of `edgekit doctor`. `status` is "ok", "missing" or "note"."""

    group: str
    name: str
    status: str
    found: str
    needed_for: str = ""
    fix: str = ""


# (package on the index, module, needed for, extra or "")
PACKAGES = (
    ("numpy", "numpy", "everything", ""),
    ("pillow", "PIL", "images", ""),
    ("pyserial", "serial", "boards and meters", ""),
    ("pyelftools", "elftools", "firmware sizes", ""),
    ("tensorflow", "tensorflow", "Keras and SavedModel input", "convert"),
    ("ai-edge-litert", "ai_edge_litert", "running .tflite files", "litert"),
    ("tflite-runtime", "tflite_runtime", "running .tflite files on a Pi", "rpi"),
    ("optuna", "optuna", "edgekit sweep", "sweep"),
    ("distributed", "distributed", "sweeps on a Dask cluster", "sweep"),
    ("ziglang", "ziglang", "programs of a Pi or phone without Debian's compilers", "toolchain"),
)

# (program, arguments for the version, needed for, Debian packages)
PROGRAMS = (
    ("gcc", ("--version",), "generated C on this machine", "gcc libc6-dev"),
    (
        "arm-none-eabi-gcc",
        ("--version",),
        "Cortex-M firmware",
        "gcc-arm-none-eabi libnewlib-arm-none-eabi",
    ),
    ("qemu-system-arm", ("--version",), "virtual boards", "qemu-system-arm"),
    (
        "aarch64-linux-gnu-gcc",
        ("--version",),
        "cross-compiling for Pi and Android",
        "gcc-aarch64-linux-gnu",
    ),
    (
        "arm-linux-gnueabihf-gcc",
        ("--version",),
        "cross-compiling for 32-bit phones",
        "gcc-arm-linux-gnueabihf",
    ),
    ("ssh", ("-V",), "programs on a Pi (--host)", "openssh-client"),
    ("adb", ("--version",), "programs on a phone (--serial)", "adb"),
    (
        "qemu-aarch64-static",
        ("--version",),
        "programs of a Pi or phone without one (--emulate)",
        "qemu-user-static",
    ),
    ("qemu-arm-static", ("--version",), "the same for 32-bit phones", "qemu-user-static"),
)

UDEV_RULES = (Path("/etc/udev/rules.d"), Path("/lib/udev/rules.d"), Path("/usr/lib/udev/rules.d"))
"""Folders in which rules may let a user open debug probes and bootloaders."""


def examine() -> tuple[Check, ...]:
    """Every check, in order; never raises for what is merely missing, never imports TensorFlow."""
    programs = (*map(_program, PROGRAMS), *_flashers())
    return (_python(), *map(_package, PACKAGES), *programs, *_probes(), *_udev(), *_ports())


def _python() -> Check:
    text = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Check("python", "python", "ok", text)


def _package(row: tuple[str, str, str, str]) -> Check:
    name, module, purpose, extra = row
    if importlib.util.find_spec(module) is None:
        fix = f"pip install 'edgekit-sdk[{extra}]'" if extra else f"pip install {name}"
        return Check("python", name, "missing", "not installed", purpose, fix)
    for distribution in (name, f"{name}-cpu"):
        try:
            version = importlib.metadata.version(distribution)
        except importlib.metadata.PackageNotFoundError:
            continue
        return Check("python", name, "ok", version, purpose)
    return Check("python", name, "ok", "installed, version unknown", purpose)


def _program(row: tuple[str, tuple[str, ...], str, str]) -> Check:
    name, arguments, purpose, packages = row
    path = shutil.which(name)
    if path is None:
        fix = f"sudo apt-get install {packages}"
        return Check("programs", name, "missing", "not on the PATH", purpose, fix)
    try:
        done = _started([path, *arguments])
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check("programs", name, "missing", f"does not start: {error}", purpose)
    lines = (done.stdout or done.stderr).splitlines()
    return Check("programs", name, "ok", lines[0] if lines else "found", purpose)


def _started(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Raises OSError and TimeoutExpired."""
    return subprocess.run(
        command, capture_output=True, text=True, errors="replace", timeout=20, check=False
    )


def _flashers() -> Iterator[Check]:
    """The tools that flash boards, and which boards."""
    from edgekit.runtime.flash.tools import program_words
    from edgekit.targets.flashers import flashers
    from edgekit.targets.reader import list_targets

    boards = [target for target in list_targets() if target.flash is not None]
    for row in flashers().values():
        if not row.command:
            continue
        users = [t.name for t in boards if t.flash is not None and row.name in t.flash.tools]
        purpose = f"flashing {', '.join(users)}"
        words = program_words(row)
        if words:
            starts, found = _version([*words, *row.version], row.version_ends)
            status, fix = ("ok", "") if starts else ("missing", row.install)
            yield Check("flashers", row.name, status, found, purpose, fix)
        else:
            yield Check("flashers", row.name, "missing", "not installed", purpose, row.install)


def _version(command: list[str], ends: tuple[int, ...]) -> tuple[bool, str]:
    """Whether a program starts and ends with one of `ends`, and the first line in which it tells a
    version, else its first; of one that does not, the last."""
    try:
        done = _started(command)
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, f"does not start: {error}"
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    if done.returncode not in ends:
        code = done.returncode
        ended = f"exit {code}" if code >= 0 else f"signal {-code}"
        return False, f"does not start ({ended}): {lines[-1] if lines else 'no word'}"
    told = [line for line in lines if any(map(str.isdigit, line))]
    return True, (told or lines or ["found"])[0]


def _probes() -> Iterator[Check]:
    """Debug probes, where pyOCD is there to list them."""
    from edgekit.runtime.flash.tools import Tool, probes, program_words
    from edgekit.targets.flashers import flashers

    row = flashers()["pyocd"]
    words = program_words(row)
    found = probes(Tool(row, words)) if words else None
    if found is None:
        return
    for probe in found:
        yield Check("probes", probe.serial, "ok", probe.title or "debug probe", "--probe")
    if not found:
        hint = "plug the board's debug USB socket in"
        yield Check("probes", "debug probes", "note", "none", "flashing", hint)


def _udev() -> Iterator[Check]:
    """Whether rules name the makers of boards; without them a probe opens for root only."""
    from edgekit.targets.reader import list_targets

    folders = [folder for folder in UDEV_RULES if folder.is_dir()]
    if not folders:
        return
    usb = [pair for t in list_targets() for pair in (*t.link.usb, *_bootloader(t))]
    wanted = sorted({pair.partition(":")[0] for pair in usb})
    rules = [path for folder in folders for path in folder.glob("*.rules")]
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in rules).lower()
    missing = [vendor for vendor in wanted if f'"{vendor}"' not in text]
    if missing:
        found = f"none for USB vendors {', '.join(missing)}"
        fix = "write the rules of docs/flash.md#permission to /etc/udev/rules.d"
        yield Check("probes", "udev rules", "note", found, "flashing without root", fix)
    else:
        yield Check("probes", "udev rules", "ok", ", ".join(wanted), "flashing without root")


def _bootloader(target: Target) -> tuple[str, ...]:
    return target.flash.bootloader if target.flash is not None else ()


def _ports() -> tuple[Check, ...]:
    from edgekit.runtime.link.ports import list_ports
    from edgekit.targets.reader import list_targets

    targets = list_targets()
    boards = {usb: f"{t.title} (USB)" for t in targets for usb in _bootloader(t)}
    boards |= {usb: t.title for t in targets for usb in t.link.usb if usb not in boards}
    meters = _meters()
    found = []
    for port in list_ports():
        known = (*meters.get(port.device, ()), boards.get(port.usb, ""))
        what = " or ".join(filter(None, known)) or port.description or "serial port"
        found.append(Check("ports", port.device, "ok", f"{what} {port.usb}".strip()))
    if not found:
        hint = "plug a board in, or use --target virtual-m4"
        return (Check("ports", "serial ports", "note", "none", "boards and meters", hint),)
    return tuple(found)


def _meters() -> dict[str, list[str]]:
    """Port -> the power meters that its USB identifiers tell of, and how they are named."""
    from edgekit.runtime.power.finding import plugged_in

    found: dict[str, list[str]] = {}
    for meter in plugged_in():
        doubt = "" if meter.sure else "perhaps "
        text = f"{doubt}{meter.title} power meter ({meter.name})"
        found.setdefault(meter.path, []).append(text)
    return found
