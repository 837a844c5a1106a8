"""A virtual board: QEMU runs the very firmware that is flashed, behind a socket for its UART.

No race at start: the host binds the UART's socket and hands it to QEMU, which waits for the
first client before the board runs, so not one byte of the boot lines is lost. No process stays
behind: QEMU ends with the context, and with this process however that dies.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from edgekit.artifacts.files import scratch_folder
from edgekit.errors import DeviceError, ToolError
from edgekit.runtime.devices.gdbstub import read_memory, write_memory
from edgekit.runtime.link.extension import Extension
from edgekit.runtime.link.process import stop_process
from edgekit.runtime.posix import require_posix
from edgekit.targets.model import Target

PROGRAM = "qemu-system-arm"
ONE_UART = ("microbit",)
"""Machines with one UART: their trigger lines come through semihosting."""
HARMLESS = ("icount sleep disabled and no active timers",)
"""Said by QEMU when the firmware sleeps, which is what it should do."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The trigger pin falls as a timed window starts and rises as it ends.

    `ticks` is the board's own 64-bit counter, `Emulator.timer_hz` per virtual second.
    """

    kind: Literal["fall", "rise"]
    ticks: int


@cache
def qemu_version() -> str:
    """ "7.2.22". Raises ToolError naming the Debian package when QEMU is not installed."""
    done = subprocess.run([_program(), "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"version (\S+)", done.stdout)
    return found[1] if found else "unknown"


def _program() -> str:
    path = shutil.which(PROGRAM)
    if path is None:
        raise ToolError(
            PROGRAM,
            "not installed, and virtual boards need it",
            hint="run: sudo apt-get install qemu-system-arm, or bench with --target host",
            code="qemu-missing",
        )
    return path


class VirtualBoard:
    """QEMU with one firmware, as a context manager.

    `port` opens with pyserial like any board. `on_edge` is called from a thread of its own for
    every trigger edge; both edges of a window arrive after it. Raises ToolError when QEMU is
    missing; a DeviceError inside the context becomes a ToolError with QEMU's own words when
    the cause is that QEMU stopped. QEMU also ends with the thread that enters the context.
    """

    def __init__(
        self, target: Target, elf: Path, *, on_edge: Callable[[Edge], None] | None = None
    ) -> None:
        if target.emulator is None:
            raise ToolError(
                target.name,
                "no emulator for this target",
                allowed="targets whose profile has a table [emulator]",
                hint="take the virtual board of the same core: `edgekit targets` lists them",
                code="no-emulator",
            )
        self.emulator = target.emulator
        self.elf = elf
        self.port = ""
        self._on_edge = on_edge
        self._edges: list[Edge] = []
        self._partial = b""
        self._lock = threading.Lock()
        self._cleanup = contextlib.ExitStack()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def version(self) -> str:
        """QEMU's version."""
        return qemu_version()

    @property
    def description(self) -> str:
        """ "QEMU 7.2.22 mps2-an386"."""
        return f"QEMU {self.version} {self.emulator.machine}"

    @property
    def icount(self) -> str:
        """The flags that make one instruction a fixed time; sleep=off stops the clock of an
        idle board."""
        return f"shift={self.emulator.icount_shift},align=off,sleep=off"

    def __enter__(self) -> VirtualBoard:
        program = _program()
        try:
            self._start(program)
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        death = self._death(wait_s=1.0) if isinstance(error, DeviceError) else None
        self.close()
        if death is not None:
            raise death from error

    def close(self) -> None:
        """Stop QEMU; harmless when it is stopped."""
        self._cleanup.close()

    def check(self) -> None:
        """Raise ToolError with QEMU's own words if it has stopped."""
        death = self._death()
        if death is not None:
            raise death

    @property
    def pid(self) -> int:
        """QEMU's process id."""
        assert self._process is not None
        return self._process.pid

    def trigger_events(self) -> tuple[Edge, ...]:
        """All edges so far."""
        self._pump()
        return tuple(self._edges)

    def load_input(self, extension: Extension, data: bytes) -> None:
        """Put all input tensors into the board's input buffer past the UART, then have the
        firmware compare the checksum of what it holds."""
        extension.begin_input()
        self.write_memory(self.symbol("ek_db"), data)
        extension.commit(data)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write RAM while the board stands still."""
        write_memory(self._folder / "gdb", address, data)

    def read_memory(self, address: int, count: int) -> bytes:
        """Read memory while the board stands still."""
        return read_memory(self._folder / "gdb", address, count)

    def symbol(self, name: str) -> int:
        """Address of a symbol of the firmware. Raises ToolError when it has none."""
        from elftools.elf.elffile import ELFFile

        with self.elf.open("rb") as stream:
            table: Any = ELFFile(stream).get_section_by_name(".symtab")
            found = table.get_symbol_by_name(name) if table else None
        if not found:
            raise ToolError(
                str(self.elf),
                f"no symbol {name} in it",
                hint="build the firmware again, and do not strip it: `edgekit build BUNDLE`",
                code="no-symbol",
            )
        return int(found[0]["st_value"])

    def _start(self, program: str) -> None:
        require_posix("a virtual board")
        self._folder = self._cleanup.enter_context(scratch_folder("edgekit-qemu-"))
        line = self._cleanup.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._trigger, theirs = socket.socketpair()
        self._cleanup.callback(self._trigger.close)
        self._trigger.setblocking(False)
        self.port = f"socket://127.0.0.1:{line.getsockname()[1]}"
        words = self._cleanup.enter_context((self._folder / "stderr").open("wb"))
        with theirs:
            self._process = subprocess.Popen(
                _tied_to_us([program, *self._arguments(line.fileno(), theirs.fileno())]),
                pass_fds=(line.fileno(), theirs.fileno()),
                stdin=subprocess.DEVNULL,
                cwd=self._folder,
                stdout=words,
                stderr=words,
                start_new_session=True,  # Ctrl-C is ours to handle, not QEMU's
            )
        line.close()  # QEMU has its own copy: with it gone, connecting fails instead of waiting
        self._cleanup.callback(stop_process, self._process)
        threading.Thread(target=self._watch, daemon=True, name="trigger edges").start()

    def _arguments(self, line: int, trigger: int) -> list[str]:
        arguments = ["-M", self.emulator.machine, "-kernel", str(self.elf.resolve())]
        arguments += ["-display", "none", "-monitor", "none", "-icount", self.icount]
        arguments += ["-chardev", f"socket,id=line,fd={line},server=on,wait=on,nodelay=on"]
        arguments += ["-serial", "chardev:line"]
        arguments += ["-chardev", f"socket,id=trigger,fd={trigger}"]
        if self.emulator.machine in ONE_UART:
            arguments += ["-semihosting-config", "enable=on,target=native,chardev=trigger"]
        else:
            arguments += ["-serial", "chardev:trigger"]
        # a name alone, in the folder QEMU starts in: a socket's address holds 107 bytes
        return [*arguments, "-gdb", "unix:gdb,server=on,wait=off"]

    def _watch(self) -> None:
        """Until QEMU closes its end: look for edges whenever something arrives."""
        import select

        while True:
            try:
                select.select([self._trigger], [], [])
                if not self._pump():
                    return
            except (OSError, ValueError):  # closed by us
                return

    def _pump(self) -> bool:
        """Take in what trigger lines have arrived; False once QEMU has closed its end.

        Handed on under the lock: edges stay in order, and whoever calls `trigger_events` returns
        after those that came before were handed on.
        """
        fresh: list[Edge] = []
        with self._lock:
            open_still = self._receive(fresh)
            self._edges += fresh
            for edge in fresh:
                if self._on_edge is not None:
                    self._on_edge(edge)
        return open_still

    def _receive(self, fresh: list[Edge]) -> bool:
        while True:
            try:
                data = self._trigger.recv(4096)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            *lines, self._partial = (self._partial + data).split(b"\n")
            fresh += [edge for edge in map(parse_edge, lines) if edge is not None]

    def _death(self, wait_s: float = 0.0) -> ToolError | None:
        """The reason, if QEMU is not running."""
        if self._process is None:
            return None
        try:
            status = self._process.wait(wait_s) if wait_s else self._process.poll()
        except subprocess.TimeoutExpired:
            return None
        if status is None:
            return None
        text = (self._folder / "stderr").read_text(errors="replace")
        lines = [line for line in text.splitlines() if not any(word in line for word in HARMLESS)]
        said = lines[-1].strip() if lines else "it said nothing"
        return ToolError(
            self.description,
            f"stopped with status {status}: {said}",
            hint="a lock-up or a fault at boot means the firmware was built for another board",
            code="qemu-died",
        )


def parse_edge(line: bytes) -> Edge | None:
    """b"F123" or b"R123"; None for anything else."""
    kind = {b"F": "fall", b"R": "rise"}.get(line[:1])
    if kind is None or not line[1:].isdigit():
        return None
    return Edge("fall" if kind == "fall" else "rise", int(line[1:]))


def _tied_to_us(command: list[str]) -> list[str]:
    """The command, ended by the kernel when this process dies without a word (kill -9)."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL", "--", *command] if setpriv else command
