"""Clocks, pins and line of STM32 ports on a model of their registers, which QEMU does not have."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.firmware_stubs.catalog import INCLUDE
from edgekit.firmware_stubs.sources import PORT, port_units
from edgekit.targets.reader import load_target
from tests.helpers.camera_registers import READ, REGISTERS, WRITE
from tests.helpers.stm32_h7_model import H7, U5
from tests.helpers.stm32_model import F1, F4, L4, Limits, Stm32
from tests.helpers.toolchains import compile_c

BARE = {"startup", "board_info", "cycles", "stm32_port", "stm32h7_first", "m7"}
"""Files that speak to the core itself."""
FACTS = """
#include "board.h"
#include "stm32.h"
extern const uint32_t line, divider, timer;
const uint32_t line = EK_BOARD_UART, divider = EK_BOARD_UART_DIVIDER;
const uint32_t timer = EK_BOARD_CYCLES_PER_TIMER_CLOCK;
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
    library, model = _library(name, tmp_path), chip(limits)
    broken: list[BaseException] = []
    calls = READ(_kept(model.read, broken)), WRITE(_kept(model.write, broken))
    library.model_connect(*calls)
    for step in ("ek_stm32_clocks", "ek_stm32_pins", "ek_stm32_open_line", "model_flush"):
        getattr(library, step)()
    assert broken == []
    fact = {n: ctypes.c_uint32.in_dll(library, n).value for n in ("line", "divider", "timer")}
    assert model.core() == load_target(name).clock_hz
    assert model.line_hertz(fact["line"]) / fact["divider"] == pytest.approx(115200, rel=0.01)
    timer = model.timer()
    assert timer * fact["timer"] == model.core()
    assert model.at(fact["line"] + _brr(name)) == fact["divider"]


def _kept(function: Callable[..., Any], broken: list[BaseException]) -> Callable[..., int]:
    """ctypes has no way to raise what a function called from C raised."""

    def call(*words: int) -> int:
        try:
            return function(*words) or 0
        except Exception as error:
            broken.append(error)
            return 0

    return call


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


def _library(name: str, folder: Path) -> ctypes.CDLL:
    port = load_target(name).port
    sources = [unit.path for unit in port_units(port) if unit.path.stem not in BARE]
    (folder / "facts.c").write_text(FACTS)
    families = sorted({path.parent for path in sources})
    folders = [PORT / port, REGISTERS, *families, INCLUDE]
    flags = ["-shared", "-fPIC", "-O1", "-std=c11", *(f"-I{path}" for path in folders)]
    sources += [REGISTERS / "registers.c", folder / "facts.c"]
    compile_c("gcc", *flags, *sources, "-o", folder / "port.so")
    return ctypes.CDLL(str(folder / "port.so"))
