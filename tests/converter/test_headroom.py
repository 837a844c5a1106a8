"""Room that an arena has: spent on faster kernels, never on a larger arena than is allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.bundle import ArenaBlock
from edgekit.converter import budget
from edgekit.converter.budget import Budgeted
from edgekit.converter.headroom import SLACK, filled
from edgekit.converter.ir.graph import Graph
from edgekit.converter.load import load_model
from edgekit.converter.lower import select
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program
from edgekit.converter.plan.fit import rooms
from edgekit.converter.plan.plan import plan
from edgekit.targets.model import Target
from edgekit.targets.reader import load_target
from tests.helpers.striped import mobile, random_chain

TARGET = load_target("virtual-m4")


def found(
    graph: Graph, size: int | None = None, target: Target = TARGET
) -> tuple[Budgeted, Budgeted]:
    """The plan within a budget of `size` bytes, before and after room is spent."""
    program = lower(graph, TARGET)
    before = budget.within(program, size, graph.name)
    return before, filled(before, program, target, lambda room: lower(graph, TARGET, room=room))


def roomy(program: Program) -> list[str]:
    """Steps whose kernel needs room."""
    kernels = {k.function: k for rows in select.kernel_table().values() for k in rows}
    return [step.name for step in program.steps if kernels[step.kernel].needs_room]


def test_room_is_spent() -> None:
    before, after = found(mobile())
    assert not roomy(before.program)
    assert roomy(after.program)
    assert after.program.cost < before.program.cost
    assert after.memory.arena_bytes <= before.memory.arena_bytes * (1 + SLACK)
    assert after.memory == plan(after.program)
    assert after.price is None


def test_a_budget_may_be_spent_as_well(test_data: Path) -> None:
    graph = load_model(test_data / "models" / "mlperf_dscnn_kws_int8.tflite").graph
    usual = found(graph)[1]
    before, after = found(graph, 32 * 1024)
    assert before.memory.arena_bytes == usual.memory.arena_bytes < after.memory.arena_bytes
    assert after.memory.arena_bytes <= 32 * 1024
    assert set(roomy(after.program)) > set(roomy(usual.program))
    assert after.price is not None
    assert after.price.instructions_before == usual.program.cost
    assert after.price.instructions == after.program.cost < usual.program.cost
    (note,) = after.notes
    assert note.message == (
        f"arena {after.memory.arena_bytes:,} B instead of {before.memory.arena_bytes:,} B,"
        f" for {after.price.price}"
    )
    assert note.advice == "kernels that need room are taken"


def test_no_more_is_spent_than_the_target_has() -> None:
    ram, others = TARGET.main_ram, [m for m in TARGET.memories if m is not TARGET.main_ram]
    assert ram is not None
    before, large = found(mobile(), 64 * 1024)
    beside = rooms(TARGET, sum(port.bytes for port in before.program.inputs))
    taken = ram.size - next(room.bytes for room in beside if room.memory == ram.name)
    size = taken + before.memory.arena_bytes + 256
    small = TARGET.model_copy(update={"memories": (*others, ram.model_copy(update={"size": size}))})
    after = found(mobile(), 64 * 1024, small)[1]
    assert after.memory.arena_bytes <= before.memory.arena_bytes + 256
    assert after.memory.arena_bytes < large.memory.arena_bytes


def test_steps_in_stripes_have_room_too() -> None:
    size = 12_000
    before, after = found(mobile(), size)
    striped = {step.name for step in after.program.steps if step.stripes}
    assert after.memory.cascades == before.memory.cascades != ()
    assert after.memory.arena_bytes <= size
    assert after.program.cost < before.program.cost
    assert striped & set(roomy(after.program))


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_arenas_stay_what_they_may_be(seed: int) -> None:
    """Every plan is proved sound by `plan`."""
    before, after = found(random_chain(seed))
    assert after.memory.arena_bytes <= before.memory.arena_bytes * (1 + SLACK)
    assert after.program.cost <= before.program.cost


def test_a_spread_arena_stays_as_it_is() -> None:
    program = lower(mobile(), TARGET)
    whole = budget.within(program, None, "model")
    block = ArenaBlock("sram", whole.memory.arena_bytes, whole.memory.lower_bound, 1 << 20)
    spread = replace(whole, memory=replace(whole.memory, blocks=(block,)))

    def again(room: Mapping[str, int]) -> Program:
        raise AssertionError("a spread arena was planned again")

    assert filled(spread, program, TARGET, again) is spread


def test_what_needs_room_is_refused_without() -> None:
    program = lower(mobile(), TARGET)
    step = next(s for s in program.steps if "_pointwise_relu_" in s.kernel)
    request = step.origin.request if step.origin else pytest.fail("a step without origin")
    table, isas = select.kernel_table(), TARGET.cpu.isa
    taken = select.choose(table, request, isas, 1 << 20)
    assert taken.kernel.needs_room
    size = select.SCRATCHES[taken.kernel.scratch](request)
    assert select.choose(table, request, isas, size).kernel == taken.kernel
    lean = select.choose(table, request, isas, size - 1)
    assert not lean.kernel.needs_room
    (refusal,) = [r for r in lean.refused if r.kernel == taken.kernel.function]
    assert refusal.reason == f"needs room in the arena for {size:,} B of scratch"
    assert refusal.estimate == taken.cost < lean.cost
