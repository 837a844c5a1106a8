"""An assignment whose memories can be filled: what does not fit moves, the cheapest first."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.converter.plan.assign import Item
from edgekit.converter.plan.place import Region, height, place

REPAIR_EFFORT = 100_000
"""Of one placement that is tried; see `plan.place`."""


class _Filling:
    """Where each region lies at the moment."""

    def __init__(
        self, chains: Sequence[Region], memories: Sequence[int], capacities: Sequence[int]
    ) -> None:
        self.chains, self.capacities = chains, capacities
        self.memories: list[int | None] = list(memories)

    def inside(self, memory: int) -> list[int]:
        """The regions in a memory."""
        return [index for index, at in enumerate(self.memories) if at == memory]

    def needs(self, memory: int, inside: Sequence[int]) -> int:
        """Bytes that these regions were found to take; the search ends where they fit."""
        chains = [self.chains[index] for index in inside]
        return height(chains, place(chains, self.capacities[memory], REPAIR_EFFORT))

    def fits(self, memory: int, inside: Sequence[int]) -> bool:
        """Whether they were found to fit."""
        return self.needs(memory, inside) <= self.capacities[memory]


def repaired(
    chains: Sequence[Region],
    items: Sequence[Item],
    memories: Sequence[int],
    capacities: Sequence[int],
    weights: Sequence[int],
) -> tuple[int, ...] | None:
    """The memories of an assignment, changed until each can be filled; None where that failed.

    Of a memory that is too full the region leaves that is touched least and whose leaving is
    enough, else the one whose leaving helps most. It goes to the cheapest memory that takes it.
    """
    filling = _Filling(chains, memories, capacities)
    every = range(len(capacities))
    homeless = [index for memory in every for index in _leave(filling, items, memory)]
    cheapest = sorted(every, key=lambda memory: (weights[memory], memory))
    for index in sorted(homeless, key=lambda index: (-items[index].touched, index)):
        taking = (m for m in cheapest if filling.fits(m, [*filling.inside(m), index]))
        home = next(taking, None)
        if home is None:
            return None
        filling.memories[index] = home
    return tuple(at for at in filling.memories if at is not None)


def _leave(filling: _Filling, items: Sequence[Item], memory: int) -> list[int]:
    """Regions that leave a memory until the others fit."""
    gone: list[int] = []
    inside = filling.inside(memory)
    while not filling.fits(memory, inside):
        left = {index: [other for other in inside if other != index] for index in inside}
        needs = {index: filling.needs(memory, others) for index, others in left.items()}
        most = max(min(needs.values()), filling.capacities[memory])
        enough = [index for index in inside if needs[index] <= most]
        leaving = min(enough, key=lambda index: (items[index].touched, index))
        gone.append(leaving)
        filling.memories[leaving] = None
        inside = left[leaving]
    return gone
