"""Kernels, firmware and generated C under static analyzers and the stricter warnings.

What a tool may say is listed with the reason; everything else is a failure.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from edgekit.converter.ir.graph import DType
from edgekit.firmware_stubs.cameras import camera_drivers
from edgekit.firmware_stubs.catalog import INCLUDE, KERNELS
from edgekit.firmware_stubs.sources import APP, CAMERA, PORT, app_units, driver_files, port_units
from tests.conformance.against_references import activations
from tests.conformance.generated import emit, host_target
from tests.conformance.graphs import case
from tests.helpers.camera_registers import include_flags
from tests.helpers.toolchains import MACHINES, require

WARNINGS = (
    *("-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"),
    *("-Wshadow", "-Wconversion", "-Wundef", "-Wcast-qual", "-Wcast-align=strict", "-Wvla"),
    *("-Wstrict-prototypes", "-Wmissing-prototypes", "-Wold-style-definition"),
    *("-Wpointer-arith", "-Wwrite-strings", "-Wformat=2", "-Wdouble-promotion"),
    *("-Wlogical-op", "-Wduplicated-cond", "-Wnull-dereference"),
)
DEFINES = ("-DEK_MODEL=m", "-DEK_ARENA_BYTES=64", "-DEK_INPUT_BYTES=16")

ALLOWED_BY_CLANG = {
    "declaration-after-statement": "this is C11",
    "padded": "structures are not laid out by hand",
    "comma": "two counters of one loop",
    "bad-function-cast": "a library function's double becomes a float at once",
    "float-equal": "a scale of exactly 0 means that there is none",
    "switch-enum": "a default covers the rest",
    "covered-switch-default": "an enumeration read from outside may hold anything",
    "disabled-macro-expansion": "the C library's headers do that",
    "reserved-identifier": "intrinsics of the compiler's own headers",
    "missing-noreturn": "an application that serves for ever on a board ends on a host",
}
"""Warnings of clang -Weverything -> why they are off."""
PORTABLE_VECTORS = {"conditional-uninitialized": "vectors are filled by loops over their lanes"}
"""The same for the plain C that stands for intrinsics on other machines."""

ALLOWED_BY_CPPCHECK = {
    "shiftTooManyBitsSigned": "x >> 31 of a signed x: arithmetic on every compiler, as all of it",
    "missingIncludeSystem": "the C library is not analysed",
    "normalCheckLevelMaxBranches": "says only how far it looked",
}
"""cppcheck's ids -> why they are suppressed."""

CORES = {
    "ref": ("gcc", (), ()),
    "any": ("gcc", (), ()),
    "c32": ("arm-none-eabi-gcc", MACHINES["mps2-an385"].cpu, ()),
    # gcc's own macro __ssat mixes signs.
    "dsp": ("arm-none-eabi-gcc", MACHINES["mps2-an386"].cpu, ("-Wno-sign-conversion",)),
    # gcc 12's analyzer does not see what the store intrinsics write.
    "mve": (
        "arm-none-eabi-gcc",
        MACHINES["mps3-an547"].cpu,
        ("-Wno-analyzer-use-of-uninitialized-value",),
    ),
    "neon": ("aarch64-linux-gnu-gcc", (), ()),
    "neondot": ("aarch64-linux-gnu-gcc", ("-march=armv8.2-a+dotprod",), ()),
    "x86": ("gcc", (), ()),
}
"""Kernel folder -> compiler, flags of the core, what is off there."""

GRAPHS = 12


