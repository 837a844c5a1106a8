"""Starting a runner: on this machine, in an emulator of user programs, or on another device.

A launcher is data: which words come before the program's path, and how the program gets there.
`started(program)` delivers the program, starts it with the word `serve`, and gives the line to it;
afterwards the device is as it was.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

from edgekit.artifacts.run import ColdStart
from edgekit.errors import ToolError, UsageError
from edgekit.runtime.link.process import ProcessTransport
from edgekit.runtime.runner import throttling
from edgekit.runtime.runner.cold_program import program_starts
from edgekit.runtime.runner.environment import HERE
from edgekit.targets.model import Target

SERVE = "serve"
State = Callable[[], dict[str, str]]
"""Tells what about a device changes while it runs."""


class Launcher(Protocol):
    """`name` is the device in messages; `engine` ends the name of the engine in reports; what
    `simulated` launchers run has no time of its own."""

    @property
    def name(self) -> str: ...

    @property
    def engine(self) -> str: ...

    @property
    def simulated(self) -> bool: ...

    def started(self, program: Path) -> AbstractContextManager[ProcessTransport]:
        """The line to the program, started; it ends with the block. Raises DeviceError."""
        ...

    def identity(self) -> dict[str, str]:
        """What the device is, for a report, beyond what the runner tells. Raises DeviceError."""
        ...

    def state(self) -> dict[str, str]:
        """What about the device changes while it runs, likewise."""
        ...

    def watching(self) -> AbstractContextManager[State]:
        """`state`, to be asked often: what takes long is done once. Raises DeviceError."""
        ...

    def starts(self, program: Path, inputs: Path, count: int) -> tuple[ColdStart, ...]:
        """`count` cold starts of the program on a file of one sample. Raises DeviceError."""
        ...


@dataclass(frozen=True, slots=True)
class Here:
    """On this machine, behind the words of `prefix` if there are any."""

    prefix: tuple[str, ...] = ()
    name: str = HERE
    engine: str = "native"
    simulated: bool = False

    @contextmanager
    def started(self, program: Path) -> Iterator[ProcessTransport]:
        """See Launcher."""
        command = (*self.prefix, str(program.resolve()), SERVE)
        with ProcessTransport(self.name, command) as line:
            yield line

    def identity(self) -> dict[str, str]:
        return {}

    def state(self) -> dict[str, str]:
        return {} if self.simulated else throttling.here()

    @contextmanager
    def watching(self) -> Iterator[State]:
        yield self.state

    def starts(self, program: Path, inputs: Path, count: int) -> tuple[ColdStart, ...]:
        return program_starts(program, inputs, count=count)


EMULATORS = {"aarch64": "qemu-aarch64-static", "armv7-a": "qemu-arm-static"}
"""Architecture of a core -> QEMU's emulator of its user programs."""


def emulated(target: Target) -> Here:
    """QEMU's emulator of user programs, as the target's core.

    Raises UsageError for a target that runs no programs of Linux on another architecture, ToolError
    when the emulator is not installed.
    """
    program = EMULATORS.get(target.cpu.arch)
    if program is None:
        raise UsageError(
            f"target {target.name}",
            f"no emulator of programs for {target.cpu.arch}",
            allowed=f"targets of {', '.join(EMULATORS)}",
            hint="choose rpi4 or android-arm64, say; boards such as virtual-m4 need no --emulate",
            code="no-program-emulator",
        )
    if shutil.which(program) is None:
        raise ToolError(
            program,
            f"not installed, and running {target.name}'s programs here needs it",
            hint="run: sudo apt-get install qemu-user-static",
            code="qemu-user-missing",
        )
    core = ("-cpu", target.cpu.qemu_cpu) if target.cpu.qemu_cpu else ()
    description = f"{program} {emulator_version(program)}"
    name = " ".join([description, *core])
    return Here((program, *core), name, description, simulated=True)


@cache
def emulator_version(program: str) -> str:
    """ "7.2.22" """
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", done.stdout)
    return found[1] if found else "unknown"


MACHINES = {
    "aarch64": ("aarch64", "arm64"),
    "armv7-a": ("armv7l", "armv8l", "aarch64", "arm64"),
}
"""Architecture of a core -> what `uname -m` says where its programs run."""
