"""DCMI's drivers on a model of DCMI and DMA: every register they write has its effect there.

The driver's own C, compiled for this machine; the pins carry made-up recordings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ctypes import string_at
from fnmatch import fnmatch
from itertools import chain, cycle, repeat
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.firmware_stubs.cameras import camera_drivers
from edgekit.firmware_stubs.sources import driver_files
from tests.firmware_stubs.test_camera_sensors import NUMBERS
from tests.helpers.camera_registers import Driver, Wires
from tests.helpers.dcmi_model import HREF, NAMES, PIXCLK, VSYNC, DcmiModel
from tests.helpers.sccb_bus import Bus, Chip
from tests.helpers.sensor_library import modes

FAMILIES = {
    frozenset(("ek_dcmi_h7", "ek_cached")): "h7",
    frozenset(("ek_dcmi_f4", "ek_cached")): "f7",
    frozenset(("ek_dcmi_f4", "ek_uncached")): "f4",
}
FILES = {name: {path.stem for path in driver_files(name)} for name in camera_drivers()}
FAMILY = {
    name: family for name in FILES for parts, family in FAMILIES.items() if parts <= FILES[name]
}
"""Driver -> its chip."""
WHOLE = {(FAMILY[name], camera_drivers()[name].sensor): name for name in FAMILY}.values()
"""One of each chip and sensor."""
OV7670 = [name for name in FAMILY if name.endswith("ov7670")]

DCMI_PINS = {
    "D0": {"A9", "C6", "H9"},
    "D1": {"A10", "C7", "H10"},
    "D2": {"C8", "E0", "G10", "H11"},
    "D3": {"C9", "E1", "G11", "H12"},
    "D4": {"C11", "E4", "H14"},
    "D5": {"B6", "D3", "I4"},
    "D6": {"B8", "E5", "I6"},
    "D7": {"B9", "E6", "I7"},
    "VSYNC": {"B7", "G9", "I5"},
    "HREF": {"A4", "H8"},
    "PIXCLK": {"A6"},
}
"""Pins with alternate function 13: data sheets DS12110 (STM32H743) and DS10693 (STM32F446); so are
those of STM32F746 and F767."""


UNDER_WAY = [HREF | PIXCLK | 0xEE, HREF | 0xEE] * 3
"""The end of a frame's last row."""
BLANK = 24
"""Samples between rows, and of a pulse of VSYNC."""


def recording(rows: Sequence[bytes], *, frame_high: bool = False, looks: int = 2) -> list[int]:
    """The end of a frame, a gap, these rows, a gap; each level lasts `looks` samples."""
    levels = UNDER_WAY + [0] * BLANK + [VSYNC] * BLANK + [0] * BLANK
    for row in rows:
        for byte in row:
            levels += [HREF | byte] * looks + [HREF | PIXCLK | byte] * looks
        levels += [0] * BLANK
    levels += [VSYNC] * BLANK
    return [level ^ VSYNC for level in levels] if frame_high else levels


def stays(levels: Sequence[int]) -> Iterator[int]:
    """A recording whose last level stays."""
    return chain(levels, repeat(levels[-1]))


def ready(name: str, levels: Sequence[int]) -> tuple[Driver, DcmiModel]:
    """A driver that has set its pins up for its sensor."""
    driver = Driver(name)
    model = DcmiModel(FAMILY[name], driver, repeat(0))
    driver.start(f"ek_{driver.facts.sensor.lower()}")
    model.samples = stays(levels)
    return driver, model


def random_rows(random: Random, rows: int, row_bytes: int) -> list[bytes]:
    return [random.randbytes(row_bytes) for _ in range(rows)]


@pytest.mark.parametrize("name", WHOLE)
def test_the_whole_driver_takes_a_picture(name: str) -> None:
    """From the sensor's registers, over its wires, to the rows that are converted."""
    driver = Driver(name)
    facts = driver.facts
    sensors = (mode.sensor.contents for mode in modes().values())
    sensor = next(found for found in sensors if found.name.decode() == facts.sensor)
    address, numbers = NUMBERS[sensor.name]
    stride = driver.frame_bytes // facts.height
    rows = random_rows(Random(name), facts.height, stride)
    whole = recording(rows, frame_high=sensor.frame_high, looks=1)[len(UNDER_WAY) : -BLANK]
    model = DcmiModel(FAMILY[name], driver, cycle(whole))
    bus = Bus(Chip(address, dict(numbers), sensor.register_bytes))
    model.wires = Wires(bus, driver)
    assert driver.begin() == ""
    assert driver.picture() == b"".join(rows)
    assert len([entry for entry in bus.chip.log if entry[0] == "write"]) > 20
    assert (model.errors, bus.errors) == ([], [])


@pytest.mark.parametrize("name", FAMILY)
def test_pins_are_what_dcmi_has_and_are_given_to_it(name: str) -> None:
    _, model = ready(name, [0])
    for line, pins in DCMI_PINS.items():
        letter, pin = model.pins[line]
        assert f"{letter}{pin}" in pins
        assert model.mode(line) == ("alternate", 13)
    assert model.pins["MCO1"] == ("A", 8)
    assert model.mode("MCO1") == ("alternate", 0)
    assert model.hertz() == 16e6
    assert model.mode("SIOC")[0] == model.mode("SIOD")[0] == "output"
    assert all(model.clocked(line) for line in NAMES if line in model.pins)
    assert all(model.mode(line)[0] == "output" for line in NAMES[-2:] if line in model.pins)
    assert len(set(model.pins.values())) == len(model.pins)
    assert model.errors == []


