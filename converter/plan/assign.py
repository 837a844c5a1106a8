"""Which memory each part of an arena goes to: the least bytes touched in slow memories.

Parts matter during some steps and take room then; at no step may a memory hold more than it has.
That is unsplittable flow on a path, NP-hard in general, but few parts matter at any one step, so a
dynamic program over the steps is exact: its states are the memories of the parts that matter now,
and of equal states only the cheapest goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 4096
"""Most states kept at a step; what is dropped beyond it makes a result inexact."""


@dataclass(frozen=True, slots=True)
class Item:
    """What must lie in one memory: it takes `needs[i]` bytes at step `first + i`.

    `touched` bytes of it are read and written; see `plan.traffic`.
    """

    first: int
    needs: tuple[int, ...]
    touched: int

    @property
    def end(self) -> int:
        """One past the last step."""
        return self.first + len(self.needs)

    def need(self, step: int) -> int:
        """Bytes at a step of its life."""
        return self.needs[step - self.first]


@dataclass(frozen=True, slots=True)
class Assignment:
    """The memory of each item, by index, and the sum of touched bytes times the memory's weight.

    `exact`: no assignment within the capacities costs less.
    """

    memories: tuple[int, ...]
    cost: int
    exact: bool


@dataclass(frozen=True, slots=True)
class _State:
    """Where the items that matter now lie, `(item, memory)` in order of birth, and all before."""

    alive: tuple[tuple[int, int], ...]
    cost: int
    past: _Link | None


_Link = tuple[int, int, "object"]
"""(item, memory, the link before): where everything born so far lies."""


def assign(
    items: Sequence[Item], capacities: Sequence[int], weights: Sequence[int]
) -> Assignment | None:
    """The cheapest memories for the items; None where none was found, or there is none.

    Deterministic. Memories of equal cost are taken in their order.
    """
    states, exact = [_State((), 0, None)], True
    for step in range(max((item.end for item in items), default=0)):
        for index in [i for i, item in enumerate(items) if item.first == step]:
            states = _branch(states, items, index, capacities, weights)
            exact &= len(states) <= WIDTH
            states = states[:WIDTH]
        states = _surviving(states, items, step, capacities)
        if not states:
            return None
    best = states[0]
    return Assignment(_traced(best.past, len(items)), best.cost, exact)


def _branch(
    states: list[_State],
    items: Sequence[Item],
    index: int,
    capacities: Sequence[int],
    weights: Sequence[int],
) -> list[_State]:
    """Every state with the new item in every memory that has room for it now; cheapest first."""
    item, found = items[index], []
    for state in states:
        used = _used(state, items, item.first, len(capacities))
        for memory, capacity in enumerate(capacities):
            if used[memory] + item.need(item.first) <= capacity:
                alive = (*state.alive, (index, memory))
                cost = state.cost + item.touched * weights[memory]
                found.append(_State(alive, cost, (index, memory, state.past)))
    return sorted(found, key=_rank)


def _surviving(
    states: list[_State], items: Sequence[Item], step: int, capacities: Sequence[int]
) -> list[_State]:
    """What keeps the capacities at this step, without the items that die in it; cheapest first."""
    best: dict[tuple[tuple[int, int], ...], _State] = {}
    for state in states:
        used = _used(state, items, step, len(capacities))
        if any(have > most for have, most in zip(used, capacities, strict=True)):
            continue
        alive = tuple(pair for pair in state.alive if items[pair[0]].end > step + 1)
        rival = best.get(alive)
        if rival is None or state.cost < rival.cost:
            best[alive] = _State(alive, state.cost, state.past)
    return sorted(best.values(), key=_rank)


def _used(state: _State, items: Sequence[Item], step: int, memories: int) -> list[int]:
    used = [0] * memories
    for index, memory in state.alive:
        used[memory] += items[index].need(step)
    return used


def _rank(state: _State) -> tuple[int, tuple[tuple[int, int], ...]]:
    return state.cost, state.alive


def _traced(link: object, count: int) -> tuple[int, ...]:
    memories = [0] * count
    while isinstance(link, tuple):
        index, memory, link = link
        memories[index] = memory
    return tuple(memories)
