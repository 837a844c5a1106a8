"""The bus of camera sensors in C on simulated wires: every byte, every refusal, hanging chips."""

from __future__ import annotations

import ctypes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.helpers.sccb_bus import CLOCK, DATA, Bus, Chip
from tests.helpers.sensor_library import ModeC, SensorC, load, run, sensor, statuses, table

WIDE = st.sampled_from([1, 2])
BYTE = st.integers(0, 255)


@st.composite
def tables(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, int]]]:
    """Bytes of a register's number, and rows of register, value and delay."""
    width = draw(WIDE)
    at = st.integers(0, 256**width - 1)
    rows = st.tuples(at, BYTE, st.sampled_from([0, 0, 1, 200]))
    return width, draw(st.lists(rows, max_size=12))


def write_all(bus: Bus, chip: SensorC, rows: list[tuple[int, int, int]]) -> tuple[str, int]:
    done = ctypes.c_uint16()
    given = ctypes.byref(chip), ctypes.byref(table(rows)), ctypes.byref(done)
    return run("ek_sensor_write_all", bus, *given), done.value


def read(bus: Bus, chip: SensorC, at: int) -> tuple[str, int]:
    value = ctypes.c_uint8()
    status = run("ek_sensor_read", bus, ctypes.byref(chip), at, ctypes.byref(value))
    return status, value.value


def idle(bus: Bus) -> bool:
    return bus.level(CLOCK) and bus.level(DATA) and not bus.active


@given(tables(), st.integers(0, 127), st.sampled_from([0, 0, 7]))
@settings(max_examples=60, deadline=None)
def test_tables_arrive_byte_for_byte(
    found: tuple[int, list[tuple[int, int, int]]], address: int, stretch: int
) -> None:
    width, rows = found
    bus = Bus(Chip(address, register_bytes=width))
    bus.stretch = stretch
    assert write_all(bus, sensor(address, register_bytes=width), rows) == ("OK", len(rows))
    assert bus.chip.log == [("write", at, value) for at, value, _ in rows]
    assert bus.transfers == [
        [address << 1, *at.to_bytes(width, "big"), value] for at, value, _ in rows
    ]
    assert [wait for wait in bus.waits if wait >= 1000] == [1000 * ms for *_, ms in rows if ms]
    assert idle(bus)


@given(st.integers(0, 127), WIDE, st.booleans(), BYTE, BYTE, st.sampled_from([0, 0, 7]))
@settings(max_examples=60, deadline=None)
def test_registers_are_read(
    address: int, width: int, restarts: bool, at: int, value: int, stretch: int
) -> None:
    """With a stop between the number and the value, or with a repeated start."""
    at = at << 8 | at if width == 2 else at
    bus = Bus(Chip(address, {at: value}, width), restarts=restarts)
    bus.stretch = stretch
    chip = sensor(address, register_bytes=width, restarts=restarts)
    assert read(bus, chip, at) == ("OK", value)
    assert bus.transfers == [
        [address << 1, *at.to_bytes(width, "big")],
        [address << 1 | 1, value],
    ]
    assert idle(bus)


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("row", range(3))
def test_a_refusal_is_named_at_each_position(width: int, row: int) -> None:
    rows = [(0x12, 0x80, 0), (0x11, 0x01, 0), (0x3E, 0x1A, 0)]
    positions = ["NO_CHIP", *["REGISTER_REFUSED"] * width, "VALUE_REFUSED"]
    for position, expected in enumerate(positions):
        bus = Bus(Chip(0x21, register_bytes=width, refuse=row * len(positions) + position))
        assert write_all(bus, sensor(0x21, register_bytes=width), rows) == (expected, row)
        assert bus.chip.log == [("write", at, value) for at, value, _ in rows[:row]]
        assert len(bus.transfers[-1]) == position + 1  # nothing is sent after it
        assert idle(bus)


@pytest.mark.parametrize(("refuse", "expected"), [(0, "NO_CHIP"), (1, "REGISTER_REFUSED")])
@pytest.mark.parametrize("restarts", [False, True])
def test_a_refused_read(refuse: int, expected: str, restarts: bool) -> None:
    bus = Bus(Chip(0x21, refuse=refuse), restarts=restarts)
    assert read(bus, sensor(0x21, restarts=restarts), 0x0A)[0] == expected
    assert idle(bus)
    bus = Bus(Chip(0x21, refuse=2), restarts=restarts)  # the second address
    assert read(bus, sensor(0x21, restarts=restarts), 0x0A)[0] == "NO_CHIP"
    assert idle(bus)


