"""Clocks, pins and line of STM32 ports on a model of their registers, which QEMU does not have."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from edgekit.firmware_stubs.sources import PORT, port_units
from edgekit.targets.reader import load_target
from tests.helpers.port_registers import PortLibrary
from tests.helpers.stm32_h7_model import H7, U5
from tests.helpers.stm32_model import F1, F4, L4, Limits, Stm32

BARE = {"startup", "board_info", "stm32h7_first", "m7"}
"""Files that speak to the core itself."""
TIM2_COUNT, TIM2_PRESCALER, DWT_CYCCNT = 0x40000024, 0x40000028, 0xE0001004
FACTS = """
#include "board.h"
#include "stm32.h"
extern const uint32_t line, divider, timer, bits;
const uint32_t line = EK_BOARD_UART, divider = EK_BOARD_UART_DIVIDER;
const uint32_t timer = EK_BOARD_CYCLES_PER_TIMER_CLOCK, bits = EK_BOARD_TIMER_BITS;
void ek_m7_start(void);
void ek_m7_start(void) {}
"""
F446 = Limits(45e6, 90e6, 30e6, {3: 168e6}, top=180e6)
F7 = Limits(54e6, 108e6, 30e6, {3: 180e6}, top=216e6)
L4X5 = Limits(80e6, 80e6, 16e6, {1: 80e6})
H743 = Limits(120e6, 120e6, 70e6, {3: 400e6, 2: 300e6, 1: 200e6}, top=480e6)
H747 = Limits(100e6, 100e6, 70e6, {3: 400e6, 2: 300e6, 1: 200e6})
CHIPS: dict[str, tuple[type[Stm32], Limits]] = {
    "stm32vldiscovery": (F1, Limits(24e6, 24e6, 24e6)),
    "nucleo-f207zg": (F4, Limits(30e6, 60e6, 30e6, {3: 120e6})),
    "nucleo-f401re": (F4, Limits(42e6, 84e6, 30e6, {2: 84e6, 3: 16e6})),
    "nucleo-f411re": (F4, Limits(50e6, 100e6, 30e6, {3: 100e6, 2: 84e6})),
    "stm32f4discovery": (F4, Limits(42e6, 84e6, 30e6, {1: 168e6, 3: 16e6})),
    "nucleo-f446re": (F4, F446),
    "nucleo-f746zg": (F4, F7),
    "nucleo-f767zi": (F4, F7),
    "stm32f746g-disco": (F4, F7),
    "nucleo-l476rg": (L4, L4X5),
    "b-l475e-iot01a": (L4, L4X5),
    "nucleo-h743zi": (H7, H743),
    "openmv-h7": (H7, H743),
    "nicla-vision": (H7, H747),
    "portenta-h7": (H7, H747),
    "nucleo-u575zi": (U5, Limits(160e6, 160e6, 32e6, {3: 55e6, 2: 55e6}, top=160e6)),
    "nucleo-l4r5zi": (L4, Limits(120e6, 120e6, 20e6, {1: 80e6}, top=120e6)),
}
"""Limits: reference manuals, chapters on power, clocks, flash; data sheets, operating conditions.

The model of STM32F4 starts in voltage scale 3, where some have another: it serves reset there.
"""


@pytest.mark.parametrize("name", CHIPS)
def test_a_board_reaches_its_clock_within_its_limits(name: str, tmp_path: Path) -> None:
    """Every step on the way keeps the rules; at the end core, line and timer are what is stated."""
    chip, limits = CHIPS[name]
    port, model = _port(name, tmp_path), chip(limits)
    port.connect(model)
    port.call("ek_port_init")
    assert port.broken == []
    names = ("line", "divider", "timer", "bits")
    line, divider, timer, width = (ctypes.c_uint32.in_dll(port.library, n).value for n in names)
    assert model.core() == load_target(name).clock_hz
    assert model.line_hertz(line) / divider == pytest.approx(115200, rel=0.01)
    assert model.at(line + _brr(name)) == divider
    assert model.timer() * timer == model.core()
    cycles_per_count = timer * (65536 if width == 16 else 1024)
    count = min((1 << 32) // cycles_per_count, (1 << width) - 1)
    model.registers[TIM2_COUNT], model.registers[DWT_CYCCNT] = count, 77
    assert port.call("ek_port_cycles") == (1 << 32) + 77  # one round of the DWT's 32 bits
    assert model.at(TIM2_PRESCALER) == cycles_per_count // timer - 1


def _brr(name: str) -> int:
    """Where BRR lies: the older USART has it after its data."""
    older = any(unit.path.name == "stm32f4_usart.c" for unit in port_units(load_target(name).port))
    return 0x08 if older else 0x0C


def test_the_model_refuses_what_a_chip_would_not_bear() -> None:
    model = F4(F446)
    with pytest.raises(AssertionError, match="a port without clock"):
        model.write(F4.PORTS, 1)
    model.write(F4.PLLCFGR, 8 | 180 << 6 | 9 << 24)
    model.write(F4.CR, 0x83 | 1 << 24)
    with pytest.raises(AssertionError, match="the PLL runs"):
        model.write(F4.PLLCFGR, 8 | 168 << 6 | 9 << 24)
    with pytest.raises(AssertionError, match="APB1 too fast"):
        model.write(F4.RCC + F4.CFGR, 2)
    model.registers[F4.RCC + F4.CFGR] = 0
    model.write(F4.RCC + F4.CFGR, 5 << 10 | 4 << 13)
    with pytest.raises(AssertionError, match="flash too fast"):
        model.write(F4.RCC + F4.CFGR, 5 << 10 | 4 << 13 | 2)
    model.registers[F4.RCC + F4.CFGR] = 5 << 10 | 4 << 13
    model.write(F4.FLASH, 5)
    with pytest.raises(AssertionError, match="voltage too low"):
        model.write(F4.RCC + F4.CFGR, 5 << 10 | 4 << 13 | 2)


def _port(name: str, folder: Path) -> PortLibrary:
    port = load_target(name).port
    sources = [unit.path for unit in port_units(port) if unit.path.stem not in BARE]
    facts = folder / "given" / "facts.c"
    facts.parent.mkdir()
    facts.write_text(FACTS)
    headers = (PORT / port, PORT / "cortex_m/stm32", PORT / "cortex_m")
    return PortLibrary([*sources, facts], folder, headers)
