"""A bundle as one program for Linux and Android.

    runner serve                      speaks the device protocol on its standard input and output
    runner INPUT [RUNS] [profile]     runs the model on a file of inputs
    runner starts COUNT INPUT         the same in fresh processes, each timed from its start

It is the application of the boards with a port to POSIX. `firmware_stubs/runner/runner.c` says what
the others read and print; `read_lines` reads the second. It is linked statically where the compiler
has a static C library, so copying it to a Raspberry Pi or a phone is all there is to install.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.artifacts.bundle import Manifest, read_manifest
from edgekit.errors import DeviceError
from edgekit.firmware_stubs.build import (
    APP_FLAGS,
    SECTIONS,
    WARNINGS,
    Plan,
    cpu_words,
    image_of,
    make,
)
from edgekit.firmware_stubs.image import Image
from edgekit.firmware_stubs.sources import (
    APP,
    HERE,
    INCLUDE,
    PORT,
    Unit,
    app_defines,
    app_units,
    digest,
    model_includes,
    model_units,
    port_units,
)
from edgekit.firmware_stubs.toolchains import cross_toolchain, links_statically
from edgekit.targets.model import Target

FILE = "runner"


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One sample: nanoseconds of each run, and the bytes of each output."""

    ns: tuple[int, ...]
    outputs: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class StepTimes:
    """One step of the model; nanoseconds in each profiled run."""

    name: str
    operation: str
    macs: int
    ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RunnerResult:
    """What a runner printed. `hash` is the first 16 hexadecimal digits of the model's sha256."""

    model: str
    hash: str
    arena_bytes: int
    samples: tuple[SampleResult, ...]
    steps: tuple[StepTimes, ...] = ()


def build_runner(bundle: Path, target: Target, out: Path, *, optimization: str = "-O3") -> Path:
    """The runner of a bundle for a target with an operating system, as `out`/runner.

    Raises ToolError (compiler missing, does not compile) and ModelError (bundle without C).
    """
    return build_runner_image(bundle, target, out, optimization=optimization).elf


def build_runner_image(
    bundle: Path, target: Target, out: Path, *, optimization: str = "-O3", native: bool = False
) -> Image:
    """The same, with what it takes. `native` is for exactly this machine's processor."""
    manifest = read_manifest(bundle)
    plan = _plan(bundle, manifest, target, out, optimization, native)
    make(plan, "")
    return image_of(plan, target, manifest, optimization)


def _plan(
    bundle: Path, manifest: Manifest, target: Target, out: Path, optimization: str, native: bool
) -> Plan:
    toolchain, cpu = cross_toolchain(target.cpu)
    units = (*model_units(bundle, manifest), *_own_units())
    cpu += ("-march=native",) * native
    flags = (*cpu, *WARNINGS, optimization, *SECTIONS, "-DEK_PROFILE")
    defines = app_defines(manifest, target, model_id="", profile=True, hosted=True)
    static = ("-static",) if links_statically(toolchain) else ()
    link = (*cpu, *static, "-Wl,--gc-sections", "-lm")
    folders = [*model_includes(bundle), INCLUDE, APP, PORT / "posix"]
    words = (toolchain.version, *flags, *APP_FLAGS, *defines, *link, *cpu_words(native))
    build_id = digest(units, folders, words)
    return Plan(
        subject=f"runner for {target.name}",
        out=out.resolve(),
        file=FILE,
        toolchain=toolchain,
        units=units,
        flags=(*flags, *(f"-I{folder}" for folder in folders)),
        app_flags=(*APP_FLAGS, *defines, f'-DEK_BUILD_ID="{build_id}"'),
        link=link,
        build_id=build_id,
    )


def _own_units() -> tuple[Unit, ...]:
    """The application around the model, with a main of its own and what only programs answer."""
    app = (unit for unit in app_units() if unit.path.name != "main.c")
    own = (Unit("app", path) for path in sorted((HERE / "runner").glob("*.c")))
    return (*app, *own, *port_units("posix"))


def read_lines(lines: Iterable[str]) -> RunnerResult:
    """What the lines that a runner printed say.

    Raises DeviceError when they are cut off or not a runner's.
    """
    try:
        head, *rows = [json.loads(line) for line in lines]
        samples = tuple(_sample(row) for row in rows if "sample" in row)
        steps = tuple(_step(row) for row in rows if "step" in row)
        result = RunnerResult(head["model"], head["hash"], head["arena_bytes"], samples, steps)
        complete = len(samples) == head["samples"]
    except (ValueError, KeyError, TypeError) as error:
        raise _unreadable(str(error)) from None
    if not complete:
        raise _unreadable(f"{len(samples)} of {head['samples']} samples")
    return result


def _sample(row: dict[str, Any]) -> SampleResult:
    return SampleResult(tuple(row["ns"]), tuple(bytes.fromhex(text) for text in row["outputs"]))


def _step(row: dict[str, Any]) -> StepTimes:
    return StepTimes(row["name"], row["operation"], row["macs"], tuple(row["ns"]))


def _unreadable(found: str) -> DeviceError:
    return DeviceError(
        "runner",
        f"its output is not complete: {found}",
        hint="run it by hand on the device: ./runner INPUT",
        code="runner-output",
    )
