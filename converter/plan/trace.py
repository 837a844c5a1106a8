"""A planned program played through byte by byte, without any of the scheduler's or planner's code.

Every byte of the arena carries a mark: which byte of which tensor it holds. Calls are taken in the
order of the generated C; what a kernel would read must be there, and what it writes gets its mark.
The rows a call reads are counted twice, tap by tap: once from the parameters of the whole operator,
once from those of the call. Both must name the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from edgekit.artifacts.bundle import MemorySummary
from edgekit.converter.lower.program import (
    ExpandedArg,
    NumberArg,
    Program,
    ReadArg,
    ScratchArg,
    StateArg,
    Step,
    StripeCall,
    WriteArg,
)
from edgekit.converter.lower.rowwise import ITEM_BYTES, Window, rows_of
from edgekit.converter.lower.select import Origin

_READ = (ReadArg, StateArg, ExpandedArg)
_NOTHING = -1
_TENSOR = 1 << 40
"""Marks of one tensor are this far from those of the next."""


@dataclass(frozen=True, slots=True)
class _Access:
    """Bytes of a block that a call reads or writes; the first is `byte` of the tensor."""

    buffer: str
    block: int
    start: int
    size: int
    byte: int

    @property
    def end(self) -> int:
        return self.start + self.size


class _Arena:
    """The marks of all bytes, block by block: no address of one is an address of another."""

    def __init__(self, program: Program, memory: MemorySummary) -> None:
        self.marks: list[NDArray[np.int64]] = [
            np.full(size, _NOTHING, np.int64) for size in memory.block_bytes
        ]
        self.block = {placed.name: placed.block for placed in memory.buffers}
        self.offset = {placed.name: placed.offset for placed in memory.buffers}
        self.size = {placed.name: placed.size for placed in memory.buffers}
        self.base = {b.name: i * _TENSOR for i, b in enumerate(program.buffers)}

    def holds(self, access: _Access) -> bool:
        """Whether the bytes are there."""
        marks = self.marks[access.block]
        if access.start < 0 or access.end > marks.size:
            return False
        first = self.base[access.buffer] + access.byte
        wanted = np.arange(first, first + access.size)
        return bool((marks[access.start : access.end] == wanted).all())

    def put(self, access: _Access) -> None:
        """The bytes are written."""
        first = self.base[access.buffer] + access.byte
        self.marks[access.block][access.start : access.end] = np.arange(first, first + access.size)

    def forget(self, access: _Access) -> None:
        """The bytes hold nothing that matters."""
        self.marks[access.block][access.start : access.end] = _NOTHING

    def whole(self, buffer: str) -> _Access:
        """All bytes of a buffer."""
        return self.part(buffer, 0, self.size[buffer], 0)

    def part(self, buffer: str, start: int, size: int, byte: int) -> _Access:
        """Some bytes of a buffer, from `start` of it, that are those of the tensor from `byte`."""
        return _Access(buffer, self.block[buffer], self.offset[buffer] + start, size, byte)


def misread(program: Program, memory: MemorySummary) -> tuple[str, ...]:
    """One sentence per broken promise; empty when every call finds what it reads.

    Also checked: that no call writes what it reads (but for steps that may work in place), that
    scratch is apart from both, and that every output and state is there in the end.
    """
    arena = _Arena(program, memory)
    states = [state.buffer for state in program.states]
    for name in (*(port.buffer for port in program.inputs), *states):
        arena.put(arena.whole(name))
    found = [text for step, call in _calls(program) for text in _play(arena, step, call)]
    found += [
        f"output {port.tensor} is not there in the end"
        for port in program.outputs
        if not arena.holds(arena.whole(port.buffer))
    ]
    found += [
        f"state {name} is not there in the end"
        for name in states
        if not arena.holds(arena.whole(name))
    ]
    return tuple(found)


def _calls(program: Program) -> Iterator[tuple[Step, StripeCall | None]]:
    """Every call in the order of the generated C."""
    index = 0
    loops = {cascade.first: cascade for cascade in program.cascades}
    while index < len(program.steps):
        cascade = loops.get(index)
        if cascade is None:
            yield program.steps[index], None
            index += 1
            continue
        inside = program.steps[index : cascade.last + 1]
        for stripe in range(cascade.stripes):
            for step in inside:
                assert step.stripes is not None
                yield step, step.stripes.calls[stripe]
        index = cascade.last + 1


def _play(arena: _Arena, step: Step, call: StripeCall | None) -> list[str]:
    where = step.name
    if call is None:
        reads = [arena.whole(arg.buffer) for arg in step.args if isinstance(arg, _READ)]
        writes = [arena.whole(name) for name in step.writes]
    else:
        where += f", rows {call.first} to {call.end - 1}"
        _keep(arena, step, call)
        if not call.rows:
            return []
        reads, wrong = _read(arena, step, call)
        if wrong:
            return [f"{where}: {wrong}"]
        writes = [_written(arena, step, call)]
    scratch = [arena.whole(arg.buffer) for arg in step.args if isinstance(arg, ScratchArg)]
    found = [
        f"{where}: byte {a.byte} of {a.buffer} is not where it is read"
        for a in reads
        if not arena.holds(a)
    ]
    found += _clashes(where, step, reads, writes, scratch)
    for access in scratch:
        arena.forget(access)
    for access in writes:
        arena.put(access)
    return found


def _clashes(
    where: str, step: Step, reads: list[_Access], writes: list[_Access], scratch: list[_Access]
) -> list[str]:
    def meet(a: _Access, b: _Access) -> bool:
        return a.block == b.block and a.start < b.end and b.start < a.end

    def harmless(a: _Access, b: _Access) -> bool:
        row = a.start - b.start == a.byte - b.byte and a.size <= b.size
        return a.buffer in step.in_place and row

    found = [f"{where}: writes over {a.buffer}, which it reads" for b in writes for a in reads
             if meet(a, b) and not harmless(a, b)]  # fmt: skip
    found += [f"{where}: {a.buffer} lies in its scratch" for s in scratch for a in (*reads, *writes)
              if meet(a, s)]  # fmt: skip
    return found


def _keep(arena: _Arena, step: Step, call: StripeCall) -> None:
    """The rows that move to the start of the output's buffer."""
    buffer, row = _out(step)
    start, size = arena.offset[buffer], call.kept * row
    marks = arena.marks[arena.block[buffer]]
    moved = marks[start + call.kept_from * row :][:size].copy()
    marks[start : start + size] = moved


