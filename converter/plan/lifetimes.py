"""When each buffer of a program holds a value that matters."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.converter.lower.program import (
    BufferKind,
    Cascade,
    ExpandedArg,
    Program,
    ScratchArg,
)

ALIGNMENT = 16
"""Bytes; every buffer starts at a multiple, as vector loads and caches like it."""


LASTING = (BufferKind.OUTPUT, BufferKind.STATE)
"""Kinds of buffers whose values matter after the last step."""


def aligned(size: int) -> int:
    """`size` rounded up to the alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


@dataclass(frozen=True, slots=True)
class Live:
    """A buffer of `size` bytes that matters during steps first..last, both included."""

    name: str
    size: int
    first: int
    last: int
    kind: str = "activation"

    def overlaps(self, other: Live) -> bool:
        """Whether there is a step during which both matter."""
        return self.first <= other.last and other.first <= self.last


@dataclass(frozen=True, slots=True)
class InPlace:
    """`output` may start at the very address of `operand`, which dies as it is written.

    Where a cascade does it `by_rows`, rows of the output take the place of rows of the operand that
    no later stripe reads, and the operand starts `shift` bytes above the output (below, where
    negative) to keep them apart.
    """

    operand: str
    output: str
    shift: int = 0
    by_rows: bool = False


def lifetimes(program: Program) -> tuple[Live, ...]:
    """Every buffer's lifetime, in the program's buffer order.

    Inputs matter from before step 0 until their last reader, so a step after it may overwrite
    them; outputs until after the last step; states always; scratch during its own step. What a
    cascade holds from stripe to stripe matters during all its steps, weights expanded for one of
    them too. Scratch of what runs when the model starts, when nothing but states matters, may lie
    anywhere: it is put into the last step, which is rarely the largest.
    """
    end = max(len(program.steps) - 1, 0)
    touched: dict[str, list[int]] = {buffer.name: [] for buffer in program.buffers}
    for index, step in enumerate(program.steps):
        for name in step.touches:
            touched[name].append(index)
    for cascade in program.cascades:
        for name in (*cascade.held, *_expanded(program, cascade)):
            touched[name] += [cascade.first, cascade.last]
    for port in program.inputs:
        touched[port.buffer].append(0)
    for port in program.outputs:
        touched[port.buffer].append(end)
    for state in program.states:
        touched[state.buffer] += [0, end]
    for step in program.decoders:
        for arg in step.args:
            if isinstance(arg, ScratchArg):
                touched[arg.buffer].append(end)
    return tuple(
        Live(b.name, b.bytes, min(touched[b.name]), max(touched[b.name]), b.kind.value)
        for b in program.buffers
        if touched[b.name]
    )


def _expanded(program: Program, cascade: Cascade) -> tuple[str, ...]:
    steps = program.steps[cascade.first : cascade.last + 1]
    return tuple(a.buffer for s in steps for a in s.args if isinstance(a, ExpandedArg))


def in_place_pairs(program: Program, lives: tuple[Live, ...]) -> tuple[InPlace, ...]:
    """At most one pair per step: the first permitted operand that dies where the output is born.

    A kernel's permission is about reading and writing at one address in step; the operand must
    also be of the output's size, and nobody may read it later: no step, and where it is an output
    of the graph, not the caller; a state, not the next inference.
    """
    by_name = {live.name: live for live in lives}
    pairs = []
    for index, step in enumerate(program.steps):
        for operand in step.in_place:
            old, new = by_name[operand], by_name[step.writes[0]]
            dies = old.last == index and old.kind not in LASTING
            if dies and new.first == index and old.size == new.size and old != new:
                pairs.append(InPlace(old.name, new.name))
                break
    return tuple(pairs)


def live_bytes(lives: tuple[Live, ...], pairs: tuple[InPlace, ...] = ()) -> list[int]:
    """Bytes that matter at each step, sizes aligned.

    A pair shares bytes in the steps where both matter: one below the other, or the same.
    """
    by_name = {live.name: live for live in lives}
    needed = [0] * (max((live.last for live in lives), default=-1) + 1)
    for live in lives:
        for step in range(live.first, live.last + 1):
            needed[step] += aligned(live.size)
    for pair in pairs:
        old, new = by_name[pair.operand], by_name[pair.output]
        both = max(aligned(old.size) + pair.shift, aligned(new.size)) - min(pair.shift, 0)
        for step in range(max(old.first, new.first), min(old.last, new.last) + 1):
            needed[step] -= aligned(old.size) + aligned(new.size) - both
    return needed


def lower_bound(lives: tuple[Live, ...], pairs: tuple[InPlace, ...] = ()) -> int:
    """The most bytes that matter at once, sizes aligned: no plan can need less."""
    return max(live_bytes(lives, pairs), default=0)
