"""The memory plan: where every buffer of a program lives in the arena."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgekit.artifacts.bundle import (
    ArenaBlock,
    CascadeInfo,
    MemorySummary,
    PlacedBuffer,
    RamBudget,
)
from edgekit.converter.lower.program import Program
from edgekit.converter.plan.check import violations
from edgekit.converter.plan.lifetimes import (
    InPlace,
    Live,
    aligned,
    in_place_pairs,
    lifetimes,
    lower_bound,
)
from edgekit.converter.plan.place import EFFORT, place, regions
from edgekit.converter.plan.replace import cascade_pairs
from edgekit.converter.plan.trace import misread


@dataclass(frozen=True, slots=True)
class MemoryPlan:
    """Offsets in an arena of `arena_bytes`, aligned to 16 bytes.

    `lower_bound` is the most bytes that matter at once, which no plan can undercut.
    `placements` keep the program's buffer order. `blocks` are the memories that `plan.split`
    spread the arena over, each with offsets of its own; empty where it is one block anywhere.
    """

    arena_bytes: int
    lower_bound: int
    placements: tuple[PlacedBuffer, ...]
    in_place: tuple[InPlace, ...] = ()
    cascades: tuple[CascadeInfo, ...] = ()
    blocks: tuple[ArenaBlock, ...] = ()
    split_gap: float | None = None

    @property
    def block_bytes(self) -> tuple[int, ...]:
        """Bytes of each block; of the whole arena where it is one."""
        return tuple(block.bytes for block in self.blocks) or (self.arena_bytes,)

    def offset(self, buffer: str) -> int:
        """First byte of a buffer in its block of the arena."""
        return self.placement(buffer).offset

    def placement(self, buffer: str) -> PlacedBuffer:
        """Where and when a buffer lives."""
        return next(placed for placed in self.placements if placed.name == buffer)


def plan(program: Program, effort: int = EFFORT) -> MemoryPlan:
    """The memory plan of a program, proved free of overlaps by `plan.check`.

    Of a program with cascades every call is played through as well (`plan.trace`).
    """
    lives = lifetimes(program)
    pairs = in_place_pairs(program, lives)
    memory = plan_buffers(lives, pairs, effort)
    if program.cascades:
        shared = plan_buffers(lives, (*pairs, *cascade_pairs(program, lives)), effort)
        best = min(memory, shared, key=lambda plan: plan.arena_bytes)
        cascades = tuple(
            CascadeInfo(c.first, c.last, c.stripes, c.rows, c.upward) for c in program.cascades
        )
        memory = replace(best, lower_bound=shared.lower_bound, cascades=cascades)
        broken = misread(program, memory_summary(memory))
        assert not broken, "; ".join(broken)
    return memory


def plan_buffers(
    lives: Sequence[Live], pairs: tuple[InPlace, ...] = (), effort: int = EFFORT
) -> MemoryPlan:
    """A plan for buffers with given lifetimes, of which `pairs` are written in place."""
    blocks = regions(lives, pairs)
    bound = lower_bound(tuple(lives), pairs)
    offsets = place(blocks, bound, effort)
    where = {
        part.name: offset + part.shift
        for block, offset in zip(blocks, offsets, strict=True)
        for part in block.parts
    }
    placements = tuple(
        PlacedBuffer(v.name, where[v.name], v.size, v.first, v.last, v.kind) for v in lives
    )
    arena = max((aligned(placed.offset + placed.size) for placed in placements), default=0)
    broken = violations(placements, lives, (arena,), pairs)
    assert not broken, "; ".join(broken)
    return MemoryPlan(arena, bound, placements, pairs)


def memory_summary(memory: MemoryPlan, budget: RamBudget | None = None) -> MemorySummary:
    """The plan as the bundle's manifest records it."""
    return MemorySummary(
        memory.arena_bytes,
        memory.lower_bound,
        memory.placements,
        memory.cascades,
        budget,
        memory.blocks,
        memory.split_gap,
    )
