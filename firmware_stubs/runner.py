"""A bundle as one program for Linux and Android: it runs the model on a file of inputs.

    runner INPUT [RUNS] [profile]

`firmware_stubs/runner/runner.c` says what it reads and prints. It is linked statically, so copying
it to a Raspberry Pi or a phone is all there is to install; `read_lines` reads what it printed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgekit.artifacts.bundle import Manifest, read_manifest
from edgekit.errors import DeviceError
from edgekit.firmware_stubs.build import APP_FLAGS, SECTIONS, WARNINGS, Plan, image_of, make
from edgekit.firmware_stubs.image import Image
from edgekit.firmware_stubs.sources import (
    HERE,
    INCLUDE,
    PORT,
    Unit,
    arena_bytes,
    arena_defines,
    digest,
    model_includes,
    model_units,
)
from edgekit.firmware_stubs.toolchains import find_toolchain
from edgekit.targets.model import Target

SOURCE = HERE / "runner" / "runner.c"
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
    bundle: Path, target: Target, out: Path, *, optimization: str = "-O3"
) -> Image:
    """The same, with what it takes."""
    manifest = read_manifest(bundle)
    plan = _plan(bundle, manifest, target, out, optimization)
    make(plan, "")
    return image_of(plan, target, manifest, optimization)


def _plan(bundle: Path, manifest: Manifest, target: Target, out: Path, optimization: str) -> Plan:
    toolchain = find_toolchain(target.cpu.toolchain)
    hook = Unit("port", PORT / "library" / "profile_hook.c")
    units = (*model_units(bundle, manifest), Unit("app", SOURCE), hook)
    flags = (*target.cpu.flags, *WARNINGS, optimization, *SECTIONS, "-DEK_PROFILE")
    defines = (
        f"-DEK_MODEL={manifest.name}_model",
        f"-DEK_ARENA_BYTES={arena_bytes(manifest)}",
        *(flag for flag in arena_defines(manifest) if flag == "-DEK_SPLIT"),
    )
    # this machine's own programs find their libraries, and may have no static ones
    static = () if target.cpu.toolchain == "native" else ("-static",)
    link = (*target.cpu.flags, *static, "-Wl,--gc-sections", "-lm")
    folders = [*model_includes(bundle), INCLUDE]
    words = (toolchain.version, *flags, *APP_FLAGS, *defines, *link)
    return Plan(
        subject=f"runner for {target.name}",
        out=out.resolve(),
        file=FILE,
        toolchain=toolchain,
        units=units,
        flags=(*flags, *(f"-I{folder}" for folder in folders)),
        app_flags=(*APP_FLAGS, *defines),
        link=link,
        build_id=digest(units, folders, words),
    )


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
