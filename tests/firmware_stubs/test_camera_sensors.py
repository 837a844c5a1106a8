"""Register tables of camera sensors: what arrives at a chip, and that sizes and formats agree.

The data sheets say what the fields mean; here they are decoded again from what a chip received.
"""

from __future__ import annotations

import ctypes

import pytest

from edgekit.converter.camera.formats import FORMATS
from tests.helpers.sccb_bus import Bus, Chip
from tests.helpers.sensor_library import modes, run

MODES = (
    *("ek_ov7670_qqvga_rgb565", "ek_ov7670_qqvga_yuyv"),
    "ek_ov2640_qqvga_rgb565",
    *("ek_hm01b0_qqvga_gray8", "ek_hm01b0_serial_qqvga_gray8"),
    "ek_ov7725_qqvga_rgb565",
)
NUMBERS = {
    b"OV7670": (0x21, {0x0A: 0x76, 0x0B: 0x73}),
    b"OV7725": (0x21, {0x0A: 0x77, 0x0B: 0x21}),
    b"OV2640": (0x30, {0x0A: 0x26, 0x0B: 0x42}),
    b"HM01B0": (0x24, {0x0000: 0x01, 0x0001: 0xB0}),
}
"""Sensor -> address, and registers that tell it."""
RESETS = dict.fromkeys((b"OV7670", b"OV7725", b"OV2640"), (0x12, 0x80)) | {
    b"HM01B0": (0x0103, 0x01)
}
BANK = 0xFF
"""OV2640's register that selects."""


class Banked:
    """OV2640's two sets of registers, from its writes."""

    def __init__(self) -> None:
        self.bank = 0
        self.values: dict[tuple[int, int], int] = {}

    def __call__(self, chip: Chip, at: int, value: int) -> None:
        if at == BANK:
            self.bank = value
        self.values[self.bank, at] = value


def begin(name: str) -> tuple[Bus, Banked]:
    mode = modes()[name]
    address, numbers = NUMBERS[mode.sensor.contents.name]
    banked = Banked()
    width = mode.sensor.contents.register_bytes
    bus = Bus(Chip(address, dict(numbers), width, hook=banked), restarts=width == 2)
    done = ctypes.c_uint16()
    assert run("ek_sensor_begin", bus, ctypes.byref(mode), ctypes.byref(done)) == "OK"
    assert done.value == mode.common.count + mode.own.count
    return bus, banked


def test_every_mode_is_tested() -> None:
    assert set(modes()) == set(MODES)


@pytest.mark.parametrize("name", MODES)
def test_the_chip_gets_the_whole_table_after_it_was_identified(name: str) -> None:
    bus, _ = begin(name)
    mode = modes()[name]
    rows = mode.common.listed() + mode.own.listed()
    log = bus.chip.log
    reads = [i for i, entry in enumerate(log) if entry[0] == "read"]
    assert len(reads) == mode.sensor.contents.identities == 2
    assert log[reads[-1] + 1 :] == [("write", at, value) for at, value, _ in rows]


@pytest.mark.parametrize("name", MODES)
def test_a_reset_comes_first_and_is_waited_for(name: str) -> None:
    mode = modes()[name]
    at, value = RESETS[mode.sensor.contents.name]
    first = next(row for row in mode.common.listed() if row[0] != BANK)
    assert first[:2] == (at, value)
    assert first[2] >= 1  # data sheet of the OV7670, table 4: 1 ms
    assert (at, value) not in [row[:2] for row in mode.own.listed()]


@pytest.mark.parametrize("name", MODES)
def test_another_sensor_is_refused(name: str) -> None:
    mode = modes()[name]
    address, numbers = NUMBERS[mode.sensor.contents.name]
    width = mode.sensor.contents.register_bytes
    for at, value in numbers.items():
        chip = Chip(address, numbers | {at: value ^ 0x10}, width)
        bus, done = Bus(chip, restarts=width == 2), ctypes.c_uint16()
        status = run("ek_sensor_begin", bus, ctypes.byref(mode), ctypes.byref(done))
        assert status == "WRONG_CHIP"


@pytest.mark.parametrize("name", MODES)
def test_the_format_is_one_that_is_converted(name: str) -> None:
    mode = modes()[name]
    found = FORMATS[mode.format.decode()]
    assert name.split("_")[-1] in found.name
    assert not (found.even and mode.width % 2)


