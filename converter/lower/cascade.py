"""Rewrites neighbouring steps as a cascade, which computes a few rows at a time.

Every row is computed once. What a window still needs of earlier rows stays in the buffer between
two steps (a rolling buffer): it moves to the buffer's start before the next rows are written.
Depth-first execution of this kind is common in compilers for small devices (Arm's Vela, MCUNet's
patches); here it is exact and needs no kernel of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from edgekit.converter.lower.program import (
    Buffer,
    Cascade,
    Params,
    Program,
    ScratchArg,
    Step,
    StripeCall,
    Stripes,
)
from edgekit.converter.lower.rowwise import RowMap, Window
from edgekit.converter.lower.schedule import Schedule, schedule
from edgekit.converter.lower.select import SCRATCHES, Origin, cost

MOVE = "ek_move_s8__ref"
"""The kernel that moves kept rows."""
CALL_COST, MOVED_BYTE_COST = 40, 1
"""Estimated instructions of one more call of a step, and of a byte that is kept."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Steps first..last in stripes of `rows` rows of the last step's output.

    `upward` takes the lowest stripe first; possible where no stripe reads what another computed.
    """

    first: int
    last: int
    rows: int
    upward: bool = False


def cascaded(program: Program, choices: Iterable[Choice]) -> Program | None:
    """The program with these steps as cascades; None where one is not possible."""
    for choice in choices:
        found = _cascaded(program, choice)
        if found is None:
            return None
        program = found
    return program


def _cascaded(program: Program, choice: Choice) -> Program | None:
    plan = schedule(program, choice.first, choice.last, choice.rows)
    if plan is None or (choice.upward and not plan.independent):
        return None
    steps = list(program.steps)
    buffers = {buffer.name: buffer for buffer in program.buffers}
    for index, (step, rows) in enumerate(zip(plan.steps, plan.maps, strict=True)):
        made = _striped(plan, index, step, rows, choice.upward)
        if made is None:
            return None
        steps[choice.first + index] = made
        for arg in made.args:
            if isinstance(arg, ScratchArg):
                size = made.scratch_bytes
                buffers[arg.buffer] = replace(buffers[arg.buffer], shape=(size,), bytes=size)
    for name, rolling in plan.rolling.items():
        buffers[name] = _rolling(buffers[name], rolling.rows, rolling.row_bytes)
    span = (choice.first, choice.last)
    cascade = Cascade(*span, plan.stripes, choice.rows, plan.held, choice.upward)
    return replace(
        program,
        buffers=tuple(buffers.values()),
        steps=tuple(steps),
        cascades=tuple(sorted((*program.cascades, cascade), key=lambda c: c.first)),
    )


def _rolling(buffer: Buffer, rows: int, row_bytes: int) -> Buffer:
    size = rows * row_bytes
    shape = (1, rows, *buffer.shape[2:]) if len(buffer.shape) == 4 else (rows, row_bytes)
    return replace(buffer, shape=shape, bytes=size)


def _striped(plan: Schedule, index: int, step: Step, rows: RowMap, upward: bool) -> Step | None:
    """The step with its calls, what they cost and need; None where its kernel does not suit."""
    assert step.origin is not None
    calls, scratch, total = [], 0, 0
    for stripe, (first, end) in enumerate(plan.ranges[index]):
        call = _call(plan, index, stripe, rows, step)
        calls.append(call)
        total += CALL_COST + MOVED_BYTE_COST * call.kept * plan.row_bytes(step.writes[0])
        if end > first:
            _, count = rows.narrow(first, end)
            needs = _needs(step.origin, call.params, count)
            if needs is None:
                return None
            scratch, total = max(scratch, needs[0]), total + needs[1]
    moves = (MOVE,) if any(call.kept for call in calls) else ()
    read_rows = tuple(0 if window is None else window.row for window in rows.windows)
    return replace(
        step,
        scratch_bytes=max(scratch, 1) if step.scratch_bytes else 0,
        cost=total if step.cost else 0,
        stripes=Stripes(tuple(reversed(calls) if upward else calls), read_rows, rows.row),
        in_place=tuple(name for name in step.in_place if _in_place(plan, step, rows, name)),
        helpers=(*step.helpers, *moves),
    )


def _call(plan: Schedule, index: int, stripe: int, rows: RowMap, step: Step) -> StripeCall:
    first, end = plan.ranges[index][stripe]
    out = step.writes[0]
    kept, kept_from = plan.kept(index, stripe)
    if end == first:
        return StripeCall(first, end, None, (0,) * len(step.reads), 0, kept, kept_from)
    reads = tuple(
        0 if window is None else plan.place(name, stripe, window.needs(first, end)[0])
        for name, window in zip(step.reads, rows.windows, strict=True)
    )
    params, _ = rows.narrow(first, end)
    write = plan.place(out, stripe, first)
    return StripeCall(first, end, params, reads, write, kept, kept_from)


@lru_cache(maxsize=1 << 16)
def _needs(origin: Origin, params: Params | None, count: int | None) -> tuple[int, int] | None:
    """(scratch bytes, instructions) of a call, or None where the kernel does not suit it."""
    request = origin.request.with_params(params, count)
    if not origin.suits(params):
        return None
    return SCRATCHES[origin.kernel.scratch](request), cost(origin.kernel, request)


def _in_place(plan: Schedule, step: Step, rows: RowMap, operand: str) -> bool:
    """Rows that stay for the next stripe may not be overwritten; the others match one to one."""
    window: Mapping[str, Window | None] = dict(zip(step.reads, rows.windows, strict=True))
    found = window[operand]
    same = found is not None and found == Window(rows.height, found.row)
    loose = {operand, step.writes[0]} <= set(plan.rolling) - set(plan.held)
    return same and loose
