"""The Pico's driver and its PIO program, interpreted word by word, on made-up recordings.

The driver's own C, compiled for this machine, loads and sets up the machine; time is the system's
clock of 125 MHz, and the sensor's clocks come when they come.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from ctypes import string_at
from itertools import chain, cycle, repeat
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.firmware_stubs.sources import driver_files
from edgekit.targets.reader import load_target
from tests.firmware_stubs.test_camera_sensors import NUMBERS
from tests.helpers.camera_registers import Driver, Wires
from tests.helpers.pio_model import StateMachine, assemble
from tests.helpers.rp2040_model import D0, HREF, PCLK, SIOC, SIOD, VSYNC, Rp2040Model
from tests.helpers.sccb_bus import Bus, Chip

NAME = "pico_arducam_hm01b0"
SYSTEM = load_target("pico-arducam").clock_hz
SENSOR = 24_000_000
"""Hertz of PCLK where the module's clock is 24 MHz."""
GAP = 400
"""Cycles between rows; the sensor's are more (214 of its clocks)."""
FRAME, ROW, CLOCK = 1 << VSYNC, 1 << HREF, 1 << PCLK


def bits(data: bytes) -> Iterator[int]:
    """Each byte's highest bit first."""
    return (byte >> bit & 1 for byte in data for bit in range(7, -1, -1))


def row(given: Iterable[int], hertz: float, phase: float) -> list[int]:
    """A row of bits: data change where PCLK falls. The levels once in a cycle of the system."""
    half = SYSTEM / hertz / 2
    halves = [level for bit in given for level in (bit << D0, bit << D0 | CLOCK)]
    ends = [int(phase + half * (i + 1)) for i in range(len(halves))]
    counts = (end - start for start, end in zip([int(phase), *ends], ends, strict=False))
    pairs = zip(halves, counts, strict=True)
    return [FRAME | ROW | level for level, count in pairs for _ in range(count)]


def recording(
    rows: Sequence[bytes | Sequence[int]], hertz: float = SENSOR, phase: float = 0.0
) -> list[int]:
    """The end of a frame, these rows, and the gap after them. A row is bytes, or single bits."""
    levels = row(bits(b"\xee\xee"), hertz, phase) + [FRAME] * GAP + [0] * 2 * GAP + [FRAME] * GAP
    for sent in rows:
        each = bits(sent) if isinstance(sent, bytes) else sent
        levels += row(each, hertz, phase) + [FRAME] * GAP
    return levels + [0] * 2 * GAP


def ready(levels: Sequence[int]) -> tuple[Driver, Rp2040Model]:
    driver = Driver(NAME)
    model = Rp2040Model(driver, repeat(0))
    driver.start("ek_hm01b0")
    model.samples = chain(levels, repeat(levels[-1]))
    return driver, model


def random_rows(random: Random, rows: int, row_bytes: int) -> list[bytes]:
    return [random.randbytes(row_bytes) for _ in range(rows)]


def test_the_words_are_those_of_the_assembly_beside_them() -> None:
    _, model = ready([0])
    [source] = [path for path in driver_files(NAME) if path.stem == NAME]
    text = source.read_text(encoding="utf-8")
    lines = re.findall(r"/\* (\d): (.*) \*/", text)
    assert [int(number) for number, _ in lines] == list(range(6))
    assert model.machine.memory[:6] == [assemble(line) for _, line in lines]
    assert (model.machine.wrap_bottom, model.machine.wrap_top) == (2, 5)
    assert assemble("in null, 7") == 0x4067


def test_pins_are_inputs_and_lines_of_the_bus_have_pull_ups() -> None:
    _, model = ready([0])
    assert all(model.is_input(pin) for pin in (D0, PCLK, HREF, VSYNC, SIOC, SIOD))
    assert [pin for pin in (SIOD, SIOC, D0, PCLK, HREF, VSYNC) if model.pulled_up(pin)] == [4, 5]
    assert model.machine.in_base == D0
    assert model.errors == []


def test_the_whole_driver_takes_a_picture() -> None:
    """From the sensor's registers, over its wires, to the rows that are converted."""
    driver = Driver(NAME)
    rows = random_rows(Random(5), driver.facts.height, driver.facts.width)
    whole = recording(rows)
    start = whole.index(0)  # between frames
    model = Rp2040Model(driver, repeat(FRAME), pace=1)
    address, numbers = NUMBERS[b"HM01B0"]
    bus = Bus(Chip(address, dict(numbers), 2), restarts=True)
    model.wires = Wires(bus, driver)

    def streams(chip: Chip, at: int, value: int) -> None:
        if (at, value) == (0x0100, 1):
            model.samples = chain(repeat(FRAME, 500), cycle(whole[start:]))
            model.pace = 6

    bus.chip.hook = streams
    assert driver.begin() == ""
    assert driver.picture() == b"".join(rows)
    assert (model.errors, bus.errors) == ([], [])


@given(
    st.integers(1, 4),
    st.integers(1, 6),
    st.floats(0.0, 1.0, exclude_max=True),
    st.sampled_from([1e6, 6e6, 12e6, 20e6, 24e6, 25e6]),
    st.integers(1, 9),
    st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None)
