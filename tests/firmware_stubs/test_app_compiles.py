"""The firmware's C is clean under the strictest warnings of every compiler at hand."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from edgekit.firmware_stubs.sources import APP, INCLUDE, PORT, app_units, port_units

WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror", "-Wpedantic", "-Wshadow", "-Wconversion")
DEFINES = ("-DEK_MODEL=m", "-DEK_ARENA_BYTES=64", "-DEK_INPUT_BYTES=16")
ARM = {
    "cortex_m/microbit": ("-mcpu=cortex-m0", "-mthumb", "-DEK_SEMIHOSTING"),
    "cortex_m/mps2_an385": ("-mcpu=cortex-m3", "-mthumb"),
    "cortex_m/mps2_an386": ("-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard"),
    "cortex_m/mps2_an505": ("-mcpu=cortex-m33", "-mthumb"),
    "cortex_m/mps3_an547": ("-mcpu=cortex-m55", "-mthumb", "-mfloat-abi=hard"),
}


def check(compiler: str, port: str, *flags: str) -> None:
    if shutil.which(compiler) is None:
        pytest.skip(f"no {compiler}")
    shared = sorted({unit.path.parent for unit in port_units(port)})
    includes = [f"-I{path}" for path in (INCLUDE, APP, PORT / port, *shared)]
    files = [str(unit.path) for unit in (*app_units(), *port_units(port))]
    command = [compiler, *WARNINGS, *DEFINES, *flags, *includes, "-fsyntax-only", *files]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
@pytest.mark.parametrize("load", ["RAW", "U8", "F32"])
@pytest.mark.parametrize("profile", [(), ("-DEK_PROFILE",)])
def test_on_the_host(compiler: str, load: str, profile: tuple[str, ...]) -> None:
    check(compiler, "posix", f"-DEK_LOAD=EK_LOAD_{load}", *profile)


@pytest.mark.parametrize("port", sorted(ARM))
def test_on_the_boards(port: str) -> None:
    check("arm-none-eabi-gcc", port, *ARM[port])


def test_the_porting_job_is_seven_functions() -> None:
    text = (INCLUDE / "ek_port.h").read_text(encoding="utf-8")
    names = [line for line in text.splitlines() if line.endswith(");") and "ek_port_" in line]
    assert len(names) == 7


def test_main_is_ten_lines() -> None:
    assert len(Path(APP / "main.c").read_text(encoding="utf-8").splitlines()) <= 10
