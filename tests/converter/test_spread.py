"""One block where one memory has room, several where none has, and what is said where none do."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter import budget, spread
from edgekit.converter.budget import Budgeted
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program
from edgekit.converter.plan.check import overfull
from edgekit.converter.plan.fit import STATIC_BYTES, check_fit, footprint, rooms
from edgekit.errors import UsageError
from edgekit.targets.model import Memory, Target
from edgekit.targets.reader import load_target
from tests.helpers.striped import mobile, random_chain

BESIDE = 4096 + STATIC_BYTES + 32
"""Stack, variables and guard words in the main RAM."""
ARENA = 24_640
"""Bytes of the plan of `mobile` for a Cortex-M4, of which two buffers have 8 and 16 KB."""


def board(sram: int, *others: int, coupled: Sequence[int] = (0,)) -> Target:
    """A board with `sram` bytes for an arena in its main RAM, and others, some tightly coupled."""
    memories = [
        Memory(name="flash", kind="flash", start=0, size=4 << 20),
        Memory(name="SRAM", kind="ram", start=0x2000_0000, size=sram + BESIDE),
    ]
    for index, size in enumerate(others):
        name, fast = f"RAM{index}", index in coupled
        start = 0x3000_0000 + (index << 24)
        memories.append(
            Memory(name=name, kind="ram", start=start, size=size + 32, tightly_coupled=fast)
        )
    changes = {"name": "board", "memories": tuple(memories), "stack_bytes": 4096}
    return load_target("virtual-m4").model_copy(update=changes)


@pytest.fixture(scope="module")
def program() -> Program:
    return lower(mobile(), load_target("virtual-m4"))


def spread_over(program: Program, target: Target, arena: str = "auto", most: int = 0) -> Budgeted:
    whole = budget.within(program, most or None, "mobile")
    return spread.over(whole, program, target, arena, [load_target("grove-vision-ai-v2")])


def test_the_arena_of_the_example(program: Program) -> None:
    assert budget.within(program, None, "mobile").memory.arena_bytes == ARENA


def test_one_block_where_one_memory_has_room(program: Program) -> None:
    whole = budget.within(program, None, "mobile")
    for arena in ("auto", "single"):
        assert spread.over(whole, program, board(ARENA, 8192), arena) is whole


def test_several_where_none_has(program: Program) -> None:
    target = board(16_500, 8704)
    found = spread_over(program, target)
    assert [block.memory for block in found.memory.blocks] == ["RAM0", "SRAM"]
    assert overfull(found.memory.blocks) == ()
    assert {p.block for p in found.memory.placements} == {0, 1}
    assert check_fit(footprint(found.program, found.memory), target).fits
    [note] = found.notes
    assert note.code == "arena-memories"
    assert note.message.startswith("the arena lies in RAM0: 8,")
    assert "of the bytes touched (estimated); SRAM: 16," in note.message
    assert note.advice == "no split touches the slower memories less"


def test_single_is_never_spread(program: Program) -> None:
    found = spread_over(program, board(16_500, 8704), "single")
    assert found.memory.blocks == ()
    assert spread.unplaced(found, board(16_500, 8704), "single") == ""


def test_fast_takes_what_is_touched_most(program: Program) -> None:
    """The main RAM has room for all, and the scratch of the products lies in the fast one."""
    target = board(64_000, 1024)
    assert spread_over(program, target).memory.blocks == ()
    fast, slow = spread_over(program, target, "fast").memory.blocks
    assert (fast.memory, slow.memory) == ("RAM0", "SRAM")
    assert fast.touched > slow.touched
    assert fast.bytes <= 1024 < slow.bytes


def test_fast_with_room_for_all_is_one_block(program: Program) -> None:
    whole = budget.within(program, None, "mobile").memory
    found = spread_over(program, board(64_000, ARENA), "fast")
    [block] = found.memory.blocks
    assert (block.memory, block.bytes) == ("RAM0", ARENA)
    assert found.memory.placements == whole.placements
    assert "place the block there" in found.notes[0].advice


def test_one_block_in_another_memory_where_the_main_one_is_short_of_room(program: Program) -> None:
    """Stack and variables leave too little of the largest."""
    found = spread_over(program, board(ARENA - 16, ARENA))
    assert [(block.memory, block.bytes) for block in found.memory.blocks] == [("RAM0", ARENA)]


def test_fast_on_a_board_without_such_a_memory(program: Program) -> None:
    with pytest.raises(UsageError) as caught:
        spread_over(program, board(64_000, 8192, coupled=()), "fast")
    error = caught.value
    assert (error.code, error.exit_code) == ("no-fast-memory", 2)
    assert error.found == "target board states no tightly coupled memory"
    assert error.allowed == "auto, single; fast for grove-vision-ai-v2"


def test_without_a_fast_memory_the_main_one_is_filled_first(program: Program) -> None:
    found = spread_over(program, board(17_000, 8704, coupled=()))
    assert [block.memory for block in found.memory.blocks] == ["SRAM", "RAM0"]


def test_room_is_left_for_the_copy_of_the_inputs_where_there_is_some(program: Program) -> None:
    [port] = program.inputs
    target = board(16_500 + port.bytes, 8704)
    found = spread_over(program, target)
    assert check_fit(footprint(found.program, found.memory), target).bench_fits
    tight = spread_over(program, board(16_500, 8704))
    assert not check_fit(footprint(tight.program, tight.memory), board(16_500, 8704)).bench_fits


def test_a_budget_holds_for_all_blocks_together(program: Program) -> None:
    target = board(6000, 9000)
    assert spread_over(program, target).memory.blocks == ()
    found = spread_over(program, target, most=12_000)
    assert len(found.memory.blocks) == 2
    assert found.memory.arena_bytes <= 12_000
    assert found.program.cascades
    assert [note.code for note in found.notes] == ["ram-budget", "arena-memories"]
    assert found.price is not None
    assert found.price.instructions == found.program.cost


def test_what_is_missing_is_said_memory_by_memory(program: Program) -> None:
    target = board(4096, 2048)
    found = spread_over(program, target)
    assert found.memory.blocks == ()
    text = spread.unplaced(found, target, "auto")
    assert text.startswith("the arena needs 24,640 B at step 2, CONV_2D 'wide'; ")
    assert "RAM0 has room for 2,048 B, SRAM has room for 4,096 B: 18.1 KiB too much" in text
    hint = spread.rescue(program, target, "auto")
    assert hint.startswith("--ram-budget would not do: the smallest arena is ")


def test_a_buffer_larger_than_every_memory_is_named(program: Program) -> None:
    target = board(9000, 9000, 9000)
    text = spread.unplaced(spread_over(program, target), target, "auto")
    assert "no split of its buffers fits, of which " in text
    assert text.endswith(" alone has 16,384 B")


def test_the_budget_that_is_suggested_does(program: Program) -> None:
    target = board(8000, 8000)
    hint = spread.rescue(program, target, "auto")
    assert hint.startswith("its RAM would do with --ram-budget ")
    assert hint.endswith("instructions (estimated)")
    most = int(hint.split("--ram-budget ")[1].split(",")[0])
    found = spread_over(program, target, most=most)
    assert check_fit(footprint(found.program, found.memory), target).ram_fits


def test_a_target_with_one_memory_says_what_it_always_said(program: Program) -> None:
    target = board(8000)
    assert spread.unplaced(spread_over(program, target), target, "auto") == ""
    assert spread.rescue(program, target, "auto") == budget.rescue(program, target)


def test_rooms_of_a_board() -> None:
    found = rooms(load_target("nucleo-h743zi"), beside=1000)
    assert [(room.memory, room.weight) for room in found] == [
        ("DTCM", 0), ("AXI SRAM", 1), ("SRAM123", 2), ("SRAM4", 3),
    ]  # fmt: skip
    assert found[0].bytes == 128 * 1024 - 32
    assert 0 <= 512 * 1024 - 4096 - STATIC_BYTES - 1000 - 32 - found[1].bytes < 16


@given(st.integers(0, 10_000), st.floats(0.3, 0.9), st.floats(0.3, 0.9), st.booleans())
@settings(max_examples=25, deadline=None)
def test_random_programs(seed: int, sram: float, dtcm: float, tight: bool) -> None:
    """`over` asserts what `plan.check` and `plan.trace` find; nothing larger than a room comes."""
    program = lower(random_chain(seed), load_target("virtual-m4"))
    whole = budget.within(program, None, "m")
    size = whole.memory.arena_bytes
    target = board(int(size * sram), int(size * dtcm))
    found = spread.over(whole, program, target, "fast" if tight else "auto")
    if found.memory.blocks:
        assert check_fit(footprint(found.program, found.memory), target).ram_fits
    else:
        assert spread.unplaced(found, target, "auto")
