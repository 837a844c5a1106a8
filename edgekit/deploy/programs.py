"""Runners under one roof: built from a bundle, started where a launcher says, open to requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from edgekit.deploy.boards import split_outputs
from edgekit.deploy.build import build_advice, build_folder, check_image
from edgekit.deploy.bundles import Bundle
from edgekit.deploy.inputs import Sample, raw_bytes
from edgekit.errors import UsageError
from edgekit.firmware_stubs.image import Image
from edgekit.firmware_stubs.runner import build_runner_image
from edgekit.runtime.devices.bench import check_identity
from edgekit.runtime.devices.launch import MACHINES, Here, Launcher, emulated
from edgekit.runtime.devices.phone import ABIS
from edgekit.runtime.devices.remote import Remote, adb, ssh
from edgekit.runtime.link.dut import Dut
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target

ANSWER_S = 30.0
"""A far device may have to wake up, and a connection to be made, before the runner speaks."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target's program is to run: `host` is the SSH destination of a Pi, or the address of
    a phone; `serial` a phone's serial number; `emulate` is an emulator on this machine."""

    host: str | None = None
    serial: str | None = None
    emulate: bool = False

    @property
    def options(self) -> tuple[str, ...]:
        """The options it was given by."""
        given = {"--host": self.host, "--serial": self.serial, "--emulate": self.emulate or None}
        return tuple(name for name, value in given.items() if value is not None)

    def __bool__(self) -> bool:
        return bool(self.options)


PLACES = {
    "rpi": ("--host", "--emulate"),
    "android": ("--serial", "--host", "--emulate"),
}
"""Family -> the options that say where its programs run."""


def check_place(target: Target, place: Place) -> None:
    """Raise UsageError for options that say nothing about the target, or two things at once."""
    allowed = PLACES.get(target.family, ())
    wrong = [option for option in place.options if option not in allowed]
    if wrong:
        ways = {
            "cortex-m": "a board runs at its --port, a virtual board in an emulator of its own",
            "host": "it is this machine",
        }
        raise UsageError(
            wrong[0],
            f"without effect for {target.name}: {ways.get(target.family, 'it runs otherwise')}",
            allowed=", ".join(allowed) or "none of --host, --serial, --emulate",
            hint="leave it out, or name the device's own target with --target",
            code="place-unused",
        )
    if len(place.options) > 1:
        raise UsageError(
            " and ".join(place.options),
            "given together: each names another place to run",
            allowed="one of them",
            hint="run the command once for each",
            code="place-ambiguous",
        )


def launcher_for(target: Target, place: Place) -> Launcher:
    """What starts a program of the target at a place that `check_place` let pass.

    Raises ToolError where a program that it needs is missing.
    """
    if place.emulate:
        return emulated(target)
    machines = MACHINES.get(target.cpu.arch, ())
    if target.family == "android":
        return adb(place.serial, place.host, machines, ABIS.get(target.cpu.arch, ""))
    assert place.host is not None
    return ssh(place.host, machines)


@dataclass(frozen=True)
class OpenProgram:
    """A runner that answers, with what was built for it."""

    dut: Dut
    target: Target
    image: Image
    launcher: Launcher

    def engine(self, bundle: Bundle) -> str:
        """Its name in reports: "edgekit-c neon+ref, native"."""
        return f"edgekit-c {bundle.isa}, {self.launcher.engine}"

    def engine_and_place(self, bundle: Bundle) -> str:
        """Its name beside engines of this machine: "edgekit-c neon+ref, native on pi"."""
        there = f" on {self.launcher.name}" if isinstance(self.launcher, Remote) else ""
        return f"{self.engine(bundle)}{there}"


@contextmanager
def program(
    bundle: Bundle, target: Target, launcher: Launcher, *, native: bool = False
) -> Iterator[OpenProgram]:
    """The runner of a bundle, built for `target` now and started by `launcher`; gone afterwards.

    `native` builds for exactly this machine's processor. Raises ToolError, DeviceError,
    ProtocolError, ModelError, DoesNotFitError.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(build_folder("runner", _advice(bundle, target)))
        image = build_runner_image(bundle.folder, target, folder, native=native)
        check_image(image, target)
        line = stack.enter_context(launcher.started(image.elf))
        dut = stack.enter_context(Dut(line, timeout=ANSWER_S))
        dut.connect()
        facts = dut.extension().info()
        wanted = bundle.manifest.model_sha256[:16], image.build_id
        check_identity(dut, facts, *wanted, who="runner")
        yield OpenProgram(dut, target, image, launcher)


def _advice(bundle: Bundle, target: Target) -> str:
    if target.cpu.toolchain == "native":
        return "convert again: the bundle's C is not as `edgekit convert` wrote it"
    return build_advice(bundle, target)


@contextmanager
def program_here(bundle: Bundle) -> Iterator[OpenProgram]:
    """The runner for exactly this machine."""
    with program(bundle, load_target("host"), Here(), native=True) as opened:
        yield opened


@contextmanager
def program_engine(
    bundle: Bundle, target: Target, launcher: Launcher
) -> Iterator[tuple[Callable[[tuple[Sample, ...]], list[NDArray[Any]]], str]]:
    """The runner as a function from a row of samples to the last outputs; its name.

    Raises ProtocolError at the end where it wrote outside its memory.
    """
    with program(bundle, target, launcher) as opened:
        extension = opened.dut.extension()
        size = sum(tensor.bytes for tensor in bundle.manifest.outputs)

        def run(row: tuple[Sample, ...]) -> list[NDArray[Any]]:
            for index, sample in enumerate(row):
                extension.write_input(raw_bytes(sample))
                extension.follow(index, timeout=600.0)
            return split_outputs(bundle, extension.read_output(size))

        yield run, opened.engine_and_place(bundle)
        extension.check_guard(extension.memory(timeout=600.0).get("guard", 0))
