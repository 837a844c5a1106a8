"""Memory plans over several memories of random sizes."""

from __future__ import annotations

import numpy as np

from edgekit.converter.lower.program import Program
from edgekit.converter.plan.lifetimes import lifetimes
from edgekit.converter.plan.plan import MemoryPlan, memory_summary
from edgekit.converter.plan.split import Room, split
from edgekit.converter.plan.trace import misread
from edgekit.converter.plan.traffic import touched

TRIES = 8


def spread(program: Program, memory: MemoryPlan, seed: int) -> MemoryPlan:
    """The plan over two or three memories; as it is where no sizes that were tried hold it."""
    rng = np.random.default_rng(seed)
    lives, traffic = lifetimes(program), touched(program)
    for _ in range(TRIES):
        shares = rng.uniform(0.2, 0.9, int(rng.integers(2, 4)))
        places = [
            Room(f"ram{index}", int(memory.arena_bytes * share), int(rng.integers(0, 3)))
            for index, share in enumerate(shares)
        ]
        found = split(memory, lives, places, traffic)
        if found is not None and len(found.blocks) > 1:
            broken = misread(program, memory_summary(found))
            assert not broken, "; ".join(broken)
            return found
    return memory
