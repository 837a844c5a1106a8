"""`--arena`: whether the arena is one block, or in which of the target's memories it lies.

"auto" keeps one block where it fits one memory, and else spreads the arena. "single" never does.
"fast" puts what is touched most into tightly coupled memory, whether it has to or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edgekit.artifacts.bundle import RamBudget
from edgekit.artifacts.figures import Note
from edgekit.converter import budget
from edgekit.converter.budget import Budgeted
from edgekit.converter.lower.program import Program
from edgekit.converter.plan.budget import Planned, Search, busiest, plan_within
from edgekit.converter.plan.fit import check_fit, footprint, rooms
from edgekit.converter.plan.lifetimes import lifetimes
from edgekit.converter.plan.picture import block_text
from edgekit.converter.plan.plan import MemoryPlan, memory_summary
from edgekit.converter.plan.split import Room, split, within_one
from edgekit.converter.plan.trace import misread
from edgekit.converter.plan.traffic import touched
from edgekit.errors import UsageError
from edgekit.targets.model import Target
from edgekit.units import bytes_text, count_text, percent

TRIES = 8
"""Cuts for which a split is tried, each of a budget a little smaller than the last arena."""
SMALLER = 0.96


def over(
    whole: Budgeted, program: Program, target: Target, arena: str, others: Iterable[Target] = ()
) -> Budgeted:
    """The planned program with its arena in the target's memories, as `arena` asks.

    `program` is what it was before a budget cut it into stripes: under a budget, cuts are looked
    for that can be spread as well. What does not fit comes back as one block, for `plan.fit` to
    refuse. Raises UsageError for "fast" where no memory is tightly coupled.
    """
    if arena == "fast":
        _require_fast(target, others)
    elif arena == "single" or len(target.rams) < 2 or _fits(whole, target):
        return whole
    inputs = sum(port.bytes for port in program.inputs)
    beside = rooms(target, inputs)  # room for the benchmark firmware's copy of them, if there is
    one = beside[:1] if arena == "fast" else beside
    home = next((room for room in one if whole.memory.arena_bytes <= room.bytes), None)
    if home is not None:
        memory = within_one(whole.memory, home, touched(whole.program))
        return _noted(replace(whole, memory=memory))
    planned = Planned(whole.program, whole.memory)
    for places in (beside, rooms(target)):
        split_up = _split(planned, places)
        if split_up is not None and (not whole.price or split_up.arena_bytes <= whole.price.bytes):
            return _noted(replace(whole, memory=split_up))
    if whole.price is None:
        return whole
    found = _within(planned, program, rooms(target), whole.price.bytes)
    if found is None:
        return whole
    price = replace(whole.price, instructions=found.program.cost)
    return _noted(budget.budgeted(found, price, program.name))


def _fits(whole: Budgeted, target: Target) -> bool:
    """Whether one block fits beside stack and variables."""
    fits = check_fit(footprint(whole.program, whole.memory), target).ram_fits
    main = target.main_ram
    room = next((r.bytes for r in rooms(target) if main and r.memory == main.name), 0)
    return fits and whole.memory.arena_bytes <= room


def _require_fast(target: Target, others: Iterable[Target]) -> None:
    if any(memory.tightly_coupled for memory in target.rams):
        return
    having = [t.name for t in others if any(memory.tightly_coupled for memory in t.rams)]
    raise UsageError(
        "--arena fast",
        f"target {target.name} states no tightly coupled memory",
        allowed="auto, single" + (f"; fast for {', '.join(having)}" if having else ""),
        hint="state tightly_coupled = true for a memory of your own profile",
        code="no-fast-memory",
    )


def _split(planned: Planned, places: tuple[Room, ...]) -> MemoryPlan | None:
    program = planned.program
    found = split(planned.memory, lifetimes(program), places, touched(program))
    if found is not None:
        broken = misread(program, memory_summary(found))
        assert not broken, "; ".join(broken)
    return found


def _within(
    first: Planned, program: Program, places: tuple[Room, ...], most: int
) -> Planned | None:
    """Blocks of at most `most` bytes together, of the program as it is or cut up further."""
    planned, search = first, Search(program)
    for _ in range(TRIES):
        memory = _split(planned, places)
        if memory is not None and memory.arena_bytes <= most:
            return Planned(planned.program, memory)
        least = int(planned.memory.arena_bytes * SMALLER)
        planned = plan_within(program, least, search)
        if planned.memory.arena_bytes > least:
            return None
    return None


def unplaced(whole: Budgeted, target: Target, arena: str) -> str:
    """What the target's memories lack for an arena that was not found to fit them."""
    if arena == "single" or len(target.rams) < 2:
        return ""
    planned = Planned(whole.program, whole.memory)
    places = rooms(target)
    room = sum(place.bytes for place in places)
    needed = whole.memory.lower_bound
    each = ", ".join(f"{place.memory} has room for {count_text(place.bytes)} B" for place in places)
    found = f"the arena needs {count_text(needed)} B at {budget.layer(planned)}; {each}: "
    if needed > room:
        return found + f"{bytes_text(needed - room)} too much"
    return found + f"no split of its buffers fits, {_largest(planned)}"


def _largest(planned: Planned) -> str:
    step = busiest(planned)
    live = [p for p in planned.memory.placements if p.first <= step <= p.last]
    largest = max(live, key=lambda placed: placed.size)
    return f"of which {largest.name} alone has {count_text(largest.size)} B"


def rescue(program: Program, target: Target, arena: str) -> str:
    """What --ram-budget could do for a program whose arena the target has no room for."""
    if arena == "single" or len(target.rams) < 2:
        return budget.rescue(program, target)
    places = rooms(target)
    room = sum(place.bytes for place in places)
    found = plan_within(program, room)
    if found.memory.arena_bytes > room:
        return budget.would_not_do(found, room)
    spread = _within(found, program, places, room)
    if spread is None:
        return "no --ram-budget was found with which its buffers fit the memories"
    price = RamBudget(room, 0, program.cost, spread.program.cost).price
    return f"its RAM would do with --ram-budget {spread.memory.arena_bytes}, for {price}"


def smaller(whole: Budgeted, program: Program, target: Target, most: int) -> list[str]:
    """Options with which the benchmark firmware fits: the arena may have `most` bytes then."""
    found = []
    if most > 0 and plan_within(program, most).memory.arena_bytes <= most:
        found.append(f"--ram-budget {most}")
    if any(memory.tightly_coupled for memory in target.rams):
        fast = over(whole, program, target, "fast")
        if check_fit(footprint(fast.program, fast.memory), target).bench_fits:
            found.append("--arena fast")
    return found


def _noted(found: Budgeted) -> Budgeted:
    memory = found.memory
    summary = memory_summary(memory)
    where = "; ".join(block_text(summary, block) for block in memory.blocks)
    note = Note(
        "arena-memories",
        found.program.name,
        f"the arena lies in {where}",
        _best(memory),
        level="info",
    )
    return replace(found, notes=(*found.notes, note))


def _best(memory: MemoryPlan) -> str:
    if len(memory.blocks) == 1:
        return "place the block there: the firmware of `edgekit build` does"
    if memory.split_gap == 0:
        return "no split touches the slower memories less"
    if memory.split_gap is None:
        return "a better split may exist: too many buffers matter at once to try all"
    return (
        f"the slower memories are touched {percent(memory.split_gap)} more than the least that"
        " any split could do"
    )
