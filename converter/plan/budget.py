"""The cheapest cascades with which a program's arena stays within a budget.

What a cascade needs and costs depends on its own steps only, so the choice is a shortest path over
the steps: from step i either on to i + 1, or over a cascade to its end. Needs are those of the
lower bound; where the placement does not reach it, the bound is tightened and the search repeated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from edgekit.converter.lower.cascade import Choice, cascaded
from edgekit.converter.lower.program import Port, Program
from edgekit.converter.lower.rowwise import row_map
from edgekit.converter.plan.lifetimes import (
    ALIGNMENT,
    Live,
    aligned,
    in_place_pairs,
    lifetimes,
    live_bytes,
)
from edgekit.converter.plan.plan import MemoryPlan, plan
from edgekit.converter.plan.replace import cascade_pairs

LONGEST = 12
"""Most steps of one cascade that are tried."""
COMPARED = 4
"""Stripe heights of a cascade that are compared once one fits."""
TRIES = 8
"""Times the bound is tightened."""
EFFORT = 400_000
"""Of the placement of one candidate; see `plan.plan`."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A program and its memory plan; `program` has cascades where the budget asked for them."""

    program: Program
    memory: MemoryPlan


@dataclass(frozen=True, slots=True)
class Cut:
    """A cascade that was tried: bytes that matter at once during it, and instructions it adds."""

    choice: Choice
    peak: int
    price: int


_Way = tuple[int, tuple[Choice, ...]]
"""Instructions added so far, and by which cascades."""


