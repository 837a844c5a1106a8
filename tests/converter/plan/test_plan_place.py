"""The planner by its properties: nothing overlaps, nothing beats the bound, nothing is random."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.plan import place
from edgekit.converter.plan.check import violations
from edgekit.converter.plan.lifetimes import InPlace, Live, aligned, lower_bound
from edgekit.converter.plan.plan import MemoryPlan, plan_buffers

LIVES = st.lists(
    st.tuples(st.integers(1, 5000), st.integers(0, 30), st.integers(0, 12)), max_size=40
).map(lambda rows: [Live(f"b{i}", size, at, at + more) for i, (size, at, more) in enumerate(rows)])


def chain(lives: list[Live]) -> tuple[InPlace, ...]:
    """In-place pairs wherever one buffer dies as an equally large one is born."""
    pairs: list[InPlace] = []
    used: set[tuple[str, str]] = set()
    for old in lives:
        for new in lives:
            fits = old.last == new.first and old.first < new.first and old.size == new.size
            if fits and not {("old", old.name), ("new", new.name)} & used:
                used |= {("old", old.name), ("new", new.name)}
                pairs.append(InPlace(old.name, new.name))
    return tuple(sorted(pairs, key=lambda pair: int(pair.output[1:])))


@given(LIVES)
@settings(max_examples=150, deadline=None)
def test_live_buffers_never_overlap(lives: list[Live]) -> None:
    memory = plan_buffers(lives)
    assert violations(memory.placements, lives, memory.block_bytes) == ()
    assert memory.lower_bound == lower_bound(tuple(lives))
    assert memory.arena_bytes >= memory.lower_bound


@given(LIVES)
@settings(max_examples=100, deadline=None)
def test_no_byte_is_shared_counted_one_by_one(lives: list[Live]) -> None:
    """The same property without the checker: paint every step, byte for byte."""
    memory = plan_buffers(lives)
    steps = range(max((live.last for live in lives), default=0) + 1)
    for step in steps:
        painted = bytearray(memory.arena_bytes)
        for placed in memory.placements:
            if placed.first <= step <= placed.last:
                end = placed.offset + placed.size
                assert not any(painted[placed.offset : end])
                painted[placed.offset : end] = b"\x01" * placed.size


@given(LIVES)
@settings(max_examples=50, deadline=None)
def test_equal_buffers_give_equal_plans(lives: list[Live]) -> None:
    assert plan_buffers(lives) == plan_buffers(list(lives))


def test_random_sets_reach_the_bound_nearly_always() -> None:
    plans = [plan_buffers(hard_lives(seed)) for seed in range(120)]
    assert sum(p.arena_bytes == p.lower_bound for p in plans) >= 115


def test_search_finds_what_no_greedy_order_finds() -> None:
    lives = hard_lives(62)
    blocks = place.regions(lives, ())
    bound = lower_bound(tuple(lives))
    assert height(blocks, place.place(blocks, bound, effort=0)) > bound
    assert height(blocks, place.place(blocks, bound)) == bound


def test_several_orders_beat_largest_first() -> None:
    def largest_first(lives: list[Live]) -> int:
        blocks = sorted(place.regions(lives, ()), key=lambda block: -block.size)
        return first_fit(blocks)

    sets = [hard_lives(seed) for seed in range(120)]
    ours = sum(plan_buffers(lives).arena_bytes for lives in sets)
    assert ours < sum(largest_first(lives) for lives in sets)


def test_an_in_place_chain_takes_one_buffer() -> None:
    lives = [Live("a", 100, 0, 1), Live("b", 100, 1, 2), Live("c", 100, 2, 3)]
    pairs = (InPlace("a", "b"), InPlace("b", "c"))
    memory = plan_buffers(lives, pairs)
    assert memory.arena_bytes == memory.lower_bound == 112
    assert plan_buffers(lives).arena_bytes == 224


def test_in_place_leaves_room_for_others() -> None:
    lives = [Live("a", 64, 0, 1), Live("other", 32, 0, 3), Live("b", 64, 1, 3)]
    memory = plan_buffers(lives, (InPlace("a", "b"),))
    assert memory.offset("a") == memory.offset("b")
    assert memory.arena_bytes == 96


def test_no_buffers_need_no_arena() -> None:
    assert plan_buffers([]) == MemoryPlan(0, 0, ())


def test_sizes_are_rounded_up_to_the_alignment() -> None:
    memory = plan_buffers([Live("a", 1, 0, 0), Live("b", 17, 0, 0)])
    assert memory.arena_bytes == memory.lower_bound == 48
    assert [aligned(size) for size in (0, 1, 16, 17)] == [0, 16, 16, 32]


def hard_lives(seed: int) -> list[Live]:
    """Few sizes and many short lives: what makes first-fit leave gaps."""
    rng = random.Random(seed)
    count, steps = rng.randint(5, 40), rng.randint(4, 30)
    lives = []
    for index in range(count):
        first = rng.randrange(steps)
        last = min(steps - 1, first + rng.choice([0, 1, 1, 2, 3, 8]))
        size = rng.choice([16, 48, 64, 100, 160, 320, 1000])
        lives.append(Live(f"b{index}", size, first, last))
    return lives


def height(blocks: tuple[place.Region, ...], offsets: place.Offsets) -> int:
    return max(offset + block.size for offset, block in zip(offsets, blocks, strict=True))


def first_fit(blocks: list[place.Region]) -> int:
    """Plain first fit in the given order, written anew."""
    placed: list[tuple[int, place.Region]] = []
    for block in blocks:
        offset = 0
        while any(
            offset < at + other.size
            and at < offset + block.size
            and block.first <= other.last
            and other.first <= block.last
            for at, other in placed
        ):
            offset += 16
        placed.append((offset, block))
    return max(at + block.size for at, block in placed)


@given(LIVES)
@settings(max_examples=100, deadline=None)
def test_in_place_pairs_are_sound_and_never_cost(lives: list[Live]) -> None:
    pairs = chain(lives)
    memory = plan_buffers(lives, pairs)
    assert violations(memory.placements, lives, memory.block_bytes, pairs) == ()
    assert memory.lower_bound <= lower_bound(tuple(lives))
    for pair in pairs:
        assert memory.offset(pair.operand) == memory.offset(pair.output)
