"""The newer STM32 families as registers, see stm32_model.py: H7 (RM0433) and U5 (RM0456)."""

from __future__ import annotations

from typing import ClassVar

from tests.helpers.stm32_model import Stm32, bits, bus_divider


def _ahb_divider(code: int) -> int:
    """HPRE and D1CPRE."""
    return 1 if code < 8 else (2, 4, 8, 16, 64, 128, 256, 512)[code - 8]


class H7(Stm32):
    """STM32H743 and the Cortex-M7 of STM32H747: its AXI bus and flash run at half the core's clock.

    `limits.per_wait_state` is the AXI bus's; the line runs from HSI, 64 MHz.
    """

    RCC = CR = 0x58024400
    CFGR, PORTS = 0x10, 0x58020000
    SOURCE, RANGE, DIVIDERS = RCC + 0x28, RCC + 0x2C, RCC + 0x30
    VOLTAGE, OVERDRIVE, FLASH = 0x58024818, 0x5800042C, 0x52002000
    RESET: ClassVar = {CR: 1, SOURCE: 0x02020200, RANGE: 0x01FF0000, DIVIDERS: 0x01010280}
    UARTS: ClassVar = {0x40004800: (0xE8, 18, 0), 0x40011000: (0xF0, 4, 3)}
    """Line -> register and bit that switch it on, and where D2CCIP2R says from what it runs."""

    def status(self, address: int) -> int:
        if address == self.RCC + self.CFGR:
            return bits(self.at(address), 2, 0) << 3
        if address == self.VOLTAGE:
            return 1 << 13
        hsi = bits(self.at(self.CR), 0, 0) << 2 if address == self.CR else 0
        return super().status(address) | hsi

    def pll_registers(self) -> tuple[int, ...]:
        return (self.SOURCE, self.RANGE, self.DIVIDERS)

    def core(self) -> float:
        assert bits(self.at(self.CR), 4, 3) == 0, "HSI is divided"
        if bits(self.at(self.RCC + self.CFGR), 2, 0) == 0:
            return 64e6 / _ahb_divider(bits(self.at(self.RCC + 0x18), 11, 8))
        assert bits(self.at(self.RCC + self.CFGR), 2, 0) == 3
        assert self.pll_on
        source, dividers = self.at(self.SOURCE), self.at(self.DIVIDERS)
        assert bits(source, 1, 0) == 0, "the PLL's source is not HSI"
        reference = 64e6 / bits(source, 9, 4)
        least = (1e6, 2e6, 4e6, 8e6)[bits(self.at(self.RANGE), 3, 2)]
        assert least <= reference <= 2 * least
        assert bits(self.at(self.RANGE), 16, 16), "output P is off"
        vco = reference * (bits(dividers, 8, 0) + 1)
        assert 192e6 <= vco <= 960e6
        return vco / (bits(dividers, 15, 9) + 1)

    def axi(self) -> float:
        return self.core() / _ahb_divider(bits(self.at(self.RCC + 0x18), 3, 0))

    def apb1(self) -> float:
        return self.axi() / bus_divider(bits(self.at(self.RCC + 0x1C), 6, 4))

    def apb2(self) -> float:
        return self.axi() / bus_divider(bits(self.at(self.RCC + 0x1C), 10, 8))

    def check(self) -> None:
        assert self.axi() <= self.limits.per_wait_state * (self.wait_states() + 1), "flash too fast"
        assert max(self.apb1(), self.apb2()) <= self.limits.apb1, "APB too fast"
        assert self.core() <= self.fastest(), "voltage too low"

    def wait_states(self) -> int:
        return bits(self.at(self.FLASH), 3, 0)

    def fastest(self) -> float:
        scale = bits(self.at(self.VOLTAGE), 15, 14)
        if scale == 3 and bits(self.at(self.OVERDRIVE), 0, 0):
            assert bits(self.at(self.RCC + 0xF4), 1, 1), "SYSCFG has no clock"
            return self.limits.top
        return self.limits.scale.get(scale, 64e6)

    def port_clocks(self) -> int:
        return self.at(self.RCC + 0xE0)

    def line_hertz(self, uart: int) -> float:
        register, bit, source = self.UARTS[uart]
        assert bits(self.at(self.RCC + register), bit, bit), "the line has no clock"
        assert bits(self.at(self.RCC + 0x54), source + 2, source) == 3, "not from HSI"
        return 64e6


class U5(Stm32):
    """STM32U5. Starts from MSI at 4 MHz; the booster is wanted above 55 MHz."""

    RCC = CR = 0x46020C00
    CFGR, PORTS = 0x1C, 0x42020000
    PLL, DIVIDERS = RCC + 0x28, RCC + 0x34
    VOLTAGE, FLASH = 0x4602080C, 0x40022000
    RESET: ClassVar = {CR: 0x35, DIVIDERS: 0x01010280, VOLTAGE: 0}

    def status(self, address: int) -> int:
        if address == self.RCC + self.CFGR:
            return bits(self.at(address), 1, 0) << 2
        if address == self.VOLTAGE:
            return 1 << 15 | bits(self.at(address), 18, 18) << 14
        hsi = bits(self.at(self.CR), 8, 8) << 10 if address == self.CR else 0
        return super().status(address) | hsi

    def pll_registers(self) -> tuple[int, ...]:
        return (self.PLL, self.DIVIDERS)

    def core(self) -> float:
        clocks = self.at(self.RCC + self.CFGR)
        divider = _ahb_divider(bits(self.at(self.RCC + 0x20), 3, 0))
        if bits(clocks, 1, 0) < 2:
            return (4e6, 16e6)[bits(clocks, 1, 0)] / divider
        pll, dividers = self.at(self.PLL), self.at(self.DIVIDERS)
        assert bits(clocks, 1, 0) == 3
        assert self.pll_on
        assert bits(pll, 1, 0) == 2, "the PLL's source is not HSI16"
        assert bits(pll, 18, 18), "output R is off"
        reference = 16e6 / (bits(pll, 11, 8) + 1)
        assert (4e6, 4e6, 4e6, 8e6)[bits(pll, 3, 2)] <= reference <= 16e6
        vco = reference * (bits(dividers, 8, 0) + 1)
        assert 128e6 <= vco <= 544e6
        return vco / (bits(dividers, 30, 24) + 1) / divider

    def apb1(self) -> float:
        return self.core() / bus_divider(bits(self.at(self.RCC + 0x20), 6, 4))

    def apb2(self) -> float:
        return self.core() / bus_divider(bits(self.at(self.RCC + 0x20), 10, 8))

    def wait_states(self) -> int:
        return bits(self.at(self.FLASH), 3, 0)

    def fastest(self) -> float:
        scale = bits(self.at(self.VOLTAGE), 17, 16)
        boosted = bits(self.at(self.VOLTAGE), 18, 18)
        return self.limits.top if scale == 3 and boosted else self.limits.scale.get(scale, 25e6)

    def changed(self, address: int, before: int) -> None:
        if address == self.RCC + self.CFGR and (before ^ self.at(address)) & 3:
            assert self.core() <= 80e6, "beyond 80 MHz in one step"

    def port_clocks(self) -> int:
        return self.at(self.RCC + 0x8C)

    def line_hertz(self, uart: int) -> float:
        assert uart == 0x40013800
        assert bits(self.at(self.RCC + 0xA4), 14, 14), "the line has no clock"
        assert bits(self.at(self.RCC + 0xE0), 1, 0) == 2, "not from HSI16"
        return 16e6
