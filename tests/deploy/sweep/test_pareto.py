"""Fronts, who stands apart on one, and the bundles that stay."""

from __future__ import annotations

from itertools import pairwise
from math import inf
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.artifacts.figures import Figure, Provenance
from edgekit.deploy.sweep.kept import Kept
from edgekit.deploy.sweep.objectives import parse_objectives
from edgekit.deploy.sweep.outcome import Outcome
from edgekit.deploy.sweep.pareto import best_first, crowding, dominates, fronts
from edgekit.deploy.sweep.record import Trial

OBJECTIVES = parse_objectives(["accuracy", "instructions", "flash"])
FILES = {"edgekit.json": b"{}\n"}

many = st.lists(st.tuples(*[st.integers(0, 4)] * 3), max_size=12)
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def _trial(number: int, values: tuple[float, ...]) -> Trial:
    pairs = zip(OBJECTIVES, values, strict=False)
    figures = {row.name: Figure(v, row.unit, Provenance.MEASURED, "-") for row, v in pairs}
    return Trial(number, str(number), {}, Outcome(figures))


def _trials(values: list[tuple[int, ...]]) -> list[Trial]:
    return [_trial(number, row) for number, row in enumerate(values)]


@relaxed
@given(many)
def test_fronts_are_layers_that_dominate_the_next(values: list[tuple[int, int, int]]) -> None:
    trials = _trials(list(values))
    layers = fronts(trials, OBJECTIVES)
    assert sorted(t.number for layer in layers for t in layer) == list(range(len(trials)))
    for layer in layers:
        assert not any(dominates(a, b, OBJECTIVES) for a in layer for b in layer)
    for before, after in pairwise(layers):
        assert all(any(dominates(a, b, OBJECTIVES) for a in before) for b in after)


def test_accuracy_is_to_be_large_and_costs_small() -> None:
    better, worse = _trial(0, (9, 10, 10)), _trial(1, (8, 10, 10))
    assert dominates(better, worse, OBJECTIVES)
    assert not dominates(worse, better, OBJECTIVES)
    assert not dominates(better, better, OBJECTIVES)
    assert not dominates(_trial(2, (9, 11, 9)), better, OBJECTIVES)


def test_crowding_is_the_gap_between_neighbours_as_a_share_of_the_extent() -> None:
    two = OBJECTIVES[:2]
    front = [_trial(n, row) for n, row in enumerate([(0.9, 100), (0.8, 60), (0.79, 50), (0.5, 0)])]
    found = crowding(front, two)
    assert found[0] == found[3] == inf
    assert found[1] == pytest.approx((0.9 - 0.79) / 0.4 + (100 - 50) / 100)
    assert found[2] == pytest.approx((0.8 - 0.5) / 0.4 + (60 - 0) / 100)
    assert [t.number for t in best_first(front, two)] == [0, 3, 2, 1]


def test_an_objective_in_which_all_are_equal_sets_nobody_apart() -> None:
    same = [_trial(n, (0.5, 7, 7)) for n in range(3)]
    assert crowding(same, OBJECTIVES) == {0: 0.0, 1: 0.0, 2: 0.0}
    assert [t.number for t in best_first(same, OBJECTIVES)] == [0, 1, 2]


@relaxed
@given(many)
def test_whole_fronts_come_before_those_behind_them(values: list[tuple[int, int, int]]) -> None:
    trials = _trials(list(values))
    layers = [{t.number for t in layer} for layer in fronts(trials, OBJECTIVES)]
    order = [t.number for t in best_first(trials, OBJECTIVES)]
    for layer in layers:
        assert set(order[: len(layer)]) == layer
        order = order[len(layer) :]


@relaxed
@given(many, st.integers(0, 5))
def test_what_is_among_the_best_in_the_end_was_never_dropped(
    values: list[tuple[int, int, int]], count: int
) -> None:
    trials = _trials(list(values))
    kept = Kept(Path(), count, OBJECTIVES)
    best = {trial.number for trial in best_first(trials, OBJECTIVES)[:count]}
    for done in range(len(trials) + 1):
        so_far = trials[:done]
        assert best & {trial.number for trial in so_far} <= kept.possible(so_far)


def test_the_two_ends_and_the_loneliest_stay_rather_than_three_neighbours(tmp_path: Path) -> None:
    rows = [(0.90, 100, 1), (0.89, 99, 1), (0.88, 98, 1), (0.60, 40, 1), (0.50, 10, 1)]
    trials, kept = [_trial(n, row) for n, row in enumerate(rows)], Kept(tmp_path, 3, OBJECTIVES)
    for done in range(1, len(trials) + 1):
        kept.update(trials[:done], {done - 1: FILES})
    assert [kept.name(n) != "" for n in range(5)] == [True] * 5
    kept.choose(trials)
    assert [n for n in range(5) if kept.name(n)] == [0, 3, 4]
