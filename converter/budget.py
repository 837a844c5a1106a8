"""`--ram-budget`: a program whose arena stays within so many bytes, what that costs, or why not."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.artifacts.bundle import RamBudget
from edgekit.artifacts.figures import Note
from edgekit.converter.lower.program import Program, Step
from edgekit.converter.plan.budget import Planned, busiest, plan_within
from edgekit.converter.plan.fit import arena_room
from edgekit.converter.plan.plan import MemoryPlan, plan
from edgekit.errors import DoesNotFitError
from edgekit.targets.model import Target
from edgekit.units import bytes_text, count_text


@dataclass(frozen=True, slots=True)
class Budgeted:
    """A planned program; `price` is None without a budget."""

    program: Program
    memory: MemoryPlan
    price: RamBudget | None = None
    notes: tuple[Note, ...] = ()


def within(program: Program, budget: int | None, model: str) -> Budgeted:
    """The program with an arena of at most `budget` bytes, as cheap as can be found.

    Raises DoesNotFitError that names the smallest arena found and the layer that asks for it.
    """
    before = plan(program)
    if budget is None:
        return Budgeted(program, before)
    if before.arena_bytes <= budget:
        found = Planned(program, before)
    else:
        found = plan_within(program, budget)
        if found.memory.arena_bytes > budget:
            raise _too_small(found, budget, model)
    price = RamBudget(budget, before.arena_bytes, program.cost, found.program.cost)
    return budgeted(found, price, model)


def budgeted(found: Planned, price: RamBudget, model: str) -> Budgeted:
    """A program that keeps its budget, with a note that says how."""
    return Budgeted(found.program, found.memory, price, (_note(model, found, price),))


def rescue(program: Program, target: Target) -> str:
    """What --ram-budget could do for a program whose arena the target has no room for."""
    room = arena_room(target)
    if room is None:
        return ""
    found = plan_within(program, room)
    size = found.memory.arena_bytes
    if size > room:
        return would_not_do(found, room)
    price = RamBudget(room, 0, program.cost, found.program.cost).price
    return f"its RAM would do with --ram-budget {size}, for {price}"


def would_not_do(found: Planned, room: int) -> str:
    """That the smallest arena is still larger than the room."""
    size = found.memory.arena_bytes
    return (
        f"--ram-budget would not do: the smallest arena is {count_text(size)} B,"
        f" {bytes_text(size - room)} too much at {layer(found)}"
    )


def _note(model: str, found: Planned, price: RamBudget) -> Note:
    if not found.program.cascades and found.memory.arena_bytes <= price.arena_before:
        return Note("ram-budget", model, "the arena keeps the RAM budget as it is", level="info")
    size, before = count_text(found.memory.arena_bytes), count_text(price.arena_before)
    layers = ", ".join(
        f"{found.program.steps[c.first].name} to {found.program.steps[c.last].name}"
        if c.first < c.last
        else found.program.steps[c.first].name
        for c in found.program.cascades
    )
    return Note(
        "ram-budget",
        model,
        f"arena {size} B instead of {before} B, for {price.price}",
        f"run stripe by stripe: {layers}" if layers else "kernels that need room are taken",
        level="info",
    )


def _too_small(found: Planned, budget: int, model: str) -> DoesNotFitError:
    size = found.memory.arena_bytes
    return DoesNotFitError(
        f"{model} within a RAM budget of {count_text(budget)} B",
        f"the smallest arena found is {count_text(size)} B, {count_text(size - budget)} B too much"
        f" at {layer(found)}",
        hint=f"--ram-budget {size} is the least for this model; a smaller input or a thinner"
        " network needs less",
        code="ram-budget",
    )


def layer(found: Planned) -> str:
    """The step during which most bytes matter at once: "step 3, CONV_2D 'wide'"."""
    index = busiest(found)
    step: Step = found.program.steps[index]
    return f"step {index}, {step.operator} {step.layer!r}"
