"""STM32 chips as registers that the set-up of clocks, pins and line writes, with their rules.

Every write is followed by a look at what would have happened: a bus, the flash or the core's
voltage beyond its limit, a PLL changed while it runs, a pin of a port without a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Limits:
    """Hertz at most, from a chip's manual and data sheet."""

    apb1: float
    apb2: float
    per_wait_state: float
    scale: dict[int, float] = field(default_factory=dict)
    """By voltage scale, where the chip has them; with over-drive or boost `top`."""
    top: float = 0.0


def bits(value: int, high: int, low: int) -> int:
    return value >> low & (1 << high - low + 1) - 1


def bus_divider(code: int) -> int:
    """PPRE of RCC_CFGR."""
    return 1 if code < 4 else 2 << code - 4


class Stm32:
    """What all families have: memory for registers, and the check after each write."""

    RCC = CR = 0
    RESET: ClassVar[Mapping[int, int]] = {}
    PORTS = 0
    """Address of port A."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.registers = dict(self.RESET)
        self.check()

    def at(self, address: int) -> int:
        return self.registers.get(address, 0)

    def read(self, address: int) -> int:
        return self.at(address) | self.status(address)

    def status(self, address: int) -> int:
        """Bits that hardware sets."""
        return self.pll_on << 25 if address == self.CR else 0

    def write(self, address: int, value: int) -> None:
        before, was_on = self.at(address), self.pll_on
        assert not (was_on and address in self.pll_registers()), "the PLL runs and is changed"
        self.registers[address] = value
        port = (address - self.PORTS) // 0x400
        assert not 0 <= port < 11 or self.port_clocks() >> port & 1, "a port without clock"
        self.changed(address, before)
        self.check()

    def check(self) -> None:
        core = self.core()
        assert self.apb1() <= self.limits.apb1, "APB1 too fast"
        assert self.apb2() <= self.limits.apb2, "APB2 too fast"
        assert core <= self.limits.per_wait_state * (self.wait_states() + 1), "flash too fast"
        assert core <= self.fastest(), "voltage too low"

    @property
    def pll_on(self) -> int:
        return bits(self.at(self.CR), 24, 24)

    def changed(self, address: int, before: int) -> None:
        """A rule of the family's own."""

    def pll_registers(self) -> tuple[int, ...]:
        raise NotImplementedError

    def core(self) -> float:
        raise NotImplementedError

    def apb1(self) -> float:
        return self.core() / bus_divider(bits(self.at(self.RCC + self.CFGR), 12, 10))

    def apb2(self) -> float:
        return self.core() / bus_divider(bits(self.at(self.RCC + self.CFGR), 15, 13))

    CFGR = 8

    def timer(self) -> float:
        """TIM2: as fast as an undivided bus, twice as fast as a divided one."""
        return self.apb1() * (1 if self.apb1() == self.core() else 2)

    def wait_states(self) -> int:
        raise NotImplementedError

    def fastest(self) -> float:
        raise NotImplementedError

    def port_clocks(self) -> int:
        """A bit for each port, A first."""
        raise NotImplementedError

    def line_hertz(self, uart: int) -> float:
        """The clock of the line with registers at `uart`, which must be on."""
        raise NotImplementedError


class F4(Stm32):
    """STM32F2, F4 and F7: RM0033, RM0390, RM0385."""

    RCC = CR = 0x40023800
    PLLCFGR, FLASH, PWR, PORTS = RCC + 4, 0x40023C00, 0x40007000, 0x40020000
    RESET: ClassVar = {CR: 0x83, PLLCFGR: 0x24003010, PWR: 3 << 14}
    UARTS: ClassVar = {0x40004400: (0x40, 17), 0x40004800: (0x40, 18), 0x40011000: (0x44, 4)}
    """Line -> register and bit that switch it on."""

    def status(self, address: int) -> int:
        if address == self.RCC + self.CFGR:
            return bits(self.at(address), 1, 0) << 2
        if address == self.PWR + 4:
            return self.pll_on << 14 | self.at(self.PWR) & 3 << 16
        return super().status(address)

    def pll_registers(self) -> tuple[int, ...]:
        return (self.PLLCFGR,)

    def changed(self, address: int, before: int) -> None:
        scale = before ^ self.at(self.PWR)
        assert address != self.PWR or not (scale & 3 << 14 and self.pll_on), "scale while PLL runs"

    def core(self) -> float:
        if bits(self.at(self.RCC + self.CFGR), 1, 0) == 0:
            return 16e6
        assert bits(self.at(self.RCC + self.CFGR), 1, 0) == 2
        assert self.pll_on
        pll = self.at(self.PLLCFGR)
        assert not bits(pll, 22, 22)
        assert bits(pll, 27, 24) >= 2
        vco = 16e6 / bits(pll, 5, 0) * bits(pll, 14, 6)
        assert 1e6 <= 16e6 / bits(pll, 5, 0) <= 2e6
        assert 192e6 <= vco <= 432e6
        return vco / (2 * bits(pll, 17, 16) + 2)

    def wait_states(self) -> int:
        return bits(self.at(self.FLASH), 3, 0)

    def fastest(self) -> float:
        power = self.at(self.PWR)
        if bits(power, 17, 16) == 3:
            return self.limits.top
        return self.limits.scale.get(bits(power, 15, 14), 0.0)

    def port_clocks(self) -> int:
        return self.at(self.RCC + 0x30)

    def line_hertz(self, uart: int) -> float:
        register, bit = self.UARTS[uart]
        assert bits(self.at(self.RCC + register), bit, bit), "the line has no clock"
        return self.apb1() if register == 0x40 else self.apb2()


