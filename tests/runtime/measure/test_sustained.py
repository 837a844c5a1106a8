"""Windows of a sustained run, the change over them, and what is said of it."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.artifacts.run import SustainedWindow
from edgekit.runtime.measure.sustained import WINDOWS, notes, run_sustained, trend


def windows(
    rates: list[float], states: dict[int, dict[str, str]] | None = None
) -> list[SustainedWindow]:
    found = states or {}
    return [
        SustainedWindow(float(i), 1.0, 100, 100 / rate, 0.01, 0.02, 0.03, found.get(i, {}))
        for i, rate in enumerate(rates)
    ]


class Clock:
    """Time passes only while something is done."""

    now = 5.0

    def __call__(self) -> float:
        return self.now

    def take(self) -> list[float]:
        self.now += 0.25
        return [0.1, 0.1]

    def state(self) -> dict[str, str]:
        self.now += 0.125
        return {"temperature_mc": "41000", "load_average": "3"}


def test_windows_follow_one_another_to_the_end() -> None:
    clock, told = Clock(), list[int]()
    found = run_sustained(clock.take, clock.state, 20.0, clock=clock, told=told.append)
    assert len(found) == WINDOWS
    assert told == list(range(WINDOWS + 1))
    assert found[0].start_s == 0
    pairs = itertools.pairwise(found)
    assert all(b.start_s == a.start_s + a.seconds + 0.125 for a, b in pairs)
    assert found[-1].start_s + found[-1].seconds == pytest.approx(20.0, abs=0.25)
    first = found[0]
    assert (first.seconds, first.inferences, first.busy_s) == (1.0, 8, pytest.approx(0.8))
    assert first.rate == pytest.approx(10.0)
    assert first.state == {"temperature_mc": "41000"}


def test_a_window_holds_one_call_at_least() -> None:
    clock = Clock()
    found = run_sustained(clock.take, clock.state, 0.001, clock=clock)
    assert [window.inferences for window in found] == [2] * WINDOWS


def test_first_window_against_last() -> None:
    found = trend(windows([200.0, 190.0, 180.0, 170.0, 160.0]))
    assert found.change == pytest.approx(-0.2)
    assert found.scatter == pytest.approx(1.4826 * 10 / 200)
    assert not found.beyond


@settings(deadline=None, max_examples=50)
@given(st.integers(3, 40), st.floats(1.0, 1e6))
def test_one_step_down_is_beyond_the_scatter_of_equal_windows(count: int, rate: float) -> None:
    half = max(2, count // 2)
    found = trend(windows([rate] * half + [rate * 0.7] * (count - 1)))
    assert found.change == pytest.approx(-0.3)
    assert found.beyond


def test_what_became_slower_is_told_with_what_the_machine_told() -> None:
    rates = [200.0, 199.0, 200.0, 150.0, 149.0, 150.0, 149.0]
    states = {
        0: {"temperature_mc": "41000", "frequency_khz": "1800000"},
        6: {"temperature_mc": "82000", "frequency_khz": "1800000"},
    }
    [note] = notes(windows(rates, states), "engine")
    assert (note.code, note.level) == ("sustained-slower", "warning")
    assert "26% fewer" in note.message
    assert "temperature_mc 41000 -> 82000" in note.message
    assert "frequency" not in note.message
    assert note.advice


@pytest.mark.parametrize(
    "rates",
    [
        [],
        [100.0],
        [100.0, 99.0, 100.0, 97.0],
        [100.0, 130.0, 160.0, 90.0, 120.0, 80.0],
        [100.0, 100.0, 150.0, 150.0],
    ],
)
def test_what_is_steady_scattered_or_faster_is_not(rates: list[float]) -> None:
    assert notes(windows(rates), "engine") == ()


def test_the_scatter_of_noise_is_that_of_its_differences() -> None:
    rates = 100 + np.random.default_rng(1).normal(0, 1, 4000)
    assert trend(windows(rates.tolist())).scatter * rates[0] == pytest.approx(2**0.5, rel=0.1)
