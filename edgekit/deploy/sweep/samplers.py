"""Who chooses the next combination: a grid in order, or one of Optuna's samplers."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgekit.deploy.sweep.objectives import Limits, margins
from edgekit.deploy.sweep.outcome import outcome_of
from edgekit.deploy.sweep.study import RESULT, quiet_optuna

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

POPULATION = 12
"""Of NSGA-II: a generation is to end several times within a few dozen trials."""


def make_sampler(name: str, seed: int, limits: Limits) -> BaseSampler:
    """Optuna's sampler of this name: NSGA-II (Deb et al. 2002), TPE (Bergstra et al. 2011) or
    random. A grid asks for each combination itself; what is asked for needs no sampler."""
    samplers = quiet_optuna().samplers
    constraints = excesses(limits) if limits.given else None
    found: BaseSampler
    with warnings.catch_warnings():
        # Optuna 5 has another way besides, which Optuna 4 does not know
        warnings.simplefilter("ignore", FutureWarning)
        if name == "nsga2":
            found = samplers.NSGAIISampler(
                seed=seed, population_size=POPULATION, constraints_func=constraints
            )
        elif name == "tpe":
            found = samplers.TPESampler(seed=seed, constraints_func=constraints)
        else:
            found = samplers.RandomSampler(seed=seed)
    return found


def excesses(limits: Limits) -> Callable[[FrozenTrial], tuple[float, ...]]:
    """For Optuna: a value per limit, above 0 where a trial breaks it."""

    def of(trial: FrozenTrial) -> tuple[float, ...]:
        if RESULT not in trial.user_attrs:
            return (1.0,) * len(limits.given)
        figures = outcome_of(json.loads(trial.user_attrs[RESULT])).figures
        if not figures:
            return (1.0,) * len(limits.given)
        return tuple(row.excess for row in margins(figures, limits))

    return of
