"""DCMI and a DMA stream of STM32F446, F746, F767 and H743, on recordings of a sensor's pins.

After RM0390 and RM0433, chapters "Digital camera interface", "DMA controller", "General-purpose
I/Os", "Reset and clock control" and (H743) "DMA request multiplexer". Time goes on by one sample of
the pins with each access to a register. A block whose clock is off takes no writes and reads 0.

Memory has a cache over it (Cortex-M7): what DMA stores is seen by the core once it has dropped the
line.
"""

from __future__ import annotations

import ctypes
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tests.helpers.camera_registers import Driver, Wires
from tests.helpers.sccb_bus import CLOCK, DATA

VSYNC, HREF, PIXCLK = 0x100, 0x200, 0x400
"""Bits of a sample beside the eight of data; levels as they are on the pins."""
LINES = ("VSYNC", "HREF", "PIXCLK", "MCO1", "SIOC", "SIOD", "RESET", "POWER_DOWN")
NAMES = (*(f"D{i}" for i in range(8)), *LINES)
"""ek_dcmi_line_t."""
OVERRUN, FRAME, FIFO_FILLED = 2, 1, 4
LINE = 32
FIFO_WORDS = 4
"""RM0433, DCMI block diagram: four words deep."""


@dataclass(frozen=True)
class Chip:
    """Where things are, as the manuals state it; `clocks`: register and bit of DCMI, DMA, ports."""

    gpio: int
    dcmi: int
    dma: int
    clocks: tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
    reset: int
    """The register whose bit 0 holds DCMI in reset."""
    mco: int
    request: tuple[int, int, int]
    """Register, mask, value of what routes DCMI's request to the stream."""
    stream: int
    cached: bool


CHIPS = {
    "h7": Chip(
        gpio=0x58020000,
        dcmi=0x48020000,
        dma=0x40020000,
        clocks=((0x580244DC, 0), (0x580244D8, 0), (0x580244E0, 0)),
        reset=0x58024484,
        mco=0x58024410,
        request=(0x40020800, 0x7F, 75),
        stream=0,
        cached=True,
    ),
    "f4": Chip(
        gpio=0x40020000,
        dcmi=0x50050000,
        dma=0x40026400,
        clocks=((0x40023834, 0), (0x40023830, 22), (0x40023830, 0)),
        reset=0x40023814,
        mco=0x40023808,
        request=(0x40026400 + 0x10 + 0x18, 7 << 25, 1 << 25),
        stream=1,
        cached=False,
    ),
}
CHIPS["f7"] = replace(CHIPS["f4"], cached=True)
"""STM32F746 and F767: RM0385, RM0410."""