def _out(step: Step) -> tuple[str, int]:
    assert step.stripes is not None
    [out] = [arg for arg in step.args if isinstance(arg, WriteArg)]
    return out.buffer, step.stripes.write_row * ITEM_BYTES[out.c_type]


def _written(arena: _Arena, step: Step, call: StripeCall) -> _Access:
    buffer, row = _out(step)
    return arena.part(buffer, call.write * row, call.rows * row, call.first * row)


def _read(arena: _Arena, step: Step, call: StripeCall) -> tuple[list[_Access], str]:
    """What the call reads, or what is wrong with its parameters."""
    whole, part = rows_of(step), rows_of(_called(step, call))
    if whole is None or part is None:
        return [], "does not work row by row"
    if part.height != call.rows:
        return [], f"computes {part.height} rows instead of {call.rows}"
    found: list[_Access] = []
    reads = [arg for arg in step.args if isinstance(arg, ReadArg)]
    for arg, a, b, at in zip(reads, whole.windows, part.windows, call.reads, strict=True):
        if a is None:
            found.append(arena.whole(arg.buffer))
            continue
        pairs = _taps(a, b or Window(1, a.row), call)
        if pairs is None:
            return [], f"sees other rows of {arg.buffer} as padding than the whole operator"
        size = a.row * ITEM_BYTES[arg.c_type]
        found += [arena.part(arg.buffer, (at + j) * size, size, i * size) for i, j in sorted(pairs)]
    found += [arena.whole(arg.buffer) for arg in step.args if isinstance(arg, ExpandedArg)]
    return found, ""


def _taps(whole: Window, part: Window, call: StripeCall) -> set[tuple[int, int]] | None:
    """(row of the tensor, row of the operand) under each tap that is inside."""
    pairs = set()
    for y in range(call.rows):
        for tap in range(whole.taps):
            i = whole.start(call.first + y) + tap * whole.dilation
            j = part.start(y) + tap * part.dilation
            inside = 0 <= i < whole.height
            if inside != (0 <= j < part.height):
                return None
            if inside:
                pairs.add((i, j))
    return pairs


def _called(step: Step, call: StripeCall) -> Step:
    """The step as if the call were all of it."""
    assert step.origin is not None
    origin = step.origin
    counts = [a.value for a in origin.request.call.args if isinstance(a, NumberArg)]
    count = None
    if counts and call.params is None:
        count = int(counts[0]) // step.output_shape[1] * call.rows
    shape = (step.output_shape[0], call.rows, *step.output_shape[2:])
    request = origin.request.with_params(call.params, count)
    return replace(step, output_shape=shape, origin=Origin(request, origin.kernel))
