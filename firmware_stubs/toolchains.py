"""Compilers: finding them, running them, and saying plainly what went wrong."""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from edgekit.errors import DoesNotFitError, ToolError, UsageError
from edgekit.firmware_stubs.zig import TRIPLES, find_zig, zig_flags, zig_version
from edgekit.targets.model import Cpu

CHOICE = "EDGEKIT_COMPILER"
"""Environment variable: which compiler makes programs of a Pi or a phone, "gcc" or "zig"."""
PIP_FIX = "pip install 'edgekit-sdk[toolchain]'"

_CANDIDATES = {
    "arm-none-eabi": (("arm-none-eabi-gcc",), "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
    "aarch64-linux-gnu": (("aarch64-linux-gnu-gcc",), "gcc-aarch64-linux-gnu"),
    "arm-linux-gnueabihf": (("arm-linux-gnueabihf-gcc",), "gcc-arm-linux-gnueabihf"),
    "native": (("gcc", "clang", "cc"), "gcc libc6-dev"),
}
_ERROR_LINE = re.compile(r": (?:fatal )?error: |undefined reference|cannot find|overflowed by")
_OVERFLOW = re.compile(r"region [`'](\w+)' overflowed by (\d+) bytes")
_REGIONS = {"FLASH": "flash", "BOOT": "flash", "RAM": "RAM"}


@dataclass(frozen=True, slots=True)
class Toolchain:
    """A C compiler that also links: `command` are the words that start it, `version` the first line
    it prints about itself. `is_zig`: static by itself, and its linker writes no map."""

    name: str
    command: tuple[str, ...]
    version: str
    is_zig: bool = False


def find_toolchain(name: str) -> Toolchain:
    """The compiler of a toolchain named in cpus.toml.

    Raises ToolError naming the program and the Debian package when it is not installed.
    """
    found = _installed(name)
    if found is None:
        raise _missing(_program(name), f"run: {_apt(name)}")
    return found


def cross_toolchain(cpu: Cpu) -> tuple[Toolchain, tuple[str, ...]]:
    """A compiler for a core that runs Linux or Android, and the words that name the core to it:
    Debian's, else `zig cc`, or the one that the environment variable EDGEKIT_COMPILER names.

    Raises ToolError naming both ways to get one, UsageError for another value of the variable.
    """
    name, choice = cpu.toolchain, os.environ.get(CHOICE, "")
    if choice not in ("", "gcc", "zig"):
        raise UsageError(
            CHOICE,
            f"no compiler is called {choice!r}",
            allowed="gcc, zig, or not set: gcc where it is installed, else zig",
            hint=f"unset {CHOICE}",
            code="bad-compiler",
        )
    if name not in TRIPLES or choice == "gcc":
        return find_toolchain(name), cpu.flags
    found = _installed(name) if choice != "zig" else None
    if found:
        return found, cpu.flags
    words = find_zig()
    if words:
        zig = Toolchain(name, (*words, "cc"), zig_version(words), is_zig=True)
        return zig, zig_flags(name, cpu.flags)
    if choice == "zig":
        raise _missing("zig", f"run: {PIP_FIX}, or unset {CHOICE}")
    raise _missing(_program(name), f"run: {_apt(name)}, or without root: {PIP_FIX}")


def _installed(name: str) -> Toolchain | None:
    for program in _CANDIDATES[name][0]:
        path = shutil.which(program)
        if path:
            return Toolchain(name, (path,), _version(path))
    return None


def _apt(name: str) -> str:
    return f"sudo apt-get install {_CANDIDATES[name][1]}"


def _program(name: str) -> str:
    return _CANDIDATES[name][0][0]


def _missing(program: str, hint: str) -> ToolError:
    return ToolError(
        program,
        "not installed, and building for this target needs it",
        hint=hint,
        code="compiler-missing",
    )


@cache
def links_statically(toolchain: Toolchain) -> bool:
    """Whether the compiler has a static C library: systems may ship this machine's apart."""
    if toolchain.is_zig:
        return True
    words = [*toolchain.command, "-print-file-name=libc.a"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return done.returncode == 0 and Path(done.stdout.strip()).is_absolute()


@cache
def _version(path: str) -> str:
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.partition("\n")[0].strip() or Path(path).name


def run_compiler(command: list[str], *, cwd: Path, log: Path, subject: str) -> None:
    """Run one compiler or linker command, appending what it prints to `log`.

    Raises DoesNotFitError when a memory of the target overflows, ToolError with the first
    error line and the log's path otherwise.
    """
    done = subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, errors="replace", check=False
    )
    with log.open("a", encoding="utf-8") as stream:
        stream.write(f"$ {' '.join(command)}\n{done.stdout}{done.stderr}")
    if done.returncode:
        raise _failure(done.stdout + done.stderr, log, subject, done.returncode)


_FULL = os.strerror(errno.ENOSPC)


def _failure(text: str, log: Path, subject: str, status: int) -> ToolError | DoesNotFitError:
    overflow = _OVERFLOW.search(text)
    if overflow:
        memory = _REGIONS.get(overflow[1], overflow[1])
        return DoesNotFitError(
            subject,
            f"{overflow[2]} bytes too large for the {memory}",
            hint=f"choose a larger target or a smaller model; the linker's words are in {log}",
        )
    if _FULL in text:
        return ToolError(
            subject,
            f"the compiler found no room: {_FULL}",
            hint="free space, or set TMPDIR to a folder that has some: compilers keep files there",
            code="disk-full",
        )
    lines = text.splitlines() or [f"the compiler stopped with status {status}"]
    first = next((line for line in lines if _ERROR_LINE.search(line)), lines[-1])
    return ToolError(
        subject,
        f"does not compile: {first.strip()}",
        hint=f"all messages are in {log}",
        code="compile-failed",
    )
