"""The port to nRF52833 and nRF52840 on a model of crystal, pins, timer and UART."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgekit.firmware_stubs.sources import PORT, port_units
from edgekit.targets.reader import list_targets, load_target
from tests.helpers.port_registers import PortLibrary

BOARDS = [t.name for t in list_targets() if t.cpu.name == "cortex-m4f" and t.clock_hz == 64_000_000]
CLOCK_START, CLOCK_STATUS = 0x40000000, 0x4000040C
DWT_CYCCNT = 0xE0001004
UART, TIMER, GPIO = 0x40002000, 0x40008000, 0x50000000


class Nrf52:
    """Registers as memory, but for the crystal, a timer that counts, and pins that are set."""

    def __init__(self) -> None:
        self.memory: dict[int, int] = {}
        self.asked = self.count = 0
        self.order: list[int] = []

    def read(self, address: int) -> int:
        if address == CLOCK_STATUS:
            self.asked += 1
            swings = self.memory.get(CLOCK_START) == 1 and self.asked > 3
            return 0x10001 if swings else 0x10000  # at first still the RC oscillator
        if address == TIMER + 0x540:
            return self.count
        return 0 if self.sets(address) else self.memory.get(address, 0)

    def sets(self, address: int) -> bool:
        """OUTSET and DIRSET: ones add to what is set."""
        return address - GPIO in (0x508, 0x518, 0x808, 0x818)

    def write(self, address: int, value: int) -> None:
        self.order.append(address)
        self.memory[address] = value | (self.sets(address) and self.memory.get(address, 0))

    def pin(self, number: int, register: int) -> int:
        """The pin's bit of a register of its port."""
        port = GPIO + number // 32 * 0x300
        return self.memory.get(port + register, 0) >> number % 32 & 1


def pins(name: str) -> dict[str, int]:
    text = (PORT / load_target(name).port / "board.h").read_text(encoding="utf-8")
    return {key: int(n) for key, n in re.findall(r"EK_BOARD_(\w+)_PIN (\d+)u", text)}


@pytest.mark.parametrize("name", BOARDS)
def test_it_comes_up_as_stated(name: str, tmp_path: Path) -> None:
    units = port_units(load_target(name).port)
    sources = [u.path for u in units if u.path.stem not in ("startup", "board_info")]
    headers = (PORT / load_target(name).port, PORT / "cortex_m/nrf", PORT / "cortex_m")
    model, port, at = Nrf52(), PortLibrary(sources, tmp_path, headers), pins(name)
    port.connect(model)
    port.call("ek_port_init")
    assert port.broken == []
    assert model.asked > 3  # waited for the crystal
    assert model.order.index(CLOCK_START) < model.order.index(UART + 0x500)
    assert (model.memory[UART + 0x50C], model.memory[UART + 0x514]) == (at["TX"], at["RX"])
    assert model.memory[UART + 0x500] == 4
    assert model.memory[UART + 0x524] == pytest.approx(115200 / 16e6 * 2**32, rel=0.001)
    assert model.pin(at["TX"], 0x508) == model.pin(at["TX"], 0x518) == 1  # high, and an output
    assert model.pin(at["TRIGGER"], 0x508) == model.pin(at["TRIGGER"], 0x518) == 1
    receives = GPIO + at["RX"] // 32 * 0x300 + 0x700 + 4 * (at["RX"] % 32)
    assert model.memory[receives] == 3 << 2  # an input that is connected, pulled up
    assert (model.memory[TIMER + 0x508], model.memory[TIMER + 0x510]) == (3, 6)
    model.count, model.memory[DWT_CYCCNT] = 1 << 25, 77  # of 16 MHz / 2^6; two rounds of the DWT
    assert port.call("ek_port_cycles") == (2 << 32) + 77
    assert model.memory[0xE000E100] == 2  # UART0 wakes the core
