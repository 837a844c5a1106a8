"""From a bundle to a program: firmware for a board, the same on the host, a shared library.

    read the manifest -> list the files -> build id -> compile -> link -> measure

Everything that decides the result goes into the build id, so equal ids mean equal programs and
a second build with the same id is skipped.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from edgekit.artifacts.bundle import Manifest, read_manifest
from edgekit.artifacts.files import write_file
from edgekit.firmware_stubs.boot import seal_boot
from edgekit.firmware_stubs.image import Image, MemoryUse
from edgekit.firmware_stubs.sizes import ElfSizes, read_sizes
from edgekit.firmware_stubs.sources import (
    APP,
    INCLUDE,
    PORT,
    Unit,
    app_defines,
    app_units,
    camera_folders,
    camera_units,
    digest,
    memory_script,
    model_includes,
    model_units,
    port_units,
)
from edgekit.firmware_stubs.toolchains import Toolchain, find_toolchain, run_compiler
from edgekit.targets.model import Cpu, Link, Target

JOBS = 2
WARNINGS = ("-std=c11", "-Wall", "-Wextra", "-Werror")
SECTIONS = ("-ffunction-sections", "-fdata-sections", "-DNDEBUG")
APP_FLAGS = ("-Os",)
"""The application takes no part in a timed window: small is better than fast."""
CAMERA_FLAGS = ("-O2",)
"""Conversion of frames: loops over every pixel, a kilobyte larger than the smallest."""
SANITIZE = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g")


@dataclass(frozen=True, slots=True)
class Plan:
    """One program to make in `out`; `build_id` covers all the rest. `link` ends its command."""

    subject: str
    out: Path
    file: str
    toolchain: Toolchain
    units: tuple[Unit, ...]
    flags: tuple[str, ...]
    app_flags: tuple[str, ...]
    link: tuple[str, ...]
    build_id: str

    @property
    def result(self) -> Path:
        return self.out / self.file


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera to build in: the folder with ek_camera_plan.c and .h, and a folder of camera/."""

    plan: Path
    driver: str = "virtual"


def build_firmware(
    bundle: Path,
    target: Target,
    out: Path,
    *,
    profile: bool = True,
    model_id: str = "",
    optimization: str = "",
    boot_energy: bool = False,
    camera: Camera | None = None,
) -> Image:
    """Build the firmware of a bundle for a target with a port; `out` gets firmware.elf.

    `profile` keeps the per-step hooks (about three instructions a step when idle). `model_id`
    is the MLPerf Tiny id ("vww01"), which also says what its host sends; without `optimization`
    the target's core has its own. `boot_energy` starts in MLPerf Tiny's energy mode, for hosts that
    power the board up and do not ask for it; with `camera` it takes inputs from one, too. Raises
    ToolError (compiler missing, no port, does not compile), DoesNotFitError, ModelError.
    """
    manifest = read_manifest(bundle)
    optimization = optimization or target.cpu.optimization
    flags = (*target.cpu.flags, *WARNINGS, optimization, *SECTIONS)
    defines = app_defines(manifest, target, model_id=model_id, profile=profile)
    defines += ("-DEK_BOOT_ENERGY=true",) * boot_energy + ("-DEK_CAMERA",) * (camera is not None)
    cortex_m = target.port.startswith("cortex_m")
    blocks = manifest.memory.blocks if manifest.memory is not None else ()
    script = memory_script(target, blocks) if cortex_m else ""
    link = cortex_m_link(target) if cortex_m else ("-Wl,--gc-sections", "-lm")
    units = (*model_units(bundle, manifest), *app_units(), *port_units(target.port))
    units += camera_units(camera.plan, camera.driver) if camera else ()
    toolchain = find_toolchain(target.cpu.toolchain)
    more = camera_folders(camera.plan, camera.driver) if camera else ()
    plan = _plan(bundle, target, out, toolchain, units, (flags, defines, link), script, more)
    make(plan, script)
    return image_of(plan, target, manifest, optimization)


def build_posix(
    bundle: Path,
    out: Path,
    *,
    profile: bool = True,
    model_id: str = "",
    sanitize: bool = False,
    boot_energy: bool = False,
    camera: Camera | None = None,
) -> Image:
    """The same firmware as a program of this machine: standard input and output are its line.

    `sanitize` adds the address and undefined-behaviour sanitizers, for tests.
    """
    extra = SANITIZE if sanitize else ()
    target = Target(
        name="posix",
        title="this machine",
        family="host",
        cpu=Cpu(name="native", arch="native", toolchain="native", flags=extra),
        clock_hz=0,
        link=Link(kind="local"),
        port="posix",
    )
    return build_firmware(
        bundle,
        target,
        out,
        profile=profile,
        model_id=model_id,
        boot_energy=boot_energy,
        camera=camera,
    )


def build_host_library(
    bundle: Path,
    out: Path,
    *,
    profile: bool = True,
    native: bool = False,
    optimization: str = "-O3",
) -> Path:
    """The bundle's C as a shared library of this machine that exports `<name>_model`.

    With `profile` it also exports `ek_profile_hook`. `native` compiles for exactly this
    processor (-march=native). Returns the path of the library.
    """
    manifest = read_manifest(bundle)
    toolchain = find_toolchain("native")
    units = model_units(bundle, manifest)
    flags: tuple[str, ...] = (*WARNINGS, optimization, "-fPIC", "-DNDEBUG")
    flags += ("-march=native",) * native
    if profile:
        units += (Unit("port", PORT / "library" / "profile_hook.c"),)
        flags += ("-DEK_PROFILE",)
    file = f"lib{manifest.name}.so"
    words = (toolchain.version, *flags, *cpu_words(native))
    folders = model_includes(bundle)
    build_id = digest(units, folders, words)
    plan = Plan(
        subject=f"library of {manifest.name}",
        out=out.resolve(),
        file=file,
        toolchain=toolchain,
        units=units,
        flags=(*flags, *(f"-I{folder}" for folder in folders)),
        app_flags=(),
        link=("-shared", "-lm"),
        build_id=build_id,
    )
    make(plan, "")
    return plan.result


