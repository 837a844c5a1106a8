"""The power-meter firmware against simulated sensors, and its lines against the driver."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.runtime.power import ina_wire as wire
from edgekit.runtime.power.ina_bridge import InaBridge
from edgekit.runtime.power.number_lines import parse_rows
from tests.helpers.bridge_firmware import CHIPS, FOLDER, Bridge, FirmwareOnPty, Sensor, build
from tests.helpers.emulated import LOAD, PATIENT, codes, joules, record_all


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return build(tmp_path_factory.mktemp("bridge"))


def values(line: bytes) -> dict[str, float]:
    """A line's numbers by the names of its header; its sum must be right."""
    count = line.count(b",") + 1
    (row,) = parse_rows(line, count, summed=True).values.tolist()
    names = ["n", "t_us", "v_uv", "i_na", "mark", *(["e_uj"] if count == 7 else []), "sum"]
    return dict(zip(names, row, strict=True))


@pytest.mark.parametrize("chip", CHIPS)
def test_the_bridge_says_what_it_carries(chip: str, library: ctypes.CDLL) -> None:
    bridge = Bridge(library, Sensor(chip))
    header = wire.parse_header(bridge.greeting)
    assert header is not None
    facts = wire.CHIPS[chip]
    assert (header.version, header.chip, header.rate_hz) == (wire.VERSION, chip, 500)
    assert header.lsb_a == pytest.approx(facts.shunt_nv / 1e9 / 0.1)
    assert header.max_a == pytest.approx(facts.full_uv / 1e6 / 0.1)
    assert bridge.receive(b"?\r\n") == bridge.greeting
    asked = wire.parse_header(bridge.receive(b"rate 9999999\n"))
    assert asked is not None
    assert asked.rate_hz == facts.most_hz


