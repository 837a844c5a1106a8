"""An independent look at a memory plan: does it hold what it promises?

Written without any of the planner's code, so that both have to be wrong for a bad plan to pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from edgekit.artifacts.bundle import ArenaBlock, PlacedBuffer
from edgekit.converter.plan.lifetimes import ALIGNMENT, InPlace, Live


def violations(
    placements: Sequence[PlacedBuffer],
    lives: Iterable[Live],
    blocks: Sequence[int],
    in_place: Iterable[InPlace] = (),
) -> tuple[str, ...]:
    """One sentence per broken promise; empty when the plan is sound.

    `blocks` are the bytes of each block of the arena. Checked: every live buffer is placed once,
    with its own size and lifetime; aligned; inside its block; in-place pairs are in one block; and
    no two that matter at once share a byte, except an in-place pair that sits at one address and
    meets in a single step, its operand being neither an output nor a state. A pair by rows sits at
    its stated distance; that no row is lost is for `trace` to prove.
    """
    wanted = {live.name: live for live in lives}
    allowed = {(pair.operand, pair.output): pair for pair in in_place}
    return (
        *_misstated(placements, wanted),
        *(text for placed in placements for text in _misplaced(placed, blocks)),
        *_parted(placements, allowed),
        *(
            f"{a.name} and {b.name} share bytes while both are live"
            for a, b in combinations(placements, 2)
            if _collide(a, b) and not (_in_place(a, b, allowed) or _in_place(b, a, allowed))
        ),
    )


def _misstated(placements: Sequence[PlacedBuffer], wanted: dict[str, Live]) -> list[str]:
    names = [placed.name for placed in placements]
    found = [f"{name} is not placed" for name in wanted if name not in names]
    found += [f"{name} is placed twice" for name in sorted(set(names)) if names.count(name) > 1]
    for placed in placements:
        live = wanted.get(placed.name)
        stated = (placed.size, placed.first, placed.last)
        if live is None:
            found.append(f"{placed.name} is no buffer of the program")
        elif stated != (live.size, live.first, live.last):
            found.append(f"{placed.name} is placed with another size or lifetime than its own")
    return found


def _misplaced(placed: PlacedBuffer, blocks: Sequence[int]) -> list[str]:
    if not 0 <= placed.block < len(blocks):
        return [f"{placed.name} lies in block {placed.block} of {len(blocks)}"]
    found, size = [], blocks[placed.block]
    if placed.offset % ALIGNMENT:
        found.append(f"{placed.name} at {placed.offset} is not aligned to {ALIGNMENT}")
    if placed.offset < 0 or placed.offset + placed.size > size:
        found.append(f"{placed.name} leaves the arena of {size} bytes")
    return found


def _parted(
    placements: Sequence[PlacedBuffer], allowed: Mapping[tuple[str, str], InPlace]
) -> list[str]:
    block = {placed.name: placed.block for placed in placements}
    return [
        f"{new} is to take the place of {old}, which lies in another block"
        for old, new in allowed
        if block.get(old) != block.get(new)
    ]


def overfull(blocks: Iterable[ArenaBlock]) -> tuple[str, ...]:
    """One sentence per block that is larger than the room its memory has, or named like another."""
    blocks = tuple(blocks)
    names = [block.memory for block in blocks]
    return (
        *(
            f"the block in {block.memory} has {block.bytes} bytes of {block.room}"
            for block in blocks
            if block.bytes > block.room
        ),
        *(f"{name} holds two blocks" for name in sorted(set(names)) if names.count(name) > 1),
    )


def _collide(a: PlacedBuffer, b: PlacedBuffer) -> bool:
    in_time = a.first <= b.last and b.first <= a.last
    in_space = a.offset < b.offset + b.size and b.offset < a.offset + a.size
    return a.block == b.block and in_time and in_space


def _in_place(
    old: PlacedBuffer, new: PlacedBuffer, allowed: Mapping[tuple[str, str], InPlace]
) -> bool:
    pair = allowed.get((old.name, new.name))
    if pair is None or old.kind in ("output", "state") or old.offset - new.offset != pair.shift:
        return False
    return pair.by_rows or (old.last == new.first and old.size == new.size)
