"""Which trials are best when several things count: fronts, and who stands apart on one.

Both after NSGA-II (Deb et al. 2002, "A Fast and Elitist Multiobjective Genetic Algorithm: NSGA-II",
sections III.A and III.B).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from edgekit.deploy.sweep.objectives import Objective
from edgekit.deploy.sweep.record import Trial


def dominates(one: Trial, other: Trial, objectives: Sequence[Objective]) -> bool:
    """Whether `one` is at least as good in every objective and better in one."""
    pairs = [(_cost(one, row), _cost(other, row)) for row in objectives]
    return all(a <= b for a, b in pairs) and any(a < b for a, b in pairs)


def fronts(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[list[Trial]]:
    """The trials in layers: those that none dominates, those that only these do, and so on.

    Non-dominated sorting, by comparing each with each.
    """
    rest, layers = list(trials), []
    while rest:
        layer = [t for t in rest if not any(dominates(o, t, objectives) for o in rest)]
        layers.append(layer)
        rest = [t for t in rest if t not in layer]
    return layers


def crowding(layer: Sequence[Trial], objectives: Sequence[Objective]) -> dict[int, float]:
    """By number of a trial, how far apart its neighbours on a front are: the sum over objectives of
    the gap between the next better and the next worse trial, as a share of the front's extent.

    The ends of each objective have infinity; a trial between two equal ones has 0.
    """
    found = {trial.number: 0.0 for trial in layer}
    for row in objectives:
        ordered = sorted(layer, key=lambda t: (_cost(t, row), t.number))
        costs = [_cost(trial, row) for trial in ordered]
        extent = costs[-1] - costs[0]
        if not extent:
            continue
        found[ordered[0].number] = found[ordered[-1].number] = inf
        for before, trial, after in zip(costs, ordered[1:-1], costs[2:], strict=False):
            found[trial.number] += (after - before) / extent
    return found


def best_first(trials: Sequence[Trial], objectives: Sequence[Objective]) -> list[Trial]:
    """By front, on each the least crowded first, of those the best in the first objective."""
    ordered: list[Trial] = []
    for layer in fronts(trials, objectives):
        apart = crowding(layer, objectives)
        ordered += sorted(
            layer, key=lambda t: (-apart[t.number], _cost(t, objectives[0]), t.number)
        )
    return ordered


def _cost(trial: Trial, objective: Objective) -> float:
    """The value of an objective as something that is to be small."""
    value = trial.value(objective.name)
    return -value if objective.more else value