@pytest.mark.parametrize("chip", CHIPS)
@given(
    share=st.floats(-0.99, 0.99),
    volts=st.floats(0, 16),
    shunt=st.sampled_from([0.002, 0.01, 0.1, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_currents_and_volts_to_the_step(
    chip: str, share: float, volts: float, shunt: float, library: ctypes.CDLL
) -> None:
    amps = share * wire.CHIPS[chip].full_uv / 1e6 / shunt
    bridge = Bridge(library, Sensor(chip, shunt, amps, volts))
    bridge.receive(b"start\n")
    found = values(bridge.poll(0))
    step = wire.CHIPS[chip].shunt_nv / 1e9 / shunt
    assert found["i_na"] / 1e9 == pytest.approx(amps, abs=0.51 * step + 1e-9)
    assert found["v_uv"] / 1e6 == pytest.approx(volts, abs=0.51e-9 * wire.CHIPS[chip].bus_nv + 1e-6)


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_saturated_sensor_reaches_the_end_it_states(
    chip: str, sign: int, library: ctypes.CDLL
) -> None:
    bridge = Bridge(library, Sensor(chip, amps=sign * 100.0))
    header = wire.parse_header(bridge.greeting)
    bridge.receive(b"start\n")
    assert header is not None
    assert sign * values(bridge.poll(0))["i_na"] / 1e9 >= header.max_a


@pytest.mark.parametrize("chip", CHIPS)
@pytest.mark.parametrize("rate", [1, 10, 123, 500, 1000, 2000])
def test_hardware_averages_over_most_of_the_period(
    chip: str, rate: int, library: ctypes.CDLL
) -> None:
    bridge = Bridge(library, Sensor(chip))
    header = wire.parse_header(bridge.receive(b"rate %d\n" % rate))
    assert header is not None
    period = 1 / header.rate_hz
    assert bridge.sensor.conversion_s <= period
    assert bridge.sensor.conversion_s > min(0.45 * period, 0.13)  # 0.136 s is the INA219's longest


def test_the_energy_counter_for_any_shunt(library: ctypes.CDLL) -> None:
    for shunt in (0.001, 0.01, 0.1):
        bridge = Bridge(library, Sensor("ina228", shunt))
        bridge.receive(b"start\n")
        bridge.sensor.joules = 123.0
        assert values(bridge.poll(0))["e_uj"] == pytest.approx(123e6, rel=2e-4)


def test_samples_come_when_they_are_due_and_gaps_are_counted(library: ctypes.CDLL) -> None:
    bridge = Bridge(library, Sensor("ina226"))
    assert bridge.poll(0) == b""
    assert bridge.receive(b"start\n", 10_000) == b"# start\r\n"
    lines = [bridge.poll(now) for now in (10_000, 11_999, 12_000, 13_000, 14_100, 20_500)]
    assert [bool(line) for line in lines] == [True, False, True, False, True, True]
    assert [values(line)["n"] for line in lines if line] == [0, 1, 2, 5]
    bridge.missed()
    assert bridge.receive(b"stop\n") == b"# end n=6 missed=3\r\n"
    assert bridge.receive(b"stop\n") == b""
    assert bridge.poll(30_000) == b""


def test_clocks_and_counters_begin_anew(library: ctypes.CDLL) -> None:
    bridge = Bridge(library, Sensor("ina226"))
    first = 2**32 - 3000
    bridge.receive(b"start\n", first)
    times = [(first + 2000 * k) % 2**32 for k in range(70_000)]
    found = [values(bridge.poll(now)) for now in (*times[:4],)]
    assert [row["t_us"] for row in found] == times[:4]
    for now in times[4:-1]:
        assert bridge.poll(now)
    assert values(bridge.poll(times[-1]))["n"] == 69_999 - 65_536


def test_the_mark_is_the_level_of_the_pin(library: ctypes.CDLL) -> None:
    bridge = Bridge(library, Sensor("ina226"))
    bridge.receive(b"start\n")
    marks = [values(bridge.poll(2000 * k, mark))["mark"] for k, mark in enumerate((True, False))]
    assert marks == [1, 0]


@pytest.mark.parametrize("chip", CHIPS)
def test_a_sensor_that_does_not_answer(chip: str, library: ctypes.CDLL) -> None:
    error = b"# error sensor does not answer\r\n"
    sensor = Sensor(chip, there=False)
    bridge = Bridge(library, sensor)
    assert bridge.greeting == error
    assert bridge.receive(b"?\n") == error
    assert bridge.receive(b"start\n") == error
    sensor.there = True
    assert wire.parse_header(bridge.receive(b"?\n")) is not None
    assert bridge.receive(b"start\n") == b"# start\r\n"
    sensor.there = False
    assert bridge.poll(0) == error
    sensor.there = True
    assert values(bridge.poll(2000))["n"] == 1
    assert bridge.receive(b"stop\n") == b"# end n=2 missed=1\r\n"


def test_another_chip_at_the_address(library: ctypes.CDLL) -> None:
    sensor = Sensor("ina226")
    bridge = Bridge(library, Sensor("ina228"))
    bridge.sensor = sensor
    assert bridge.receive(b"rate 10\n") == b"# error sensor does not answer\r\n"


@pytest.mark.parametrize("command", ["weigh", "rate", "rate 0", "rate -5", "rate 1e3", "x" * 80])
def test_commands_that_are_none(command: str, library: ctypes.CDLL) -> None:
    bridge = Bridge(library, Sensor("ina226"))
    assert bridge.receive(command.encode() + b"\n") == b"# error unknown command\r\n"
    assert bridge.receive(b"\r\n\n") == b""


def test_the_rate_stays_while_it_runs(library: ctypes.CDLL) -> None:
    bridge = Bridge(library, Sensor("ina226"))
    bridge.receive(b"start\n")
    assert b"error" in bridge.receive(b"rate 10\n")


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_bytes_are_survived(library: ctypes.CDLL, text: bytes) -> None:
    bridge = Bridge(library, Sensor("ina228"))
    answers = bridge.receive(text + b"\n")
    assert all(line.startswith(b"# ") for line in answers.splitlines())
    assert wire.parse_header(bridge.receive(b"\nstop\n?\n")) is not None


def test_a_line_fits_however_large_its_numbers(library: ctypes.CDLL) -> None:
    bridge = Bridge(library, Sensor("ina228", 1e-6, -(2.0**40), 85.0))
    bridge.receive(b"start\n", 2**32 - 1)
    bridge.sensor.joules = 1e3
    line = bridge.poll(2**32 - 1)
    assert values(line)["i_na"] < 0
    assert len(line) < 100


@pytest.mark.parametrize("chip", CHIPS)
def test_the_driver_reads_the_firmware(chip: str, library: ctypes.CDLL) -> None:
    """The real logic behind a pseudo-terminal: energy and edges of the load come back."""
    with FirmwareOnPty(Bridge(library, Sensor(chip)), LOAD, speed=0, seconds=2.4) as device:
        trace = record_all(device, InaBridge(chip, device.path, PATIENT))
    assert len(trace.t) == 1200
    assert joules(trace) == pytest.approx(LOAD.joules(0, 2.4), rel=2e-3)
    assert [mark.kind for mark in trace.marks][:2] == ["trigger-fall", "trigger-rise"]
    assert (codes(trace), trace.lost_samples) == ([], 0)


def test_clang_takes_it_too(tmp_path: Path) -> None:
    if shutil.which("clang") is None:
        pytest.skip("clang is not installed")
    assert Bridge(build(tmp_path, "clang"), Sensor("ina219")).greeting


def test_the_logic_is_small_and_knows_no_arduino(tmp_path: Path) -> None:
    for path in FOLDER.glob("*.c"):
        assert not re.search(r"Arduino|Wire|malloc|printf", path.read_text().split("\n", 3)[3])
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("arm-none-eabi-gcc is not installed")
    for path in FOLDER.glob("*.c"):
        command = ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-Os", "-std=c11"]
        subprocess.run(
            [*command, "-Wall", "-Wextra", "-Werror", "-c", str(path), "-o", tmp_path / "x.o"],
            check=True,
        )


def test_the_sketch_compiles_against_a_stand_in_of_arduino(tmp_path: Path) -> None:
    """The glue, too, is C++ without warnings."""
    if shutil.which("g++") is None:
        pytest.skip("g++ is not installed")
    (tmp_path / "Wire.h").write_text(ARDUINO)
    source = tmp_path / "sketch.cpp"
    source.write_text('#include "Wire.h"\n' + (FOLDER / "power_meter.ino").read_text())
    flags = ["-std=c++17", "-Wall", "-Wextra", "-Werror", f"-I{tmp_path}", f"-I{FOLDER}"]
    subprocess.run(["g++", *flags, "-c", str(source), "-o", str(tmp_path / "x.o")], check=True)


ARDUINO = """
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>
enum { INPUT_PULLUP, FALLING, HIGH = 1 };
uint32_t micros();
void pinMode(int, int);
int digitalRead(int);
int digitalPinToInterrupt(int);
void attachInterrupt(int, void (*)(void), int);
struct SerialPort {
    void begin(uint32_t);
    int available(), read(), availableForWrite();
    size_t write(const uint8_t *, size_t), print(const char *);
};
struct Bus {
    void begin(), setClock(uint32_t), beginTransmission(uint8_t);
    size_t write(uint8_t);
    uint8_t endTransmission(bool = true), requestFrom(uint8_t, uint8_t);
    int read();
};
extern SerialPort Serial;
extern Bus Wire;
"""
