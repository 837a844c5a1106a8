"""Offsets for buffers with known lifetimes: offline dynamic storage allocation.

The problem is NP-hard, so: several first-fit orders that do well in practice (largest first,
longest first, largest area first, ...), then a bounded local search over orders with a fixed
seed, as in hill-climbing allocators. It stops at the lower bound, which cannot be beaten.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edgekit.converter.plan.lifetimes import InPlace, Live, aligned

Offsets = tuple[int, ...]
"""One offset per region, in region order."""
EFFORT = 4_000_000
"""Elementary comparisons of the local search."""


@dataclass(frozen=True, slots=True)
class Part:
    """A buffer of a region: it starts `shift` bytes above the region and matters first..last."""

    name: str
    shift: int
    size: int
    first: int
    last: int

    @property
    def top(self) -> int:
        """One past the last byte, from the region's start."""
        return self.shift + self.size


@dataclass(frozen=True, slots=True)
class Region:
    """Buffers whose distances are fixed: a chain of in-place steps, or a single buffer."""

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes from the lowest start to the highest end."""
        return max(part.top for part in self.parts)

    @property
    def first(self) -> int:
        """The first step at which one matters."""
        return min(part.first for part in self.parts)

    @property
    def last(self) -> int:
        """The last step at which one matters."""
        return max(part.last for part in self.parts)


def regions(lives: Sequence[Live], pairs: Iterable[InPlace]) -> tuple[Region, ...]:
    """The buffers with every in-place pair merged; sizes are aligned."""
    head = {live.name: live.name for live in lives}
    shift = dict.fromkeys(head, 0)
    for pair in sorted(pairs, key=lambda pair: _first(lives, pair.output)):
        head[pair.output] = head[pair.operand]
        shift[pair.output] = shift[pair.operand] - pair.shift
    groups: dict[str, list[Live]] = {}
    for live in lives:
        groups.setdefault(head[live.name], []).append(live)
    return tuple(_region(group, shift) for group in groups.values())


def _first(lives: Sequence[Live], name: str) -> int:
    return next(live.first for live in lives if live.name == name)


def _region(group: list[Live], shift: dict[str, int]) -> Region:
    lowest = min(shift[live.name] for live in group)
    return Region(
        tuple(
            Part(live.name, shift[live.name] - lowest, aligned(live.size), live.first, live.last)
            for live in group
        )
    )


def place(blocks: Sequence[Region], bound: int, effort: int = EFFORT) -> Offsets:
    """The best offsets found; `effort` bounds the local search in elementary comparisons.

    Deterministic: equal input gives equal offsets, on every machine.
    """
    if not blocks:
        return ()
    rivals = _rivals(blocks)
    orders = [_order(blocks, key) for key in _ORDERS]
    tried = [
        (height(blocks, found), found, order)
        for order in orders
        for found in (_first_fit(blocks, rivals, order),)
    ]
    reached, best, order = min(tried, key=lambda item: item[0])
    if reached <= bound:
        return best
    rounds = min(3000, effort // (len(blocks) ** 2 + 1))
    return _climb(blocks, rivals, order, best, bound, rounds)


_ORDERS: tuple[Callable[[Region], tuple[int, ...]], ...] = (
    lambda r: (-r.size, r.first),
    lambda r: (-r.size * (r.last - r.first + 1), r.first),
    lambda r: (-(r.last - r.first), -r.size),
    lambda r: (r.first, -r.size),
    lambda r: (-r.last, -r.size),
)


def _order(blocks: Sequence[Region], key: Callable[[Region], tuple[int, ...]]) -> list[int]:
    return sorted(range(len(blocks)), key=lambda index: (*key(blocks[index]), index))


Rivals = list[list[tuple[int, tuple[tuple[int, int], ...]]]]
"""For each region those that matter at a common step, with the distances that collide: at offset
o of the rival the region may not start between o + low and o + high (both excluded)."""


def _rivals(blocks: Sequence[Region]) -> Rivals:
    spans = [(block.first, block.last) for block in blocks]
    return [
        [
            (j, gaps)
            for j, (first, last) in enumerate(spans)
            if j != i and begin <= last and first <= end and (gaps := _gaps(blocks[i], blocks[j]))
        ]
        for i, (begin, end) in enumerate(spans)
    ]


def _gaps(a: Region, b: Region) -> tuple[tuple[int, int], ...]:
    return tuple(
        (q.shift - p.top, q.top - p.shift)
        for p in a.parts
        for q in b.parts
        if p.first <= q.last and q.first <= p.last
    )


def height(blocks: Sequence[Region], offsets: Offsets) -> int:
    """Bytes from 0 to the highest end."""
    ends = (offset + block.size for offset, block in zip(offsets, blocks, strict=True))
    return max(ends, default=0)


def _first_fit(blocks: Sequence[Region], rivals: Rivals, order: list[int]) -> Offsets:
    """Each region in turn at the lowest offset that is free during its whole lifetime."""
    offsets = [-1] * len(blocks)
    for index in order:
        taken = sorted(
            (offsets[j] + low, offsets[j] + high)
            for j, gaps in rivals[index]
            if offsets[j] >= 0
            for low, high in gaps
        )
        offset = 0
        for low, high in taken:
            if low >= offset:
                break
            offset = max(offset, high)
        offsets[index] = offset
    return tuple(offsets)


def _climb(
    blocks: Sequence[Region],
    rivals: Rivals,
    order: list[int],
    best: Offsets,
    bound: int,
    rounds: int,
) -> Offsets:
    """Move a region that touches the top (or one of its rivals) earlier; keep what is no worse."""
    rng = random.Random(0)
    lowest = now = height(blocks, best)
    current = list(order)
    offsets = best
    for _ in range(rounds):
        if lowest <= bound:
            break
        top = [i for i, b in enumerate(blocks) if offsets[i] + b.size >= now]
        chosen = rng.choice(top)
        if rivals[chosen] and rng.random() < 0.5:
            chosen = rng.choice(rivals[chosen])[0]
        candidate = [index for index in current if index != chosen]
        candidate.insert(rng.randrange(len(candidate) + 1), chosen)
        found = _first_fit(blocks, rivals, candidate)
        reached = height(blocks, found)
        if reached <= now:
            current, offsets, now = candidate, found, reached
        if reached < lowest:
            best, lowest = found, reached
    return best
