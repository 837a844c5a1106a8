"""A plan over several memories: sound, within each, and the fast one is used for what pays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.bundle import MemorySummary, PlacedBuffer
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program
from edgekit.converter.plan.check import overfull, violations
from edgekit.converter.plan.lifetimes import InPlace, Live, lifetimes
from edgekit.converter.plan.plan import MemoryPlan, memory_summary, plan, plan_buffers
from edgekit.converter.plan.split import Room, split, within_one
from edgekit.converter.plan.trace import misread
from edgekit.converter.plan.traffic import touched
from tests.converter.plan.test_plan_place import LIVES, chain
from tests.helpers.generated_c import TARGET
from tests.helpers.random_graphs import random_graph
from tests.helpers.striped import random_chain, striped

SEEDS = st.integers(0, 100_000)
FAST, SLOW = 0, 1


def proved(
    memory: MemoryPlan, lives: list[Live], pairs: tuple[InPlace, ...], sizes: tuple[int, ...]
) -> None:
    assert violations(memory.placements, lives, memory.block_bytes, pairs) == ()
    assert overfull(memory.blocks) == ()
    assert memory.arena_bytes == sum(memory.block_bytes) >= memory.lower_bound
    for block in memory.blocks:
        assert block.lower_bound <= block.bytes <= block.room
        assert block.room == sizes[int(block.memory)]


def painted(placements: tuple[PlacedBuffer, ...], blocks: tuple[int, ...], step: int) -> bool:
    """Whether the buffers of a step share no byte; in-place pairs apart. No planner's code."""
    arenas = [bytearray(size) for size in blocks]
    for placed in placements:
        if placed.first <= step < max(placed.last, placed.first + 1):
            part = slice(placed.offset, placed.offset + placed.size)
            if any(arenas[placed.block][part]):
                return False
            arenas[placed.block][part] = b"\x01" * placed.size
    return True


@given(LIVES, st.lists(st.floats(0.1, 1.2), min_size=2, max_size=3), SEEDS)
@settings(max_examples=120, deadline=None)
def test_no_two_buffers_meet_in_any_memory(
    lives: list[Live], shares: list[float], seed: int
) -> None:
    pairs = chain(lives)
    whole = plan_buffers(lives, pairs)
    sizes = tuple(int(whole.arena_bytes * share) for share in shares)
    rooms = [Room(str(i), size, i) for i, size in enumerate(sizes)]
    rng = np.random.default_rng(seed)
    traffic = {live.name: int(rng.integers(0, 10_000)) for live in lives}
    found = split(whole, lives, rooms, traffic)
    if found is None:
        return
    proved(found, lives, pairs, sizes)
    by_name = {placed.name: placed for placed in found.placements}
    assert list(by_name) == [live.name for live in lives]
    for pair in pairs:
        assert by_name[pair.operand].block == by_name[pair.output].block
    for step in range(45):
        assert painted(found.placements, found.block_bytes, step)


@given(SEEDS, st.floats(0.2, 0.9), st.booleans())
@settings(max_examples=60, deadline=None)
def test_programs_play_through(seed: int, share: float, stripes: bool) -> None:
    """States, several inputs and outputs, in-place pairs, cascades: read where it was written."""
    graph = random_chain(seed) if stripes else random_graph(seed)
    program = lower(graph, TARGET)
    program = striped(program, seed) if stripes else program
    whole = plan(program)
    sizes = (int(whole.arena_bytes * share), whole.arena_bytes)
    found = split(whole, lifetimes(program), rooms(sizes), touched(program))
    assert found is not None
    proved(found, list(lifetimes(program)), whole.in_place, sizes)
    assert found.cascades == whole.cascades
    assert misread(program, memory_summary(found)) == ()


def rooms(sizes: tuple[int, ...]) -> list[Room]:
    return [Room(str(i), size, i) for i, size in enumerate(sizes)]


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_the_byte_proof_notices_a_buffer_in_another_block(seed: int) -> None:
    program = lower(random_chain(seed), TARGET)
    summary = halved(program)
    if len(summary.blocks) < 2:
        return
    roomy = tuple(replace(block, bytes=summary.arena_bytes) for block in summary.blocks)
    for wrong in summary.buffers:
        moved = tuple(
            replace(p, block=1 - p.block) if p.name == wrong.name else p for p in summary.buffers
        )
        rest = [p for p in moved if p.name != wrong.name and p.block == 1 - wrong.block]
        meets = any(
            p.first < wrong.last
            and wrong.first < p.last
            and p.offset < wrong.offset + wrong.size
            and wrong.offset < p.offset + p.size
            for p in rest
        )
        if meets and wrong.kind != "scratch":
            assert misread(program, replace(summary, buffers=moved, blocks=roomy))


def halved(program: Program) -> MemorySummary:
    whole = plan(program)
    half = whole.arena_bytes // 2
    found = split(whole, lifetimes(program), rooms((half, whole.arena_bytes)), touched(program))
    assert found is not None
    return memory_summary(found)


def test_a_fast_memory_with_room_for_all_takes_all() -> None:
    lives = [Live("a", 64, 0, 1), Live("b", 32, 0, 1)]
    found = split(plan_buffers(lives), lives, rooms((96, 1000)), {"a": 5, "b": 1})
    assert found is not None
    assert [(block.memory, block.bytes) for block in found.blocks] == [("0", 96)]
    assert found.split_gap == 0


def test_benefit_counts_and_not_size() -> None:
    lives = [Live("large", 64, 0, 1), Live("small", 32, 0, 1)]
    whole = plan_buffers(lives)
    busy_small = split(whole, lives, rooms((64, 64)), {"large": 10, "small": 1000})
    assert busy_small is not None
    assert busy_small.placement("small").block == FAST
    assert busy_small.placement("large").block == SLOW
    busy_large = split(whole, lives, rooms((64, 64)), {"large": 1000, "small": 10})
    assert busy_large is not None
    assert busy_large.placement("large").block == FAST
    assert [block.touched for block in busy_large.blocks] == [1000, 10]


def test_a_buffer_that_no_memory_holds() -> None:
    lives = [Live("a", 100, 0, 0)]
    assert split(plan_buffers(lives), lives, rooms((96, 96)), {}) is None


def test_a_placement_with_gaps_is_tried_again_with_less() -> None:
    """At most 48 bytes of the three matter at once, yet no placement takes fewer than 64."""
    lives = [
        Live("a", 16, 0, 1), Live("b", 16, 0, 3), Live("c", 32, 2, 4), Live("d", 16, 1, 1),
        Live("e", 16, 3, 5), Live("f", 32, 5, 6), Live("g", 16, 5, 5), Live("h", 32, 0, 0),
    ]  # fmt: skip
    whole = plan_buffers(lives)
    for room in range(16, whole.arena_bytes, 16):
        found = split(whole, lives, rooms((room, 1000)), {live.name: 1 for live in lives})
        assert found is not None
        assert found.split_gap is not None
        assert found.split_gap >= 0


def test_one_memory_named_changes_no_offset() -> None:
    lives = [Live("a", 64, 0, 1), Live("b", 32, 1, 1)]
    whole = plan_buffers(lives)
    found = within_one(whole, Room("DTCM", 4096, 0), {"a": 2, "b": 3})
    assert found.placements == whole.placements
    assert found.blocks[0].memory == "DTCM"
    assert (found.blocks[0].bytes, found.blocks[0].touched) == (96, 5)
