"""The search itself: ask for combinations, run them in a pool, tell what came of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING

from edgekit.deploy.sweep.axes import Point
from edgekit.deploy.sweep.outcome import Outcome
from edgekit.deploy.sweep.pools import Pool
from edgekit.deploy.sweep.space import Space, key, method
from edgekit.deploy.sweep.study import Store, Told
from edgekit.errors import EdgeKitError

if TYPE_CHECKING:
    from optuna.trial import Trial as Asked

Batch = list[tuple["Asked", Point]]
"""Trials that run as one job."""

PATIENCE = 4
"""Times as many combinations as trials are wanted a sampler may name before it is left alone: it
names the same ones again once it has settled."""


@dataclass(slots=True)
class Search:
    """The state of a search. `done` is called with each new trial and its bundle's files."""

    store: Store
    space: Space
    wanted: int
    done: Callable[[Told, Mapping[str, bytes]], None]
    told: dict[tuple[str, ...], Told] = field(default_factory=dict)
    """Finished trials by combination."""
    waiting: dict[tuple[str, ...], list[Asked]] = field(default_factory=dict)
    """Trials of combinations that are running already as another trial."""

    def known(self, trials: Sequence[Told]) -> None:
        """Take up the trials of an earlier run."""
        for trial in trials:
            if trial.same_as is None:
                self.told[key(self.space.canonical(trial.point))] = trial

    def run(self, batches: Iterator[Batch], pool: Pool) -> None:
        """Keep the pool busy until there is nothing left to try.

        Raises EdgeKitError when a worker dies: what was running is tried again by --resume.
        """
        pending: dict[Future[tuple[Outcome, ...]], Batch] = {}
        while True:
            while len(pending) < pool.size and (batch := next(batches, None)) is not None:
                pending[pool.submit([point for _, point in batch])] = batch
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                self._finish(pending.pop(future), _result(future))

    def _finish(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        for (trial, point), outcome in zip(batch, outcomes, strict=True):
            like = self._like_others(outcome)
            self.store.tell(trial, like)
            told = Told(trial.number, point, replace(like, files={}))
            self.told[key(point)] = told
            self.done(told, outcome.files if like is outcome else {})
            for other in self.waiting.pop(key(point), []):
                self.store.tell(other, like, same_as=trial.number)

    def _like_others(self, outcome: Outcome) -> Outcome:
        """The outcome, or why it cannot stand in one column with those before: another metric of
        accuracy, or figures that were had otherwise."""
        first = next((t.outcome for t in self.told.values() if t.outcome.error is None), None)
        if first is None or outcome.error is not None:
            return outcome
        names = [row.name for row in self.store.objectives]
        here, there = (
            [one.metric, *(one.figures[name].provenance.value for name in names)]
            for one in (outcome, first)
        )
        if here == there:
            return outcome
        error = EdgeKitError(
            "trial",
            f"its figures ({', '.join(here)}) are of another kind than those before"
            f" ({', '.join(there)})",
            hint="sweep these models or targets apart",
            code="sweep-unlike",
        )
        return Outcome(error=error.as_dict(), seconds=outcome.seconds)

    def grid(self) -> Iterator[Batch]:
        """What is left of all combinations, in order; those that share a conversion as one job."""
        left = [point for point in self.space.points() if key(point) not in self.told]
        room = max(self.wanted - len(self.told), 0)
        for _, points in groupby(left[:room], key=method):
            yield [self.store.ask(point) for point in points]

    def sampled(self) -> Iterator[Batch]:
        """What the sampler names, each combination once; lost trials first."""
        points = len(self.space.points())
        for _ in range(PATIENCE * self.wanted):
            if len(self.told) + len(self.waiting) >= min(self.wanted, points):
                return
            lost = self.store.lost.pop(0) if self.store.lost else None
            trial, named = self.store.ask(lost)
            point = self.space.canonical(named)
            if key(point) in self.told:
                same = self.told[key(point)]
                self.store.tell(trial, same.outcome, same_as=same.number)
            elif key(point) in self.waiting:
                self.waiting[key(point)].append(trial)
            else:
                self.waiting[key(point)] = []
                yield [(trial, point)]


def _result(future: Future[tuple[Outcome, ...]]) -> tuple[Outcome, ...]:
    try:
        return future.result()
    except BrokenProcessPool:
        raise EdgeKitError(
            "edgekit sweep",
            "a worker process died",
            hint="memory may be short: go on with --resume and fewer --workers",
            code="sweep-worker-died",
        ) from None
    except EdgeKitError:
        raise
    except Exception as error:
        raise EdgeKitError(
            "edgekit sweep",
            f"a worker failed: {type(error).__name__}: {error}".partition("\n")[0],
            hint="see the worker's log, then go on with --resume",
            code="sweep-worker-failed",
        ) from None
