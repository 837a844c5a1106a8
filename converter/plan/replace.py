"""Where the output of a cascade may take the place of its input, row for row.

Stripe after stripe rows of the input are read for the last time and rows of the output are written.
At the right distance the two share memory: no more is needed than the larger of them and the rows
between what is written and what is still to be read.
"""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.converter.lower.program import Cascade, Program
from edgekit.converter.lower.rowwise import row_bytes, row_map
from edgekit.converter.plan.lifetimes import LASTING, InPlace, Live, aligned


@dataclass(frozen=True, slots=True)
class _Span:
    """Bytes of a buffer that are read or written at a time, counted in calls."""

    time: int
    start: int
    end: int


def cascade_pairs(program: Program, lives: tuple[Live, ...]) -> tuple[InPlace, ...]:
    """At most one pair per cascade: an operand of it that dies in it, and a result born in it.

    Of several the pair that saves most.
    """
    by_name = {live.name: live for live in lives}
    pairs = []
    for cascade in program.cascades:
        held = [by_name[name] for name in cascade.held]
        dying = [v for v in held if v.last == cascade.last and v.kind not in LASTING]
        born = [v for v in held if v.first == cascade.first]
        found = [
            (old.size + new.size - _extent(old.size, new.size, shift), old.name, new.name, shift)
            for old in dying
            for new in born
            if (shift := _shift(program, cascade, old, new)) is not None
        ]
        saved, operand, output, shift = max(found, default=(0, "", "", 0))
        if saved > 0:
            pairs.append(InPlace(operand, output, shift, by_rows=True))
    return tuple(pairs)


def _extent(old: int, new: int, shift: int) -> int:
    return max(old + shift, new) - min(shift, 0)


def _shift(program: Program, cascade: Cascade, old: Live, new: Live) -> int | None:
    """How far above the output the operand starts; None where they are no such pair.

    No call may write a byte of the operand that is read by it or later. So the output lies below
    by the most that it is ever written beyond what is still to be read, or above likewise;
    whichever needs less.
    """
    spans = _spans(program, cascade, old.name, new.name)
    if spans is None:
        return None
    reads, writes = spans
    below = above = 0
    for write in writes:
        later = [read for read in reads if read.time >= write.time]
        if later:
            below = max(below, write.end - min(read.start for read in later))
            above = max(above, max(read.end for read in later) - write.start)
    shifts = (aligned(below), -aligned(above))
    return min(shifts, key=lambda shift: _extent(old.size, new.size, shift))


def _spans(
    program: Program, cascade: Cascade, operand: str, output: str
) -> tuple[list[_Span], list[_Span]] | None:
    """What is read of the operand and written of the output, call by call."""
    steps = program.steps[cascade.first : cascade.last + 1]
    if any(operand in step.writes or output in step.reads for step in steps):
        return None
    reads: list[_Span] = []
    writes: list[_Span] = []
    for index, step in enumerate(steps):
        rows = row_map(step)
        assert rows is not None
        assert step.stripes is not None
        windows = [w for n, w in zip(step.reads, rows.windows, strict=True) if n == operand]
        sizes = {name: size for name, (_, size) in row_bytes(step, rows).items()}
        if None in windows:
            return None
        for stripe, call in enumerate(step.stripes.calls):
            if not call.rows:
                continue
            now = stripe * len(steps) + index
            needs = [w.needs(call.first, call.end) for w in windows if w is not None]
            reads += [_Span(now, a * sizes[operand], b * sizes[operand]) for a, b in needs]
            if output in step.writes:
                writes.append(_Span(now, call.first * sizes[output], call.end * sizes[output]))
    return (reads, writes) if reads and writes else None