class Search:
    """Cascades of one program; what was tried is kept."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._lives = lifetimes(program)
        self._plain = live_bytes(self._lives, in_place_pairs(program, self._lives))
        self._maps = [row_map(step) for step in program.steps]
        self._cuts: dict[Choice, Cut | None] = {}

    def within(self, budget: int) -> list[Choice] | None:
        """The cheapest cascades with which at most `budget` bytes matter at once."""
        over = [peak > budget for peak in self._plain]
        count = len(over)
        best: list[_Way | None] = [(0, ()), *[None] * count]
        for first in range(count):
            here = best[first]
            if here is None:
                continue
            if not over[first]:
                best[first + 1] = _better(best[first + 1], here)
            for last in range(first, min(first + LONGEST, count)):
                if self._maps[last] is None:
                    break
                if not any(over[first : last + 1]):
                    continue
                cut = self._cheapest(first, last, budget)
                if cut is not None:
                    found = (here[0] + cut.price, (*here[1], cut.choice))
                    best[last + 1] = _better(best[last + 1], found)
        done = best[count]
        return None if done is None else list(done[1])

    def smallest(self) -> list[list[Choice]]:
        """Cascades with which the fewest bytes matter at once, and some with a little more.

        The placement may suit the latter better.
        """
        low, high = 0, max(self._plain, default=0)
        while high - low > ALIGNMENT:
            middle = (low + high) // 2
            low, high = (middle, high) if self.within(middle) is None else (low, middle)
        found = [self.within(high + high * share // 100) for share in (0, 1, 3, 6)]
        unique = {tuple(choices): choices for choices in found if choices}
        return list(unique.values())

    def _cheapest(self, first: int, last: int, budget: int) -> Cut | None:
        """The cheapest stripes of these steps that stay within the budget.

        Higher stripes are cheaper as a rule, so only the first few that fit are compared.
        """
        rows = self._maps[last]
        assert rows is not None
        fitting: list[Cut] = []
        for height in _heights(rows.height):
            cut = self._cut(Choice(first, last, height))
            if cut is not None and cut.peak <= budget:
                fitting.append(cut)
            if len(fitting) == COMPARED:
                break
        return min(fitting, key=lambda cut: cut.price, default=None)

    def _cut(self, choice: Choice) -> Cut | None:
        if choice not in self._cuts:
            self._cuts[choice] = self._tried(choice)
        return self._cuts[choice]

    def _tried(self, choice: Choice) -> Cut | None:
        part = self._part(choice.first, choice.last)
        found = cascaded(part, [Choice(0, choice.last - choice.first, choice.rows)])
        if found is None:
            return None
        lives = lifetimes(found)
        pairs = (*in_place_pairs(found, lives), *cascade_pairs(found, lives))
        needed = live_bytes(lives, pairs)
        inside = {buffer.name for buffer in part.buffers}
        others = [live for live in self._lives if live.name not in inside]
        peaks = [
            need + _spanning(others, choice.first + index) for index, need in enumerate(needed)
        ]
        return Cut(choice, max(peaks), found.cost - part.cost)

    def _part(self, first: int, last: int) -> Program:
        """The steps as a program of their own: what comes in and goes out are its ports."""
        steps = self.program.steps[first : last + 1]
        touched = {name for step in steps for name in step.touches}
        lives = {live.name: live for live in self._lives}
        made = {step.writes[0] for step in steps}
        kept = [n for n in touched if lives[n].last > last or lives[n].kind == "output"]
        buffers = [b for b in self.program.buffers if b.name in touched]
        inputs = [b.name for b in buffers if b.name not in made and lives[b.name].kind != "scratch"]
        return replace(
            self.program,
            buffers=tuple(buffers),
            steps=steps,
            inputs=tuple(map(self._port, inputs)),
            outputs=tuple(self._port(b.name) for b in buffers if b.name in kept),
            states=tuple(s for s in self.program.states if s.buffer in touched),
        )

    def _port(self, buffer: str) -> Port:
        b = self.program.buffer(buffer)
        return Port(b.name, b.name, b.shape, b.dtype, 0.0, 0, b.bytes)


def _heights(rows: int) -> list[int]:
    """Stripe heights worth a try, highest first: those of 2 to 8 stripes, then ever fewer rows."""
    some = {-(-rows // stripes) for stripes in (*range(2, 9), 10, 12, 16, 20, 24, 32)}
    return sorted({*some, *range(1, 5)} & set(range(1, rows)), reverse=True)


def _better(a: _Way | None, b: _Way) -> _Way:
    return b if a is None or b[0] < a[0] else a


def _spanning(lives: list[Live], step: int) -> int:
    return sum(aligned(live.size) for live in lives if live.first <= step <= live.last)


def plan_within(program: Program, budget: int, search: Search | None = None) -> Planned:
    """The cheapest program whose arena is at most `budget` bytes, or else the smallest there is.

    The caller sees which from `memory.arena_bytes`. A program that fits as it is stays as it is.
    `search` is one of the same program, which several calls may share.
    """
    plain = Planned(program, plan(program))
    if plain.memory.arena_bytes <= budget:
        return plain
    search, tried = search or Search(program), [plain]
    low, high, bound = 0, budget + 1, budget
    for _ in range(TRIES):
        choices = search.within(bound)
        if choices is None:
            low, bound = bound, (bound + high) // 2
        else:
            found = _planned(program, choices)
            tried.append(found)
            excess = found.memory.arena_bytes - budget
            if excess <= 0:
                return found
            high, bound = bound, max(bound - excess, (low + bound) // 2)
        if high - low <= ALIGNMENT:
            break
    tried += [_planned(program, choices) for choices in search.smallest()]
    return min(tried, key=lambda planned: planned.memory.arena_bytes)


def busiest(planned: Planned) -> int:
    """The step during which most bytes matter at once."""
    program = planned.program
    lives = lifetimes(program)
    needed = live_bytes(lives, planned.memory.in_place)
    return max(range(len(needed)), key=lambda step: (needed[step], -step))


def _planned(program: Program, choices: list[Choice]) -> Planned:
    """The program with these cascades, in the directions that need the least memory.

    Where cascades follow one another, each shifts its output against its input; taking every
    other one upward shifts back.
    """
    found = _directed(program, choices)
    able = [c for c in choices if cascaded(program, [replace(c, upward=True)]) is not None]
    for odd in (1, 0):
        if found.memory.arena_bytes <= found.memory.lower_bound or not able:
            break
        turned = {c: replace(c, upward=index % 2 == odd) for index, c in enumerate(able)}
        other = _directed(program, [turned.get(c, c) for c in choices])
        found = min(found, other, key=lambda planned: planned.memory.arena_bytes)
    return found


def _directed(program: Program, choices: list[Choice]) -> Planned:
    found = cascaded(program, choices)
    assert found is not None, "a cascade that was possible alone is not with others"
    return Planned(found, plan(found, EFFORT))
