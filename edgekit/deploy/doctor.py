"""What is installed here, what is plugged in, what is missing and how to get it."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import shutil
import subprocess
from dataclasses import dataclass


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
)


def examine() -> tuple[Check, ...]:
    """Every check, in order; never raises for what is merely missing, never imports TensorFlow."""
    return (_python(), *map(_package, PACKAGES), *map(_program, PROGRAMS), *_ports())


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
        done = subprocess.run(
            [path, *arguments], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check("programs", name, "missing", f"does not start: {error}", purpose)
    lines = (done.stdout or done.stderr).splitlines()
    return Check("programs", name, "ok", lines[0] if lines else "found", purpose)


def _ports() -> tuple[Check, ...]:
    from edgekit.runtime.link.ports import list_ports
    from edgekit.targets.reader import list_targets

    boards = {usb: target.title for target in list_targets() for usb in target.link.usb}
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
