"""Strides, sizes and learning rates: pure functions."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.converter.train.blocks import channels
from edgekit.converter.train.schedule import END, START, Schedule, Stages, sizes
from edgekit.converter.train.shapes import LAST_MAP, SMALLEST, parse_shape, shape_text, strides
from edgekit.errors import UsageError


@pytest.mark.parametrize(
    ("text", "shape"), [("32x32x3", (32, 32, 3)), ("49X10x1", (49, 10, 1)), ("96,64", (96, 64, 3))]
)
def test_shapes_are_read(text: str, shape: tuple[int, int, int]) -> None:
    assert parse_shape(text) == shape
    assert parse_shape(shape_text(shape)) == shape


@pytest.mark.parametrize("text", ["32", "32x", "0x32x3", "32x32x3x1", "axb", "-8x8"])
def test_other_shapes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--input: not understood: .* --input 32x32x3"):
        parse_shape(text)


def test_the_first_strides_go_on_small_images() -> None:
    assert strides((96, 96, 3), 5) == (2, 2, 2, 2, 2)
    assert strides((32, 32, 3), 5) == (1, 1, 2, 2, 2)
    assert strides((49, 10, 1), 1) == (2,)


@given(st.integers(SMALLEST, 300), st.integers(SMALLEST, 300), st.integers(1, 6))
def test_the_last_map_stays_wide(height: int, width: int, count: int) -> None:
    found = strides((height, width, 3), count)
    assert len(found) == count
    assert list(found) == sorted(found)
    side = min(height, width)
    for _ in range(found.count(2)):
        side = -(-side // 2)
    assert side >= LAST_MAP
    assert found.count(2) == count or -(-side // 2) < LAST_MAP


@given(st.integers(1, 2048), st.floats(0.05, 4))
def test_channels_are_a_multiple_near_what_was_asked(base: int, width: float) -> None:
    found = channels(base, width)
    assert found % 8 == 0
    assert found >= 0.9 * base * width
    assert found <= base * width + 8


@pytest.mark.parametrize("kind", ["onecycle", "cosine"])
@given(st.integers(2, 400), st.floats(0, 0.9), st.floats(1e-5, 10))
def test_rates_rise_then_fall(kind: str, steps: int, warmup: float, peak: float) -> None:
    schedule = Schedule(kind, peak, steps, warmup)
    rates = [schedule.rate(step) for step in range(steps)]
    top = rates.index(max(rates))
    assert all(0 < rate <= peak * (1 + 1e-9) for rate in rates)
    assert rates[: top + 1] == sorted(rates[: top + 1])
    assert rates[top:] == sorted(rates[top:], reverse=True)


def test_rates_at_known_steps() -> None:
    onecycle = Schedule("onecycle", 1.0, 100, 0.3)
    assert onecycle.rate(0) == pytest.approx(START)
    assert onecycle.rate(15) == pytest.approx((1 + START) / 2)
    assert onecycle.rate(30) == pytest.approx(1.0)
    assert onecycle.rate(65) == pytest.approx((1 + END) / 2)
    assert onecycle.rate(100) == pytest.approx(END)
    cosine = Schedule("cosine", 2.0, 100, 0.1)
    assert cosine.rate(0) == pytest.approx(0.2)
    assert cosine.rate(9) == pytest.approx(2.0)
    assert cosine.rate(55) == pytest.approx(1.0)
    assert cosine.rate(99) == pytest.approx(2 * (1 + math.cos(math.pi * 89 / 90)) / 2)


@given(st.integers(8, 256), st.floats(0.3, 1), st.integers(1, 50))
def test_images_grow_to_full_size(side: int, start: float, epochs: int) -> None:
    found = sizes(side, start, epochs)
    assert len(found) == epochs
    assert list(found) == sorted(found)
    assert all(size <= side and (size % 4 == 0 or size == side) for size in found)
    assert epochs < 4 or found[-1] == side
    assert sizes(side, None, epochs) == (side,) * epochs


def test_images_grow_in_steps() -> None:
    assert sizes(32, 0.5, 10) == (16, 20, 24, 24, 28, 28, 32, 32, 32, 32)


def test_stages_follow_one_another() -> None:
    first, second = Schedule("cosine", 2.0, 10, 0.1), Schedule("cosine", 1.0, 20, 0.1)
    stages = Stages((first, second))
    assert [stages.rate(step) for step in range(30)] == [
        *(first.rate(step) for step in range(10)),
        *(second.rate(step) for step in range(20)),
    ]
