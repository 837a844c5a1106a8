"""nRF52840's pins and the master clock of I2S, on recordings of a sensor's pins.

nRF52840 Product Specification 1.8, chapters "GPIO" and "I2S". Each look at port 0 is a
sample later.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.helpers.camera_registers import Driver, Wires
from tests.helpers.sccb_bus import CLOCK, DATA

PORTS = (0x50000000, 0x50000300)
OUT, IN, DIR_SET, DIR_CLEAR, CONFIG = 0x504, 0x510, 0x518, 0x51C, 0x700
OUT_CLEAR = 0x50C
DISCONNECTED = 2
"""PIN_CNF after a reset: the level does not get in."""
I2S = 0x40025000
LINES = {CLOCK: 1, DATA: 8}
"""SIOC and SIOD: D11 and D12 of the board, in port 1."""


class Nrf52840Model:
    """The chip; port 0 shows `samples`, which never end, where pins let them in."""

    def __init__(self, driver: Driver, samples: Iterator[int]) -> None:
        self.driver, self.samples = driver, samples
        self.wires: Wires | None = None
        self.registers: dict[int, int] = {}
        self.directions = [0, 0]
        self.errors: list[str] = []
        driver.connect(self)

    def config(self, port: int, pin: int) -> int:
        return self.registers.get(PORTS[port] + CONFIG + 4 * pin, DISCONNECTED)

    def clock(self) -> tuple[float, int]:
        """Hertz of the sensor's clock and its pin (32 and more: port 1); (0, 0): there is none."""
        at = self.registers.get
        words = (at(I2S, 0), at(I2S + 0x500, 0), at(I2S + 0x510, 0), at(I2S + 0x504, 1))
        if words != (1, 1, 1, 0) or at(I2S + 0x514) != 0x80000000:
            return 0.0, 0
        return 32e6 / 2, at(I2S + 0x560, 0)

    def read(self, address: int) -> int:
        if address == PORTS[0] + IN:
            level = next(self.samples)
            return sum(level & 1 << pin for pin in range(32) if self.config(0, pin) & 2 == 0)
        if address == PORTS[1] + IN:
            return sum(self._high(line) << pin for line, pin in LINES.items())
        for number, port in enumerate(PORTS):
            if port + CONFIG <= address < port + CONFIG + 0x80:
                return self.config(number, (address - port - CONFIG) // 4)
        return 1 if address == I2S + 0x504 and address not in self.registers else 0

    def _high(self, line: int) -> bool:
        return self.wires is None or self.wires.level(line)

    def write(self, address: int, value: int) -> None:
        self.registers[address] = value
        if address - PORTS[1] not in (DIR_SET, DIR_CLEAR):
            return
        drives = address - PORTS[1] == DIR_SET
        for line, pin in LINES.items():
            if self.wires and value >> pin & 1:
                pull = self.config(1, pin)
                if pull & 0b1110 != 0b1100:
                    self.errors.append(f"pin {pin}: no input with a pull-up ({pull:#x})")
                self.wires.set(line, not drives)
