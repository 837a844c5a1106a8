"""A memory plan over several memories: each buffer wholly in one, the most touched in the fastest.

What must lie together (a chain of in-place steps) is assigned as one; then each memory is filled as
an arena of its own. The assignment counts the bytes that matter at once, which is what no placement
can undercut; where a placement needs more than its memory has, `plan.repair` moves something.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from edgekit.artifacts.bundle import ArenaBlock, PlacedBuffer
from edgekit.converter.plan.assign import Assignment, Item, assign
from edgekit.converter.plan.check import overfull, violations
from edgekit.converter.plan.lifetimes import ALIGNMENT, Live
from edgekit.converter.plan.place import EFFORT, Offsets, Region, height, place, regions
from edgekit.converter.plan.plan import MemoryPlan
from edgekit.converter.plan.repair import REPAIR_EFFORT, repaired


@dataclass(frozen=True, slots=True)
class Room:
    """What a memory has for the arena: `bytes`. A byte touched in it costs `weight`."""

    memory: str
    bytes: int
    weight: int


@dataclass(frozen=True, slots=True)
class _Block:
    """The regions that lie in one memory, where they do, and what they take."""

    regions: tuple[Region, ...]
    offsets: Offsets
    bytes: int
    bound: int


def split(
    memory: MemoryPlan,
    lives: Sequence[Live],
    rooms: Sequence[Room],
    touched: Mapping[str, int],
    effort: int = EFFORT,
) -> MemoryPlan | None:
    """The buffers of a plan over `rooms`; None where they were not found to fit.

    `touched` are bytes read and written by buffer. Memories that nothing lies in are left out. In
    place steps are given up where they alone keep the buffers from fitting. The plan is proved by
    `plan.check`.
    """
    exact = tuple(pair for pair in memory.in_place if not pair.by_rows)
    for pairs in dict.fromkeys((memory.in_place, exact, ())):
        found = _split(replace(memory, in_place=pairs), lives, rooms, touched, effort)
        if found is not None:
            return found
    return None


def _split(
    memory: MemoryPlan,
    lives: Sequence[Live],
    rooms: Sequence[Room],
    touched: Mapping[str, int],
    effort: int,
) -> MemoryPlan | None:
    chains = regions(lives, memory.in_place)
    items = [item(chain, touched) for chain in chains]
    capacities = [room.bytes // ALIGNMENT * ALIGNMENT for room in rooms]
    weights = [room.weight for room in rooms]
    least = assign(items, capacities, weights)
    if least is None:
        return None
    memories = repaired(chains, items, least.memories, capacities, weights)
    if memories is None:
        return None
    cost = sum(i.touched * weights[at] for i, at in zip(items, memories, strict=True))
    blocks = [
        _filled([c for c, at in zip(chains, memories, strict=True) if at == index], room, effort)
        for index, room in enumerate(rooms)
    ]
    return _plan(memory, lives, rooms, blocks, touched, _gap(cost, least))


def item(chain: Region, touched: Mapping[str, int]) -> Item:
    """A region as the assignment sees it: bytes that its live buffers cover, step by step."""
    needs = tuple(_covered(chain, step) for step in range(chain.first, chain.last + 1))
    return Item(chain.first, needs, sum(touched.get(part.name, 0) for part in chain.parts))


def _covered(chain: Region, step: int) -> int:
    spans = sorted(
        (part.shift, part.top) for part in chain.parts if part.first <= step <= part.last
    )
    covered = end = 0
    for low, high in spans:
        covered += max(high - max(low, end), 0)
        end = max(end, high)
    return covered


def _filled(inside: Sequence[Region], room: Room, effort: int) -> _Block:
    end = max((chain.last for chain in inside), default=-1) + 1
    live = (
        sum(_covered(chain, step) for chain in inside if chain.first <= step <= chain.last)
        for step in range(end)
    )
    bound = max(live, default=0)
    offsets = place(inside, bound, effort)
    if height(inside, offsets) > room.bytes:  # it was found to fit with that as the bound
        offsets = place(inside, room.bytes, REPAIR_EFFORT)
    return _Block(tuple(inside), offsets, height(inside, offsets), bound)


def _gap(cost: int, least: Assignment) -> float | None:
    if not least.exact:
        return None
    return cost / least.cost - 1 if least.cost else float(cost > 0)


def _plan(
    memory: MemoryPlan,
    lives: Sequence[Live],
    rooms: Sequence[Room],
    blocks: Sequence[_Block],
    touched: Mapping[str, int],
    gap: float | None,
) -> MemoryPlan:
    used = [(room, block) for room, block in zip(rooms, blocks, strict=True) if block.regions]
    where = {
        part.name: (index, offset + part.shift)
        for index, (_, block) in enumerate(used)
        for chain, offset in zip(block.regions, block.offsets, strict=True)
        for part in chain.parts
    }
    placements = tuple(
        PlacedBuffer(v.name, where[v.name][1], v.size, v.first, v.last, v.kind, where[v.name][0])
        for v in lives
    )
    found = tuple(
        ArenaBlock(room.memory, block.bytes, block.bound, room.bytes, _sum(block, touched))
        for room, block in used
    )
    sizes = tuple(block.bytes for block in found)
    broken = (*violations(placements, lives, sizes, memory.in_place), *overfull(found))
    assert not broken, "; ".join(broken)
    return replace(
        memory, arena_bytes=sum(sizes), placements=placements, blocks=found, split_gap=gap
    )


def _sum(block: _Block, touched: Mapping[str, int]) -> int:
    return sum(touched.get(part.name, 0) for chain in block.regions for part in chain.parts)


def within_one(memory: MemoryPlan, room: Room, touched: Mapping[str, int]) -> MemoryPlan:
    """The plan as it is, said to lie in one memory."""
    names = (placed.name for placed in memory.placements)
    block = ArenaBlock(
        room.memory,
        memory.arena_bytes,
        memory.lower_bound,
        room.bytes,
        sum(touched.get(name, 0) for name in names),
    )
    return replace(memory, blocks=(block,))