def cpu_words(native: bool) -> tuple[str, ...]:
    """-march=native means another program on another processor."""
    info = Path("/proc/cpuinfo")
    if not native or not info.exists():
        return ()
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines()
    return tuple(sorted({line for line in lines if line.startswith(("flags", "Features"))}))


def cortex_m_link(target: Target) -> tuple[str, ...]:
    """What the linker is told for a Cortex-M; it finds `ek_memory.ld` where it runs."""
    return (
        "-nostartfiles",
        "-Wl,--gc-sections",
        f"-Wl,--defsym=EK_STACK_BYTES={target.stack_bytes}",
        f"-T{PORT / 'cortex_m' / 'link.ld'}",
        "-lm",
    )


def _plan(
    bundle: Path,
    target: Target,
    out: Path,
    toolchain: Toolchain,
    units: tuple[Unit, ...],
    options: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]],
    script: str,
    more: tuple[Path, ...] = (),
) -> Plan:
    flags, defines, link = options
    port = PORT / target.port
    families = sorted({unit.path.parent for unit in units if unit.group == "port"})
    own = (port.resolve(), port.parent.resolve())
    shared = [folder for folder in families if folder not in own]
    folders = [*model_includes(bundle), INCLUDE, APP, port, port.parent, *shared, *more]
    # paths differ between machines and the programs do not: only names and contents count
    words = [toolchain.version, script, *flags, *APP_FLAGS, *CAMERA_FLAGS, *defines]
    words += [word for word in link if not word.startswith("-T")]
    build_id = digest(units, folders, words)
    includes = tuple(f"-I{folder}" for folder in folders)
    return Plan(
        subject=f"firmware for {target.name}",
        out=out.resolve(),
        file="firmware.elf",
        toolchain=toolchain,
        units=units,
        flags=(*flags, *(("-DEK_PROFILE",) if "-DEK_PROFILE" in defines else ()), *includes),
        app_flags=(*APP_FLAGS, *defines, f'-DEK_BUILD_ID="{build_id}"'),
        link=(*flags, *link),
        build_id=build_id,
    )


def make(plan: Plan, script: str) -> None:
    """Compile and link, unless `out` already holds this very program."""
    if _is_made(plan):
        return
    log = plan.out / "build.log"
    stamp = _stamp(plan)
    stamp.unlink(missing_ok=True)
    write_file(log, "")
    if script:
        write_file(plan.out / "ek_memory.ld", script)
    objects = _compile(plan, log)
    command = [*plan.toolchain.command, *_names(objects, plan.out)]
    if not plan.toolchain.is_zig:
        command.append(f"-Wl,-Map={plan.result.with_suffix('.map').name}")
    command += [*plan.link, "-o", plan.file]
    run_compiler(command, cwd=plan.out, log=log, subject=plan.subject)
    if script:
        seal_boot(plan.result)
    write_file(stamp, _seal(plan))


def _names(objects: Sequence[Path], out: Path) -> list[str]:
    return [path.relative_to(out).as_posix() for path in objects]


def _compile(plan: Plan, log: Path) -> list[Path]:
    with ThreadPoolExecutor(JOBS) as pool:
        return list(pool.map(lambda unit: _compile_one(plan, unit, log), plan.units))


def _compile_one(plan: Plan, unit: Unit, log: Path) -> Path:
    target = plan.out / "obj" / unit.group / f"{unit.path.parent.name}-{unit.path.stem}.o"
    target.parent.mkdir(parents=True, exist_ok=True)
    ours = unit.group in ("app", "port")
    flags = [*plan.flags, *(plan.app_flags if ours else ())]
    flags += CAMERA_FLAGS if unit.group == "camera" else ()
    command = [*plan.toolchain.command, *flags, "-c", str(unit.path.resolve()), "-o"]
    command.append(target.relative_to(plan.out).as_posix())
    run_compiler(command, cwd=plan.out, log=log, subject=plan.subject)
    return target


def _stamp(plan: Plan) -> Path:
    return plan.result.with_suffix(".id")


def _seal(plan: Plan) -> str:
    content = hashlib.sha256(plan.result.read_bytes()).hexdigest()
    return f"{plan.build_id} {content}\n"


def _is_made(plan: Plan) -> bool:
    stamp = _stamp(plan)
    if not (stamp.is_file() and plan.result.is_file()):
        return False
    return stamp.read_text(encoding="utf-8") == _seal(plan)


def image_of(plan: Plan, target: Target, manifest: Manifest, optimization: str) -> Image:
    """What the program that a plan made is and takes; by origin where there is a map."""
    link_map = None if plan.toolchain.is_zig else plan.result.with_suffix(".map")
    sizes = read_sizes(plan.result, link_map)
    return Image(
        elf=plan.result,
        target=target.name,
        name=manifest.name,
        build_id=plan.build_id,
        toolchain=plan.toolchain.version,
        optimization=optimization,
        sizes=sizes,
        stack_bytes=sizes.sections.get(".stack", 0),
        memories=_memories(sizes, target) if target.family == "cortex-m" else (),
    )


def _memories(sizes: ElfSizes, target: Target) -> tuple[MemoryUse, ...]:
    return tuple(
        MemoryUse(m.name, m.kind, sizes.within(m.start, m.size), m.size) for m in target.memories
    )
