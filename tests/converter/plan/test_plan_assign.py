"""Which memory each part goes to, held against every assignment there is."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.plan import assign as module
from edgekit.converter.plan.assign import Item, assign

ITEMS = st.lists(
    st.builds(
        Item,
        st.integers(0, 5),
        st.lists(st.integers(0, 40), min_size=1, max_size=4).map(tuple),
        st.integers(0, 100),
    ),
    max_size=6,
)
CAPACITIES = st.lists(st.integers(0, 100), min_size=1, max_size=3)


def keeps(items: list[Item], capacities: list[int], memories: tuple[int, ...]) -> bool:
    return all(
        sum(item.need(step) for item, at in zip(items, memories, strict=True)
            if at == index and item.first <= step < item.end) <= most
        for index, most in enumerate(capacities)
        for step in range(10)
    )  # fmt: skip


def price(items: list[Item], memories: tuple[int, ...]) -> int:
    return sum(item.touched * at for item, at in zip(items, memories, strict=True))


@given(ITEMS, CAPACITIES)
@settings(max_examples=150, deadline=None)
def test_nothing_is_cheaper(items: list[Item], capacities: list[int]) -> None:
    found = assign(items, capacities, range(len(capacities)))
    every = product(range(len(capacities)), repeat=len(items))
    kept = [memories for memories in every if keeps(items, capacities, memories)]
    if found is None:
        assert not kept
        return
    assert found.exact
    assert keeps(items, capacities, found.memories)
    assert found.cost == price(items, found.memories)
    assert found.cost == min(price(items, memories) for memories in kept)


def test_the_most_touched_goes_to_the_fast_memory() -> None:
    items = [Item(0, (100, 100), 1000), Item(1, (100, 100), 9000), Item(2, (100,), 500)]
    found = assign(items, (100, 200), (0, 1))
    assert found is not None
    assert found.memories == (1, 0, 1)
    assert found.cost == 1500


def test_a_gap_in_a_life_is_room_for_another() -> None:
    """A chain may take less at some steps than at others."""
    items = [Item(0, (64, 16, 64), 10), Item(1, (48,), 10)]
    found = assign(items, (64,), (0,))
    assert found is not None
    assert assign(items, (63,), (0,)) is None


def test_more_states_than_are_kept_are_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [Item(0, (16, 16), 10 + index) for index in range(8)]
    whole = assign(items, (64, 1000), (0, 1))
    monkeypatch.setattr(module, "WIDTH", 4)
    found = assign(items, (64, 1000), (0, 1))
    assert whole is not None
    assert found is not None
    assert whole.exact
    assert not found.exact
    assert found.cost >= whole.cost