@pytest.mark.parametrize("name", MODES[:2])
def test_ov7670_reads_all_pixels_and_averages_four_by_four(name: str) -> None:
    mode, value = modes()[name], begin(name)[0].chip.registers
    left = value[0x17] << 3 | value[0x32] & 7
    right = value[0x18] << 3 | value[0x32] >> 3 & 7
    top = value[0x19] << 2 | value[0x03] & 3
    bottom = value[0x1A] << 2 | value[0x03] >> 2 & 3
    assert ((right - left) % 784, bottom - top) == (640, 480)
    across, down = value[0x72] & 3, value[0x72] >> 4 & 3
    assert (640 >> across, 480 >> down) == (mode.width, mode.height)
    assert value[0x3E] & 0x18 == 0x18  # pixel clock divided, by hand
    assert value[0x3E] & 7 == value[0x73] & 7 == across
    rgb = mode.format == b"rgb565be"
    assert value[0x12] == (0x04 if rgb else 0x00)
    assert value[0x40] == (0xD0 if rgb else 0xC0)
    assert value[0x0C] & 0x40 == 0  # bytes not swapped
    assert (value[0x3A] & 8, value[0x3D] & 1) == (0, 0)  # Y U Y V


def test_ov7725_halves_qvga_without_cutting() -> None:
    mode, value = (
        modes()["ek_ov7725_qqvga_rgb565"],
        begin("ek_ov7725_qqvga_rgb565")[0].chip.registers,
    )
    assert (value[0x18] * 4, value[0x1A] * 2, value[0x32]) == (320, 240, 0)
    assert (value[0x29] * 4, value[0x2C] * 2, value[0x2A]) == (mode.width, mode.height, 0)
    assert value[0x65] & 0x0F == 0x0F
    assert value[0xAC] & 0x0C == 0x0C  # factors by itself
    assert value[0x12] == 0x46
    assert value[0x0C] & 0x40 == 0  # bytes not swapped


def test_ov2640_scales_svga_without_cutting() -> None:
    mode = modes()["ek_ov2640_qqvga_rgb565"]
    value = begin("ek_ov2640_qqvga_rgb565")[1].values
    left = value[1, 0x17] << 3 | value[1, 0x32] & 7
    right = value[1, 0x18] << 3 | value[1, 0x32] >> 3 & 7
    top = value[1, 0x19] << 2 | value[1, 0x03] & 3
    bottom = value[1, 0x1A] << 2 | value[1, 0x03] >> 2 & 3
    assert (right - left, bottom - top) == (400, 300)
    assert (value[0, 0xC0] * 8, value[0, 0xC1] * 8, value[0, 0x8C]) == (800, 600, 0)
    assert (value[0, 0x51] * 4, value[0, 0x52] * 4) == (800, 600)
    assert (value[0, 0x55], value[0, 0x57], value[0, 0x5C]) == (0, 0, 0)  # upper bits
    assert (value[0, 0x5A] * 4, value[0, 0x5B] * 4) == (mode.width, mode.height)
    halved = value[0, 0x50] & 7
    assert halved == value[0, 0x50] >> 3 & 7
    assert mode.width <= 800 >> halved < 2 * mode.width
    assert value[0, 0xDA] == 0x08
    assert value[0, 0xE0] == 0  # nothing is held in reset any more


@pytest.mark.parametrize(("name", "bits"), [(MODES[3], 0x02), (MODES[4], 0x22)])
def test_hm01b0_averages_its_window_and_streams_at_the_end(name: str, bits: int) -> None:
    mode = modes()[name]
    bus, _ = begin(name)
    value = bus.chip.registers
    assert (mode.width, mode.height) == (324 // 2, 244 // 2)
    assert [value[at] for at in (0x3010, 0x0383, 0x0387, 0x0390)] == [1, 3, 3, 3]
    lines = value[0x0340] << 8 | value[0x0341]
    assert mode.height < lines
    assert value[0x2105] << 8 | value[0x2106] <= lines - 2
    assert mode.width < value[0x0342] << 8 | value[0x0343]
    assert value[0x3059] == bits
    assert value[0x3060] & 0x23 == 0x20  # gated, divided by 8
    assert bus.chip.log[-1] == ("write", 0x0100, 1)