def analyze(command: Sequence[str], sources: Sequence[Path]) -> str:
    """What a compiler says about each file, two at a time."""

    def one(source: Path) -> str:
        words = [*command, "-c", str(source), "-o", os.devnull]
        return subprocess.run(words, capture_output=True, text=True, check=False).stderr

    with ThreadPoolExecutor(2) as pool:
        return "".join(pool.map(one, sources))


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C of random graphs in all formats."""
    folder = tmp_path_factory.mktemp("generated")
    for seed in range(400, 400 + GRAPHS):
        one = case(seed, (DType.INT8, DType.INT8, DType.INT16)[seed % 3])
        values = activations(one.graph, one.samples[:1])
        made = emit(one.graph, one.graph.name, host_target(), one.samples[:1], values)
        for path, text in made.source.files.items():
            if "/" not in path and path.endswith((".c", ".h")):
                (folder / path).write_text(text, encoding="utf-8")
    return folder


def host_sources(generated: Path) -> list[Path]:
    """All C that a host compiler can read: portable kernels, application, POSIX port, models."""
    app = [unit.path for unit in (*app_units(), *port_units("posix"))]
    return [
        *sorted(KERNELS.glob("ref/*.c")),
        *sorted(KERNELS.glob("any/*.c")),
        *sorted(KERNELS.glob("c32/*.c")),
        *app,
        *sorted(generated.glob("*.c")),
    ]


def includes(generated: Path) -> list[str]:
    return [f"-I{path}" for path in (INCLUDE, APP, PORT / "posix", generated)]


@pytest.mark.parametrize("isa", CORES)
def test_kernels_under_the_analyzer(isa: str) -> None:
    compiler, cpu, off = CORES[isa]
    require(compiler)
    thumb = ("-mthumb",) if compiler.startswith("arm-none") else ()
    command = [compiler, *thumb, *cpu, *WARNINGS, "-O2", "-fanalyzer", *off, f"-I{INCLUDE}"]
    sources = sorted(KERNELS.glob(f"{isa}/*.c"))
    assert sources
    assert analyze(command, sources) == ""


def test_firmware_and_generated_c_under_the_analyzer(generated: Path) -> None:
    require("gcc")
    command = ["gcc", *WARNINGS, *DEFINES, "-O1", "-fanalyzer", *includes(generated)]
    kernels = set(KERNELS.glob("ref/*.c"))
    assert analyze(command, [s for s in host_sources(generated) if s not in kernels]) == ""


def test_frames_of_cameras_under_the_analyzer() -> None:
    require("gcc")
    sources = sorted(CAMERA.glob("*.c"))
    assert sources
    command = ["gcc", *WARNINGS, "-O2", "-fanalyzer", f"-I{CAMERA}"]
    assert analyze(command, sources) == ""


@pytest.mark.slow
def test_sensors_and_drivers_under_the_analyzers(tmp_path: Path) -> None:
    """Each file once, as the first driver that lists it has it; registers are a model's."""
    require("gcc", "clang", "cppcheck")
    owner = {
        path: name
        for name, driver in reversed(camera_drivers().items())
        for path in driver_files(name)
        if driver.target
    }
    assert {path.parent.name for path in owner} > {"sensors", "capture", "dcmi"}
    off = [f"-Wno-{name}" for name in ALLOWED_BY_CLANG]
    for name in sorted(set(owner.values())):
        folder = tmp_path / name
        folder.mkdir()
        where = include_flags(name, folder)
        sources = [path for path in owner if owner[path] == name]
        assert analyze(["gcc", *WARNINGS, "-O2", "-fanalyzer", *where], sources) == ""
        clang = ["clang", "-std=c11", "-O1", "-Werror", "-Weverything", *off, *where]
        assert analyze(clang, sources) == ""
        assert cppcheck(*where, *map(str, sources)) == ""


def test_boards_under_the_analyzer() -> None:
    require("arm-none-eabi-gcc")
    for port, machine in (("microbit", "microbit"), ("mps2_an386", "mps2-an386")):
        folder = PORT / "cortex_m" / port
        sources = [unit.path for unit in port_units(f"cortex_m/{port}")]
        shared = sorted({path.parent for path in sources})
        where = [f"-I{path}" for path in (INCLUDE, APP, folder, *shared)]
        cpu = MACHINES[machine].cpu
        command = ["arm-none-eabi-gcc", "-mthumb", *cpu, *WARNINGS, *DEFINES, "-O1", "-fanalyzer"]
        assert analyze([*command, *where], sources) == ""


def test_clang_with_all_warnings(generated: Path) -> None:
    require("clang")
    off = [f"-Wno-{name}" for name in ALLOWED_BY_CLANG]
    command = ["clang", "-std=c11", "-O1", "-Werror", "-Weverything", *off, *DEFINES]
    assert analyze([*command, *includes(generated)], host_sources(generated)) == ""


@pytest.mark.parametrize("isa", ["dsp", "mve", "neon", "neondot", "x86"])
def test_clang_with_all_warnings_on_fast_kernels(isa: str) -> None:
    """As they are compiled where the intrinsics do not exist."""
    require("clang")
    off = [f"-Wno-{name}" for name in (*ALLOWED_BY_CLANG, *PORTABLE_VECTORS)]
    command = ["clang", "-std=c11", "-O1", "-Werror", "-Weverything", *off, f"-I{INCLUDE}"]
    assert analyze(command, sorted(KERNELS.glob(f"{isa}/*.c"))) == ""


def cppcheck(*words: str) -> str:
    off = [f"--suppress={name}" for name in ALLOWED_BY_CPPCHECK]
    checks = ("--std=c11", "--enable=warning,performance,portability", "--inconclusive")
    command = ["cppcheck", "-q", *checks, *off, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr


def test_cppcheck_finds_nothing(generated: Path) -> None:
    require("cppcheck")
    sources = [str(path) for path in host_sources(generated)]
    assert cppcheck(*DEFINES, *includes(generated), *sources) == ""


@pytest.mark.parametrize("isa", ["dsp", "mve", "neon", "neondot", "x86"])
def test_cppcheck_finds_nothing_in_fast_kernels(isa: str) -> None:
    require("cppcheck")
    sources = [str(path) for path in sorted(KERNELS.glob(f"{isa}/*.c"))]
    assert cppcheck(f"-I{INCLUDE}", *sources) == ""


WRONG = """
#include <stdlib.h>
int wrong(int x);
int wrong(int x)
{
    int *const p = malloc(sizeof *p * 2);
    if (x > 0) return p[5];
    const short narrow = x;
    free(p);
    return narrow;
}
"""


def test_the_analyzers_do_look(tmp_path: Path) -> None:
    """A leak, a read beyond the end, a number that is cut: each tool says something."""
    source = tmp_path / "wrong.c"
    source.write_text(WRONG)
    require("gcc")
    assert "analyzer" in analyze(["gcc", *WARNINGS, "-fanalyzer"], [source])
    require("clang")
    assert analyze(["clang", "-Weverything"], [source])
    require("cppcheck")
    assert "wrong.c" in cppcheck(str(source))
