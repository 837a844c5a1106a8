"""Axes that are treated alike become one, and the values stay where they are."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.converter.axes import merged, merged_operands

Shape = tuple[int, ...]
extents = st.lists(st.integers(1, 3), min_size=1, max_size=6).map(tuple)


@given(extents, st.data())
@settings(deadline=None)
def test_a_broadcast_over_merged_axes_is_the_same(output: Shape, data: st.DataObject) -> None:
    def operand() -> Shape:
        kept = tuple(data.draw(st.sampled_from((1, n))) for n in output)
        return kept[data.draw(st.integers(0, len(kept) - 1)) :]

    shapes = (operand(), operand())
    output = tuple(np.broadcast_shapes(output, *shapes))
    few, alike = merged_operands(output, *shapes)
    first, second = (np.arange(np.prod(shape)).reshape(shape) for shape in shapes)
    wanted = np.broadcast_to(first * 1000 + second, output)
    found = np.broadcast_to(first.reshape(alike[0]) * 1000 + second.reshape(alike[1]), few)
    np.testing.assert_array_equal(found.ravel(), wanted.ravel())


@given(extents, st.data())
@settings(deadline=None)
def test_sums_over_merged_axes_are_the_same(shape: Shape, data: st.DataObject) -> None:
    reduced = tuple(data.draw(st.booleans()) for _ in shape)
    few, [kept] = merged(shape, reduced)
    x = np.arange(np.prod(shape)).reshape(shape)
    axes, fewer = (tuple(np.flatnonzero(row)) for row in (reduced, kept))
    np.testing.assert_array_equal(x.reshape(few).sum(axis=fewer).ravel(), x.sum(axis=axes).ravel())


def test_no_two_neighbours_stay_alike() -> None:
    assert merged((2, 1, 3, 4), (True, False, True, False)) == ((6, 4), ((True, False),))
    assert merged((1, 1), (True, True)) == ((1,), ((True,),))
