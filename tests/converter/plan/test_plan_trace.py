"""The byte-by-byte proof: sound plans of random programs pass, wrong ones are caught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.bundle import MemorySummary
from edgekit.converter.ir.graph import Quant
from edgekit.converter.ir.ops import Padding
from edgekit.converter.lower.cascade import Choice, cascaded
from edgekit.converter.lower.lower import lower
from edgekit.converter.lower.program import Program, StripeCall
from edgekit.converter.plan.check import violations
from edgekit.converter.plan.lifetimes import lifetimes, lower_bound
from edgekit.converter.plan.plan import memory_summary, plan
from edgekit.converter.plan.trace import misread
from tests.helpers.generated_c import TARGET
from tests.helpers.int8_graphs import GraphBuilder
from tests.helpers.random_graphs import random_graph
from tests.helpers.striped import random_chain, striped

SEEDS = st.integers(0, 100_000)
Q = Quant.per_tensor(0.1, 3)


@given(SEEDS)
@settings(max_examples=60, deadline=None)
def test_plans_of_random_cascades_are_sound(seed: int) -> None:
    """`plan` asserts it as well; here the checks are called from outside."""
    program = striped(lower(random_chain(seed), TARGET), seed)
    memory = plan(program)
    lives = lifetimes(program)
    assert violations(memory.placements, lives, memory.block_bytes, memory.in_place) == ()
    assert misread(program, memory_summary(memory)) == ()
    assert lower_bound(lives, memory.in_place) <= memory.arena_bytes
    assert memory.lower_bound <= memory.arena_bytes


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_plans_without_cascades_pass_too(seed: int) -> None:
    program = lower(random_graph(seed), TARGET)
    assert misread(program, memory_summary(plan(program))) == ()


@given(SEEDS)
@settings(max_examples=40, deadline=None)
def test_two_buffers_moved_onto_each_other_are_noticed(seed: int) -> None:
    """Any two that matter at once and share nothing, put at one address."""
    program = lower(random_chain(seed), TARGET)
    memory = memory_summary(plan(program))
    rng = np.random.default_rng(seed)
    pairs = [
        (a, b)
        for a in memory.buffers
        for b in memory.buffers
        if a.name != b.name
        and a.last > b.first >= a.first
        and b.last >= a.last
        and a.kind != "scratch" != b.kind
        and (a.offset + a.size <= b.offset or b.offset + b.size <= a.offset)
    ]
    if not pairs:
        return
    a, b = pairs[int(rng.integers(len(pairs)))]
    moved = tuple(replace(p, offset=a.offset) if p.name == b.name else p for p in memory.buffers)
    room = max(p.offset + p.size for p in moved)
    assert misread(program, replace(memory, buffers=moved, arena_bytes=room))


def example() -> tuple[Program, MemorySummary]:
    """A convolution and a depthwise one that halves rows, in stripes of two rows."""
    g = GraphBuilder()
    x = g.input((1, 12, 4, 2), Q)
    a = g.conv(x, np.ones((4, 3, 3, 2), np.int8), Padding.SAME, Q, name="a")
    b = g.depthwise(a, np.ones((1, 3, 3, 4), np.int8), Padding.SAME, Q, stride=(2, 2), name="b")
    c = g.conv(b, np.ones((2, 1, 1, 4), np.int8), Padding.SAME, Q, name="c")
    program = cascaded(lower(g.graph(c), TARGET), [Choice(0, 1, 2)])
    assert program is not None
    return program, memory_summary(plan(program))


def with_call(program: Program, step: int, stripe: int, **changes: object) -> Program:
    """The program with one call changed."""
    steps = list(program.steps)
    stripes = steps[step].stripes
    assert stripes is not None
    calls = list(stripes.calls)
    calls[stripe] = replace(calls[stripe], **changes)  # type: ignore[arg-type]
    steps[step] = replace(steps[step], stripes=replace(stripes, calls=tuple(calls)))
    return replace(program, steps=tuple(steps))


def call(program: Program, step: int, stripe: int) -> StripeCall:
    stripes = program.steps[step].stripes
    assert stripes is not None
    return stripes.calls[stripe]


def changed_params(program: Program, step: int, stripe: int, **changes: int) -> Program:
    params = call(program, step, stripe).params
    assert params is not None
    fields = tuple((name, changes.get(name, value)) for name, value in params.fields)
    return with_call(program, step, stripe, params=replace(params, fields=fields))


WRONG: list[tuple[str, Callable[[Program], Program], str]] = [
    (
        "rows not kept",
        lambda p: with_call(p, 0, 1, kept=0),
        "b, rows 2 to 3: byte 64 of a_y is not where it is read",
    ),
    (
        "rows kept from the wrong place",
        lambda p: with_call(p, 0, 1, kept_from=3),
        "b, rows 2 to 3: byte 64 of a_y is not where it is read",
    ),
    (
        "rows read one too low",
        lambda p: with_call(p, 0, 1, reads=(5,)),
        "a, rows 5 to 8: byte 32 of input is not where it is read",
    ),
    (
        "rows written over those kept",
        lambda p: with_call(p, 0, 1, write=0),
        "b, rows 2 to 3: byte 64 of a_y is not where it is read",
    ),
    (
        "padding where there are rows",
        lambda p: changed_params(p, 0, 1, pad_top=1),
        "a, rows 5 to 8: sees other rows of input as padding than the whole operator",
    ),
    (
        "fewer rows than promised",
        lambda p: changed_params(p, 0, 1, output_h=3),
        "a, rows 5 to 8: computes 3 rows instead of 4",
    ),
    (
        "a stripe left out",
        lambda p: with_call(p, 1, 2, first=6, end=6),
        "c: byte 0 of b_y is not where it is read",
    ),
]


@pytest.mark.parametrize(("change", "message"), [w[1:] for w in WRONG], ids=[w[0] for w in WRONG])
def test_a_wrong_call_is_caught(change: Callable[[Program], Program], message: str) -> None:
    program, memory = example()
    assert misread(program, memory) == ()
    assert message in misread(change(program), memory)


def moved(memory: MemorySummary, buffer: str, by: int) -> MemorySummary:
    """The plan with one buffer elsewhere, in an arena that has room for it."""
    buffers = tuple(
        replace(placed, offset=placed.offset + by) if placed.name == buffer else placed
        for placed in memory.buffers
    )
    return replace(memory, buffers=buffers, arena_bytes=memory.arena_bytes + 256)


def test_an_output_too_close_to_the_input_it_replaces_is_caught() -> None:
    g = GraphBuilder()
    x = g.input((1, 12, 4, 4), Q)
    a = g.conv(x, np.ones((4, 3, 3, 4), np.int8), Padding.SAME, Q, name="a")
    program = cascaded(lower(g.graph(a), TARGET), [Choice(0, 0, 3)])
    assert program is not None
    memory = plan(program)
    [pair] = memory.in_place
    assert pair.by_rows
    assert (memory.offset("input") - memory.offset("output"), pair.shift) == (64, 64)
    assert misread(program, memory_summary(memory)) == ()
    found = misread(program, moved(memory_summary(memory), "output", 16))
    assert found[0] == "a, rows 3 to 5: writes over input, which it reads"


def test_scratch_over_what_is_read_is_caught() -> None:
    from edgekit.targets.reader import load_target

    g = GraphBuilder()
    a = g.conv(g.input((1, 12, 4, 4), Q), np.ones((4, 1, 1, 4), np.int8), Padding.SAME, Q, name="a")
    program = lower(g.graph(a), load_target("virtual-m4"))
    memory = memory_summary(plan(program))
    scratch = next(placed for placed in memory.buffers if placed.kind == "scratch")
    source = next(placed for placed in memory.buffers if placed.name == "input")
    found = misread(program, moved(memory, scratch.name, source.offset - scratch.offset))
    assert found == ("a: input lies in its scratch",)


def test_an_output_that_is_gone_in_the_end_is_caught() -> None:
    program, memory = example()
    gone = replace(program, steps=program.steps[:2])
    assert misread(gone, memory) == ("output c is not there in the end",)
