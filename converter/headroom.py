"""Bytes that an arena has to spare during a step become scratch of a faster kernel.

Kernels are first chosen without those that need room (`needs_room` in kernels_<isa>.toml) and
planned. Most steps then need less than the arena; kernels are chosen once more with what each step
leaves over, and planned again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from edgekit.converter import budget
from edgekit.converter.budget import Budgeted
from edgekit.converter.lower.cascade import Choice, cascaded
from edgekit.converter.lower.program import Program, Step
from edgekit.converter.plan.budget import Planned
from edgekit.converter.plan.fit import rooms
from edgekit.converter.plan.lifetimes import aligned, lifetimes, live_bytes
from edgekit.converter.plan.plan import plan
from edgekit.targets.model import Target

Again = Callable[[Mapping[str, int]], Program]
"""The program with kernels chosen for so many bytes of scratch in some steps, by name."""
NO_LIMIT = 1 << 40

SLACK = 0.01
"""Share by which an arena may grow if at least this share of the instructions is saved by it."""
SHARES = (100, 85, 70, 50)
"""Percent of the room that are tried, as buffers may not fit together although they are small."""


def filled(found: Budgeted, program: Program, target: Target, again: Again) -> Budgeted:
    """A planned program with faster kernels where its arena has room for their scratch.

    With a budget the arena may grow as far as that, without one by `SLACK` where that pays; in
    both cases no further than the target's largest RAM has room for it. `program` is what it was
    before a budget cut it into stripes. Spread arenas stay as they are.
    """
    if found.memory.blocks:
        return found
    planned, most = Planned(found.program, found.memory), _most(program, target)
    if found.price is None:
        better = _usual(planned, again, most)
        return replace(found, program=better.program, memory=better.memory)
    usual = _usual(Planned(program, plan(program)), again, most)
    better = _faster(planned, again, min(found.price.bytes, most))
    price = replace(
        found.price,
        arena_before=usual.memory.arena_bytes,
        instructions_before=usual.program.cost,
        instructions=better.program.cost,
    )
    return budget.budgeted(better, price, program.name)


def _most(program: Program, target: Target) -> int:
    """Bytes that an arena may have beside a copy of the inputs, which the benchmark firmware
    keeps."""
    inputs = sum(port.bytes for port in program.inputs)
    main = target.main_ram.name if target.main_ram else ""
    return next((r.bytes for r in rooms(target, inputs) if r.memory == main), NO_LIMIT)


def _usual(planned: Planned, again: Again, most: int) -> Planned:
    """Without a budget: in the arena as it is, or in one a little larger if that saves as much."""
    arena = planned.memory.arena_bytes
    more = min(int(arena * (1 + SLACK)), most)
    same, larger = (_faster(planned, again, size) for size in (arena, more))
    pays = larger.program.cost < same.program.cost * (1 - SLACK)
    return larger if pays else same


def _faster(planned: Planned, again: Again, limit: int) -> Planned:
    """The fastest found whose arena has at most `limit` bytes, or its own if those are more;
    `planned` if there is none."""
    limit = max(limit, planned.memory.arena_bytes)
    choices = [Choice(c.first, c.last, c.rows, c.upward) for c in planned.program.cascades]
    for striped in (True, False) if choices else (False,):
        room = _room(planned, limit, striped)
        for share in SHARES if room else ():
            program = cascaded(again({n: size * share // 100 for n, size in room.items()}), choices)
            if program is None or program.cost >= planned.program.cost:
                break
            memory = plan(program)
            if memory.arena_bytes <= limit:
                return Planned(program, memory)
    return planned


def _room(planned: Planned, limit: int, striped: bool) -> dict[str, int]:
    """Bytes for the scratch of each step that has a faster kernel, by name; of steps in stripes
    only if `striped`."""
    program = planned.program
    needed = live_bytes(lifetimes(program), planned.memory.in_place)
    return {
        step.name: limit - needed[index] + aligned(step.scratch_bytes)
        for index, step in enumerate(program.steps)
        if (striped or step.stripes is None) and _wants_room(step)
    }


def _wants_room(step: Step) -> bool:
    return any(0 < refused.estimate < step.cost for refused in step.refused)