IDENTITY = [(0x0A, 0xFF, 0x26), (0x0B, 0xF0, 0x40)]
MODE = [(0xFF, 0x01, 0), (0x12, 0x80, 5), (0xDA, 0x08, 0)]


def begin(bus: Bus, chip: SensorC) -> tuple[str, int]:
    mode = ModeC(sensor=ctypes.pointer(chip), common=table(MODE[:2]), own=table(MODE[2:]))
    done = ctypes.c_uint16(77)
    return run("ek_sensor_begin", bus, ctypes.byref(mode), ctypes.byref(done)), done.value


def test_a_sensor_begins() -> None:
    """The bank is selected, the chip identified under its masks, and then the mode written."""
    bus = Bus(Chip(0x30, {0x0A: 0x26, 0x0B: 0x42}))
    assert begin(bus, sensor(0x30, select=[(0xFF, 0x01)], identity=IDENTITY)) == ("OK", 3)
    assert bus.chip.log == [
        ("write", 0xFF, 0x01),
        ("read", 0x0A, 0x26),
        ("read", 0x0B, 0x42),
        *(("write", at, value) for at, value, _ in MODE),
    ]


@pytest.mark.parametrize("registers", [{}, {0x0A: 0x27, 0x0B: 0x42}, {0x0A: 0x26, 0x0B: 0x52}])
def test_another_chip_is_told_and_left_alone(registers: dict[int, int]) -> None:
    bus = Bus(Chip(0x30, dict(registers)))
    chip = sensor(0x30, select=[(0xFF, 0x01)], identity=IDENTITY)
    assert begin(bus, chip) == ("WRONG_CHIP", 0)
    assert [entry for entry in bus.chip.log if entry[0] == "write"] == [("write", 0xFF, 0x01)]
    assert idle(bus)


def test_what_was_taken_is_counted_over_both_tables() -> None:
    bus = Bus(Chip(0x30, refuse=8))
    assert begin(bus, sensor(0x30)) == ("VALUE_REFUSED", 2)


def test_nobody_at_the_address() -> None:
    bus = Bus(Chip(0x21))
    assert begin(bus, sensor(0x30, identity=IDENTITY)) == ("NO_CHIP", 0)
    assert bus.chip.log == []
    assert idle(bus)


@pytest.mark.parametrize(("line", "expected"), [(CLOCK, "CLOCK_HELD"), (DATA, "DATA_HELD")])
def test_a_shorted_line_ends_every_call(line: int, expected: str) -> None:
    bus = Bus(Chip(0x21))
    bus.stuck = line
    assert begin(bus, sensor(0x21, identity=IDENTITY)) == (expected, 0)
    assert write_all(bus, sensor(0x21), [(1, 2, 0)]) == (expected, 0)
    assert read(bus, sensor(0x21), 1)[0] == expected
    assert bus.transfers == []
    assert bus.chip.log == []


@given(st.lists(st.booleans(), max_size=8))
@settings(max_examples=40, deadline=None)
def test_a_chip_left_in_the_middle_of_a_byte_is_freed(bits: list[bool]) -> None:
    """As after a reset of the microcontroller: the chip goes on sending with each clock."""
    bus = Bus(Chip(0x30, {0x0A: 0x26, 0x0B: 0x42}))
    bus.hanging = [False, *bits, True]
    assert begin(bus, sensor(0x30, identity=IDENTITY)) == ("OK", 3)


def test_a_chip_that_sends_for_ever_is_given_up() -> None:
    bus = Bus(Chip(0x30))
    bus.hanging = [False] * 100
    assert begin(bus, sensor(0x30, identity=IDENTITY)) == ("DATA_HELD", 0)
    assert len(bus.hanging) == 91  # nine clocks


def test_every_status_has_its_name() -> None:
    name = load().ek_sccb_status_name
    name.restype = ctypes.c_char_p
    *named, end = statuses()
    assert end == "STATUSES"
    assert len(named) == 8
    assert [name(i).decode() for i in range(len(named))] == [
        word.lower().replace("_", " ") for word in named
    ]
    assert name(len(named)) == name(-1) == b"unknown"
