"""RP2040's pins, PIO0 and a channel of DMA, on recordings of a sensor's pins.

RP2040 Datasheet, chapters "SIO", "GPIO", "Subsystem resets", "PIO" and "DMA". With each access to a
register a few cycles of the system clock pass, with one sample of the pins each.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

from tests.helpers.camera_registers import Driver, Wires
from tests.helpers.pio_model import MASK, StateMachine
from tests.helpers.sccb_bus import CLOCK, DATA

SIOD, SIOC, D0, PCLK, HREF, VSYNC = 4, 5, 6, 14, 15, 16
RESETS, IO, PADS, SIO = 0x4000C000, 0x40014000, 0x4001C000, 0xD0000000
PIO, DMA, RXF0 = 0x50200000, 0x50000000, 0x50200020
RESET_BITS = {DMA: 2, PIO: 10}
REQUEST_PIO0_RX0 = 4


class Rp2040Model:
    """The chip; on its pins are `samples`, which never end, by numbers of GPIO."""

    def __init__(self, driver: Driver, samples: Iterator[int], pace: int = 6) -> None:
        self.driver, self.samples, self.pace = driver, samples, pace
        self.wires: Wires | None = None
        self.machine = StateMachine()
        self.registers: dict[int, int] = {}
        self.resets = 0x01FFFFFF
        self.mask = MASK
        """Pins whose levels get in."""
        self.runs = False
        self.levels = next(samples)
        self.stored = 0
        self.left = 0
        self.turn = 0
        self.every: int | None = 1
        """Cycles from one turn of DMA to the next; None: never."""
        self.refused = False
        """The bus answers DMA with an error."""
        self.errors: list[str] = []
        driver.connect(self)

    def read(self, address: int) -> int:
        for _ in range(self.pace):
            self._cycle()
        get = self.registers.get
        if address == SIO + 4:
            return self._levels()
        if address == RESETS + 8:
            return ~self.resets & 0x01FFFFFF
        if address == DMA + 8:
            return self.left
        if address == DMA + 0x0C:
            return get(address, 0) | bool(self.left) << 24
        if address == PIO + 8:
            return int(self.machine.stalled)
        if address == PIO + 0x0C:
            return len(self.machine.fifo) << 4
        if address == PIO + 0xD8:
            return self.machine.memory[self.machine.pc]
        return 0 if SIO <= address < SIO + 0x30 or address == DMA + 0x444 else get(address, 0)

    def write(self, address: int, value: int) -> None:
        block = address & ~0xFFFFF
        if address == RESETS + 0x3000:
            self.resets &= ~value
        elif SIO <= address < SIO + 0x30:
            self._write_sio(address - SIO, value)
        elif block in RESET_BITS and self.resets >> RESET_BITS[block] & 1:
            self._check(False, f"{address:#x} written while it is held in reset")
        elif block == PIO:
            self._write_pio(address - PIO, value)
        elif block == DMA:
            self._write_dma(address - DMA, value)
        else:
            self.registers[address] = value
            if PADS < address <= PADS + 4 + 4 * 29:
                bit = 1 << (address - PADS) // 4 - 1
                self.mask = self.mask & ~bit | bit * (value >> 6 & 1)

    # --- pins ---

    def is_input(self, pin: int) -> bool:
        """Whether its level gets into the chip."""
        return bool(self.mask >> pin & 1)

    def pulled_up(self, pin: int) -> bool:
        return bool(self.registers.get(PADS + 4 + 4 * pin, 0x56) & 1 << 3)

    def function(self, pin: int) -> int:
        return self.registers.get(IO + 4 + 8 * pin, 0x1F) & 0x1F

    def _levels(self) -> int:
        levels = self.levels
        for line, pin in ((CLOCK, SIOC), (DATA, SIOD)):
            if self.wires is None or self.wires.level(line):
                levels |= 1 << pin
        return levels

    def _write_sio(self, offset: int, value: int) -> None:
        if offset == 0x18:
            self.registers[SIO + 0x10] = self.registers.get(SIO + 0x10, 0) & ~value
        if offset not in (0x24, 0x28):
            return
        for line, pin in ((CLOCK, SIOC), (DATA, SIOD)):
            if self.wires and value >> pin & 1:
                self._check(not self.registers.get(SIO + 0x10, 0) >> pin & 1, "drives a line high")
                self._check(self.function(pin) == 5, "not a pin of SIO")
                self.wires.set(line, offset == 0x28)

    # --- PIO ---

    def _cycle(self) -> None:
        """One of the system clock: pins, machine, DMA."""
        self.levels = next(self.samples)
        self.machine.cycle(self.levels & self.mask, runs=self.runs)
        self.turn += 1
        if self.left and self.machine.fifo:
            self._transfer()

    def _write_pio(self, offset: int, value: int) -> None:
        machine = self.machine
        if offset == 0:
            if value & 1 << 4:
                machine.restart()
            self._check(not value & 0xE, "other machines run")
            value &= 0xF
            self.runs = bool(value & 1)
        elif offset == 8:
            machine.stalled &= not value & 1
        elif 0x48 <= offset < 0xC8:
            machine.memory[(offset - 0x48) // 4] = value & 0xFFFF
        elif offset == 0xC8:
            self._check(value == 1 << 16, "not at the system's clock")
        elif offset == 0xCC:
            machine.wrap_bottom, machine.wrap_top = value >> 7 & 31, value >> 12 & 31
            machine.jump_pin = value >> 24 & 31
        elif offset == 0xD0:
            self._set_shift(value)
        elif offset == 0xD8:
            machine.force(value & 0xFFFF)
        elif offset == 0xDC:
            machine.in_base = value >> 15 & 31
        self.registers[PIO + offset] = value

    def _set_shift(self, value: int) -> None:
        machine = self.machine
        depth = 8 if value >> 31 else 4
        if depth != machine.depth:
            machine.fifo.clear()
        machine.depth = depth
        machine.autopush, machine.right = bool(value >> 16 & 1), bool(value >> 18 & 1)
        machine.threshold = value >> 20 & 31 or 32

    # --- DMA ---

    def _write_dma(self, offset: int, value: int) -> None:
        if offset == 0x08:
            self.registers[DMA + 8] = value
        if offset == 0x0C:
            self._start(value)
        if offset == 0x444 and value & 1:
            self.left = 0
            self.registers[DMA + 0x0C] = self.registers.get(DMA + 0x0C, 0) & ~1
        elif offset != 0x444:
            self.registers[DMA + offset] = value

    def _start(self, control: int) -> None:
        at = self.registers.get
        self._check(control & 1 == 1, "not enabled")
        self._check(at(DMA, 0) & ~3 == RXF0, "not from PIO0's first machine")
        self._check(at(DMA + 4, 0) == self.driver.frame & 0xFFFFFFFF, "not to the frame")
        self._check(control >> 2 & 3 == 0, "not bytes")
        self._check(control >> 4 & 3 == 0b10, "memory does not go on, or the FIFO does")
        self._check(control >> 6 & 15 == 0, "a ring")
        self._check(control >> 11 & 15 == 0, "chained to another channel")
        self._check(control >> 15 & 63 == REQUEST_PIO0_RX0, "not at PIO's request")
        self.left, self.stored = at(DMA + 8, 0), 0

    def _transfer(self) -> None:
        if self.every is None or self.turn % self.every:
            return
        if self.refused:  # the channel halts
            self.registers[DMA + 0x0C] |= 1 << 31
            return
        word = self.machine.fifo.popleft()
        lane = self.registers[DMA] & 3
        ctypes.memset(self.driver.frame + self.stored, word >> 8 * lane & 0xFF, 1)
        self.stored += 1
        self.left -= 1

    def _check(self, condition: bool, message: str) -> None:
        if not condition:
            self.errors.append(message)
