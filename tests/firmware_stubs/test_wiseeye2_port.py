"""The port to Himax's WiseEye2 on a model of its UART and of the core's cycle counter."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from edgekit.firmware_stubs.sources import PORT
from tests.helpers.port_registers import PortLibrary

GROVE = PORT / "cortex_m/grove_vision_ai_v2"
CCNTR, OVERFLOWS, CLEAR, CONTROL = 0xE000307C, 0xE0003CC0, 0xE0003C80, 0xE0003E04
UART, STATUS = 0x54003000, 0x54003014
ROUND = 1 << 32


class WiseEye2:
    """The counter runs on by itself; bytes wait in the UART until they are read."""

    def __init__(self) -> None:
        self.count, self.overflowed, self.waits = 12345, True, 0
        self.arrived: list[int] = []
        self.sent = bytearray()
        self.written: dict[int, int] = {}

    def run(self, cycles: int) -> None:
        self.overflowed |= self.count + cycles >= ROUND
        self.count = (self.count + cycles) % ROUND

    def read(self, address: int) -> int:
        if address == CCNTR:
            return self.count
        if address == OVERFLOWS:
            return self.overflowed << 31
        if address == STATUS:
            return 32 | bool(self.arrived)
        if address == UART and self.arrived:
            return self.arrived.pop(0)
        return 0xFFFF0000  # not what is written next

    def write(self, address: int, value: int) -> None:
        self.written[address] = value
        if address == CCNTR:
            self.count = value
        if address == CLEAR and value >> 31:
            self.overflowed = False
        if address == UART:
            self.sent.append(value)
        self.waits += address == 0xE000E280


class Port(PortLibrary):
    """The port after its start."""

    def __init__(self, folder: Path) -> None:
        super().__init__([GROVE / "we2_port.c"], folder, [GROVE])
        self.chip = WiseEye2()
        self.connect(self.chip)
        self.call("ek_port_init")

    def cycles(self) -> int:
        return self.call("ek_port_cycles")

    def trigger(self, high: bool) -> None:
        self.call("ek_port_trigger", ctypes.c_bool(high))


@pytest.fixture
def port(tmp_path: Path) -> Port:
    return Port(tmp_path)


def test_it_starts_the_counter_and_leaves_the_lines_rate_alone(port: Port) -> None:
    written = port.chip.written
    assert written[CONTROL] == 1
    assert not port.chip.overflowed
    assert port.cycles() == 0
    assert written[0xE000E100] == 90  # the only interrupt that may wake the core
    assert UART + 0x0C not in written  # LCR, where the divisor's latch is


def test_a_window_may_last_almost_two_rounds_of_the_counter(port: Port) -> None:
    port.chip.run(ROUND - 7)
    port.trigger(False)
    before = port.cycles()
    assert before == ROUND - 7
    port.chip.run(ROUND - 1)
    port.chip.run(ROUND - 1)
    port.trigger(True)
    assert port.cycles() - before == 2 * ROUND - 2


def test_the_count_goes_on_over_any_number_of_rounds(port: Port) -> None:
    total = 0
    for step in (1, ROUND // 3, ROUND - 1, ROUND // 2 + 5, ROUND - 2) * 3:
        port.chip.run(step)
        total += step
        assert port.cycles() == total


def test_bytes_come_and_go(port: Port) -> None:
    port.chip.arrived += b"name%"
    data = (ctypes.c_uint8 * 8)()
    assert port.call("ek_port_read", data, 8) == 5
    assert bytes(data[:5]) == b"name%"
    assert port.call("ek_port_read", data, 8) == 0
    port.call("ek_port_write", b"m-ready", 7)
    assert bytes(port.chip.sent) == b"m-ready"


def test_it_sleeps_only_where_nothing_has_arrived(port: Port) -> None:
    port.chip.arrived += b"x"
    port.call("ek_port_sleep")
    assert port.chip.waits == 0
    port.chip.arrived.clear()
    port.call("ek_port_sleep")
    assert port.chip.waits == 1