class L4(Stm32):
    """STM32L4 and L4+: RM0351, RM0432. Starts from MSI at 4 MHz."""

    RCC = CR = 0x40021000
    PLLCFGR, FLASH, PWR, PORTS = RCC + 0xC, 0x40022000, 0x40007000, 0x48000000
    RESET: ClassVar = {CR: 0x63, PLLCFGR: 0x1000, PWR: 0x200, PWR + 0x80: 0x100}
    UARTS: ClassVar = {
        0x40004400: (0x58, 17, 2),
        0x40008000: (0x5C, 0, 10),
        0x40013800: (0x60, 14, 0),
    }
    """Line -> register and bit that switch it on, and where CCIPR says from what it runs."""

    def status(self, address: int) -> int:
        if address == self.RCC + self.CFGR:
            return bits(self.at(address), 1, 0) << 2
        hsi = bits(self.at(self.CR), 8, 8) << 10 if address == self.CR else 0
        return super().status(address) | hsi

    def pll_registers(self) -> tuple[int, ...]:
        return (self.PLLCFGR,)

    def changed(self, address: int, before: int) -> None:
        if address == self.RCC + self.CFGR and (before ^ self.at(address)) & 3:
            assert self.core() <= 80e6, "beyond 80 MHz in one step"

    def core(self) -> float:
        clocks = self.at(self.RCC + self.CFGR)
        divider = 1 << max(0, bits(clocks, 7, 4) - 7)
        if bits(clocks, 1, 0) < 2:
            return (4e6, 16e6)[bits(clocks, 1, 0)] / divider
        pll = self.at(self.PLLCFGR)
        assert bits(clocks, 1, 0) == 3
        assert self.pll_on
        assert bits(pll, 1, 0) == 2
        assert bits(pll, 24, 24), "output R is off"
        vco = 16e6 / (bits(pll, 6, 4) + 1) * bits(pll, 14, 8)
        assert 64e6 <= vco <= 344e6
        return vco / (2 * bits(pll, 26, 25) + 2) / divider

    def wait_states(self) -> int:
        return bits(self.at(self.FLASH), 3, 0)

    def fastest(self) -> float:
        boosted = self.limits.top and not bits(self.at(self.PWR + 0x80), 8, 8)
        return self.limits.top if boosted else self.limits.scale[bits(self.at(self.PWR), 10, 9)]

    def port_clocks(self) -> int:
        return self.at(self.RCC + 0x4C)

    def line_hertz(self, uart: int) -> float:
        register, bit, source = self.UARTS[uart]
        assert bits(self.at(self.RCC + register), bit, bit), "the line has no clock"
        assert bits(self.at(self.RCC + 0x88), source + 1, source) == 2, "not from HSI16"
        return 16e6 * (256 if uart == 0x40008000 else 1)  # LPUART: BRR counts 256ths


class F1(Stm32):
    """STM32F100: RM0041. Its flash needs no wait state."""

    RCC = CR = 0x40021000
    CFGR, PORTS = 4, 0x40010800
    RESET: ClassVar = {CR: 0x83}

    def status(self, address: int) -> int:
        if address == self.RCC + self.CFGR:
            return bits(self.at(address), 1, 0) << 2
        return super().status(address)

    def pll_registers(self) -> tuple[int, ...]:
        return ()

    def changed(self, address: int, before: int) -> None:
        if address == self.RCC + self.CFGR and (before ^ self.at(address)) & 0x3F0000:
            assert not self.pll_on, "the PLL runs and is changed"

    def core(self) -> float:
        clocks = self.at(self.RCC + self.CFGR)
        if bits(clocks, 1, 0) == 0:
            return 8e6
        assert bits(clocks, 1, 0) == 2
        assert self.pll_on
        assert not bits(clocks, 16, 16)
        return 4e6 * (bits(clocks, 21, 18) + 2)

    def apb1(self) -> float:
        return self.core() / bus_divider(bits(self.at(self.RCC + self.CFGR), 10, 8))

    def apb2(self) -> float:
        return self.core() / bus_divider(bits(self.at(self.RCC + self.CFGR), 13, 11))

    def wait_states(self) -> int:
        return 0

    def fastest(self) -> float:
        return self.limits.per_wait_state

    def port_clocks(self) -> int:
        return self.at(self.RCC + 0x18) >> 2

    def line_hertz(self, uart: int) -> float:
        assert uart == 0x40013800
        assert bits(self.at(self.RCC + 0x18), 14, 14)
        return self.apb2()
