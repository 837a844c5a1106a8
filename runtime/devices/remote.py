"""A runner on another device, through the user's own `ssh` or `adb`.

Both are words in front of a command for the device's shell. The runner goes into a new folder of
its own there and is started from it; folder and runner are removed when it ends, also when the
connection breaks: its input ends then, and the shell that started it cleans up.
"""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from pathlib import Path

from edgekit.artifacts.run import ColdStart
from edgekit.errors import DeviceError, ToolError
from edgekit.runtime.devices import phone
from edgekit.runtime.devices.launch import SERVE, State
from edgekit.runtime.devices.remote_troubles import ADB, SSH, Trouble, trouble
from edgekit.runtime.link.process import ProcessTransport, program_ended
from edgekit.runtime.runner import cold_program, throttling

ASK_S = 60.0
"""The longest a command on the device may take; pushing may take longer."""
PUSH_S = 600.0
FILE, SAMPLE = "runner", "sample.bin"
END = "edgekit-end"
"""The line that ends an answer of several."""
CLEAN = "trap 'rm -rf {}' EXIT; trap 'exit 1' HUP INT TERM"
"""Begins a script that removes its folder when it ends."""


@dataclass(frozen=True, slots=True)
class Question:
    """A script for the device's shell, and what its answer says for a report."""

    script: str
    parse: Callable[[str], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Remote:
    """A device with a POSIX shell. `shell` are the words in front of a command for it; `folder` is
    where a folder of ours may be made.

    `copy` are words of a program that copies a file, to which its path and that on the device are
    added; without them it goes through the shell's standard input. `troubles` say what errors of
    the program in `shell` mean. `identifies` and `states` are what the device itself tells besides
    the runner.
    """

    name: str
    shell: tuple[str, ...]
    folder: str
    troubles: tuple[Trouble, ...]
    machines: tuple[str, ...] = ()
    """What `uname -m` may say there; empty: anything."""
    serial: str = ""
    """By which `adb` knows it; "" for the only phone there is, and behind other programs."""
    abi: str = ""
    """What a phone must list among its ABIs, where it lists any."""
    cores: tuple[int, ...] = ()
    """Those that the program may use; empty: as the device likes."""
    copy: tuple[str, ...] = ()
    identifies: Question | None = None
    states: Question | None = None
    engine: str = "native"
    simulated: bool = False

    def ask(self, script: str, *, data: bytes = b"", seconds: float = ASK_S) -> str:
        """What a script of the device's shell prints. Raises DeviceError when it fails."""
        return self._run(self.command(script), data, seconds)

    def identity(self) -> dict[str, str]:
        """See Launcher."""
        held = {"cores": ",".join(map(str, self.cores))} if self.cores else {}
        return {**self._told(self.identifies), **held}

    def state(self) -> dict[str, str]:
        """See Launcher."""
        return self._told(self.states)

    @contextmanager
    def watching(self) -> Iterator[State]:
        """See Launcher: one connection for all answers."""
        if self.states is None:
            yield dict
            return
        question = self.states
        script = f"while read -r go; do ( {question.script} ) </dev/null; echo {END}; done"
        with self.talking(script) as line:
            told = line.lines()

            def state() -> dict[str, str]:
                line.write(b"go\n")
                return question.parse("\n".join(takewhile(lambda text: text != END, told)))

            yield state

    def starts(self, program: Path, inputs: Path, count: int) -> tuple[ColdStart, ...]:
        """See Launcher."""
        words = " ".join(cold_program.words(count, SAMPLE))
        files, command = {FILE: program, SAMPLE: inputs}, self.held(f"./{FILE} {words}")
        said = self.output_of(files, command, seconds=cold_program.WAIT_S)
        return cold_program.starts_of(said, count)

    def _told(self, question: Question | None) -> dict[str, str]:
        return question.parse(self.ask(question.script)) if question is not None else {}

    def command(self, script: str) -> tuple[str, ...]:
        """The words that run a script there: both programs hand one line to the login shell."""
        return (*self.shell, f"sh -c {shlex.quote(script)}")

    def processor(self) -> str:
        """What processor it has. Raises DeviceError for one that runs none of our programs."""
        found = self.ask("uname -m").strip()
        if self.machines and found not in self.machines:
            raise DeviceError(
                self.name,
                f"its processor is {found[:60]}, and the program is for another",
                allowed=", ".join(self.machines),
                hint="name the device's own target with --target; `edgekit targets` lists them",
                code="wrong-abi",
            )
        self._check_abi()
        return found

    def held(self, command: str) -> str:
        """A command of the device's shell, held to `cores`."""
        mask = sum(1 << core for core in self.cores)
        return f"taskset {mask:x} {command}" if self.cores else command

    @contextmanager
    def started(self, program: Path) -> Iterator[ProcessTransport]:
        """See Launcher."""
        with self.folder_for_us() as folder:
            self._push(program, f"{folder}/{FILE}")
            command = self.held(f"{folder}/{FILE} {SERVE}")
            with self.talking(f"{CLEAN.format(folder)}; {command}") as line:
                yield line

    @contextmanager
    def folder_for_us(self) -> Iterator[str]:
        """The path of a new folder there; what runs in it last is to remove it (CLEAN), and it is
        gone when the block fails. Raises DeviceError."""
        folder = self._make_folder()
        try:
            yield folder
        except BaseException:
            with suppress(DeviceError):
                self.ask(f"rm -rf {folder}")
            raise

    def talking(
        self, script: str, known: tuple[Trouble, ...] = (), otherwise: tuple[Trouble, ...] = ()
    ) -> ProcessTransport:
        """The line to a script of the device's shell. `known` are troubles of its own, looked for
        first; `otherwise` is what it means when none is found."""
        explain = partial(trouble, self.name, (*known, *self.troubles, *otherwise))
        return ProcessTransport(self.name, self.command(script), explain=explain)

    def output_of(self, files: Mapping[str, Path], words: str, *, seconds: float) -> str:
        """What a command prints that is run in a new folder with `files`; then both are gone.

        Raises DeviceError when it fails, or takes longer.
        """
        with self.folder_for_us() as folder:
            for name, path in files.items():
                self._push(path, f"{folder}/{name}")
            return self.ask(f"{CLEAN.format(folder)}; cd {folder} && {words}", seconds=seconds)

    def _make_folder(self) -> str:
        """Its path, made for us alone, on a device that can run the program."""
        self.processor()
        made = self.ask(f"mktemp -d {self.folder}/edgekit.XXXXXX").strip()
        if not made.startswith(self.folder + "/"):
            last = made.rpartition("\n")[2]
            if last.startswith(f"{self.folder}/edgekit."):  # it was made all the same
                self.ask(f"rmdir {shlex.quote(last)}")
            raise DeviceError(
                self.name,
                f"answered a command with {made[:60]!r}",
                hint="its shell prints something when it starts: check its profile for echo",
                code="shell-noise",
            )
        return made

    def _check_abi(self) -> None:
        """A 64-bit kernel need not run 32-bit programs, and a phone with one may be of 32 bits."""
        abis = self.identity().get("abis", "") if self.abi else ""
        if not abis or self.abi in abis.split(","):
            return
        known = [abi for abi in abis.split(",") if abi in phone.ABIS.values()]
        raise DeviceError(
            self.name,
            f"it runs no programs of the ABI {self.abi}",
            allowed=abis,
            hint=f"convert for what it runs: --target {known[0]}"
            if known
            else "take a phone with an Arm processor",
            code="wrong-abi",
        )

    def _push(self, program: Path, path: str) -> None:
        if self.copy:
            self._run((*self.copy, str(program), path), b"", PUSH_S)
            self.ask(f"chmod 700 {path}")
        else:
            script = f"cat > {path} && chmod 700 {path}"
            self.ask(script, data=program.read_bytes(), seconds=PUSH_S)

    def _run(self, words: tuple[str, ...], data: bytes, seconds: float) -> str:
        try:
            done = subprocess.run(
                words, input=data, capture_output=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired:
            raise DeviceError(
                self.name,
                f"answered nothing in {seconds:g} s",
                hint=f"try it by hand: {' '.join(self.shell)} uname -m",
                code="device-silent",
            ) from None
        if done.returncode:
            said = (done.stderr + b"\n" + done.stdout).decode("utf-8", "replace").strip()
            known = trouble(self.name, self.troubles, done.returncode, said)
            raise known or program_ended(self.name, done.returncode, said)
        return done.stdout.decode("utf-8", "replace")


SSH_OPTIONS = (
    *("-o", "BatchMode=yes"),  # nobody is there to type a password
    *("-o", "ConnectTimeout=10"),
    *("-o", "ServerAliveInterval=5", "-o", "ServerAliveCountMax=3"),
    "-T",
)


def ssh(host: str, machines: tuple[str, ...] = ()) -> Remote:
    """A device behind the user's own `ssh`: keys, agent, configuration and known hosts are theirs,
    and host keys are checked. `host` is anything `ssh` takes: "pi@raspberrypi.local", an alias.

    Raises ToolError without the program.
    """
    program = _program("ssh", "openssh-client")
    return Remote(
        name=host,
        shell=(program, *SSH_OPTIONS, "--", host),
        folder="/tmp",
        troubles=SSH,
        machines=machines,
        states=Question(throttling.STATE, throttling.parse_state),
    )


def adb(
    serial: str | None = None,
    host: str | None = None,
    machines: tuple[str, ...] = (),
    abi: str = "",
) -> Remote:
    """A phone behind the user's own `adb`, by its serial number, else the only one there is.

    With `host` (an address, port 5555 unless it names one) `adb` is told to connect to it first.
    Raises ToolError without the program, DeviceError when it cannot connect.
    """
    program = _program("adb", "adb")
    if host is not None:
        serial = host if ":" in host else f"{host}:5555"
        _connect(program, serial)
    chosen = ("-s", serial) if serial else ()
    return Remote(
        name=serial or "the phone",
        shell=(program, *chosen, "shell", "-T"),
        folder="/data/local/tmp",
        troubles=ADB,
        machines=machines,
        serial=serial or "",
        abi=abi,
        copy=(program, *chosen, "push"),
        identifies=Question(phone.IDENTIFY, phone.parse_identity),
        states=Question(phone.STATE, phone.parse_state),
    )


def _connect(program: str, address: str) -> None:
    words, status, said = [program, "connect", address], 0, f"it said nothing for {ASK_S:g} s"
    with suppress(subprocess.TimeoutExpired):
        done = subprocess.run(words, capture_output=True, text=True, timeout=ASK_S, check=False)
        status, said = done.returncode, (done.stdout + done.stderr).strip()
    if status or "connected to" not in said:
        raise trouble(address, ADB, status, said) or DeviceError(
            address,
            f"adb cannot connect: {said or 'it said nothing'}",
            hint="is wireless debugging on, and the phone in this network? adb connect ADDRESS",
            code="adb-connect",
        )


def _program(name: str, package: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise ToolError(
            name,
            "not installed, and reaching the device needs it",
            hint=f"run: sudo apt-get install {package}",
            code=f"{name}-missing",
        )
    return path
