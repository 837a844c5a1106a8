"""The checker, fed with plans that are wrong on purpose."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from edgekit.artifacts.bundle import ArenaBlock, PlacedBuffer
from edgekit.converter.plan.check import overfull, violations
from edgekit.converter.plan.lifetimes import InPlace, Live

LIVES = (Live("a", 32, 0, 1), Live("b", 32, 1, 2), Live("c", 16, 2, 3))
SOUND = (
    PlacedBuffer("a", 0, 32, 0, 1),
    PlacedBuffer("b", 32, 32, 1, 2),
    PlacedBuffer("c", 0, 16, 2, 3),
)
PAIR = (InPlace("a", "b"),)


def broken(
    index: int, arena: int = 64, pairs: tuple[InPlace, ...] = (), **changes: Any
) -> tuple[str, ...]:
    wrong = list(SOUND)
    wrong[index] = replace(wrong[index], **changes)
    return violations(wrong, LIVES, (arena,), pairs)


def test_a_sound_plan_passes() -> None:
    assert violations(SOUND, LIVES, (64,)) == ()


def test_buffers_that_share_a_byte_at_one_step() -> None:
    assert broken(1, offset=16) == ("a and b share bytes while both are live",)


def test_buffers_may_share_bytes_at_different_steps() -> None:
    assert broken(2, offset=16) == ()


def test_misaligned() -> None:
    assert "c at 8 is not aligned to 16" in broken(2, offset=8)


@pytest.mark.parametrize("offset", [-16, 48, 64])
def test_outside_the_arena(offset: int) -> None:
    assert "b leaves the arena of 64 bytes" in broken(1, offset=offset)


def test_an_arena_too_small() -> None:
    assert violations(SOUND, LIVES, (48,)) == ("b leaves the arena of 48 bytes",)


def test_a_forgotten_buffer() -> None:
    assert violations(SOUND[:2], LIVES, (64,)) == ("c is not placed",)


def test_a_buffer_placed_twice() -> None:
    assert "a is placed twice" in violations((*SOUND, SOUND[0]), LIVES, (64,))


def test_a_stranger() -> None:
    stranger = PlacedBuffer("z", 0, 16, 9, 9)
    assert violations((*SOUND, stranger), LIVES, (64,)) == ("z is no buffer of the program",)


@pytest.mark.parametrize("change", [{"size": 16}, {"first": 1}, {"last": 0}])
def test_a_buffer_made_smaller_or_shorter_lived(change: dict[str, Any]) -> None:
    assert "a is placed with another size or lifetime than its own" in broken(0, **change)


IN_PLACE = (SOUND[0], replace(SOUND[1], offset=0), replace(SOUND[2], offset=32))


def test_in_place_is_allowed_for_the_named_pair_only() -> None:
    assert violations(IN_PLACE, LIVES, (64,), PAIR) == ()
    swapped = (InPlace("b", "a"),)
    found = violations(IN_PLACE, LIVES, (64,), swapped)
    assert found == ("a and b share bytes while both are live",)


def test_in_place_means_one_address() -> None:
    assert broken(1, pairs=PAIR, offset=16) == ("a and b share bytes while both are live",)


def test_in_place_may_not_destroy_what_is_read_later() -> None:
    lives = (Live("a", 32, 0, 2), Live("b", 32, 1, 2))
    placed = (PlacedBuffer("a", 0, 32, 0, 2), PlacedBuffer("b", 0, 32, 1, 2))
    assert violations(placed, lives, (32,), PAIR) == ("a and b share bytes while both are live",)


def test_in_place_may_not_destroy_an_output() -> None:
    placed = (replace(IN_PLACE[0], kind="output"), *IN_PLACE[1:])
    found = violations(placed, LIVES, (64,), PAIR)
    assert found == ("a and b share bytes while both are live",)


TWO = (SOUND[0], replace(SOUND[1], offset=0, block=1), SOUND[2])


def test_buffers_in_two_blocks_share_nothing() -> None:
    assert violations(TWO, LIVES, (32, 32)) == ()


def test_each_block_has_its_own_end() -> None:
    assert violations(TWO, LIVES, (32, 16)) == ("b leaves the arena of 16 bytes",)


@pytest.mark.parametrize("block", [-1, 2])
def test_a_block_that_is_not_there(block: int) -> None:
    wrong = (TWO[0], replace(TWO[1], block=block), TWO[2])
    assert f"b lies in block {block} of 2" in violations(wrong, LIVES, (32, 32))


def test_an_in_place_pair_in_two_blocks() -> None:
    assert "b is to take the place of a, which lies in another block" in violations(
        TWO, LIVES, (32, 32), PAIR
    )


def test_blocks_larger_than_their_memories() -> None:
    fast = ArenaBlock("DTCM", 64, 64, 48)
    assert overfull((fast, ArenaBlock("SRAM", 64, 64, 64))) == (
        "the block in DTCM has 64 bytes of 48",
    )
    assert overfull((replace(fast, bytes=16), replace(fast, bytes=16))) == (
        "DTCM holds two blocks",
    )