def test_bytes_are_taken_as_they_come(
    rows: int, row_bytes: int, phase: float, hertz: float, every: int, random: Random
) -> None:
    """At any phase of the two clocks, while DMA has to wait for its turn; the frame that was under
    way is left out."""
    sent = random_rows(random, rows, row_bytes)
    driver, model = ready(recording(sent, hertz, phase))
    model.every = every
    assert driver.small(row_bytes, rows) == ""
    assert string_at(driver.frame, row_bytes * rows) == b"".join(sent)
    assert model.stored == row_bytes * rows
    assert model.errors == []


@given(st.floats(0.0, 1.0, exclude_max=True), st.randoms(use_true_random=False))
@settings(max_examples=10, deadline=None)
def test_a_clock_that_goes_on_between_rows_brings_nothing(phase: float, random: Random) -> None:
    """Where it is not gated: what counts is HREF."""
    sent = random_rows(random, 3, 4)
    gated = recording(sent, phase=phase)
    runs = [level & CLOCK for level in row([1] * 4 * len(gated), SENSOR, phase)]
    levels = [
        level if level & ROW else level | clock | 1 << D0
        for level, clock in zip(gated, runs, strict=False)
    ]
    assert levels != gated
    driver, model = ready(levels)
    assert driver.small(4, 3) == ""
    assert string_at(driver.frame, 12) == b"".join(sent)
    assert model.errors == []


def test_after_a_fault_the_next_frame_is_whole() -> None:
    """From a machine in the middle of its program, with a full FIFO and its flag of a stall."""
    driver, model = ready(recording([bytes(range(40))] * 2))
    model.every = None
    assert driver.small(40, 2) == "bytes lost"
    assert len(model.machine.fifo) == 8
    model.samples, model.every = chain(recording([b"abcd", b"efgh"]), repeat(0)), 1
    assert driver.small(4, 2) == ""
    assert string_at(driver.frame, 8) == b"abcdefgh"
    assert model.errors == []


@pytest.mark.parametrize("phase", [0.0, 0.3, 0.6, 0.9])
def test_a_clock_that_is_too_fast_is_told(phase: float) -> None:
    driver, _ = ready(recording([bytes(range(40))] * 2, hertz=80e6, phase=phase))
    assert driver.small(40, 2) == "short row"


FAULTS = {
    "short row": [b"abcd", b"efg", b"ijkl"],
    "long row": [b"abcd", b"efghx", b"ijkl"],
    "too few rows": [b"abcd", b"efgh"],
    "too many rows": [b"abcd"] * 4,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_with_a_frame_is_told(fault: str) -> None:
    driver, model = ready(recording(FAULTS[fault]))
    assert driver.small(4, 3) == fault
    assert model.errors == []


@pytest.mark.parametrize("more", range(1, 8))
def test_a_single_bit_too_many_is_told(more: int) -> None:
    rows = [list(bits(b"abcd")) + [1] * more, *[list(bits(b"efgh"))] * 2]
    driver, _ = ready(recording(rows))
    assert driver.small(4, 3) == "long row"


@pytest.mark.parametrize("missing", range(1, 9))
def test_a_single_bit_too_few_is_told(missing: int) -> None:
    driver, _ = ready(recording([list(bits(b"abcd"))[:-missing]] * 3))
    assert driver.small(4, 3) == "short row"


def test_a_last_row_that_is_too_long_is_told() -> None:
    driver, model = ready(recording([b"abcd", b"efgh", b"i" * 100]))
    assert driver.small(4, 3) == "long row"
    assert model.stored == 3 * 4 + 32


def test_an_overrun_is_told() -> None:
    driver, model = ready(recording([bytes(range(40))] * 2))
    model.every = None
    assert driver.small(40, 2) == "bytes lost"


def test_a_bus_that_refuses_is_told() -> None:
    driver, model = ready(recording([bytes(range(40))] * 2))
    model.refused = True
    assert driver.small(40, 2) == "transfer error"


@pytest.mark.parametrize(
    ("levels", "fault"),
    [
        ([0], "no frames"),
        ([FRAME], "no frames"),
        ([FRAME] * GAP + [0] * GAP + [FRAME], "too few rows"),
        ([FRAME] * GAP + [0] * GAP + [FRAME] * GAP + [FRAME | ROW], "short row"),
    ],
)
def test_dead_lines_do_not_hang(levels: list[int], fault: str) -> None:
    driver, model = ready(levels)
    assert driver.small(4, 3, patience=600) == fault
    assert model.left == 0
    assert model.errors == []


def test_the_interpreter_knows_the_instructions_it_is_asked_for() -> None:
    """On its own: counting down, autopush both ways, a full FIFO, and what it has not."""
    machine = StateMachine()
    machine.memory[:3] = [0xE02A, 0x0041, 0xA0C1]  # set x, 10; jmp x-- 1; mov isr, x
    for _ in range(13):
        machine.cycle(0, runs=True)
    assert (machine.x, machine.isr, machine.pc) == (0xFFFFFFFF, 0xFFFFFFFF, 3)
    for right, word in ((True, 0xB1000000), (False, 0x8D)):
        machine = StateMachine()
        machine.autopush, machine.threshold, machine.right = True, 8, right
        for bit in (1, 0, 0, 0, 1, 1, 0, 1):
            machine.pins = bit
            assert machine.execute(assemble("in pins, 1"))
        assert list(machine.fifo) == [word]
    machine.fifo.extend([0] * 3)
    machine.count = 7
    assert not machine.execute(assemble("in pins, 1"))
    assert machine.stalled
    with pytest.raises(NotImplementedError):
        machine.execute(0x6001)
