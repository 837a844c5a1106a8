"""Counting the instructions of a program: the log's lines, and a program in the emulator."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.errors import ToolError
from edgekit.firmware_stubs.runner import build_runner_image
from edgekit.runtime.devices import counted
from edgekit.runtime.devices.counted import between, count_instructions
from edgekit.targets.reader import load_target
from tests.helpers.neon_cases import COMPILER, EMULATOR
from tests.helpers.small_bundles import SIZE, convert_small
from tests.helpers.toolchains import require

ENTRY = 0x400B60
CALL = 0x401000
INPUT = bytes(3 * SIZE * SIZE)


def line(address: int) -> bytes:
    """As QEMU 7.2 writes it."""
    return b"Trace 0: 0x7f00 [0000000001009331/%016x/00000001/00000201] name\n" % address


LOG = b"".join(
    [
        b"a warning without an address\n",
        *(line(CALL - 4 * back) for back in range(5, -1, -1)),
        *(line(ENTRY + 4 * step) for step in range(10)),
        line(0x500000),  # a function of the C library
        line(ENTRY + 40),
        line(CALL + 4),
        line(CALL + 8),
    ]
)


@given(st.integers(1, len(LOG)))
def test_lines_between_call_and_return_are_counted_however_they_come(size: int) -> None:
    pieces = [LOG[at : at + size] for at in range(0, len(LOG), size)]
    assert between(pieces, ENTRY) == 12


@pytest.mark.parametrize("log", [b"", line(CALL), line(CALL) + line(ENTRY) + line(ENTRY + 4)])
def test_a_log_that_ends_before_has_no_count(log: bytes) -> None:
    assert between([log], ENTRY) is None


def runner(folder: Path) -> Path:
    """A small network's program for a Pi."""
    bundle = convert_small(folder, target="rpi4")
    return build_runner_image(bundle, load_target("rpi4"), folder / "out").elf


@pytest.mark.qemu
def test_a_program_is_counted_exactly(tmp_path: Path) -> None:
    """Another run of the same input executes as many more, and the little around it."""
    require(COMPILER, EMULATOR)
    program = runner(tmp_path)
    count = count_instructions(program, (EMULATOR,), "small", INPUT)
    assert count == count_instructions(program, (EMULATOR,), "small", INPUT)
    assert count is not None
    (tmp_path / "in.bin").write_bytes(INPUT)
    one, two, three = (_all(program, tmp_path / "in.bin", runs) for runs in (1, 2, 3))
    assert three - two == pytest.approx(two - one, abs=200)  # digits of times that are printed
    assert count < three - two < count + 2000
    assert count_instructions(program, (EMULATOR,), "other", INPUT) is None


def _all(program: Path, inputs: Path, runs: int) -> int:
    """Instructions of the whole program."""
    words = [EMULATOR, *counted._one_at_a_time(EMULATOR), "-d", "exec,nochain", program, inputs]
    done = subprocess.run([*words, str(runs)], capture_output=True, check=True)
    return done.stderr.count(b"Trace")


@pytest.mark.qemu
def test_an_emulator_that_ends_too_early_is_named(tmp_path: Path) -> None:
    require(COMPILER, EMULATOR)
    program = runner(tmp_path)
    with pytest.raises(ToolError) as caught:
        count_instructions(program, (EMULATOR,), "small", b"too short")
    assert caught.value.code == "count-incomplete"
