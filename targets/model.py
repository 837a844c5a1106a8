"""What a target is: a strict, frozen model of one TOML file."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from edgekit.units import parse_size


def _size(value: Any) -> Any:
    """A size may be written as text ("256K"), which is how data sheets state it."""
    return parse_size(value) if isinstance(value, str) else value


ByteCount = Annotated[int, BeforeValidator(_size)]


class Strict(BaseModel):
    """Frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Memory(Strict):
    """One memory: `kind` "flash" holds code and constants, "ram" the arena and stack."""

    name: str
    kind: Literal["flash", "ram"]
    start: int
    size: ByteCount
    tightly_coupled: bool = False
    """Of a "ram": as fast as the core, past bus and cache (DTCM)."""


class Cpu(Strict):
    """A row of cpus.toml: how to compile for a core, and which kernel folders it may use."""

    name: str
    arch: str
    """"armv7e-m", "aarch64", "native"."""
    toolchain: Literal["arm-none-eabi", "aarch64-linux-gnu", "arm-linux-gnueabihf", "native"]
    flags: tuple[str, ...] = ()
    optimization: str = "-O3"
    """How firmware is optimized: "-Os" where the kernels' loops are assembly anyway."""
    isa: tuple[str, ...] = ("ref",)
    """Kernel folders, best first; "ref" is always last."""
    qemu_cpu: str = ""
    """Of an application core: what QEMU's emulator of programs calls it; "": its own default."""
    cycles_per_instruction: float | None = None
    """Basis for estimated time from simulated instructions; None: no estimate is made."""
    cycles_source: str = ""


class Emulator(Strict):
    """How QEMU stands in for the board."""

    machine: str
    timer_hz: int
    """Tick rate of the counter the port reads."""
    icount_shift: int = 0


class BootsIn(Strict):
    """The QEMU machine in which a real board's very firmware starts and answers.

    Clocks and pins are not emulated there: it is for a self-test and measures nothing.
    """

    machine: str
    chip: str
    """What the machine emulates: the board's chip or one of its family."""
    serial: int = 0
    """Which of the machine's serial ports is the board's line."""


class Link(Strict):
    """How the host talks to the target."""

    kind: Literal["serial", "local", "ssh", "adb"]
    baud: int = 115200
    usb: tuple[str, ...] = ()
    """VID:PID pairs, lower-case hexadecimal, of the board's port."""


class Power(Strict):
    """Supply and typical power, each with its source."""

    rail_v: float
    """Volts of the rail a meter feeds or watches."""
    active_mw: float | None = None
    """Milliwatts while inferring."""
    idle_mw: float | None = None
    """Milliwatts while awake and waiting for a command."""
    sleep_mw: float | None = None
    source: str = ""


class Camera(Strict):
    """The camera on the board."""

    sensor: str
    width: int
    height: int
    color: Literal["rgb", "gray", "yuv"] = "rgb"


class Flash(Strict):
    """How firmware gets onto the board."""

    tools: tuple[str, ...]
    """Rows of flashers.toml, the best first: the first that is installed is used."""
    chip: dict[str, str] = Field(default_factory=dict)
    """Tool -> the words with which it names this chip."""
    bootloader: tuple[str, ...] = ()
    """VID:PID pairs: of the board while its bootloader runs, then of the programs it came with."""
    touch: bool = False
    """Whether opening the port of such a program at 1200 baud starts the bootloader."""
    enter: str = ""
    """What a person does to start the bootloader."""
    uf2_family: int = 0
    """Family ID of the chip in UF2 files."""
    uf2_board: str = ""
    """What the drive of its bootloader calls itself: Board-ID in INFO_UF2.TXT."""
    daplink: tuple[str, ...] = ()
    """The board's numbers: how Unique ID starts in DETAILS.TXT on its DAPLink probe's drive."""


class Target(Strict):
    """One target profile."""

    name: str
    title: str
    family: str
    """"cortex-m", "rpi", "android", "host"."""
    cpu: Cpu
    clock_hz: int
    """Core clock; 0 for the host, whose clock is not a fact of the profile."""
    modelled_on: str = ""
    """The real board whose clock and power a virtual board borrows."""
    memories: tuple[Memory, ...] = ()
    link: Link
    port: str = ""
    """Folder under firmware_stubs/port/ ("cortex_m/mps2_an386"); empty: none yet."""
    emulator: Emulator | None = None
    boots_in: BootsIn | None = None
    flash: Flash | None = None
    power: Power | None = None
    camera: Camera | None = None
    formats: tuple[Literal["tflite", "c"], ...] = ("tflite",)
    """What a bundle for it holds: "c" for targets that run generated C."""
    stack_bytes: ByteCount = 4096
    """RAM set aside for the stack when asking whether a model fits."""
    aliases: tuple[str, ...] = ()
    sources: tuple[str, ...] = Field(default=())
    """Where the facts come from: datasheet, reference manual, with section or table."""
    notes: str = ""

    def total(self, kind: str) -> int:
        """Bytes of all memories of a kind; 0 when the profile states none."""
        return sum(memory.size for memory in self.memories if memory.kind == kind)

    @property
    def rams(self) -> tuple[Memory, ...]:
        """The memories that hold what is written."""
        return tuple(memory for memory in self.memories if memory.kind == "ram")

    @property
    def main_ram(self) -> Memory | None:
        """The largest RAM, where a program's variables and stack lie; None where none is stated."""
        return max(self.rams, key=lambda memory: memory.size, default=None)

    @property
    def seconds_per_instruction(self) -> float | None:
        """Estimated seconds for one instruction; None where clock or CPI are not stated.

        An average over neural-network code (`cpu.cycles_source`): what it yields is an estimate.
        """
        if not self.clock_hz or self.cpu.cycles_per_instruction is None:
            return None
        return self.cpu.cycles_per_instruction / self.clock_hz

    @property
    def nominal_time_scale(self) -> float | None:
        """Seconds on the board it is modelled on per second of the emulator's clock.

        The emulator's clock counts instructions, 2**icount_shift nanoseconds each. None for
        anything but a virtual board. An estimate, as `seconds_per_instruction` is.
        """
        if self.emulator is None or self.seconds_per_instruction is None:
            return None
        return self.seconds_per_instruction / (1e-9 * (1 << self.emulator.icount_shift))
