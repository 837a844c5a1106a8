"""The Nano's driver on a model of its pins: from the sensor's registers to the rows."""

from __future__ import annotations

from itertools import chain, cycle, repeat
from random import Random

import pytest

from tests.firmware_stubs.test_camera_parallel import HREF, PCLK, VSYNC, recording
from tests.firmware_stubs.test_camera_sensors import NUMBERS
from tests.helpers.camera_registers import Driver, Wires
from tests.helpers.nrf52840_model import LINES, Nrf52840Model
from tests.helpers.sccb_bus import Bus, Chip

NAME = "nano33ble_ov7670"
PINS = {VSYNC: 21, HREF: 23, PCLK: 27} | {
    1 << bit: pin for bit, pin in enumerate((2, 3, 4, 5, 28, 29, 30, 31))
}
"""Bits of a recording -> pins of port 0, by the wiring that the driver states."""


def on_pins(levels: list[int]) -> list[int]:
    table = {
        level: sum(1 << pin for bit, pin in PINS.items() if level & bit) for level in {*levels}
    }
    return [table[level] for level in levels]


def connected(chip: Chip) -> tuple[Driver, Nrf52840Model, Bus]:
    driver = Driver(NAME)
    model, bus = Nrf52840Model(driver, repeat(0)), Bus(chip)
    model.wires = Wires(bus, driver)
    return driver, model, bus


def test_the_whole_driver_takes_a_picture() -> None:
    address, numbers = NUMBERS[b"OV7670"]
    driver, model, bus = connected(Chip(address, dict(numbers)))
    facts, random = driver.facts, Random(1)
    rows = [random.randbytes(2 * facts.width) for _ in range(facts.height)]
    model.samples = cycle(on_pins(recording(rows)))
    assert driver.begin() == ""
    assert driver.picture() == b"".join(rows)
    assert model.clock() == (16e6, 34)
    assert bus.chip.registers[0x11] == 7  # slower than the mode's own
    assert (model.errors, bus.errors) == ([], [])


def test_a_broken_frame_is_told_and_the_sensor_set_up_again() -> None:
    address, numbers = NUMBERS[b"OV7670"]
    driver, model, bus = connected(Chip(address, dict(numbers)))
    model.samples = chain(on_pins(recording([b"abcd"] * 120)), repeat(0))
    assert driver.begin() == "short row"
    writes = len(bus.chip.log)
    model.samples = chain(on_pins(recording([bytes(320)] * 119)), repeat(0))
    assert driver.begin() == "too few rows"
    assert len(bus.chip.log) == 2 * writes


@pytest.mark.parametrize("line", LINES)
def test_a_shorted_line_is_told(line: int) -> None:
    driver, _, bus = connected(Chip(0x21))
    bus.stuck = line
    assert driver.begin() == ("clock held", "data held")[line]
