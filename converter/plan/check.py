"""An independent look at a memory plan: does it hold what it promises?

Written without any of the planner's code, so that both have to be wrong for a bad plan to pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from edgekit.artifacts.bundle import PlacedBuffer
from edgekit.converter.plan.lifetimes import ALIGNMENT, InPlace, Live


def violations(
    placements: Sequence[PlacedBuffer],
    lives: Iterable[Live],
    arena_bytes: int,
    in_place: Iterable[InPlace] = (),
) -> tuple[str, ...]:
    """One sentence per broken promise; empty when the plan is sound.

    Checked: every live buffer is placed once, with its own size and lifetime; aligned; inside
    the arena; and no two that matter at once share a byte, except an in-place pair that sits at
    one address and meets in a single step, its operand being neither an output nor a state. A
    pair by rows sits at its stated distance; that no row is lost is for `trace` to prove.
    """
    wanted = {live.name: live for live in lives}
    allowed = {(pair.operand, pair.output): pair for pair in in_place}
    return (
        *_misstated(placements, wanted),
        *(text for placed in placements for text in _misplaced(placed, arena_bytes)),
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


def _misplaced(placed: PlacedBuffer, arena_bytes: int) -> list[str]:
    found = []
    if placed.offset % ALIGNMENT:
        found.append(f"{placed.name} at {placed.offset} is not aligned to {ALIGNMENT}")
    if placed.offset < 0 or placed.offset + placed.size > arena_bytes:
        found.append(f"{placed.name} leaves the arena of {arena_bytes} bytes")
    return found


def _collide(a: PlacedBuffer, b: PlacedBuffer) -> bool:
    in_time = a.first <= b.last and b.first <= a.last
    in_space = a.offset < b.offset + b.size and b.offset < a.offset + a.size
    return in_time and in_space


def _in_place(
    old: PlacedBuffer, new: PlacedBuffer, allowed: Mapping[tuple[str, str], InPlace]
) -> bool:
    pair = allowed.get((old.name, new.name))
    if pair is None or old.kind in ("output", "state") or old.offset - new.offset != pair.shift:
        return False
    return pair.by_rows or (old.last == new.first and old.size == new.size)
