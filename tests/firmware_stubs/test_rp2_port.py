"""The port to RP2040 and RP2350 on a model of resets, clocks, PLL, pads and UART."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from edgekit.firmware_stubs.sources import PORT, port_units
from edgekit.targets.reader import load_target
from tests.helpers.port_registers import PortLibrary

BOARDS = ("pico", "arduino-nano-rp2040", "pico2")
CLEAR = 0x3000
"""Writing a register's address and this clears bits."""
DONE = 8
BITS = {"IO": 0, "PADS": 1, "PLL": 2, "TIMER": 3, "UART": 4}
RESET_BITS = {"rp2040": (5, 8, 12, 21, 22), "rp2350": (6, 9, 14, 23, 26)}
"""IO_BANK0, PADS_BANK0, PLL_SYS, TIMER, UART0: RP2040 2.14.3, RP2350 7.5.3."""


class Rp2:
    """Registers by the names of the board's header; a block in reset may not be touched."""

    def __init__(self, at: dict[str, int], chip: str) -> None:
        self.at, self.chip = at, chip
        self.memory: dict[int, int] = {}
        self.held = {name: RESET_BITS[chip][i] for name, i in BITS.items()}
        self.in_reset = 0x1FFFFFFF
        self.divider_at_format = (0, 0)

    def get(self, block: str, offset: int) -> int:
        return self.memory.get(self.at[block] + offset, 0)

    def read(self, address: int) -> int:
        self.touch(address)
        status = {
            self.at["RESETS"] + CLEAR: 0,
            self.at["RESETS"] + DONE: ~self.in_reset & 0xFFFFFFFF,
            self.at["XOSC"] + 4: self.crystal() << 31,
            self.at["CLOCKS"] + 0x38: 1 << (self.get("CLOCKS", 0x30) & 3),
            self.at["CLOCKS"] + 0x44: 1 << (self.get("CLOCKS", 0x3C) & 1),
        }
        if address == self.at["PLL"]:
            return self.memory.get(address, 1) | self.locked() << 31
        return status.get(address, self.memory.get(address, 0))

    def write(self, address: int, value: int) -> None:
        self.touch(address)
        if address == self.at["RESETS"] + CLEAR:
            self.in_reset &= ~value
            return
        self.memory[address] = value
        if address == self.at["PLL"]:
            self.memory[address] = value & 0x3F  # the rest is status
        if address == self.at["UART"] + 0x2C:  # takes the divider over
            self.divider_at_format = (self.get("UART", 0x24), self.get("UART", 0x28))
        self.system()
        self.reference()

    def touch(self, address: int) -> None:
        for name, bit in self.held.items():
            near = self.at[name] <= address < self.at[name] + 0x1000
            assert not (near and self.in_reset >> bit & 1), f"{name} is in reset"

    def crystal(self) -> bool:
        return self.get("XOSC", 0) == 0xFABAA0 and self.get("XOSC", 0x0C) >= 47

    def locked(self) -> bool:
        power = self.memory.get(self.at["PLL"] + 4, 0x2D)
        return not power & 0x21 and self.reference() == 12e6

    def reference(self) -> float:
        source = self.get("CLOCKS", 0x30) & 3
        assert source != 2 or self.crystal(), "the crystal does not swing yet"
        return 12e6 if source == 2 else 6.5e6

    def system(self) -> float:
        control = self.get("CLOCKS", 0x3C)
        if not control & 1:
            return self.reference()
        assert not control >> 5 & 7, "not from the system's PLL"
        assert self.locked(), "the PLL is not locked"
        assert not self.memory[self.at["PLL"] + 4] & 8, "the PLL's dividers are off"
        vco = 12e6 / self.memory.get(self.at["PLL"], 1) * self.get("PLL", 8)
        assert 750e6 <= vco <= 1600e6
        dividers = self.get("PLL", 0x0C)
        return vco / (dividers >> 16 & 7) / (dividers >> 12 & 7)


def header(name: str) -> dict[str, int]:
    """The addresses that the board's header states, its family's with it."""
    folder = PORT / load_target(name).port
    text = (folder / "board.h").read_text(encoding="utf-8")
    for file in re.findall(r'#include "(.+)"', text):
        text += (PORT / "cortex_m/rp2" / file).read_text(encoding="utf-8")
    found = re.findall(r"#define EK_BOARD_(\w+) (0x[0-9A-Fa-f]+|\d+)u$", text, re.MULTILINE)
    return {key: int(value, 0) for key, value in found}


@pytest.mark.parametrize("name", BOARDS)
def test_it_comes_up_as_stated(name: str, tmp_path: Path) -> None:
    """Nothing is touched in reset, each clock runs before it is chosen; core, line and timer then
    are what the profile says."""
    target, at = load_target(name), header(name)
    chip = "rp2350" if name == "pico2" else "rp2040"
    model = Rp2(at, chip)
    c_files = [u.path for u in port_units(target.port) if u.path.suffix == ".c"]
    sources = [path for path in c_files if path.stem not in ("startup", "board_info")]
    headers = (PORT / target.port, PORT / "cortex_m/rp2", PORT / "cortex_m")
    port = PortLibrary(sources, tmp_path, headers)
    port.connect(model)
    port.call("ek_port_init")
    assert port.broken == []
    assert model.system() == target.clock_hz == at["HZ"]
    assert model.get("CLOCKS", 0x48) == 1 << 11  # peripherals from the system's clock
    whole, fraction = model.divider_at_format
    assert target.clock_hz / (16 * (whole + fraction / 64)) == pytest.approx(115200, rel=0.001)
    for pin, function in ((0, 2), (1, 2), (at["TRIGGER_PIN"], 5)):
        assert model.get("IO", 8 * pin + 4) == function
        assert not model.get("PADS", 4 * pin + 4) >> 8  # RP2350: not isolated; both: output on
    assert model.memory[at["OUTPUT_SET"]] == model.memory[at["OUTPUT_ENABLE"]]
    ticks = 0x4010801C if chip == "rp2350" else 0x4005802C
    assert model.memory[ticks] & 0x1FF == 12  # microseconds of the crystal


def test_the_model_refuses_what_a_chip_would_not_bear() -> None:
    model = Rp2(header("pico"), "rp2040")
    with pytest.raises(AssertionError, match="UART is in reset"):
        model.write(model.at["UART"] + 0x24, 1)
    with pytest.raises(AssertionError, match="crystal"):
        model.write(model.at["CLOCKS"] + 0x30, 2)
    model.memory.clear()
    with pytest.raises(AssertionError, match="not locked"):
        model.write(model.at["CLOCKS"] + 0x3C, 1)