class DcmiModel:
    """The chip; on the pins of `driver` are `samples`, which never end."""

    def __init__(self, name: str, driver: Driver, samples: Iterator[int]) -> None:
        self.chip, self.driver, self.samples = CHIPS[name], driver, samples
        self.wires: Wires | None = None
        self.registers: dict[int, int] = {}
        self.levels = next(samples)
        pairs = ctypes.string_at(ctypes.addressof(_symbol(driver, "ek_dcmi_pins")), 2 * len(NAMES))
        self.pins = {
            name: (chr(pairs[2 * i]), pairs[2 * i + 1])
            for i, name in enumerate(NAMES)
            if pairs[2 * i]
        }
        self.fifo: deque[int] = deque()
        self.part: list[int] = []
        self.state = "idle"
        self.stored = 0
        self.turn = 0
        self.every: int | None = 1
        """Accesses from one turn of DMA to the next; None: somebody else has the bus."""
        self.refused = False
        """The bus answers DMA with an error."""
        self.shadow: dict[int, bytes] = {}
        """Line -> what DMA stored there and the core has not seen."""
        self.dropped: set[int] = set()
        """Lines that the core has dropped since it last wrote them."""
        self.errors: list[str] = []
        driver.connect(self)

    # --- registers ---

    def read(self, address: int) -> int:
        self._sample()
        self._transfer()
        chip = self.chip
        offset = address - chip.dcmi
        if 0 <= offset < 0x400:
            return self._dcmi(offset) if self._runs(0) else 0
        if address == self._stream + 4:
            return self.registers.get(address, 0) if self._runs(1) else 0
        port, offset = divmod(address - chip.gpio, 0x400)
        if 0 <= port < 11:
            return self._port(port, offset, address)
        return 0 if address == 0xE000EF5C else self.registers.get(address, 0)

    def write(self, address: int, value: int) -> None:
        chip = self.chip
        if 0 <= address - chip.dcmi < 0x400:
            self._write_dcmi(address - chip.dcmi, value)
        elif 0 <= address - chip.dma < 0x400:
            self._write_dma(address, value)
        elif address == 0xE000EF5C:
            self._drop(value)
        elif (address - chip.gpio) % 0x400 == 0x18 and 0 <= address - chip.gpio < 11 * 0x400:
            self._write_bsrr((address - chip.gpio) // 0x400, value)
        else:
            if address == chip.reset and value & 1:
                self._reset()
            self.registers[address] = value

    @property
    def _stream(self) -> int:
        return self.chip.dma + 0x10 + 0x18 * self.chip.stream

    def _runs(self, block: int) -> bool:
        register, bit = self.chip.clocks[block]
        return bool(self.registers.get(register, 0) >> bit & 1)

    def hertz(self) -> float:
        """Of the sensor's clock, as MCO1 is set."""
        value = self.registers.get(self.chip.mco, 0)
        if self.chip is CHIPS["h7"]:  # HSI is 64 MHz
            source, divider = value >> 22 & 7, value >> 18 & 15
            return 64e6 / divider if source == 0 and divider else 0.0
        source, divider = value >> 21 & 3, value >> 24 & 7
        return 16e6 / max(1, divider - 2) if source == 0 else 0.0

    # --- pins ---

    def mode(self, name: str) -> tuple[str, int]:
        """How a pin is set up: input, output, alternate with its function, analog."""
        letter, pin = self.pins[name]
        base = self.chip.gpio + 0x400 * (ord(letter) - ord("A"))
        mode = self.registers.get(base, 0) >> 2 * pin & 3
        function = self.registers.get(base + 0x20 + 4 * (pin // 8), 0) >> 4 * (pin % 8) & 15
        return ("input", "output", "alternate", "analog")[mode], function

    def clocked(self, name: str) -> bool:
        """Whether the pin's port has its clock."""
        register, bit = self.chip.clocks[2]
        letter = ord(self.pins[name][0]) - ord("A")
        return bool(self.registers.get(register, 0) >> (bit + letter) & 1)

    def _level(self, name: str) -> bool:
        if name.startswith("D"):
            return bool(self.levels >> int(name[1]) & 1)
        if name in ("SIOC", "SIOD"):
            return self.wires is None or self.wires.level(CLOCK if name == "SIOC" else DATA)
        return bool(self.levels & {"VSYNC": VSYNC, "HREF": HREF, "PIXCLK": PIXCLK}.get(name, 0))

    def _port(self, port: int, offset: int, address: int) -> int:
        if offset == 0x10:
            letter = chr(ord("A") + port)
            here = [(pin, name) for name, (at, pin) in self.pins.items() if at == letter]
            return sum(self._level(name) << pin for pin, name in here)
        return 0 if offset == 0x18 else self.registers.get(address, 0)

    def _write_bsrr(self, port: int, value: int) -> None:
        for line, name in ((CLOCK, "SIOC"), (DATA, "SIOD")):
            letter, pin = self.pins[name]
            if self.wires and ord(letter) - ord("A") == port and value >> pin & 0x10001:
                self.wires.set(line, bool(value >> pin & 1))

    # --- DCMI ---

    def _reset(self) -> None:
        """Nothing else is said to empty the FIFO or to forget bytes of a word."""
        self.fifo.clear()
        self.state, self.part = "idle", []
        for offset in range(0, 0x2C, 4):
            self.registers.pop(self.chip.dcmi + offset, None)

    def _dcmi(self, offset: int) -> int:
        if offset == 0x04:
            return FIFO_FILLED * bool(self.fifo)
        return 0 if offset == 0x14 else self.registers.get(self.chip.dcmi + offset, 0)

    def _write_dcmi(self, offset: int, value: int) -> None:
        if not self._runs(0) or self.registers.get(self.chip.reset, 0) & 1:
            return
        address = self.chip.dcmi + offset
        if offset == 0x14:
            self.registers[self.chip.dcmi + 8] = self.registers.get(self.chip.dcmi + 8, 0) & ~value
            return
        if offset == 0:
            before = self.registers.get(address, 0)
            if value & 1 and not before & 1:
                self._check(value >> 14 & 1 == 1, "CAPTURE without ENABLE")
                self._check(value & 2 == 2, "not a snapshot")
                self.state = "waiting"
            if not value & 1:
                self.state = "idle"
        self.registers[address] = value

    def _sample(self) -> None:
        """One sample of the pins later."""
        before, self.levels = self.levels, next(self.samples)
        control = self.registers.get(self.chip.dcmi, 0)
        if self.state == "idle":
            return
        blank = bool(self.levels & VSYNC) == bool(control & 0x80)
        if self.state == "waiting":  # for a whole frame: blanking first
            self.state = "starting" if blank else "waiting"
        elif self.state == "starting":
            self.state = "starting" if blank else "frame"
        elif blank:
            self.state = "idle"
            self._flag(FRAME)
            self.registers[self.chip.dcmi] = control & ~1
        rose = bool(self.levels & PIXCLK)
        if self.state != "frame" or rose == bool(before & PIXCLK) or rose != bool(control & 0x20):
            return
        if bool(self.levels & HREF) != bool(control & 0x40):
            self._byte(self.levels & 0xFF)

    def _byte(self, value: int) -> None:
        self.part.append(value)
        if len(self.part) < 4:
            return
        word, self.part = int.from_bytes(bytes(self.part), "little"), []
        if len(self.fifo) == FIFO_WORDS:
            self._flag(OVERRUN)
        else:
            self.fifo.append(word)

    def _flag(self, bit: int) -> None:
        address = self.chip.dcmi + 8
        self.registers[address] = self.registers.get(address, 0) | bit

    # --- DMA and memory ---

    def _write_dma(self, address: int, value: int) -> None:
        if not self._runs(1):
            return
        if address in (self.chip.dma + 8, self.chip.dma + 12):
            status = address - 8
            self.registers[status] = self.registers.get(status, 0) & ~value
            return
        enabled = self.registers.get(self._stream, 0) & 1
        if address == self._stream and value & 1 and not enabled:
            self._start(value)
        elif address != self._stream and self._stream < address < self._stream + 0x18:
            self._check(not enabled, f"register {address - self._stream:#x} of a stream that runs")
        self.registers[address] = value

    def _start(self, control: int) -> None:
        at = self.registers.get
        self._check(at(self._stream + 8, 0) == self.chip.dcmi + 0x28, "not from DCMI_DR")
        self._check(at(self._stream + 12, 0) == self.driver.frame & 0xFFFFFFFF, "not to the frame")
        self._check(control >> 11 & 15 == 0b1010, "not words")
        self._check(control >> 10 & 1 == 1, "memory does not go on")
        self._check(control >> 6 & 0b1111 == 0b0000, "not from a register to memory once")
        self._check(at(self._stream + 0x14, 0) >> 2 & 1 == 0, "not in direct mode")
        register, mask, value = self.chip.request
        routed = control if register == self._stream else at(register, 0)
        self._check(routed & mask == value, "DCMI's request does not reach the stream")
        self.stored = 0

    def _transfer(self) -> None:
        """DMA's turn, one word."""
        control = self.registers.get(self._stream, 0)
        left = self.registers.get(self._stream + 4, 0)
        self.turn += 1
        if self.every is None or self.turn % self.every:
            return
        if not self.fifo or not control & 1 or not left:
            return
        if self.refused:
            shift = (0, 6, 16, 22)[self.chip.stream % 4]
            status = self.chip.dma + (0 if self.chip.stream < 4 else 4)
            self.registers[status] = self.registers.get(status, 0) | 8 << shift
            self.registers[self._stream] = control & ~1
            return
        self._store(self.fifo.popleft().to_bytes(4, "little"))
        self.registers[self._stream + 4] = left - 1

    def _store(self, word: bytes) -> None:
        place = self.driver.frame + self.stored
        self.stored += 4
        if not self.chip.cached:
            ctypes.memmove(place, word, 4)
            return
        line = place // LINE * LINE
        self._check(line & 0xFFFFFFFF in self.dropped, "a dirty line over a word of DMA")
        data = bytearray(self.shadow.get(line) or ctypes.string_at(line, LINE))
        data[place - line : place - line + 4] = word
        self.shadow[line] = bytes(data)

    def _drop(self, address: int) -> None:
        self._check(address % LINE == 0, "not a line's address")
        self.dropped.add(address)
        line = address | self.driver.frame & ~0xFFFFFFFF
        if line in self.shadow:
            ctypes.memmove(line, self.shadow.pop(line), LINE)

    def _check(self, condition: bool, message: str) -> None:
        if not condition:
            self.errors.append(message)


def _symbol(driver: Driver, name: str) -> ctypes.c_char:
    return ctypes.c_char.in_dll(driver.library, name)
