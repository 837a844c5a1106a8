"""Which memory each part of an arena goes to: the least bytes touched in slow memories.

Parts matter during some steps and take room then; at no step may a memory hold more than it has.
That is unsplittable flow on a path, NP-hard in general, but few parts matter at any one step, so a
dynamic program over the steps is exact: its states are the memories of the parts that matter now,
and of equal states only the cheapest goes on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 2048
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


_Link = tuple[int, int, object]
"""(item, memory, the link before): where everything born so far lies."""
_State = tuple[int, tuple[int, ...], tuple[int, ...], object]
"""Cost, memories of the items that matter now in order of birth, bytes used of each memory, and the
last link. All states of a step hold the same items, so that they need not name them."""


def assign(
    items: Sequence[Item], capacities: Sequence[int], weights: Sequence[int]
) -> Assignment | None:
    """The cheapest memories for the items; None where none was found, or there is none.

    Deterministic. Memories of equal cost are taken in their order.
    """
    states: list[_State] = [(0, (), (0,) * len(capacities), None)]
    alive: list[int] = []
    exact = True
    for step in range(max((item.end for item in items), default=0)):
        for index in [i for i, item in enumerate(items) if item.first == step]:
            states = _branch(states, items[index], index, capacities, weights)
            exact &= len(states) <= WIDTH
            states = states[:WIDTH]
            alive.append(index)
        states, alive = _next(states, alive, items, step, capacities)
        if not states:
            return None
    cost, _, _, link = states[0]
    return Assignment(_traced(link, len(items)), cost, exact)


def _branch(
    states: list[_State],
    item: Item,
    index: int,
    capacities: Sequence[int],
    weights: Sequence[int],
) -> list[_State]:
    """Every state with the new item in every memory that has room for it now; cheapest first."""
    need, found = item.need(item.first), []
    for cost, memories, used, past in states:
        for memory, capacity in enumerate(capacities):
            if used[memory] + need <= capacity:
                more = (*used[:memory], used[memory] + need, *used[memory + 1 :])
                link: _Link = (index, memory, past)
                price = cost + item.touched * weights[memory]
                found.append((price, (*memories, memory), more, link))
    return sorted(found, key=_rank)


def _next(
    states: list[_State],
    alive: list[int],
    items: Sequence[Item],
    step: int,
    capacities: Sequence[int],
) -> tuple[list[_State], list[int]]:
    """The states as the next step begins: without what dies, of equal ones the cheapest."""
    staying = [place for place, index in enumerate(alive) if items[index].end > step + 1]
    after = [_need(items[index], step + 1) - items[index].need(step) for index in alive]
    changes = [(place, delta) for place, delta in enumerate(after) if delta]
    best: dict[tuple[int, ...], _State] = {}
    for cost, memories, used, past in states:
        left = list(used)
        for place, delta in changes:
            left[memories[place]] += delta
        kept = tuple([memories[place] for place in staying])
        rival = best.get(kept)
        fits = all(have <= most for have, most in zip(left, capacities, strict=True))
        if fits and (rival is None or cost < rival[0]):
            best[kept] = (cost, kept, tuple(left), past)
    return sorted(best.values(), key=_rank), [alive[place] for place in staying]


def _need(item: Item, step: int) -> int:
    return item.need(step) if step < item.end else 0


def _rank(state: _State) -> tuple[int, tuple[int, ...]]:
    return state[0], state[1]


def _traced(link: object, count: int) -> tuple[int, ...]:
    memories = [0] * count
    while isinstance(link, tuple):
        index, memory, link = link
        memories[index] = memory
    return tuple(memories)