@pytest.mark.parametrize("name", [name for name in FAMILY if name.startswith("nucleo")])
def test_the_manual_wires_the_pins_that_the_driver_has(name: str) -> None:
    model = ready(name, [0])[1]
    manual = (Path(__file__).parents[2] / "docs" / "camera.md").read_text(encoding="utf-8")
    table = manual[manual.index("| sensor | `nano33ble_ov7670`") :].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    heads = [re.findall("`(.*?)`", cell) for cell in rows[0]]
    [column] = [i for i, globs in enumerate(heads) if any(fnmatch(name, glob) for glob in globs)]
    names = {"PCLK": "PIXCLK", "XCLK": "MCO1"}
    wired = {
        names.get(line, line): pin
        for row in rows[2:]
        for line, pin in zip(row[0].split(", "), row[column].split(", "), strict=True)
    }
    assert wired == {line: f"P{letter}{pin}" for line, (letter, pin) in model.pins.items()}
    texts = [path.read_text(encoding="utf-8") for path in driver_files(name)]
    [heading] = [text.split("*/")[0] for text in texts if "ek_dcmi_pins[EK_DCMI_PINS] =" in text]
    assert all(pin in heading for pin in wired.values())


@pytest.mark.parametrize("name", FAMILY)
@given(
    st.integers(1, 4),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 7),
    st.randoms(use_true_random=False),
)
@settings(max_examples=25, deadline=None)
def test_frames_come_byte_for_byte(
    name: str, rows: int, row_words: int, looks: int, every: int, random: Random
) -> None:
    """The frame that was under way is left out, words still on their way at a row's end
    are waited for, and nothing is stored beyond the rows."""
    sent = random_rows(random, rows, 4 * row_words)
    high = name.endswith("ov2640")
    driver, model = ready(name, recording(sent, frame_high=high, looks=looks))
    model.every = every
    assert driver.small(4 * row_words, rows) == ""
    assert model.stored == 4 * row_words * rows
    assert string_at(driver.frame, model.stored) == b"".join(sent)
    assert model.errors == []


FAULTS = {
    "short row": [b"abcdefgh", b"ijkl", b"mnopqrst"],
    "long row": [b"abcdefgh", b"ijklmnopqrst", b"mnopqrst"],
    "too few rows": [b"abcdefgh", b"ijklmnop"],
    "too many rows": [b"abcdefgh"] * 4,
}


@pytest.mark.parametrize("name", OV7670)
@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_frame_is_told(name: str, fault: str) -> None:
    driver, model = ready(name, recording(FAULTS[fault]))
    assert driver.small(8, 3) == fault
    assert model.errors == []


@pytest.mark.parametrize("name", OV7670)
def test_a_last_row_that_is_too_long_is_told(name: str) -> None:
    """Its bytes go into the memory beyond the frame, and no further."""
    rows = [b"abcdefgh", b"ijklmnop", b"q" * 400]
    driver, model = ready(name, recording(rows))
    assert driver.small(8, 3) == "long row"
    assert model.stored == 3 * 8 + 32


@pytest.mark.parametrize("name", OV7670)
def test_rows_that_are_a_byte_too_long_are_told_when_a_word_is_full(name: str) -> None:
    driver, _ = ready(name, recording([b"abcdefghi"] * 8))
    assert driver.small(8, 8) == "long row"


@pytest.mark.parametrize("name", OV7670)
def test_an_overrun_is_told(name: str) -> None:
    """Nobody takes the words: the fifth finds no room."""
    driver, model = ready(name, recording([bytes(range(64))] * 2))
    model.every = None
    assert driver.small(64, 2) == "bytes lost"
    assert model.errors == []


@pytest.mark.parametrize("name", OV7670)
def test_after_a_fault_the_next_frame_is_whole(name: str) -> None:
    """DCMI is started anew, as it is for a sensor that is set up anew."""
    driver, model = ready(name, recording([bytes(range(65))] * 2))
    model.every = None
    assert driver.small(64, 2) == "bytes lost"
    assert (len(model.fifo), len(model.part)) == (4, 2)
    driver.start("ek_ov7670")
    model.samples, model.every = stays(recording([b"abcdefgh", b"ijklmnop"])), 1
    assert driver.small(8, 2) == ""
    assert string_at(driver.frame, 16) == b"abcdefghijklmnop"
    assert model.errors == []


@pytest.mark.parametrize("name", OV7670)
def test_a_bus_that_refuses_is_told(name: str) -> None:
    driver, model = ready(name, recording([bytes(range(16))] * 2))
    model.refused = True
    assert driver.small(16, 2) == "transfer error"


@pytest.mark.parametrize("name", OV7670)
@pytest.mark.parametrize(
    ("levels", "fault"),
    [
        ([0], "no frames"),
        ([VSYNC], "no frames"),
        ([0] * 60 + [VSYNC] * 60 + [0], "too few rows"),
        ([0] * 60 + [VSYNC] * 60 + [0] * 60 + [HREF], "short row"),
    ],
)
def test_dead_lines_do_not_hang(name: str, levels: list[int], fault: str) -> None:
    driver, model = ready(name, levels)
    assert driver.small(8, 3) == fault
    assert model.state == "idle"  # nothing is stored later
    assert model.errors == []


@pytest.mark.parametrize("name", OV7670)
def test_another_chip_on_the_bus_is_told_and_set_up_is_tried_again(name: str) -> None:
    driver = Driver(name)
    model = DcmiModel(FAMILY[name], driver, repeat(0))
    bus = Bus(Chip(0x21, {0x0A: 0x76, 0x0B: 0x70}))
    model.wires = Wires(bus, driver)
    assert driver.begin() == "wrong chip"
    assert driver.begin() == "wrong chip"
    assert [entry[0] for entry in bus.chip.log] == ["read"] * 4
