"""C compilers the tests use, and the boards QEMU can stand in for."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from edgekit.errors import ToolError
from edgekit.firmware_stubs.toolchains import CHOICE, cross_toolchain
from edgekit.targets.reader import load_target

STRICT = ("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror")


@dataclass(frozen=True, slots=True)
class Machine:
    """One QEMU machine with the flags of its core and where code, data and stack go."""

    name: str
    cpu: tuple[str, ...]
    text: int
    data: int
    stack: int


MACHINES = {
    machine.name: machine
    for machine in (
        Machine("microbit", ("-mcpu=cortex-m0",), 0, 0x20000000, 0x20004000),
        Machine("mps2-an385", ("-mcpu=cortex-m3",), 0, 0x20000000, 0x20010000),
        Machine(
            "mps2-an386",
            ("-mcpu=cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16"),
            0,
            0x20000000,
            0x20010000,
        ),
        Machine(
            "mps2-an500",
            ("-mcpu=cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-d16"),
            0,
            0x20000000,
            0x20010000,
        ),
        Machine(
            "mps2-an505",
            ("-mcpu=cortex-m33", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16"),
            0x10000000,
            0x10100000,
            0x10110000,
        ),
        Machine("mps3-an547", ("-mcpu=cortex-m55", "-mfloat-abi=hard"), 0, 0x20000000, 0x20010000),
    )
}


def require_cross(target: str, compiler: str = "") -> None:
    """Skip the running test unless a compiler for the target is installed, or this one of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CHOICE, compiler)
        try:
            cross_toolchain(load_target(target).cpu)
        except ToolError as error:
            pytest.skip(str(error))


def require(*programs: str) -> None:
    """Skip the running test unless every program is installed."""
    missing = [name for name in programs if shutil.which(name) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")


@cache
def links(compiler: str, sanitizers: str) -> bool:
    """Whether the compiler has the libraries of its sanitizers; Debian packs Clang's apart."""
    command = [compiler, sanitizers, "-x", "c", "-o", os.devnull, "-"]
    source = "int main(void) { return 0; }"
    return not subprocess.run(command, input=source, text=True, capture_output=True).returncode


def compile_c(compiler: str, *arguments: str | Path, cwd: Path | None = None) -> None:
    """Run a C compiler with the strict flags; its messages become the failure."""
    require(compiler)
    for flag in map(str, arguments):
        if flag.startswith("-fsanitize=") and not links(compiler, flag):
            pytest.skip(f"not installed: the libraries of {compiler} {flag}")
    command = [compiler, *STRICT, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stderr}"


def run(command: Sequence[str | Path], *, seconds: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a program with its output captured; `seconds` only guards against a hang."""
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=seconds)


def run_in_qemu(machine: Machine, elf: Path) -> subprocess.CompletedProcess[str]:
    """Boot `elf` on `machine`; its semihosting output is stdout."""
    require("qemu-system-arm")
    options = "-nographic -monitor none -serial none -semihosting-config enable=on,target=native"
    return run(["qemu-system-arm", "-M", machine.name, *options.split(), "-kernel", elf])
