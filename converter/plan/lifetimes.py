"""When each buffer of a program holds a value that matters."""

from __future__ import annotations

from dataclasses import dataclass

from edgekit.converter.lower.program import BufferKind, Program

ALIGNMENT = 16
"""Bytes; every buffer starts at a multiple, as vector loads and caches like it."""


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
    """`output` may start at the very address of `operand`, which dies as it is written."""

    operand: str
    output: str


def lifetimes(program: Program) -> tuple[Live, ...]:
    """Every buffer's lifetime, in the program's buffer order.

    Inputs matter from before step 0 until their last reader, so a step after it may overwrite
    them; outputs until after the last step; states always; scratch during its own step.
    """
    end = max(len(program.steps) - 1, 0)
    touched: dict[str, list[int]] = {buffer.name: [] for buffer in program.buffers}
    for index, step in enumerate(program.steps):
        for name in step.touches:
            touched[name].append(index)
    for port in program.inputs:
        touched[port.buffer].append(0)
    for port in program.outputs:
        touched[port.buffer].append(end)
    for state in program.states:
        touched[state.buffer] += [0, end]
    return tuple(
        Live(b.name, b.bytes, min(touched[b.name]), max(touched[b.name]), b.kind.value)
        for b in program.buffers
        if touched[b.name]
    )


def in_place_pairs(program: Program, lives: tuple[Live, ...]) -> tuple[InPlace, ...]:
    """At most one pair per step: the first permitted operand that dies where the output is born.

    A kernel's permission is about reading and writing at one address in step; the operand must
    also be of the output's size, and nobody may read it later: no step, and where it is an output
    of the graph, not the caller.
    """
    by_name = {live.name: live for live in lives}
    pairs = []
    for index, step in enumerate(program.steps):
        for operand in step.in_place:
            old, new = by_name[operand], by_name[step.writes[0]]
            dies = old.last == index and old.kind != BufferKind.OUTPUT
            if dies and new.first == index and old.size == new.size and old != new:
                pairs.append(InPlace(old.name, new.name))
                break
    return tuple(pairs)


def lower_bound(lives: tuple[Live, ...], pairs: tuple[InPlace, ...] = ()) -> int:
    """The most bytes that matter at once, sizes aligned: no plan can need less.

    A pair written in place counts once in the step where both matter.
    """
    by_name = {live.name: live for live in lives}
    steps = range(max((live.last for live in lives), default=0) + 1)
    needed = [sum(aligned(v.size) for v in lives if v.first <= s <= v.last) for s in steps]
    for pair in pairs:
        needed[by_name[pair.output].first] -= aligned(by_name[pair.operand].size)
    return max(needed, default=0)
