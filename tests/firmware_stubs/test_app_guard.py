"""Kernels that write where they must not are caught by the guard words of the firmware."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edgekit.errors import ProtocolError
from edgekit.firmware_stubs.build import build_firmware, build_posix
from edgekit.runtime.devices.qemu import VirtualBoard
from edgekit.runtime.link.dut import open_dut
from edgekit.runtime.link.extension import Extension
from edgekit.runtime.link.messages import Guard
from edgekit.targets.reader import load_target
from tests.helpers.ptys import firmware_on_pty
from tests.helpers.tiny_bundle import TINY_INPUT, tiny_bundle, tiny_output
from tests.helpers.virtual_firmware import needs_qemu

LAST_LINE = "    EK_STEP_DONE(1);"

OVERFLOWS = {
    "one byte behind the arena": ("arena[32] = 1;", Guard.AFTER),
    "the last guard byte behind it": ("arena[47] = 1;", Guard.AFTER),
    "one byte in front": ("arena[-1] = 1;", Guard.BEFORE),
    "both sides": ("arena[-16] = arena[32] = 1;", Guard.BEFORE | Guard.AFTER),
}


def overflowing_bundle(folder: Path, statement: str, declaration: str = "") -> Path:
    """The tiny model with one statement more at the end of an inference."""
    bundle = tiny_bundle(folder / "bundle")
    source = bundle / "c" / "tiny.c"
    text = source.read_text()
    assert text.count(LAST_LINE) == 1
    text = text.replace(LAST_LINE, f"{LAST_LINE}\n    {statement}")
    source.write_text(text.replace('#include "tiny.h"', f'#include "tiny.h"\n{declaration}'))
    return bundle


@contextmanager
def posix_board(bundle: Path, out: Path) -> Iterator[Extension]:
    image = build_posix(bundle, out)
    with firmware_on_pty(image.elf) as (port, _), open_dut(port) as dut:
        board = dut.extension()
        board.write_input(TINY_INPUT)
        yield board


@pytest.mark.parametrize(("statement", "guard"), OVERFLOWS.values(), ids=OVERFLOWS)
def test_an_overflowing_kernel_is_caught(statement: str, guard: Guard, tmp_path: Path) -> None:
    bundle = overflowing_bundle(tmp_path, statement)
    with posix_board(bundle, tmp_path / "out") as board:
        with pytest.raises(ProtocolError) as caught:
            board.self_test(tiny_output(TINY_INPUT))
        assert caught.value.code == "guard-broken"
        assert ("in front of the arena" in str(caught.value)) == (Guard.BEFORE in guard)
        assert ("behind the arena" in str(caught.value)) == (Guard.AFTER in guard)
        assert board.memory()["guard"] == guard


def test_a_sound_model_leaves_the_guards_alone(tmp_path: Path) -> None:
    with posix_board(tiny_bundle(tmp_path / "bundle"), tmp_path / "out") as board:
        board.run(5, 2)
        assert board.memory()["guard"] == 0
        assert board.self_test(tiny_output(TINY_INPUT))


def test_the_last_byte_of_the_arena_is_the_models(tmp_path: Path) -> None:
    bundle = overflowing_bundle(tmp_path, "arena[31] = 1;")
    with posix_board(bundle, tmp_path / "out") as board:
        assert board.self_test(tiny_output(TINY_INPUT))
        assert board.memory()["arena_used"] == 32


@needs_qemu
@pytest.mark.qemu
@pytest.mark.parametrize("board", ["virtual-m0", "virtual-m4", "virtual-m55"])
@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("arena[32] = 1;", "behind the arena"),
        ("arena[-1] = 1;", "in front of the arena"),
        ("ek_stack_low[0] = 1;", "used to its last word"),
    ],
)
def test_guards_on_a_board(statement: str, words: str, board: str, tmp_path: Path) -> None:
    """A stack that is full to its last word has left no trace of how far it went."""
    target = load_target(board)
    bundle = overflowing_bundle(tmp_path, statement, "extern uint32_t ek_stack_low[];")
    image = build_firmware(bundle, target, tmp_path / "out")
    with VirtualBoard(target, image.elf) as virtual, open_dut(virtual.port) as dut:
        extension = dut.extension()
        extension.write_input(TINY_INPUT)
        assert extension.memory()["guard"] != 0
        with pytest.raises(ProtocolError, match=words):
            extension.self_test(tiny_output(TINY_INPUT))
